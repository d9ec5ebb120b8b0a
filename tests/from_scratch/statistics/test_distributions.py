"""Normal, Bernoulli and binomial distributions, and the central limit theorem."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy import stats

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.statistics.distributions import (
    bernoulli_pmf,
    bernoulli_sample,
    binomial_cdf,
    binomial_pmf,
    central_limit,
    normal_cdf,
    normal_pdf,
)

X = np.linspace(-6, 9, 31)


@pytest.mark.parametrize(("mean", "std"), [(0, 1), (2.5, 0.3), (-4, 17)])
def test_the_normal_distribution_is_scipys(mean, std):
    """Density and cumulative probability, for every mean and standard deviation."""
    np.testing.assert_allclose(normal_pdf(X, mean, std), stats.norm.pdf(X, mean, std), rtol=1e-12)
    np.testing.assert_allclose(normal_cdf(X, mean, std), stats.norm.cdf(X, mean, std), rtol=1e-10)


def test_the_normal_rule_of_three_shares():
    """68.27, 95.45 and 99.73 % lie within one, two and three standard deviations."""
    shares = [b - a for a, b in (normal_cdf([-k, k]) for k in (1, 2, 3))]
    assert [round(100 * share, 2) for share in shares] == [68.27, 95.45, 99.73]


def test_the_density_is_symmetric_about_the_mean():
    """Mirroring a value about the mean changes nothing."""
    np.testing.assert_allclose(normal_pdf(3 + X, 3, 2), normal_pdf(3 - X, 3, 2), rtol=1e-12)


@pytest.mark.parametrize("population", ["exponential", "uniform", "die"])
def test_means_become_normal(population):
    """Their mean is that of the population, their variance is divided by n, and the KS distance shrinks."""
    small, large = (central_limit(population, n) for n in (1, 64))
    for found, n in ((small, 1), (large, 64)):
        error = math.sqrt(found["expected_variance"] / 20_000)
        assert abs(found["mean"] - found["expected_mean"]) < 4 * error
        assert found["variance"] == pytest.approx(found["expected_variance"], rel=0.06)
        assert found["expected_variance"] == pytest.approx(small["expected_variance"] / n)
    assert large["ks_distance"] < small["ks_distance"] / 2
    assert sum(large["histogram"]["counts"]) == 20_000
    assert len(large["histogram"]["edges"]) == len(large["histogram"]["counts"]) + 1


@pytest.mark.parametrize(("n", "exact"), [(1, 0.1587), (4, 0.0667), (16, 0.0333), (64, 0.0166)])
def test_the_ks_distance_of_exponential_means(n, exact):
    """The distances of the course, within what 20,000 means allow."""
    assert central_limit("exponential", n)["ks_distance"] == pytest.approx(exact, abs=0.01)


def test_the_ks_distance_is_scipys():
    """The largest gap, looked for on both sides of every step."""
    rng = np.random.default_rng(3)
    means = (rng.exponential(1.0, (500, 2)).mean(axis=1) - 1) / math.sqrt(1 / 2)
    assert central_limit(n=2, n_means=500, seed=3)["ks_distance"] == pytest.approx(
        stats.kstest(means, "norm").statistic
    )


def test_the_bernoulli_distribution():
    """It is p for success and 1 - p for failure; samples come as often, and the same for the same seed."""
    for p in (0, 0.1, 0.5, 1):
        assert [bernoulli_pmf(x, p) for x in (0, 1)] == pytest.approx(stats.bernoulli.pmf([0, 1], p))
    drawn = bernoulli_sample(0.1, 100_000, seed=1)
    assert np.mean(drawn) == pytest.approx(0.1, abs=0.004)
    assert np.var(drawn) == pytest.approx(0.09, abs=0.003)
    assert drawn == bernoulli_sample(0.1, 100_000, seed=1) != bernoulli_sample(0.1, 100_000, seed=2)


@pytest.mark.parametrize(("n", "p"), [(1, 0.3), (10, 0.1), (10, 0), (10, 1), (20, 0.5), (2000, 0.999)])
def test_the_binomial_distribution_is_scipys(n, p):
    """Single and cumulative probabilities, which sum to 1."""
    k = np.arange(n + 1)
    found = [binomial_pmf(int(i), n, p) for i in k]
    np.testing.assert_allclose(found, stats.binom.pmf(k, n, p), rtol=1e-8, atol=1e-300)
    assert math.fsum(found) == pytest.approx(1)
    for i in (0, n // 2, n):
        assert binomial_cdf(i, n, p) == pytest.approx(stats.binom.cdf(i, n, p), rel=1e-8, abs=1e-300)


def test_defective_items():
    """The worked figures of the course: none, one, two, and two or more among ten."""
    assert [round(binomial_pmf(k, 10, 0.1), 6) for k in (0, 1, 2)] == [0.348678, 0.387420, 0.193710]
    assert round(1 - binomial_cdf(1, 10, 0.1), 6) == 0.263901


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: normal_pdf([1], std=0), "std must be above 0; got 0."),
        (lambda: normal_cdf([math.nan]), "x must be finite; got nan."),
        (lambda: central_limit("cauchy"), "population must be one of die, exponential, uniform; got 'cauchy'."),
        (lambda: central_limit(n=0), "n must be a whole number of at least 1 and at most 5000000; got 0."),
        (
            lambda: central_limit(n=10**6, n_means=11),
            "n_means must be a whole number of at least 2 and at most 10; got 11.",
        ),
        (lambda: central_limit(seed=-1), "seed must be a whole number of at least 0; got -1."),
        (lambda: bernoulli_pmf(2, 0.5), "x must be a whole number of at least 0 and at most 1; got 2."),
        (lambda: bernoulli_pmf(1, 1.5), "p must be at least 0 and at most 1; got 1.5."),
        (lambda: bernoulli_sample(math.nan), "p must be at least 0 and at most 1; got nan."),
        (lambda: binomial_pmf(11, 10, 0.5), "k must be a whole number of at least 0 and at most 10; got 11."),
        (lambda: binomial_cdf(0, 0, 0.5), "n must be a whole number of at least 1; got 0."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
