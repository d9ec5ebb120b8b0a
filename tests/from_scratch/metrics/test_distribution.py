"""Divergences against scipy, closed forms and the worked figures of the course."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.distribution import (
    gaussian_kl_divergence,
    js_divergence,
    kl_divergence,
    sample_divergence,
)

WEIGHTS = st.lists(st.integers(1, 1000), min_size=2, max_size=6)


def share(weights):
    """Return weights as probabilities."""
    return [w / sum(weights) for w in weights]


def test_the_figures_of_the_course():
    """0.510826 and 0.368064 in the two directions, and 0.101749."""
    p, q = [0.5, 0.5], [0.9, 0.1]
    assert round(kl_divergence(p, q), 6) == 0.510826
    assert round(kl_divergence(q, p), 6) == 0.368064
    assert round(js_divergence(p, q), 6) == round(js_divergence(q, p), 6) == 0.101749


@given(WEIGHTS, st.randoms())
def test_divergences_are_scipys_and_keep_their_bounds(weights, random):
    """Neither is negative, JS is symmetric and at most ln 2, and the order of the outcomes does not matter."""
    other = [random.randint(1, 1000) for _ in weights]
    p, q = share(weights), share(other)
    assert kl_divergence(p, q) == pytest.approx(stats.entropy(p, q), abs=1e-12)
    assert js_divergence(p, q) == pytest.approx(jensenshannon(p, q) ** 2, abs=1e-12)
    assert 0 <= js_divergence(p, q) <= math.log(2)
    assert kl_divergence(p, q) >= 0
    assert js_divergence(p, q) == pytest.approx(js_divergence(q, p), abs=1e-15)
    assert kl_divergence(p[::-1], q[::-1]) == pytest.approx(kl_divergence(p, q), abs=1e-12)


def test_outcomes_without_probability():
    """0 ln 0 is 0; what q rules out makes KL infinite; without overlap JS is ln 2."""
    assert kl_divergence([1, 0], [0.5, 0.5]) == pytest.approx(math.log(2))
    assert kl_divergence([0.5, 0.5], [1, 0]) == math.inf
    assert js_divergence([1, 0], [0, 1]) == pytest.approx(0.693147, abs=1e-6)
    assert kl_divergence([1], [1]) == js_divergence([1], [1]) == 0
    assert kl_divergence([0.1, 0.9], [0.1, 0.9]) == js_divergence([0.1, 0.9], [0.1, 0.9]) == 0


def test_tiny_probabilities_do_not_overflow():
    """The ratio of 0.5 and 5e-324 is no number, its logarithm is."""
    assert kl_divergence([0.5, 0.5], [5e-324, 1]) == pytest.approx(0.5 * (math.log(0.5) - math.log(5e-324)) - 0.3465736)


def test_normal_distributions():
    """0.318147 and 0.806853 in the two directions; shifted by one standard deviation 1/2; equal ones 0."""
    assert round(gaussian_kl_divergence([0], [[1]], [0], [[4]]), 6) == 0.318147
    assert round(gaussian_kl_divergence([0], [[4]], [0], [[1]]), 6) == 0.806853
    assert gaussian_kl_divergence([0], [[1]], [1], [[1]]) == pytest.approx(0.5)
    S = [[2, 0.6], [0.6, 1]]
    assert gaussian_kl_divergence([1, 2], S, [1, 2], S) == pytest.approx(0, abs=1e-12)


def test_normal_distributions_by_sampling():
    """In two dimensions, the mean of ln p - ln q over samples of p."""
    m1, m2, s1, s2 = [0, 1], [0.5, 0], [[1, 0.5], [0.5, 2]], [[2, -0.3], [-0.3, 1.5]]
    x = np.random.default_rng(0).multivariate_normal(m1, s1, 200_000)
    logs = stats.multivariate_normal.logpdf(x, m1, s1) - stats.multivariate_normal.logpdf(x, m2, s2)
    assert gaussian_kl_divergence(m1, s1, m2, s2) == pytest.approx(logs.mean(), abs=0.01)


def test_samples():
    """Equal ones have none, near ones little, and far ones nearly ln 2."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=20_000)
    near, far = sample_divergence(x, rng.normal(0.2, 1, 20_000)), sample_divergence(x, x + 100)
    assert sample_divergence(x, x) == {"kl": 0, "kl_reverse": 0, "js": 0}
    assert near["kl"] == pytest.approx(0.02, abs=0.01)  # (0.2)² / 2 between the normal distributions
    assert near["kl_reverse"] == pytest.approx(0.02, abs=0.01)
    assert far["js"] == pytest.approx(math.log(2), abs=0.01)
    assert sample_divergence([1], [1], n_bins=3)["kl"] == 0
    swapped = sample_divergence(x + 100, x)
    assert (swapped["kl"], swapped["kl_reverse"]) == pytest.approx((far["kl_reverse"], far["kl"]))


def test_samples_by_hand():
    """Counts 1, 1 and 0, 2 become shares 1/2, 1/2 and 1/6, 5/6 with half a count in each bin."""
    p, q = [1 / 2, 1 / 2], [0.5 / 3, 2.5 / 3]
    found = sample_divergence([0, 1], [1, 1], n_bins=2)
    assert found["kl"] == pytest.approx(stats.entropy(p, q))
    assert found["js"] == pytest.approx(jensenshannon(p, q) ** 2)


SQUARE = "covariance_p must be a symmetric positive definite matrix of shape (1, 1); got [[0]]."


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kl_divergence([0.5, 0.5], [1]), "p and q must be of equal length; got 2 and 1."),
        (
            lambda: kl_divergence([0.5, 0.6], [1, 0]),
            "p must be probabilities that sum to 1; got [0.5, 0.6] with sum 1.1.",
        ),
        (lambda: js_divergence([1], [-1]), "q must be probabilities that sum to 1; got [-1] with sum -1."),
        (lambda: js_divergence([], []), "p must hold at least 1 number; got 0."),
        (lambda: gaussian_kl_divergence([0], [[0]], [0], [[1]]), SQUARE),
        (
            lambda: gaussian_kl_divergence([0, 1], [[1]], [0], [[1]]),
            "mean_p and mean_q must be of equal length; got 2 and 1.",
        ),
        (
            lambda: gaussian_kl_divergence([0, 0], [[1, 2], [0, 1]], [0, 0], [[1, 0], [0, 1]]),
            "covariance_p must be a symmetric positive definite matrix of shape (2, 2); got [[1, 2], [0, 1]].",
        ),
        (lambda: gaussian_kl_divergence([0], [[1], [2]], [0], [[1]]), SQUARE.replace("[[0]]", "[[1], [2]]")),
        (lambda: sample_divergence([1], [math.nan]), "y must be finite; got nan."),
        (
            lambda: sample_divergence([1], [2], 0),
            "n_bins must be a whole number of at least 1 and at most 100000; got 0.",
        ),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
