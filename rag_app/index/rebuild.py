"""Chroma's store, built by a process of its own: ``python -m rag_app.index.rebuild LIBRARY FOLDER [URL]``.

Chroma writes its graph with memory that it never set, and there may stand whatever the process has read before. A store
that must not hold what was deleted is built by a process that has never seen it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from rag_app.errors import StoreError
from rag_app.index.library import Library
from rag_app.index.swap import Progress, build_vectors
from rag_app.index.vectors import ChromaVectors


def build_vectors_apart(library: Library, vectors: ChromaVectors, progress: Progress) -> None:
    """Build a store of vectors aside, as `rag_app.index.swap.build_vectors` does, in another process.

    Raises
    ------
    StoreError
        If that process fails.
    """
    arguments = [str(library.path.absolute()), str(vectors.folder.absolute()), vectors.url]
    pipe, environment = subprocess.PIPE, {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    failed: list[str | None] = []
    with subprocess.Popen(  # noqa: S603  (this program)
        [sys.executable, "-m", "rag_app.index.rebuild", *arguments],
        stdin=pipe,
        stdout=pipe,
        env=environment,
        text=True,
        encoding="utf-8",
    ) as process:
        for line in process.stdout or ():
            kind, *values = json.loads(line)
            if kind == "progress":
                progress(*values)
            else:
                failed = values
    if failed or process.returncode:
        message, hint = failed or [f"The process that builds the vectors ended with {process.returncode}.", None]
        raise StoreError(str(message), hint=hint)


def _report(name: str, done: int, total: int) -> None:
    print(json.dumps(["progress", name, done, total]), flush=True)


def _end_with_parent() -> None:
    """Wait for the end of the input: the process that started this one is no more, and another may build here."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


def _main(library: str, folder: str, url: str) -> int:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        build_vectors(Library(Path(library)), ChromaVectors(Path(folder), url=url), _report)
    except StoreError as exc:
        print(json.dumps(["error", exc.message, exc.hint]), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
