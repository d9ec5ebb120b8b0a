"""Synthetic rows against moments of real ones, scipy's Kolmogorov-Smirnov distance and a nearest centroid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.neighbors import NearestCentroid

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.synthesis import kolmogorov_smirnov, synthesise_rows, synthetic_training_gap

RNG = np.random.default_rng(0)
COVARIANCE = [[1, 0.5], [0.5, 1]]
TRAIN = np.concatenate([RNG.multivariate_normal(c, COVARIANCE, 50) for c in ([0, 0], [2, 1])])
TEST = np.concatenate([RNG.multivariate_normal(c, COVARIANCE, 500) for c in ([0, 0], [2, 1])])
Y, Y_TEST = np.repeat(["normal", "fraud"], 50), np.repeat(["normal", "fraud"], 500)


def test_synthetic_rows_have_the_moments_of_real_ones():
    """Means, deviations, correlation and distribution of each column; none is a copy."""
    found = synthesise_rows(TRAIN[:50], 4000)
    assert max(found["mean_gap"] + found["std_gap"]) < 0.06
    assert found["correlation_gap"] < 0.05
    assert max(found["ks"]) < 0.2
    assert (len(found["rows"]), found["n_copies"]) == (4000, 0)


def test_two_components_follow_two_groups():
    """One Gaussian does not: its distance from the real column is larger."""
    groups = np.concatenate([RNG.normal(-5, 1, (200, 1)), RNG.normal(5, 1, (200, 1))])
    one, two = (synthesise_rows(groups, 2000, k)["ks"][0] for k in (1, 2))
    assert two < 0.08 < one


def test_the_distance_agrees_with_scipy():
    """With ties, and for samples of different size."""
    a, b = RNG.integers(0, 9, 40).astype(float), RNG.integers(2, 12, 25).astype(float)
    assert kolmogorov_smirnov(a, b) == pytest.approx(stats.ks_2samp(a, b).statistic)
    assert (kolmogorov_smirnov(a, a), kolmogorov_smirnov(a, a + 100)) == (0, 1)


def test_the_gap_is_small_where_the_distribution_fits():
    """The accuracy on real rows is scikit-learn's nearest centroid's."""
    found = synthetic_training_gap(TRAIN, Y, TEST, Y_TEST)
    assert found["real"] == pytest.approx(NearestCentroid().fit(TRAIN, Y).score(TEST, Y_TEST))
    assert found["gap"] == found["real"] - found["synthetic"]
    assert abs(found["gap"]) < 0.03


def test_a_constant_column_stays_constant():
    """And has no correlation to differ in."""
    found = synthesise_rows([[1, 7], [2, 7], [4, 7]], 50)
    assert found["std_gap"][1] < 0.01
    assert found["mean_gap"][1] < 0.01


def test_a_seed_decides_the_rows():
    """The same gives the same."""
    assert synthesise_rows(TRAIN, 5, seed=1) == synthesise_rows(TRAIN, 5, seed=1)
    assert synthesise_rows(TRAIN, 5, seed=1)["rows"] != synthesise_rows(TRAIN, 5, seed=2)["rows"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: synthesise_rows([[1]]), "X must hold at least 2 rows of at least one number; got shape (1, 1)."),
        (lambda: synthesise_rows([[1], [2]], 1), "n must be a whole number of at least 2; got 1."),
        (
            lambda: synthetic_training_gap([[1], [2], [3]], [0, 0, 1], [[1]], [0]),
            "y must hold at least 2 examples of every class; got 1.",
        ),
        (
            lambda: synthetic_training_gap([[1]], [0], [[1]], [0, 1]),
            "X_test and y_test must be of equal length; got 1 and 2.",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
