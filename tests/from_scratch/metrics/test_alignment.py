"""Agreement of two modalities."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.alignment import alignment_score

RNG = np.random.default_rng(0)
A = RNG.normal(size=(40, 5))


def test_the_example_of_the_course():
    """(0.96 + 0.6 + 0.6) / 3, and two of three."""
    found = alignment_score([[1, 0], [0, 1], [-1, 0]], [[0.96, 0.28], [0.8, 0.6], [-0.6, 0.8]])
    assert found == pytest.approx({"mean_positive_cosine": 0.72, "retrieval_at_1": 2 / 3})


def test_it_is_its_definition():
    """Pair by pair."""
    b = A + RNG.normal(size=A.shape)

    def cosine(x, y):
        return x @ y / np.sqrt(x @ x) / np.sqrt(y @ y)

    found = alignment_score(A, b)
    assert found["mean_positive_cosine"] == pytest.approx(np.mean([cosine(x, y) for x, y in zip(A, b, strict=True)]))
    hits = [max(range(40), key=lambda j, x=x: cosine(x, b[j])) == i for i, x in enumerate(A)]
    assert found["retrieval_at_1"] == pytest.approx(np.mean(hits))
    assert alignment_score(A * 7, b * 0.1) == pytest.approx(found)


def test_identical_and_collapsed_embeddings():
    """Both have cosine 1; only retrieval tells them apart."""
    assert alignment_score(A, A) == pytest.approx({"mean_positive_cosine": 1, "retrieval_at_1": 1})
    same = np.tile(A[:1], (40, 1))
    assert alignment_score(same, same) == pytest.approx({"mean_positive_cosine": 1, "retrieval_at_1": 1 / 40})
    assert alignment_score([[2.0]], [[3.0]]) == {"mean_positive_cosine": 1, "retrieval_at_1": 1}


def test_shuffled_partners_are_found_by_chance():
    """1/n on the average over 400 shuffles."""
    rates = [alignment_score(A, A[RNG.permutation(40)])["retrieval_at_1"] for _ in range(400)]
    assert np.mean(rates) == pytest.approx(1 / 40, abs=0.005)


def test_mistakes_are_named():
    """A row of zeros and shapes that differ."""
    with pytest.raises(InvalidInputError, match="b must have no row of zeros, which has no direction; got one at 1"):
        alignment_score([[1], [1]], [[1], [0]])
    with pytest.raises(InvalidInputError, match="b must have rows of 1 numbers; got rows of 2"):
        alignment_score([[1]], [[1, 2]])
    with pytest.raises(InvalidInputError, match="a and b must be of equal length; got 1 and 2"):
        alignment_score([[1]], [[1], [2]])
