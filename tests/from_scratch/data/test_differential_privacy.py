"""Laplace noise against scipy's distribution, the bound of differential privacy, and the budget."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.differential_privacy import (
    laplace_mechanism,
    privacy_ledger,
    private_count,
    private_mean,
)

DRAWS = np.array([laplace_mechanism(120, 1, 0.5, seed)["published"] for seed in range(2000)])


def test_the_noise_follows_a_laplace_distribution():
    """Kolmogorov-Smirnov against scipy's with b = 2; variance near 8; 95 % within 5.99."""
    assert stats.kstest(DRAWS, stats.laplace(120, 2).cdf).pvalue > 0.01
    assert DRAWS.var() == pytest.approx(8, rel=0.15)
    reach = laplace_mechanism(120, 1, 0.5)["reach_95"]
    assert stats.laplace(0, 2).cdf(reach) - stats.laplace(0, 2).cdf(-reach) == pytest.approx(0.95)
    assert (np.abs(DRAWS - 120) <= reach).mean() == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("epsilon", [0.1, 0.5, 2])
def test_neighbouring_data_are_nearly_as_likely(epsilon):
    """The ratio of densities of counts 120 and 119 is at most e^ε anywhere; e^0.5 = 1.649 at 121."""
    scale = laplace_mechanism(120, 1, epsilon)["scale"]
    outputs = np.linspace(100, 140, 401)
    ratio = stats.laplace(120, scale).pdf(outputs) / stats.laplace(119, scale).pdf(outputs)
    assert max(ratio.max(), (1 / ratio).max()) == pytest.approx(np.exp(epsilon))


def test_a_count_has_sensitivity_1():
    """The same noise as the mechanism's."""
    assert private_count(120, 0.5, seed=3) == laplace_mechanism(120, 1, 0.5, seed=3)


def test_a_mean_is_clipped_to_its_limits():
    """200 counts as 100; the sensitivity is the range over the number of people."""
    found = private_mean([200, 0, 50, -1], 0, 100, 1e9, seed=0)
    assert found["published"] == pytest.approx((100 + 0 + 50 + 0) / 4, abs=1e-5)
    assert (found["n_clipped"], found["scale"]) == (2, 25 / 1e9)


def test_no_seed_means_other_noise_each_time():
    """What is published cannot be foreseen."""
    assert laplace_mechanism(0, 1, 1)["published"] != laplace_mechanism(0, 1, 1)["published"]


def test_budgets_add_up():
    """0.5 + 0.3 + 0.2 = 1; what is too much is refused, and something small may still fit."""
    found = privacy_ledger([0.5, 0.6, 0.3, 0.2, 0.1], 1)
    assert found["allowed"] == [True, False, True, True, False]
    assert (found["spent"], found["left"]) == (pytest.approx(1), 0)
    assert privacy_ledger([0.1] * 3, 0.3)["allowed"] == [True] * 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: laplace_mechanism(1, 0, 1), "sensitivity must be above 0; got 0."),
        (lambda: laplace_mechanism(1, 1, 0), "epsilon must be above 0; got 0."),
        (lambda: laplace_mechanism(float("nan"), 1, 1), "value must be finite; got nan."),
        (lambda: private_count(-1, 1), "n must be a whole number of at least 0; got -1."),
        (lambda: private_mean([1], 2, 2, 1), "high must be above low; got 2 and 2."),
        (lambda: private_mean([], 0, 1, 1), "values must hold at least 1 number; got 0."),
        (lambda: privacy_ledger([0.0], 1), "epsilons must be above 0; got 0.0."),
        (lambda: privacy_ledger([1], 0), "budget must be above 0; got 0."),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
