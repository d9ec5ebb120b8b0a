"""Tests of whether two groups or two classifiers differ by more than chance."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import Vector, as_generator, as_vector, check_choice, check_count
from rag_app.from_scratch.statistics.distributions import binomial_cdf
from rag_app.from_scratch.statistics.p_values import verdict
from rag_app.from_scratch.statistics.special import chi2_tail, normal_cumulative, t_cumulative
from rag_app.registry import register

_BATCH_CELLS = 2_000_000  # memory: shuffled labels are made in batches


@register("tool", "X034")
def two_sample_t_test(a: Vector, b: Vector, equal_variances: bool = False, alpha: float = 0.05) -> dict[str, Any]:  # noqa: FBT001, FBT002  (arguments of a tool have names)
    """Return a two-sided t-test of whether two independent groups of numbers have the same mean.

    Parameters
    ----------
    a : array-like of shape (n,)
        The first group, at least two numbers.
    b : array-like of shape (m,)
        The second group, at least two numbers.
    equal_variances : bool, default=False
        Whether to assume equal variances (Student's test) or not (Welch's).
    alpha : float, default=0.05
        Significance level, between 0 and 1.

    Returns
    -------
    dict
        "statistic" t, degrees of freedom "df", "p_value", "significant" and "verdict". Of groups without any spread
        the p-value is 1 if they are equal, and 0, with an infinite statistic, if they differ.

    Raises
    ------
    InvalidInputError
        If a group has fewer than two numbers, or one that is not finite.

    Notes
    -----
    ``t = (x̄₁ - x̄₂) / √(s₁² / n₁ + s₂² / n₂)``. Welch, "The generalization of 'Student's' problem when several different
    population variances are involved", Biometrika 34 (1947).

    Examples
    --------
    The means are 9 and 5, the standard error √(6.6667 / 4 + 2.6667 / 4) = 1.5275.

    >>> found = two_sample_t_test([6, 8, 10, 12], [3, 5, 5, 7])
    >>> round(found["statistic"], 4), round(found["df"], 2), round(found["p_value"], 4)
    (2.6186, 5.07, 0.0466)
    """
    first, second = as_vector("a", a, min_length=2), as_vector("b", b, min_length=2)
    n, m = len(first), len(second)
    v, w = float(first.var(ddof=1)) / n, float(second.var(ddof=1)) / m
    if equal_variances:
        df = float(n + m - 2)
        error = math.sqrt((v * n * (n - 1) + w * m * (m - 1)) / df * (1 / n + 1 / m))
    else:
        df = (v + w) ** 2 / (v**2 / (n - 1) + w**2 / (m - 1)) if v + w else float(n + m - 2)
        error = math.sqrt(v + w)
    statistic = _ratio(float(first.mean() - second.mean()), error)
    p = 2 * t_cumulative(-abs(statistic), df) if math.isfinite(statistic) else 0.0
    return {"statistic": statistic, "df": df} | verdict(p, alpha)


@register("tool", "X034", "X032")
def two_proportion_z_test(k1: int, n1: int, k2: int, n2: int, alpha: float = 0.05) -> dict[str, Any]:
    """Return a two-sided z-test of whether two independent groups have the same success rate.

    Parameters
    ----------
    k1 : int
        Successes of the first group, from 0 to n1.
    n1 : int
        Trials of the first group, at least 1.
    k2 : int
        Successes of the second group, from 0 to n2.
    n2 : int
        Trials of the second group, at least 1.
    alpha : float, default=0.05
        Significance level, between 0 and 1.

    Returns
    -------
    dict
        "statistic" z, "p_value", "significant" and "verdict". Where every trial or none succeeded, z is 0 and p is 1.

    Raises
    ------
    InvalidInputError
        If a count is out of range.

    Notes
    -----
    ``z = (p₁ - p₂) / √(p (1 - p) (1 / n₁ + 1 / n₂))`` with the pooled rate ``p = (k₁ + k₂) / (n₁ + n₂)``. Fleiss, Levin
    & Paik, *Statistical Methods for Rates and Proportions*, 3rd ed. (2003).

    Examples
    --------
    0.10 / √(0.85 · 0.15 · 0.02) = 1.980295.

    >>> found = two_proportion_z_test(90, 100, 80, 100)
    >>> round(found["statistic"], 6), round(found["p_value"], 6)
    (1.980295, 0.04767)
    """
    for number, k, n in ((1, k1, n1), (2, k2, n2)):
        check_count(f"n{number}", n)
        check_count(f"k{number}", k, 0, n)
    pooled = (k1 + k2) / (n1 + n2)
    z = _ratio(k1 / n1 - k2 / n2, math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2)))
    return {"statistic": z} | verdict(2 * normal_cumulative(-abs(z)), alpha)


@register("tool", "X034")
def mcnemar_test(only_a: int, only_b: int, method: str = "exact", alpha: float = 0.05) -> dict[str, Any]:
    """Return a test of whether two classifiers that answered the same questions are equally good.

    Parameters
    ----------
    only_a : int
        Questions that only the first answered correctly.
    only_b : int
        Questions that only the second answered correctly.
    method : {"exact", "corrected", "uncorrected"}, default="exact"
        The binomial distribution, or chi-squared with or without the continuity correction.
    alpha : float, default=0.05
        Significance level, between 0 and 1.

    Returns
    -------
    dict
        "statistic" (the smaller count for "exact"), "p_value", "significant" and "verdict". Without any disagreement
        the p-value is 1.

    Raises
    ------
    InvalidInputError
        If a count is negative or the method unknown.

    Notes
    -----
    ``χ² = (b - c)² / (b + c)``, corrected ``(|b - c| - 1)² / (b + c)``; exact: twice the probability of at most
    min(b, c) successes in b + c trials with p = 1/2. McNemar, Psychometrika 12 (1947).

    Examples
    --------
    (15 - 5)² / 20 = 5.

    >>> mcnemar_test(15, 5, "uncorrected")["statistic"], round(mcnemar_test(15, 5)["p_value"], 4)
    (5.0, 0.0414)
    """
    check_count("only_a", only_a, 0)
    check_count("only_b", only_b, 0)
    check_choice("method", method, ("exact", "corrected", "uncorrected"))
    n, gap = only_a + only_b, abs(only_a - only_b)
    if method == "exact":
        fewer = min(only_a, only_b)
        p = min(1.0, 2 * binomial_cdf(fewer, n, 0.5)) if n else 1.0
        return {"statistic": fewer} | verdict(p, alpha)
    statistic = max(0, gap - (method == "corrected")) ** 2 / n if n else 0.0
    return {"statistic": statistic} | verdict(chi2_tail(statistic, 1), alpha)


@register("tool", "X034", "X036")
def permutation_test(
    a: Vector, b: Vector, n_permutations: int = 9999, seed: int = 0, alpha: float = 0.05
) -> dict[str, Any]:
    """Return a two-sided permutation test of whether two groups of numbers have the same mean.

    Parameters
    ----------
    a : array-like of shape (n,)
        The first group, at least one number.
    b : array-like of shape (m,)
        The second group, at least one number.
    n_permutations : int, default=9999
        If there are at most so many ways to split the numbers into two groups, all are counted; else so many are drawn.
    seed : int, default=0
        Where the random numbers start.
    alpha : float, default=0.05
        Significance level, between 0 and 1.

    Returns
    -------
    dict
        "statistic" (the difference of the means), "p_value", "n_splits" that were looked at, "exact" (whether these
        are all), "significant" and "verdict".

    Raises
    ------
    InvalidInputError
        If a group is empty, a number is not finite or a count is out of range.

    Notes
    -----
    The share of splits whose difference is at least as large as the observed one; of drawn ones (1 + count) / (1 + n).
    Fisher, *The Design of Experiments* (1935).

    Examples
    --------
    Four of the C(8, 4) = 70 splits differ by 4 or more: 4 / 70.

    >>> found = permutation_test([6, 8, 10, 12], [3, 5, 5, 7])
    >>> found["statistic"], found["n_splits"], round(found["p_value"], 4)
    (4.0, 70, 0.0571)
    """
    first, second = as_vector("a", a), as_vector("b", b)
    check_count("n_permutations", n_permutations, 1, 10_000_000)
    pooled, size = np.concatenate([first, second]), len(first)
    observed = float(first.mean() - second.mean())
    n_splits = math.comb(len(pooled), size)
    exact = n_splits <= n_permutations
    means = _all_means(pooled, size) if exact else _drawn_means(pooled, size, n_permutations, seed)
    # The mean of the rest follows from the mean of all, and so does the difference.
    differences = (means - pooled.mean()) * len(pooled) / len(second)
    rounding = 1e-12 * float(np.abs(pooled).max())
    count = int(np.count_nonzero(np.abs(differences) >= abs(observed) - rounding))
    p = count / n_splits if exact else (1 + count) / (1 + n_permutations)
    return {"statistic": observed, "n_splits": len(means), "exact": exact} | verdict(p, alpha)


@register("tool", "X036", "X032")
def binomial_test(k: int, n: int, p: float = 0.5, alternative: str = "greater", alpha: float = 0.05) -> dict[str, Any]:
    """Return an exact one-sided test of whether trials succeed more, or less, often than a claimed rate.

    Parameters
    ----------
    k : int
        Successes, from 0 to n.
    n : int
        Trials, at least 1.
    p : float, default=0.5
        The claimed rate, in [0, 1].
    alternative : {"greater", "less"}, default="greater"
        Whether a higher or a lower rate is suspected.
    alpha : float, default=0.05
        Significance level, between 0 and 1.

    Returns
    -------
    dict
        "statistic" k, "p_value", "significant" and "verdict".

    Raises
    ------
    InvalidInputError
        If a count or the rate is out of range.

    Notes
    -----
    ``P(X ≥ k)`` or ``P(X ≤ k)`` of a binomial variable with the claimed rate. Conover, *Practical Nonparametric
    Statistics*, 3rd ed. (1999), section 3.1.

    Examples
    --------
    Four or more defective items among ten, if at most 10 % are: 1 - 0.987205.

    >>> round(binomial_test(4, 10, 0.1)["p_value"], 4)
    0.0128
    """
    check_choice("alternative", alternative, ("greater", "less"))
    at_most = binomial_cdf(k, n, p)
    if alternative == "less":
        return {"statistic": k} | verdict(at_most, alpha)
    # As failures in place of successes, the upper tail is a lower one, which keeps its digits.
    return {"statistic": k} | verdict(binomial_cdf(n - k, n, 1 - p), alpha)


def _ratio(difference: float, error: float) -> float:
    if error:
        return difference / error
    return math.copysign(math.inf, difference) if difference else 0.0


def _all_means(pooled: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    chosen = np.array(list(itertools.combinations(range(len(pooled)), size)))  # (splits, size)
    means: NDArray[np.float64] = pooled[chosen].mean(axis=1)
    return means


def _drawn_means(pooled: NDArray[np.float64], size: int, n: int, seed: int) -> NDArray[np.float64]:
    rng = as_generator(seed)
    batch = max(1, _BATCH_CELLS // len(pooled))
    counts = [min(batch, n - start) for start in range(0, n, batch)]
    parts = [rng.permuted(np.tile(pooled, (count, 1)), axis=1)[:, :size].mean(axis=1) for count in counts]
    return np.concatenate(parts)
