"""Ingestion by real processes: killed at any point, at the same time, and beside a reader."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from support.chroma_server import url_of
from support.indexes import Index, check_agreement

from rag_app.index.lock import write_lock

QUESTIONS = ["What is a diffusion model?", "How does top-p sampling work?", "byte pair encoding", "noise schedule"]


@pytest.fixture(scope="session")
def chroma_url(request):
    """Where Chroma runs: a test says so."""
    return url_of(request)


def _start(data_dir, chroma_url, *paths):
    """Return a running ``rag ingest``."""
    return subprocess.Popen(
        [sys.executable, "-m", "rag_app", "ingest", *map(str, paths)],
        env={**os.environ, "RAG_DATA_DIR": str(data_dir), "RAG_CHROMA_URL": chroma_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(process):
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err


@pytest.fixture(scope="module")
def chapters(tmp_path_factory, knowledge):
    """The beginnings of three chapters."""
    folder = tmp_path_factory.mktemp("chapters")
    for name in ("10-diffusion.md", "14-tokens-decoding.md", "27-resources.md"):
        (folder / name).write_text((knowledge / name).read_text()[:8000])
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, chapters, minilm):
    """The index of a run that nothing disturbed."""
    index = Index(tmp_path_factory.mktemp("undisturbed"), minilm)
    index.ingest(chapters)
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
    """Tell whether all sources are committed and Chroma's collection has been created."""
    return _n_committed(data_dir) == 3 and any((data_dir / "chroma" / n).exists() for n in ("chroma.sqlite3", "server"))


@pytest.mark.parametrize(
    ("chroma_url", "moments"),
    [
        pytest.param("embedded", (_after(0.5), _after(1), _after(1.5)), id="after 0.5, 1 and 1.5 s"),
        pytest.param("embedded", (_committed(1), _chroma_begun), id="after a commit and while Chroma is written"),
        pytest.param("server", (_committed(1), _chroma_begun), id="after a commit and while the server is written to"),
    ],
    indirect=["chroma_url"],
)
def test_killed_runs_are_finished_by_the_next_one(tmp_path, chapters, undisturbed, minilm, chroma_url, moments):
    """After kill -9, once or repeatedly, a run gives the chunks, vectors and results of an undisturbed one."""
    data_dir = tmp_path / "data"
    for moment in moments:
        process, began = _start(data_dir, chroma_url, chapters), time.monotonic()
        while process.poll() is None and not moment(data_dir, began):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    n_committed = _n_committed(data_dir)
    index = Index(data_dir, minilm, chroma_url)
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


def test_two_runs_at_once(tmp_path, minilm):
    """Two processes that create the same index take turns; one that waited in vain says for whom."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.md").write_text(f"# {name.title()}\n\nThis is the file called {name}.\n")
    processes = {name: _start(tmp_path / "data", "", tmp_path / name) for name in ("one", "two")}
    ids = [process.pid for process in processes.values()]
    for name, process in processes.items():
        _, err = process.communicate(timeout=120)
        if process.returncode:
            assert re.search(r"Another process \(id (\d+|unknown)\) is writing to the index", err), (err, ids)
            _finish(_start(tmp_path / "data", "", tmp_path / name))
    index = Index(tmp_path / "data", minilm)
    assert [row.name for row in index.library.sources()] == ["one.md", "two.md"]
    assert index.library.generation == 2
    check_agreement(index)
    index.close()


def test_a_run_waits_for_the_lock(tmp_path, minilm):
    """While another writer is at work nothing is written; then the run goes on by itself."""
    (tmp_path / "one.md").write_text("# One\n\nThis is the file called one.\n")
    with write_lock(tmp_path / "data"):
        process = _start(tmp_path / "data", "", tmp_path / "one.md")
        time.sleep(3)
        assert process.poll() is None
        assert not (tmp_path / "data" / "library.sqlite").exists()
    _finish(process)
    index = Index(tmp_path / "data", minilm)
    assert [row.name for row in index.library.sources()] == ["one.md"]
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


@pytest.mark.parametrize("chroma_url", ["embedded", "server"], indirect=True)
def test_a_reader_in_another_process_sees_a_finished_run(index, tmp_path, chroma_url):
    """A reader that stays open sees what was added, changed and removed at its next question."""
    reader = subprocess.Popen(
        [sys.executable, "-c", READER],
        env={**os.environ, "RAG_DATA_DIR": str(index.folder), "RAG_CHROMA_URL": chroma_url},
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
