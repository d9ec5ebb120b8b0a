"""Scores of generated samples against closed forms, slow references and the worked figures of the course."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy import linalg

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.generation import (
    distinct_n,
    frechet_distance,
    gaussian_frechet_distance,
    inception_score,
    sample_quality,
)

RNG = np.random.default_rng(0)


def test_the_inception_score_at_its_ends():
    """Images that are alike score 1, certain and balanced ones the number of classes."""
    assert inception_score([[0.2, 0.3, 0.5]] * 7) == {"mean": 1.0, "std": 0.0}
    assert inception_score(np.eye(4))["mean"] == pytest.approx(4)
    assert inception_score([[1, 0, 0, 0]] * 4)["mean"] == 1
    assert inception_score([[0.9, 0.1], [0.1, 0.9]])["mean"] == pytest.approx(1.4449, abs=1e-4)


def test_the_inception_score_by_definition():
    """The exponential of the mean divergence from the mean, in parts too; the order within a part does not matter."""
    rows = RNG.dirichlet(np.ones(5) / 3, 30)

    def slow(part):
        middle = part.mean(axis=0)
        return math.exp(np.mean([(row * np.log(row / middle)).sum() for row in part]))

    assert inception_score(rows)["mean"] == pytest.approx(slow(rows))
    assert inception_score(rows[::-1])["mean"] == pytest.approx(slow(rows))
    parts = [slow(rows[i : i + 10]) for i in (0, 10, 20)]
    found = inception_score(rows, n_splits=3)
    assert (found["mean"], found["std"]) == pytest.approx((np.mean(parts), np.std(parts)))
    assert 1 <= found["mean"] <= 5


def test_the_frechet_distance_of_the_course():
    """N(0, 1) and N(3, variance 4): 10; two features: 6; a singular covariance: 2; equal ones: 0."""
    assert frechet_distance([[-1], [0], [1]], [[1], [3], [5]]) == pytest.approx(10)
    zero = np.zeros(2)
    assert gaussian_frechet_distance(zero, np.diag([1, 4]), np.array([1, 2]), np.diag([4, 4])) == pytest.approx(6)
    assert gaussian_frechet_distance(zero, np.diag([1, 0]), zero, np.diag([4, 1])) == pytest.approx(2)
    X = RNG.normal(size=(50, 4))
    assert frechet_distance(X, X) == pytest.approx(0, abs=1e-12)


def test_the_frechet_distance_is_that_of_scipys_matrix_root():
    """For correlated features, in both directions, and unchanged by a rotation of both sets."""
    X, Y = (
        RNG.normal(size=(200, 3)) @ RNG.normal(size=(3, 3)),
        0.3 + RNG.normal(size=(150, 3)) @ RNG.normal(size=(3, 3)),
    )
    S, T = np.cov(X.T), np.cov(Y.T)
    gap = X.mean(axis=0) - Y.mean(axis=0)
    expected = gap @ gap + np.trace(S + T - 2 * linalg.sqrtm(S @ T).real)
    turned = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
    for found in (frechet_distance(X, Y), frechet_distance(Y, X), frechet_distance(X @ turned, Y @ turned)):
        assert found == pytest.approx(expected)


def test_more_features_than_samples():
    """A singular covariance gives a finite number; constant features differ by their distance alone."""
    X, Y = RNG.normal(size=(3, 20)), RNG.normal(size=(4, 20))
    assert 0 < frechet_distance(X, Y) < math.inf
    assert frechet_distance([[1, 2], [1, 2]], [[4, 6], [4, 6]]) == 25


REAL = [[0.0], [1.0], [10.0], [11.0]]


def test_a_collapsed_generator():
    """High precision and no recall; half of the real balls hold a sample."""
    found = sample_quality(REAL, [[0.4], [0.5], [0.6], [0.7]], k=1)
    assert found == {"precision": 1, "recall": 0, "density": 2, "coverage": 0.5}


def test_equal_and_disjoint_sets():
    """Equal ones score 1, with a sample on the edge of a ball inside; disjoint ones 0."""
    same = sample_quality(REAL, REAL, k=1)
    assert (same["precision"], same["recall"], same["coverage"]) == (1, 1, 1)
    far = sample_quality(REAL, [[100.0], [101.0], [110.0], [111.0]], k=1)
    assert far == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


@pytest.mark.parametrize("k", [1, 3, 5])
def test_quality_by_definition(k):
    """A loop over all samples and balls gives the same, and so do shuffled rows."""
    real, made = RNG.normal(size=(25, 3)), RNG.normal(0.5, 1.5, (30, 3))

    def radius(rows, i):
        return sorted(np.linalg.norm(rows - rows[i], axis=1))[k]

    in_real = np.array([[np.linalg.norm(y - x) <= radius(real, i) for i, x in enumerate(real)] for y in made])
    in_made = np.array([[np.linalg.norm(y - x) <= radius(made, j) for j, y in enumerate(made)] for x in real])
    expected = {
        "precision": in_real.any(axis=1).mean(),
        "recall": in_made.any(axis=1).mean(),
        "density": in_real.sum() / k / len(made),
        "coverage": in_real.any(axis=0).mean(),
    }
    assert sample_quality(real, made, k) == pytest.approx(expected)
    assert sample_quality(real[::-1], RNG.permutation(made), k) == pytest.approx(expected)


def test_copies_of_one_point():
    """Balls without a radius hold exactly the same point."""
    assert sample_quality([[1.0]] * 3, [[1.0]] * 3, k=1)["precision"] == 1
    assert sample_quality([[1.0]] * 3, [[1.1]] * 3, k=1)["precision"] == 0


def test_distinct_n_grams():
    """4/6 and 3/4 for the texts of the course; repeated texts are poor, short ones have no n-gram."""
    texts = ["the cat sat", "the cat ran"]
    assert [distinct_n(texts, n) for n in (1, 2, 3, 4)] == [4 / 6, 3 / 4, 1, 0]
    assert distinct_n(["a b c"] * 10) == 0.1
    assert distinct_n(["The cat", "the CAT"], 1) == 0.5
    assert distinct_n(["", "!"], 1) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: inception_score([[0.5, 0.5], [0.5, 0.6]]),
            "probabilities must have rows that sum to 1; got a row with sum 1.1.",
        ),
        (lambda: inception_score([[1.5, -0.5]]), "probabilities must have rows that sum to 1; got a row with sum 1."),
        (lambda: inception_score([[1.0]], 2), "n_splits must be a whole number of at least 1 and at most 1; got 2."),
        (
            lambda: frechet_distance([[1.0]], [[1], [2]]),
            "X must hold at least 2 rows of at least one number; got shape (1, 1).",
        ),
        (lambda: frechet_distance([[1], [2]], [[1, 2], [3, 4]]), "Y must have rows of 1 numbers; got rows of 2."),
        (lambda: sample_quality(REAL, REAL, 0), "k must be a whole number of at least 1; got 0."),
        (
            lambda: sample_quality(REAL, REAL, 4),
            "real must hold at least 5 rows of at least one number; got shape (4, 1).",
        ),
        (
            lambda: sample_quality(REAL, [[math.nan]] * 6),
            "real must hold at least 6 rows of at least one number; got shape (4, 1).",
        ),
        (lambda: distinct_n([]), "texts must be a list of at least one text; got []."),
        (lambda: distinct_n("a b"), "texts must be a list of at least one text; got 'a b'."),
        (lambda: distinct_n(["a"], 0), "n must be a whole number of at least 1; got 0."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
