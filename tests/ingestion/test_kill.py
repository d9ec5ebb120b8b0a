"""A run that is killed with ``kill -9`` at a random point, and the one that finishes what it began."""

from __future__ import annotations

import random
import shutil
import time

import numpy as np
import pytest
from support.forked import forked_python
from support.indexes import Index, check_agreement

from rag_app import build

SEED = 20
N_POINTS = 20
N_SECTIONS = 100  # of most files: Chroma writes its graph after 1,000 changes, and a run may be killed there too
N_NEW = 40  # of a new file: they are embedded again and again
WORDS = (
    "sea rock lamp tower keeper ship light storm glass oil stair bell fog gull tide harbour map rope wind salt".split()
)
QUESTIONS = ["Where is the keeper?", "storm and fog", "a ship in the harbour", "the oil of the lamp"]


def _file(name, n_sections, *, edited=-1):
    """Return a file of short sections, one of which may be edited."""
    rng = random.Random(name)
    sections = [f"## {name} {i}\n\nThe {' '.join(rng.choices(WORDS, k=6))}." for i in range(n_sections)]
    if edited >= 0:
        sections[edited] += " And then the tide came."
    return f"# {name.title()}\n\n" + "\n\n".join(sections) + "\n"


@pytest.fixture(scope="module")
def notes(tmp_path_factory):
    """A folder before anything has changed."""
    folder = tmp_path_factory.mktemp("kill") / "notes"
    (folder / "closed").mkdir(parents=True)
    for name, n_sections in (
        ("kept", 400),
        ("edited", N_SECTIONS),
        ("gone", N_SECTIONS),
        ("closed/gone too", N_SECTIONS),
    ):
        (folder / f"{name}.md").write_text(_file(name, n_sections))
    (folder / "old.txt").write_text("\n\n".join(_file("old", N_SECTIONS).split("\n\n")[2::2]))
    return folder


@pytest.fixture(scope="module")
def before(notes):
    """The index of the folder; afterwards files are new, changed, removed, renamed, copied and broken."""
    app = build(data_dir=notes.parent / "before")
    app.ingest([notes])
    app._vectors.reopen()
    (notes / "edited.md").write_text(_file("edited", N_SECTIONS, edited=60))
    (notes / "gone.md").unlink()
    shutil.rmtree(notes / "closed")
    (notes / "old.txt").rename(notes / "renamed.txt")
    shutil.copy(notes / "kept.md", notes / "copy.md")
    (notes / "broken.md").write_bytes(b"%PDF-1.7\0\0")
    for i in range(2):
        (notes / f"new {i}.md").write_text(_file(f"new {i}", N_NEW))
    return notes.parent / "before"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Processes that read and write from their first moment on."""
    with forked_python(tmp_path_factory.mktemp("python")) as running:
        yield running


def _start(python, data_dir, notes):
    """Return the id of a running ``rag ingest`` once it has begun to write, and when that was."""
    command, env = ("-m", "rag_app", "ingest", str(notes)), {"RAG_DATA_DIR": str(data_dir)}
    process_id = python.start(*command, folder=notes.parent, env=env)
    while not (data_dir / "lock.owner").exists() and not python.has_ended(process_id):
        time.sleep(0.001)
    return process_id, time.monotonic()


@pytest.fixture(scope="module")
def undisturbed(python, before, notes, minilm):
    """The index of a run that nothing disturbed, and how long the run wrote."""
    folder = notes.parent / "undisturbed"
    shutil.copytree(before, folder)
    _, began = _start(python, folder, notes)
    code, out, err = python.wait()
    duration_s = time.monotonic() - began
    assert code == 2, err
    assert "new 3, changed 1, unchanged 1, removed 3, duplicate-of 1, failed 1" in out
    index = Index(folder, minilm)
    check_agreement(index)
    content = _content(index)
    index.close()
    return content, duration_s


def _kill(python, data_dir, notes, point_s):
    """Start a run and kill it; return whether it still ran."""
    process_id, began = _start(python, data_dir, notes)
    time.sleep(max(point_s - (time.monotonic() - began), 0))
    return python.kill(process_id)


def _phase(index, expected):
    """Return how far a run had come."""
    if [row.name for row in index.library.sources()] != sorted(row[1] for row in expected["rows"]["sources"]):
        return "reading"
    return "storing vectors" if index.library.pending(1) else "ending"


def _content(index):
    """Return what an index holds and what it finds."""
    return {
        "rows": index.rows(),
        "chroma": index.chroma(),
        "vectors": index.chroma_vectors(),
        "generation": index.library.generation,
        "found": {
            q: [(p.chunk_id, pytest.approx(p.score, abs=1e-6)) for p in index.search(q, k=10)] for q in QUESTIONS
        },
    }


def _check_same(index, expected):
    """Assert that an index holds and finds what it should."""
    assert index.rows() == expected["rows"]
    assert index.chroma() == expected["chroma"]
    vectors = index.chroma_vectors()
    assert vectors.keys() == expected["vectors"].keys()
    assert max(np.abs(vector - expected["vectors"][i]).max() for i, vector in vectors.items()) <= 1e-6
    assert (index.library.generation, index.library.unfinished) == (expected["generation"], False)
    for question, found in expected["found"].items():
        assert [(p.chunk_id, p.score) for p in index.search(question, k=10)] == found


def test_a_run_killed_at_any_point_is_finished_by_the_next_one(tmp_path, python, before, notes, undisturbed, minilm):
    """After kill -9 at twenty points a run gives the index of one that nothing disturbed."""
    expected, duration_s = undisturbed
    rng, phases = random.Random(SEED), set()
    for i in range(N_POINTS):
        data_dir, point_s = tmp_path / f"data {i}", duration_s * (i + rng.random()) / N_POINTS
        shutil.copytree(before, data_dir)
        while not _kill(python, data_dir, notes, point_s):  # it was faster than the undisturbed one
            shutil.rmtree(data_dir)
            shutil.copytree(before, data_dir)
            point_s *= 0.9
        index = Index(data_dir, minilm)
        phases.add(_phase(index, expected))
        print(f"seed {SEED}, point {i}: killed after {point_s:.2f} s of {duration_s:.2f}: {_phase(index, expected)}")
        index.ingest(notes)
        _check_same(index, expected)
        index.close()
        shutil.rmtree(data_dir)
    assert phases >= {"reading", "storing vectors"}


def test_a_run_killed_again_and_again_is_finished_by_the_next_one(tmp_path, python, before, notes, undisturbed, minilm):
    """Each of five runs is killed where it is; the sixth finishes what they left."""
    expected, duration_s = undisturbed
    data_dir = tmp_path / "data"
    shutil.copytree(before, data_dir)
    for part in (0.5, 0.7, 0.9, 0.6, 0.8):
        _kill(python, data_dir, notes, duration_s * part)
    index = Index(data_dir, minilm)
    index.ingest(notes)
    _check_same(index, expected)
    index.close()
