"""The normal, Bernoulli and binomial distributions, and why means become normal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import Vector, as_generator, as_vector, check_choice, check_count, check_range
from rag_app.from_scratch.statistics.special import normal_cumulative
from rag_app.registry import register

_MAX_DRAWS = 10_000_000

# Name: mean, variance, and a sampler of an array of some shape.
_Sampler = Callable[[np.random.Generator, tuple[int, int]], NDArray[Any]]
_POPULATIONS: dict[str, tuple[float, float, _Sampler]] = {
    "die": (3.5, 35 / 12, lambda rng, shape: rng.integers(1, 7, shape)),
    "exponential": (1.0, 1.0, lambda rng, shape: rng.exponential(1.0, shape)),
    "uniform": (0.5, 1 / 12, lambda rng, shape: rng.random(shape)),
}


@register("tool", "X030")
def normal_pdf(x: Vector, mean: float = 0.0, std: float = 1.0) -> list[float]:
    """Return the density of a normal distribution at each value.

    Parameters
    ----------
    x : array-like of shape (n,)
        Values.
    mean : float, default=0
        The centre of the bell.
    std : float, default=1
        Its standard deviation, above 0.

    Returns
    -------
    list of float
        One density per value; not a probability, it can exceed 1.

    Raises
    ------
    InvalidInputError
        If a value is not finite or the standard deviation is not above 0.

    Notes
    -----
    ``f(x) = exp(-(x - μ)² / 2σ²) / (σ √(2π))``. Casella & Berger, *Statistical Inference*, 2nd ed. (2002), chapter 3.

    Examples
    --------
    At the mean 1 / (15 · 2.5066) = 0.0266.

    >>> round(normal_pdf([100], mean=100, std=15)[0], 4)
    0.0266
    """
    z = _standardised(x, mean, std)
    densities: list[float] = (np.exp(-(z**2) / 2) / (std * math.sqrt(2 * math.pi))).tolist()
    return densities


@register("tool", "X030")
def normal_cdf(x: Vector, mean: float = 0.0, std: float = 1.0) -> list[float]:
    """Return the probability that a normal variable is at most each value.

    Parameters
    ----------
    x : array-like of shape (n,)
        Values.
    mean : float, default=0
        The centre of the bell.
    std : float, default=1
        Its standard deviation, above 0.

    Returns
    -------
    list of float
        One probability per value, in [0, 1].

    Raises
    ------
    InvalidInputError
        If a value is not finite or the standard deviation is not above 0.

    Notes
    -----
    ``F(x) = (1 + erf((x - μ) / (σ √2))) / 2``. Casella & Berger, *Statistical Inference*, 2nd ed. (2002), chapter 3.

    Examples
    --------
    z = (130 - 100) / 15 = 2.

    >>> round(normal_cdf([130], mean=100, std=15)[0], 4)
    0.9772
    """
    return [normal_cumulative(z) for z in _standardised(x, mean, std).tolist()]


@register("tool", "X030")
def central_limit(population: str = "exponential", n: int = 16, n_means: int = 20_000, seed: int = 0) -> dict[str, Any]:
    """Return how close the means of samples from a population are to the normal distribution that the theorem predicts.

    Parameters
    ----------
    population : {"exponential", "uniform", "die"}, default="exponential"
        What is drawn: exponential with mean 1, uniform between 0 and 1, or the faces of a die.
    n : int, default=16
        Values in a sample.
    n_means : int, default=20000
        Samples; `n` times this is at most ten million.
    seed : int, default=0
        Where the random numbers start.

    Returns
    -------
    dict
        "mean" and "variance" of the means, "expected_mean" μ and "expected_variance" σ² / n, "ks_distance" to the
        normal distribution with these, in [0, 1], and a "histogram" of the means with its "edges" and "counts".

    Raises
    ------
    InvalidInputError
        If the population is unknown or a count is out of range.

    Notes
    -----
    The Kolmogorov–Smirnov distance is the largest gap between two cumulative distributions. Casella & Berger,
    *Statistical Inference*, 2nd ed. (2002), chapter 5.

    Examples
    --------
    The variance of the exponential distribution is 1, so that of the mean of 16 values is 1/16 = 0.0625.

    >>> means = central_limit(n=16)
    >>> round(means["mean"], 2), round(means["variance"], 3), means["expected_variance"]
    (1.0, 0.063, 0.0625)
    """
    check_choice("population", population, _POPULATIONS)
    check_count("n", n, 1, _MAX_DRAWS // 2)
    check_count("n_means", n_means, 2, _MAX_DRAWS // n)
    centre, variance, draw = _POPULATIONS[population]
    means = draw(as_generator(seed), (n_means, n)).mean(axis=1)  # (n_means,)
    counts, edges = np.histogram(means, bins=30)
    return {
        "mean": float(means.mean()),
        "variance": float(means.var()),
        "expected_mean": centre,
        "expected_variance": variance / n,
        "ks_distance": _ks_distance((means - centre) / math.sqrt(variance / n)),
        "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
    }


@register("tool", "X031")
def bernoulli_pmf(x: int, p: float) -> float:
    """Return the probability of a single outcome: p of success, coded 1, and 1 - p of failure, coded 0.

    Parameters
    ----------
    x : int
        1 or 0.
    p : float
        Probability of success, in [0, 1].

    Raises
    ------
    InvalidInputError
        If the outcome is neither 0 nor 1, or p is no probability.

    Notes
    -----
    ``P(X = x) = p^x (1 - p)^(1 - x)``; the mean is p, the variance p (1 - p). Casella & Berger, *Statistical
    Inference*, 2nd ed. (2002), chapter 3.

    Examples
    --------
    >>> bernoulli_pmf(1, 0.25), bernoulli_pmf(0, 0.25)
    (0.25, 0.75)
    """
    check_count("x", x, 0, 1)
    check_range("p", p, 0, 1)
    return p if x else 1 - p


@register("tool", "X031")
def bernoulli_sample(p: float, n: int = 10, seed: int = 0) -> list[int]:
    """Return outcomes of independent trials, each 1 with probability p and 0 otherwise.

    Parameters
    ----------
    p : float
        Probability of success, in [0, 1].
    n : int, default=10
        Trials, at most ten million.
    seed : int, default=0
        Where the random numbers start.

    Raises
    ------
    InvalidInputError
        If p is no probability or a count is out of range.

    Notes
    -----
    A trial succeeds where a uniform random number in [0, 1) is below p. Casella & Berger, *Statistical Inference*, 2nd
    ed. (2002), chapter 5.

    Examples
    --------
    >>> bernoulli_sample(1, 3), bernoulli_sample(0, 3)
    ([1, 1, 1], [0, 0, 0])
    """
    check_range("p", p, 0, 1)
    check_count("n", n, 1, _MAX_DRAWS)
    outcomes: list[int] = (as_generator(seed).random(n) < p).astype(int).tolist()
    return outcomes


@register("tool", "X032")
def binomial_pmf(k: int, n: int, p: float) -> float:
    """Return the probability of k successes in n independent trials that each succeed with probability p.

    Parameters
    ----------
    k : int
        Successes, from 0 to n.
    n : int
        Trials, at least 1.
    p : float
        Probability of success, in [0, 1].

    Raises
    ------
    InvalidInputError
        If a count or p is out of range.

    Notes
    -----
    ``P(X = k) = C(n, k) p^k (1 - p)^(n - k)``, in logarithms, where nothing overflows; the mean is np, the variance np
    (1 - p). Casella & Berger, *Statistical Inference*, 2nd ed. (2002), chapter 3.

    Examples
    --------
    No defective item among ten, each defective with probability 0.1: 0.9¹⁰. One: 10 · 0.1 · 0.9⁹.

    >>> round(binomial_pmf(0, 10, 0.1), 6), round(binomial_pmf(1, 10, 0.1), 6)
    (0.348678, 0.38742)
    """
    check_count("n", n)
    check_count("k", k, 0, n)
    check_range("p", p, 0, 1)
    if p in {0, 1}:
        return float(k == n * p)
    orders = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(orders + k * math.log(p) + (n - k) * math.log1p(-p))


@register("tool", "X032")
def binomial_cdf(k: int, n: int, p: float) -> float:
    """Return the probability of at most k successes in n independent trials that each succeed with probability p.

    Parameters
    ----------
    k : int
        Successes, from 0 to n.
    n : int
        Trials, at least 1.
    p : float
        Probability of success, in [0, 1].

    Raises
    ------
    InvalidInputError
        If a count or p is out of range.

    Notes
    -----
    ``P(X ≤ k) = Σ_{j ≤ k} C(n, j) p^j (1 - p)^(n - j)``. Casella & Berger, *Statistical Inference*, 2nd ed. (2002),
    chapter 3.

    Examples
    --------
    At most one defective item among ten: 0.348678 + 0.387420.

    >>> round(binomial_cdf(1, 10, 0.1), 6)
    0.736099
    """
    check_count("n", n)
    check_count("k", k, 0, n)
    check_range("p", p, 0, 1)
    return min(1.0, math.fsum(binomial_pmf(i, n, p) for i in range(k + 1)))


def _standardised(x: Vector, mean: float, std: float) -> NDArray[np.float64]:
    check_range("std", std, 0, open_low=True)
    return (as_vector("x", x) - mean) / std


def _ks_distance(z: NDArray[np.float64]) -> float:
    """Return the largest gap between the steps of a sample and the standard normal curve."""
    ordered = np.sort(z)
    curve = np.array([normal_cumulative(value) for value in ordered.tolist()])
    n = len(ordered)
    above = np.searchsorted(ordered, ordered, side="right") / n - curve
    below = curve - np.searchsorted(ordered, ordered, side="left") / n
    return float(max(above.max(), below.max()))
