"""What a snapshot of the packaged course takes: seconds to publish, to fetch, to exchange, and bytes for each chunk.

Usage: replicas.py. The shelf is a folder of the same disk, so that no network is measured. The sizes are those of an
index with the token vectors of late interaction, which it has by default.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from report import spread, write_report

from rag_app import build
from rag_app.app import App
from rag_app.content import content_dir
from rag_app.index.compaction import sizes
from rag_app.index.storage import Storage
from rag_app.service.replica import Replica

_ROUNDS = 3
_QUESTION = "What is mode collapse?"


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(content_dir("knowledge"), folder / "knowledge")
        app = build(data_dir=folder / "data")
        receipt = app.ingest([folder / "knowledge"])
        rows = [_row("publish a new index", lambda: _publish_new(app, folder))]
        rows.append(_row("publish it again: nothing is written", lambda: app.publish(str(folder / "shelf"))))
        rows.append(_row("start a replica without a copy", lambda: _start(folder, fresh=True)))
        rows.append(_row("start it again, with its copy", lambda: _start(folder, fresh=False)))
        rows.append(_exchange(app, folder))
        held, n_chunks = sizes(folder / "replica" / "snapshots" / _only(folder)), receipt.n_chunks
        about = {"library_bytes_per_chunk": held.library // n_chunks, "chroma_bytes_per_chunk": held.chroma // n_chunks}
        write_report("replicas", rows, n_chunks=n_chunks, n_rounds=_ROUNDS, n_cpus=os.cpu_count(), **about)


def _row(what: str, work: Callable[[], object]) -> dict[str, Any]:
    durations = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        work()
        durations.append(time.perf_counter() - began)
    return {"what": what, "seconds: median (min–max)": spread(durations)}


def _publish_new(app: App, folder: Path) -> None:
    shutil.rmtree(folder / "shelf", ignore_errors=True)
    app.publish(str(folder / "shelf"))


def _start(folder: Path, *, fresh: bool) -> None:
    if fresh:
        shutil.rmtree(folder / "replica", ignore_errors=True)
    Replica(build(data_dir=folder / "replica"), Storage(str(folder / "shelf"))).close()


def _exchange(app: App, folder: Path) -> dict[str, Any]:
    """Return the longest search of a client that goes on asking while a new generation is taken."""
    replica = Replica(build(data_dir=folder / "replica"), Storage(str(folder / "shelf")))
    longest = []
    for number in range(_ROUNDS):
        with (folder / "knowledge" / "09-gans.md").open("a", encoding="utf-8") as chapter:
            chapter.write(f"\nA sentence was added to the chapter in round {number}.\n")
        app.ingest([folder / "knowledge"])
        app.publish(str(folder / "shelf"))
        taking = threading.Thread(target=replica.take)
        taking.start()
        durations = []
        while taking.is_alive():
            began = time.perf_counter()
            replica.search(_QUESTION)
            durations.append(time.perf_counter() - began)
        longest.append(max(durations))
    replica.close()
    return {"what": "longest search while a generation is exchanged", "seconds: median (min–max)": spread(longest)}


def _only(folder: Path) -> str:
    (name,) = (p.name for p in (folder / "replica" / "snapshots").iterdir() if p.is_dir())
    return name


if __name__ == "__main__":
    main()
