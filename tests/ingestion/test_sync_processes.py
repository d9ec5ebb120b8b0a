"""Ingestion by real processes: killed at any point, at the same time, and beside a reader."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from support.indexes import Index, check_agreement

QUESTIONS = ["What is a diffusion model?", "How does top-p sampling work?", "byte pair encoding", "noise schedule"]


def _start(data_dir, *paths):
    """Return a running ``rag ingest``."""
    return subprocess.Popen(
        [sys.executable, "-m", "rag_app", "ingest", *map(str, paths)],
        env={**os.environ, "RAG_DATA_DIR": str(data_dir)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(process):
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err


@pytest.fixture(scope="module")
def chapters(tmp_path_factory, knowledge):
    """A copy of three chapters."""
    folder = tmp_path_factory.mktemp("chapters")
    for name in ("10-diffusion.md", "14-tokens-decoding.md", "27-resources.md"):
        shutil.copy(knowledge / name, folder)
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, chapters, minilm):
    """The index of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    _finish(_start(folder, chapters))
    index = Index(folder, minilm)
    yield index
    index.close()


def _n_committed(data_dir):
    """Return the number of sources that SQLite holds by now."""
    try:
        with closing(sqlite3.connect(f"file:{data_dir}/library.sqlite?mode=ro", uri=True)) as db:
            return db.execute("SELECT count(*) FROM sources").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def _after(seconds):
    return lambda _data_dir, began: time.monotonic() - began >= seconds


def _committed(n_sources):
    return lambda data_dir, _began: _n_committed(data_dir) >= n_sources


def _chroma_begun(data_dir, _began):
    """Tell whether all sources are committed and Chroma's folder is being written."""
    return _n_committed(data_dir) == 3 and (data_dir / "chroma" / "chroma.sqlite3").exists()


@pytest.mark.parametrize(
    "moments",
    [(_after(0.5), _after(1.5), _after(3)), (_committed(1), _chroma_begun)],
    ids=["after 0.5, 1.5 and 3 s", "after the first commit and while Chroma is written"],
)
def test_killed_runs_are_finished_by_the_next_one(tmp_path, chapters, undisturbed, minilm, moments):
    """After kill -9, once or repeatedly, a run gives the chunks, vectors and results of an undisturbed one."""
    data_dir = tmp_path / "data"
    for moment in moments:
        process, began = _start(data_dir, chapters), time.monotonic()
        while process.poll() is None and not moment(data_dir, began):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    n_committed = _n_committed(data_dir)
    index = Index(data_dir, minilm)
    receipt = index.ingest(chapters)
    assert (receipt.count("unchanged"), receipt.count("new")) == (n_committed, 3 - n_committed)
    assert index.rows() == undisturbed.rows()
    assert index.chroma() == undisturbed.chroma()
    check_agreement(index)
    for question in QUESTIONS:
        assert [(p.chunk_id, pytest.approx(p.score, abs=1e-6)) for p in undisturbed.search(question, k=10)] == [
            (p.chunk_id, p.score) for p in index.search(question, k=10)
        ]
    assert {f.status for f in index.ingest(chapters).files} == {"unchanged"}
    index.close()


def test_two_runs_at_once_both_succeed(tmp_path, minilm):
    """Two processes that create the same index at the same time take turns, and it holds what both read."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.md").write_text(f"# {name.title()}\n\nThis is the file called {name}.\n")
    for process in [_start(tmp_path / "data", tmp_path / name) for name in ("one", "two")]:
        _finish(process)
    index = Index(tmp_path / "data", minilm)
    assert [row.name for row in index.library.sources()] == ["one.md", "two.md"]
    assert index.library.generation == 2
    check_agreement(index)
    index.close()


READER = """
import sys
from rag_app import build
from rag_app.errors import StoreError
app = build()
for question in sys.stdin:
    try:
        print(*sorted({p.source for p in app.search(question.strip())}), flush=True)
    except StoreError as exc:
        print(exc, flush=True)
"""


def test_a_reader_in_another_process_sees_a_finished_run(index, tmp_path):
    """A reader that stays open sees what was added, changed and removed at its next question."""
    reader = subprocess.Popen(
        [sys.executable, "-c", READER],
        env={**os.environ, "RAG_DATA_DIR": str(index.folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def ask(question):
        reader.stdin.write(question + "\n")
        reader.stdin.flush()
        return reader.stdout.readline().strip()

    notes = tmp_path / "notes"
    notes.mkdir()
    with reader:
        assert ask("cats") == f"There is no index in {index.folder}. Run: rag ingest"
        (notes / "cats.md").write_text("# Cats\n\nCats eat fish.\n")
        index.ingest(notes)
        assert ask("cats") == "cats.md"
        (notes / "dogs.md").write_text("# Dogs\n\nDogs bark.\n")
        index.ingest(notes)
        assert ask("pets") == "cats.md dogs.md"  # no word in common: found by meaning, in Chroma
        (notes / "cats.md").unlink()
        index.ingest(notes)
        assert ask("cats") == "dogs.md"
        reader.stdin.close()
