"""Acceptance rate and effective sample size of chains whose values are known."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.signal import lfilter

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.chain import acceptance_rate, effective_sample_size


def autoregressive(rho, n, seed=0):
    """Return a stationary chain with the autocorrelations rho to the power of the lag."""
    noise = np.random.default_rng(seed).normal(size=n) * np.sqrt(1 - rho**2)
    noise[0] /= np.sqrt(1 - rho**2)
    return lfilter([1], [1, -rho], noise)


def test_acceptance_counts_the_moves():
    """A point that differs in one coordinate has moved."""
    assert acceptance_rate([[0, 0], [0, 1], [0, 1], [1, 1], [1, 1]]) == 0.5
    assert acceptance_rate([[1], [1]]) == 0
    assert acceptance_rate([[1], [2]]) == 1


@pytest.mark.parametrize("rho", [-0.5, 0, 0.5, 0.9])
def test_an_autoregressive_chain(rho):
    """Its size is n (1 - ρ) / (1 + ρ): more than n where successive samples alternate."""
    n = 50_000
    assert effective_sample_size(autoregressive(rho, n)) == pytest.approx(n * (1 - rho) / (1 + rho), rel=0.1)


def test_the_size_measures_the_error_of_the_mean():
    """Over many chains, the variance of the mean is one over the size."""
    chains = [autoregressive(0.8, 2000, seed) for seed in range(300)]
    variance = np.var([chain.mean() for chain in chains])
    assert np.mean([effective_sample_size(chain) for chain in chains]) == pytest.approx(1 / variance, rel=0.25)


def test_shift_and_scale_do_not_matter():
    """Only the order of the fluctuations counts."""
    chain = autoregressive(0.5, 3000)
    assert effective_sample_size(1e3 - 7 * chain) == pytest.approx(effective_sample_size(chain))


def test_chains_at_the_extremes():
    """A chain that never moves is one sample; a strictly alternating one is worth n log10 n, not infinitely many."""
    assert effective_sample_size([0.1] * 50) == 1
    assert effective_sample_size([0, 0, 0, 0]) == 1
    assert effective_sample_size([0.0, 1.0] * 50) == pytest.approx(200)
    assert effective_sample_size(np.arange(100)) < 5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: acceptance_rate([[1]]), "chain must hold at least 2 rows of at least one number; got shape (1, 1)."),
        (lambda: effective_sample_size([1, 2, 3]), "chain must hold at least 4 numbers; got 3."),
        (lambda: effective_sample_size([1, 2, 3, float("nan")]), "chain must be finite; got nan."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
