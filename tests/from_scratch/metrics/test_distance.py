"""Distances and the relevance that follows from them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.spatial import distance

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.distance import rank_by_distance, vector_distance

RNG = np.random.default_rng(0)


def test_each_measure_is_scipys():
    """Length of the difference, one minus the cosine, and the negated dot product; all are symmetric."""
    for a, b in RNG.normal(size=(20, 2, 5)):
        assert vector_distance(a, b) == pytest.approx(distance.euclidean(a, b))
        assert vector_distance(a, b, "cosine") == pytest.approx(distance.cosine(a, b))
        assert vector_distance(a, b, "dot") == pytest.approx(-(a @ b))
        for measure in ("euclidean", "cosine", "dot"):
            assert vector_distance(a, b, measure) == pytest.approx(vector_distance(b, a, measure))


def test_the_ends_of_the_measures():
    """Equal vectors have no distance, opposite ones the cosine distance 2, exactly."""
    for a in RNG.normal(size=(20, 7)):
        assert vector_distance(a, a) == 0
        assert 0 <= vector_distance(a, a, "cosine") < 1e-15
        assert vector_distance(a, -a, "cosine") == pytest.approx(2)
        assert vector_distance(a, -a, "cosine") <= 2


def test_unit_vectors_have_one_ranking():
    """The squared distance is 2 - 2 cos, so all three measures put the rows into the same order."""
    rows = RNG.normal(size=(30, 6))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = {m: rank_by_distance(rows[0], rows[1:], m, 29) for m in ("euclidean", "cosine", "dot")}
    assert found["euclidean"]["order"] == found["cosine"]["order"] == found["dot"]["order"]
    squares = np.square(found["euclidean"]["distances"])
    np.testing.assert_allclose(squares, 2 * np.array(found["cosine"]["distances"]), atol=1e-12)


def test_the_table_of_the_course():
    """Relevance 0.613, 0.528 and 0.414, and the cosines 0.8, 0.6 and 0."""
    rows = [[0.8, 0.6], [0.6, 0.8], [0, 1]]
    assert [round(r, 3) for r in rank_by_distance([1, 0], rows)["relevance"]] == [0.613, 0.528, 0.414]
    assert rank_by_distance([1, 0], rows, "cosine")["relevance"] == pytest.approx([0.8, 0.6, 0])
    assert rank_by_distance([1, 0], rows, "dot")["relevance"] == pytest.approx([0.8, 0.6, 0])


def test_ties_and_large_k():
    """Equal distances keep the order of the rows; all rows come if k is larger."""
    found = rank_by_distance([0, 0], [[0, 2], [1, 0], [0, 1], [2, 0]], k=9)
    assert found["order"] == [1, 2, 0, 3]
    assert rank_by_distance([0, 0], [[0, 2], [1, 0]], k=1)["order"] == [1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: vector_distance([1, 2], [1]), "a and b must be of equal length; got 2 and 1."),
        (lambda: vector_distance([1], [1], "city"), "measure must be one of euclidean, cosine, dot; got 'city'."),
        (
            lambda: vector_distance([0], [1], "cosine"),
            "Vectors must not be all zero for the cosine; got a vector of zeros.",
        ),
        (lambda: vector_distance([], []), "a must hold at least 1 number; got 0."),
        (lambda: rank_by_distance([1], [[1, 2]]), "vectors must have rows of 1 numbers; got rows of 2."),
        (lambda: rank_by_distance([1], [[1]], k=0), "k must be a whole number of at least 1; got 0."),
        (lambda: rank_by_distance([1], [[1]], "x"), "measure must be one of euclidean, cosine, dot; got 'x'."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
