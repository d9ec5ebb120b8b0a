"""Ranges that cover the true value with a stated probability."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import Vector, as_generator, as_vector, check_choice, check_count, check_range
from rag_app.from_scratch.statistics.special import beta_quantile, normal_quantile, t_quantile
from rag_app.registry import register

_BATCH_CELLS = 2_000_000  # memory: resamples are drawn in batches
_STATISTICS: dict[str, Callable[..., NDArray[np.float64]]] = {"mean": np.mean, "median": np.median, "std": np.std}


@register("tool", "X035")
def mean_confidence_interval(values: Vector, confidence: float = 0.95) -> dict[str, float]:
    """Return a confidence interval for the mean that numbers were drawn from.

    Parameters
    ----------
    values : array-like of shape (n,)
        At least two independent numbers, roughly normal or many.
    confidence : float, default=0.95
        Share of samples whose interval covers the true mean, between 0 and 1.

    Returns
    -------
    dict
        "mean", "low", "high" and "standard_error". Equal numbers give an interval without width.

    Raises
    ------
    InvalidInputError
        If there are fewer than two numbers, one is not finite, or the confidence is out of range.

    Notes
    -----
    ``x̄ ± t s / √n`` with the quantile t of Student's distribution with n - 1 degrees of freedom. Student, "The
    probable error of a mean", Biometrika 6 (1908).

    Examples
    --------
    9 ± 3.1824 · 1.2910 = 9 ± 4.1085.

    >>> interval = mean_confidence_interval([6, 8, 10, 12])
    >>> round(interval["low"], 4), round(interval["high"], 4)
    (4.8915, 13.1085)
    """
    x = as_vector("values", values, min_length=2)
    _check_confidence(confidence)
    mean, error = float(x.mean()), float(x.std(ddof=1)) / math.sqrt(len(x))
    margin = t_quantile((1 + confidence) / 2, len(x) - 1) * error
    return {"mean": mean, "low": mean - margin, "high": mean + margin, "standard_error": error}


@register("tool", "X035", "X032")
def proportion_confidence_interval(
    k: int, n: int, method: str = "wilson", confidence: float = 0.95
) -> dict[str, float]:
    """Return a confidence interval for the success rate behind k successes in n trials.

    Parameters
    ----------
    k : int
        Successes, from 0 to n.
    n : int
        Trials, at least 1.
    method : {"wilson", "clopper-pearson", "wald"}, default="wilson"
        Wilson is a good default, Clopper–Pearson guarantees its confidence, Wald is the textbook's, too narrow near 0
        and 1.
    confidence : float, default=0.95
        Share of samples whose interval covers the true rate, between 0 and 1.

    Returns
    -------
    dict
        "rate", "low" and "high". Wald's interval has no width where all trials or none succeed.

    Raises
    ------
    InvalidInputError
        If a count or the confidence is out of range, or the method is unknown.

    Notes
    -----
    Wald: ``p ± z √(p (1 - p) / n)``.
    Wilson, JASA 22 (1927): ``(p + z²/2n ± z √(p (1 - p) / n + z²/4n²)) / (1 + z²/n)``.
    Clopper and Pearson, Biometrika 26 (1934): quantiles of Beta(k, n - k + 1) and Beta(k + 1, n - k).

    Examples
    --------
    >>> interval = proportion_confidence_interval(90, 100)
    >>> round(interval["low"], 6), round(interval["high"], 6)
    (0.825634, 0.944771)
    """
    check_count("n", n)
    check_count("k", k, 0, n)
    check_choice("method", method, ("wilson", "clopper-pearson", "wald"))
    _check_confidence(confidence)
    interval = {"wilson": _wilson, "clopper-pearson": _clopper_pearson, "wald": _wald}[method]
    low, high = interval(k, n, confidence)
    return {"rate": k / n, "low": low, "high": high}


@register("tool", "X035")
def bootstrap_confidence_interval(
    values: Vector, statistic: str = "mean", confidence: float = 0.95, n_resamples: int = 10_000, seed: int = 0
) -> dict[str, Any]:
    """Return a percentile bootstrap interval for a statistic of numbers.

    Parameters
    ----------
    values : array-like of shape (n,)
        At least two independent numbers.
    statistic : {"mean", "median", "std"}, default="mean"
        What is computed of each resample; "std" divides by n.
    confidence : float, default=0.95
        Central share of the resamples' statistics that the interval holds, between 0 and 1.
    n_resamples : int, default=10000
        Resamples, at least 1.
    seed : int, default=0
        Where the random numbers start.

    Returns
    -------
    dict
        "estimate" from the numbers themselves, "low", "high" and "standard_error", the spread over the resamples.

    Raises
    ------
    InvalidInputError
        If there are fewer than two numbers, one is not finite, or an option is out of range.

    Notes
    -----
    n numbers are drawn with replacement, again and again; the limits are percentiles of their statistics. Efron,
    "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979).

    Examples
    --------
    90 right answers and 10 wrong ones: the standard error is near √(0.9 · 0.1 / 100) = 0.03.

    >>> interval = bootstrap_confidence_interval([1] * 90 + [0] * 10)
    >>> round(interval["low"], 2), round(interval["high"], 2), round(interval["standard_error"], 3)
    (0.84, 0.95, 0.03)
    """
    x = as_vector("values", values, min_length=2)
    check_choice("statistic", statistic, _STATISTICS)
    _check_confidence(confidence)
    check_count("n_resamples", n_resamples, 1, 1_000_000)
    compute = _STATISTICS[statistic]
    rng = as_generator(seed)
    batch = max(1, _BATCH_CELLS // len(x))
    sizes = [min(batch, n_resamples - start) for start in range(0, n_resamples, batch)]
    found = np.concatenate([compute(rng.choice(x, (size, len(x))), axis=1) for size in sizes])  # (n_resamples,)
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2]).tolist()
    return {"estimate": float(compute(x)), "low": low, "high": high, "standard_error": float(found.std())}


def _check_confidence(confidence: float) -> None:
    check_range("confidence", confidence, 0, 1, open_low=True, open_high=True)


def _wald(k: int, n: int, confidence: float) -> tuple[float, float]:
    p, z = k / n, normal_quantile((1 + confidence) / 2)
    margin = z * math.sqrt(p * (1 - p) / n)
    return p - margin, p + margin


def _wilson(k: int, n: int, confidence: float) -> tuple[float, float]:
    p, z = k / n, normal_quantile((1 + confidence) / 2)
    centre, scale = p + z * z / (2 * n), 1 + z * z / n
    margin = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # Of no success the lower limit is 0 exactly, of no failure the upper one is 1; rounding would miss both.
    return (centre - margin) / scale if k else 0.0, (centre + margin) / scale if k < n else 1.0


def _clopper_pearson(k: int, n: int, confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low = beta_quantile(tail, k, n - k + 1) if k else 0.0
    return low, beta_quantile(1 - tail, k + 1, n - k) if k < n else 1.0
