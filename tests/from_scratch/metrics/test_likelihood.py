"""Perplexity, likelihoods and reconstruction errors against scipy and the worked figures of the course."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy import stats

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.likelihood import (
    bernoulli_log_likelihood,
    normal_log_likelihood,
    perplexity,
    reconstruction_error,
)


def test_perplexity_by_hand():
    """√8 for 1/2 and 1/4, V for a uniform choice among V, 1 for certainty."""
    assert perplexity(np.log([0.5, 0.25])) == pytest.approx(2.828427, abs=1e-6)
    assert perplexity([math.log(1 / 50)] * 7) == pytest.approx(50)
    assert perplexity([0, 0]) == 1
    assert perplexity([-2] * 10) == pytest.approx(7.389, abs=1e-3)
    assert perplexity([-2.5] * 8) == pytest.approx(12.18, abs=1e-2)


def test_perplexity_is_the_inverse_of_the_geometric_mean():
    """For any probabilities, in any order."""
    p = np.random.default_rng(0).random(30)
    assert perplexity(np.log(p)) == pytest.approx(1 / stats.gmean(p))
    assert perplexity(np.log(p[::-1])) == pytest.approx(1 / stats.gmean(p))


def test_an_impossible_token_makes_perplexity_infinite():
    """So does a probability too small for the result to be a number."""
    assert perplexity([-1, -math.inf]) == math.inf
    assert perplexity([-1000]) == math.inf


def test_the_normal_log_likelihood():
    """-9.7568 under N(0, 1), -3.7568 under N(2, 1) and -3.6486 at the maximum; scipy's sum elsewhere."""
    assert round(normal_log_likelihood([1, 2, 3]), 4) == -9.7568
    assert round(normal_log_likelihood([1, 2, 3], 2, 1), 4) == -3.7568
    assert round(normal_log_likelihood([1, 2, 3], 2, math.sqrt(2 / 3)), 4) == -3.6486
    x = np.random.default_rng(0).normal(3, 5, 40)
    assert normal_log_likelihood(x, 1, 2.5) == pytest.approx(stats.norm.logpdf(x, 1, 2.5).sum())
    assert normal_log_likelihood([0], 0, 0.01) > 0


def test_the_bernoulli_log_likelihood():
    """-6.1086 for seven of ten at 0.7, -6.9315 at 0.5; certainty explains what it allows and nothing else."""
    tosses = [1] * 7 + [0] * 3
    assert round(bernoulli_log_likelihood(tosses, 0.7), 4) == -6.1086
    assert round(bernoulli_log_likelihood(tosses, 0.5), 4) == -6.9315
    for p in (0.01, 0.3, 0.9):
        assert bernoulli_log_likelihood(tosses, p) == pytest.approx(stats.bernoulli.logpmf(tosses, p).sum())
    assert bernoulli_log_likelihood([1, 1], 1) == bernoulli_log_likelihood([0], 0) == 0
    assert bernoulli_log_likelihood([1, 0], 1) == bernoulli_log_likelihood([1, 0], 0) == -math.inf


def test_reconstruction_errors():
    """0.0075 for the cat of the course, 0.1875 for the dog, 0 for what is rebuilt exactly."""
    cat, dog = [0.9, 0.1, 0.8, 0.2], [0.1, 0.9, 0.2, 0.8]
    found = reconstruction_error([cat, dog, dog], [[0.8, 0.2, 0.7, 0.2], [0.6, 0.4, 0.5, 0.4], dog])
    assert found == pytest.approx([0.0075, 0.1875, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: perplexity([]), "log_probabilities must hold at least 1 number; got 0."),
        (lambda: perplexity(["a"]), "log_probabilities must be a list of numbers; got ['a']."),
        (lambda: perplexity([math.nan, -math.inf]), "log_probabilities must be finite; got nan."),
        (
            lambda: perplexity([0.5]),
            "log_probabilities must be at most 0; got 0.5. Pass natural logarithms of probabilities.",
        ),
        (
            lambda: perplexity([0.5, -math.inf]),
            "log_probabilities must be at most 0; got 0.5. Pass natural logarithms of probabilities.",
        ),
        (lambda: normal_log_likelihood([1], 0, 0), "std must be above 0; got 0."),
        (lambda: bernoulli_log_likelihood([1, 2], 0.5), "outcomes must be 0 or 1; got 2."),
        (lambda: bernoulli_log_likelihood([1], 2), "p must be at least 0 and at most 1; got 2."),
        (lambda: reconstruction_error([[1]], [[1], [2]]), "X and X_rebuilt must be of equal length; got 1 and 2."),
        (lambda: reconstruction_error([[1]], [[1, 2]]), "X_rebuilt must have rows of 1 numbers; got rows of 2."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
