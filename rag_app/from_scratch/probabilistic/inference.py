"""Bayesian inference by integration: expectations, and posteriors on a grid."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import check_count, check_range
from rag_app.from_scratch.statistics.calculus import quadrature, values_at
from rag_app.from_scratch.statistics.special import beta_quantile
from rag_app.registry import register

_LIMIT = 1e300
_CURVE_POINTS = 101


@register("tool", "M028")
def expectation(function: str, density: str, low: float, high: float, n_strips: int = 2000) -> dict[str, float]:
    """Return the expected value of a function of x under a density, by Simpson's rule.

    Parameters
    ----------
    function : str
        A formula of x, such as "x**2".
    density : str
        A formula of x, at least 0; it need not be normalised.
    low : float
        Where the density begins.
    high : float
        Where it ends, above `low`.
    n_strips : int, default=2000
        Strips of equal width, an even number.

    Returns
    -------
    dict
        "expectation", "variance" of the function, and "mass", the integral of the density, by which both are divided.

    Raises
    ------
    InvalidInputError
        If a text is no formula, has no finite value between the limits, or the density is negative or has no mass.

    Notes
    -----
    ``E[f(X)] = ∫ f(x) p(x) dx / ∫ p(x) dx``. Casella & Berger, *Statistical Inference*, 2nd ed. (2002), chapter 2.

    Examples
    --------
    The integral of x² over the uniform density from 0 to 1.

    >>> round(expectation("x**2", "1", 0, 1)["expectation"], 6)
    0.333333
    """
    _check_limits(low, high)
    check_count("n_strips", n_strips, 2, 1_000_000)
    points, widths = quadrature(low, high, "simpson", n_strips)
    weights = widths * _not_negative("density", values_at("density", density, points))
    values = values_at("function", function, points)
    mass = _mass("density", weights)
    mean = float(weights @ values) / mass
    return {"expectation": mean, "variance": float(weights @ (values - mean) ** 2) / mass, "mass": mass}


@register("tool", "M028")
def grid_posterior(
    prior: str, likelihood: str, low: float = 0.0, high: float = 1.0, n_points: int = 10_000
) -> dict[str, Any]:
    """Return the posterior of a parameter theta, computed on a grid from prior and likelihood.

    Parameters
    ----------
    prior : str
        Density of theta before the data, a formula of theta, at least 0.
    likelihood : str
        Probability of the data for each theta, a formula of theta, at least 0.
    low : float, default=0
        Smallest theta.
    high : float, default=1
        Largest theta, above `low`.
    n_points : int, default=10000
        Cells of equal width; theta is looked at in their middle.

    Returns
    -------
    dict
        "mean", "std" and "mode" of the posterior, "low" and "high" of its central 95 % (credible interval), "evidence",
        the probability of the data, and the "curve": "theta" and "density" at up to 101 points.

    Raises
    ------
    InvalidInputError
        If a text is no formula, is negative or has no finite value on the grid, or no theta allows the data.

    Notes
    -----
    ``p(θ | D) = p(D | θ) p(θ) / ∫ p(D | θ) p(θ) dθ``. McElreath, *Statistical Rethinking*, 2nd ed. (2020), section 2.4.

    Examples
    --------
    Three successes in four trials, uniform prior: the mean is 4 / 6, the evidence 4 (1/4 - 1/5) = 0.2.

    >>> found = grid_posterior("1", "4 * theta**3 * (1 - theta)")
    >>> round(found["mean"], 4), round(found["evidence"], 4)
    (0.6667, 0.2)
    """
    _check_limits(low, high)
    check_count("n_points", n_points, 2, 1_000_000)
    theta, widths = quadrature(low, high, "midpoint", n_points)
    belief = _not_negative("prior", values_at("prior", prior, theta, "theta"))
    fit = _not_negative("likelihood", values_at("likelihood", likelihood, theta, "theta"))
    evidence = _mass("likelihood times prior", widths * belief * fit)
    density = belief * fit / evidence
    chances = widths * density  # of each cell
    mean = float(chances @ theta)
    ends = np.searchsorted(np.cumsum(chances), [0.025, 0.975]).clip(max=n_points - 1)
    shown = np.unique(np.linspace(0, n_points - 1, min(n_points, _CURVE_POINTS)).astype(int))
    return {
        "mean": mean,
        "std": math.sqrt(float(chances @ (theta - mean) ** 2)),
        "mode": float(theta[density.argmax()]),
        "low": float(theta[ends[0]]),
        "high": float(theta[ends[1]]),
        "evidence": evidence,
        "curve": {"theta": theta[shown].tolist(), "density": density[shown].tolist()},
    }


@register("tool", "M028", "X032")
def beta_binomial_posterior(
    k: int, n: int, a: float = 1.0, b: float = 1.0, credibility: float = 0.95
) -> dict[str, float | None]:
    """Return the posterior of a success rate after k successes in n trials, with a beta distribution as prior.

    Parameters
    ----------
    k : int
        Successes, from 0 to n.
    n : int
        Trials; 0 returns the prior.
    a : float, default=1
        Of the prior Beta(a, b), above 0: like successes seen in advance.
    b : float, default=1
        Likewise failures; Beta(1, 1) is uniform.
    credibility : float, default=0.95
        Posterior probability of the interval, between 0 and 1.

    Returns
    -------
    dict
        "a" and "b" of the posterior, its "mean", also the probability that the next trial succeeds, "std", "mode" (None
        where the density has no single peak inside), and "low" and "high" of the central credible interval.

    Raises
    ------
    InvalidInputError
        If a number is out of range.

    Notes
    -----
    Beta(a + k, b + n - k): the beta distribution is the conjugate prior of the binomial one. Bayes (1763).

    Examples
    --------
    90 of 100 with a uniform prior is Beta(91, 11): the mean is 91 / 102.

    >>> found = beta_binomial_posterior(90, 100)
    >>> found["a"], found["b"], round(found["mean"], 6), round(found["low"], 4), round(found["high"], 4)
    (91.0, 11.0, 0.892157, 0.8254, 0.9444)
    """
    check_count("n", n, 0)
    check_count("k", k, 0, n)
    check_range("a", a, 0, 1e6, open_low=True)
    check_range("b", b, 0, 1e6, open_low=True)
    check_range("credibility", credibility, 0, 1, open_low=True, open_high=True)
    after, against = float(a + k), float(b + n - k)
    total = after + against
    peaked = min(after, against) > 1
    return {
        "a": after,
        "b": against,
        "mean": after / total,
        "std": math.sqrt(after * against / (total**2 * (total + 1))),
        "mode": (after - 1) / (total - 2) if peaked else None,
        "low": beta_quantile((1 - credibility) / 2, after, against),
        "high": beta_quantile((1 + credibility) / 2, after, against),
    }


def _check_limits(low: float, high: float) -> None:
    check_range("low", low, -_LIMIT, _LIMIT)
    check_range("high", high, low, _LIMIT, open_low=True)


def _not_negative(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    if (values < 0).any():
        msg = f"{name} must not be negative between the limits; got {values.min():g}."
        raise InvalidInputError(msg)
    return values


def _mass(name: str, weights: NDArray[np.float64]) -> float:
    total = float(weights.sum())
    if not 0 < total < math.inf:
        msg = f"{name} must have a finite integral above 0; got {total:g}."
        raise InvalidInputError(msg)
    return total
