"""Comparing a question with all vectors."""

from __future__ import annotations

from threading import Thread

import numpy as np
import pytest

from rag_app.index.exact import ExactVectors
from rag_app.index.library import Library
from rag_app.locator import Locator
from rag_app.types import Chunk, Source

DIMENSION = 8
RANDOM = np.random.default_rng(0)


def _unit(*shape):
    vectors = RANDOM.standard_normal(shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _store(library, name, vectors):
    """Store a source with a chunk for each vector; ids end in the number of the vector."""
    text = " ".join(f"w{i}" for i in range(len(vectors)))
    ids = [f"{name}{i:030x}" for i in range(len(vectors))]
    chunks = [Chunk(c, 0, 2, f"w{i}", "", Locator(), (), 1) for i, c in enumerate(ids)]
    source = Source(f"{name}.md", f"/{name}.md", name, text, "", name, ())
    library.replace_source(source, chunks, dict(zip(ids, vectors, strict=True)), ids)
    return ids


def test_the_most_similar_are_found_and_no_others(library):
    """As the definition has it, best first, for any number of them."""
    vectors, question = _unit(300, DIMENSION), _unit(DIMENSION)
    ids = _store(library, "a", vectors)
    cosines = dict(zip(ids, (vectors * question).sum(axis=1).tolist(), strict=True))
    expected = sorted(ids, key=lambda c: -cosines[c])
    for k in (1, 10, 299, 300, 1_000):
        found = ExactVectors(library).nearest(question, k)
        assert list(found) == expected[:k]
        assert found == pytest.approx({c: cosines[c] for c in expected[:k]}, abs=1e-6)


def test_equal_vectors_have_the_same_number_and_are_ordered_by_id(library):
    """To the last bit, wherever they stand."""
    vector = _unit(DIMENSION)
    ids = _store(library, "a", np.repeat(vector[None], 50, axis=0))
    found = ExactVectors(library).nearest(_unit(DIMENSION), 50)
    assert list(found) == sorted(ids)
    assert len(set(found.values())) == 1


def test_a_filter_leaves_the_best_of_those_that_pass(library):
    """Rows that are not there are passed over; where none passes, none is found."""
    vectors, question = _unit(40, DIMENSION), _unit(DIMENSION)
    ids = _store(library, "a", vectors)
    exact = ExactVectors(library)
    every = exact.nearest(question, 40)
    rows = dict(library.query("SELECT chunk_id, id FROM chunks"))
    passing = ids[5:25]
    among = np.array(sorted([*(rows[c] for c in passing), 10**9]))
    found = exact.nearest(question, 7, among=among)
    assert list(found.items()) == [(c, every[c]) for c in every if c in passing][:7]
    assert set(exact.nearest(question, 100, among=among)) == set(passing)
    assert exact.nearest(question, 5, among=np.array([], np.int64)) == {}


def test_changes_are_seen(library):
    """What comes is found and what goes is not, whoever changes the library."""
    question = _unit(DIMENSION)
    exact = ExactVectors(library)
    assert exact.nearest(question, 5) == {}
    first = _store(library, "a", _unit(3, DIMENSION))
    library.finish()
    assert set(exact.nearest(question, 5)) == set(first)
    other = Library(library.path)
    second = _store(other, "b", _unit(3, DIMENSION))
    other.remove_source("/a.md")
    other.finish()
    assert set(exact.nearest(question, 5)) == set(second)


def test_too_many_are_left_to_chroma(library):
    """The limit counts numbers, so vectors of more dimensions reach it with fewer chunks."""
    _store(library, "a", _unit(10, DIMENSION))
    question = _unit(DIMENSION)
    assert ExactVectors(library, 10 * DIMENSION - 1).nearest(question, 5) is None
    assert len(ExactVectors(library, 10 * DIMENSION).nearest(question, 5)) == 5


def test_threads_find_the_same(library):
    """While none of them has read the vectors yet."""
    _store(library, "a", _unit(200, DIMENSION))
    exact, question, found = ExactVectors(library), _unit(DIMENSION), []
    threads = [Thread(target=lambda: found.append(exact.nearest(question, 20))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(list(one.items()) == list(found[0].items()) for one in found)
