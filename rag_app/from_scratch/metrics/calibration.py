"""Whether probabilities mean what they say: of the things called 70 % probable, 70 % should happen."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import Labels, Vector, check_count, check_same_length
from rag_app.from_scratch.metrics.labels import as_chances, as_outcomes
from rag_app.from_scratch.metrics.losses import squared_error
from rag_app.registry import register


@register("metric", "21.3")
def brier_loss(y_true: Labels, probabilities: Vector) -> float:
    """Return the mean squared distance of probabilities from what happened (the Brier score), in [0, 1].

    Parameters
    ----------
    y_true : sequence of {0, 1}
        What happened, shape (n,).
    probabilities : sequence of float
        How probable a 1 was said to be, each in [0, 1], shape (n,).

    Returns
    -------
    float
        0 for certainty that is always right, 0.25 for always saying 0.5; lower is better.

    Raises
    ------
    InvalidInputError
        If there are no outcomes, the lengths differ, or a value is out of range.

    Notes
    -----
    ``B = (1/n) Σ (p_i - y_i)²``. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
    Review 78 (1950).

    Examples
    --------
    (0.1² + 0.4²) / 2.

    >>> round(brier_loss([1, 0], [0.9, 0.4]), 6)
    0.085
    """
    happened, chances = _pair(y_true, probabilities)
    return float(squared_error(happened, chances).values.mean())


@register("metric", "21.3")
def expected_calibration_error(y_true: Labels, probabilities: Vector, n_bins: int = 10) -> float:
    """Return how far probabilities are from the rates at which things happened, on average over bins, in [0, 1].

    Parameters
    ----------
    y_true : sequence of {0, 1}
        What happened, shape (n,).
    probabilities : sequence of float
        How probable a 1 was said to be, each in [0, 1], shape (n,).
    n_bins : int, default=10
        Bins of equal width that [0, 1] is divided into.

    Returns
    -------
    float
        0 for calibrated probabilities; lower is better.

    Raises
    ------
    InvalidInputError
        If there are no outcomes, the lengths differ, a value is out of range, or n_bins is below 1.

    Notes
    -----
    ``ECE = Σ_b (n_b / n) |rate_b - mean p_b|``. Naeini, Cooper & Hauskrecht, "Obtaining well calibrated probabilities
    using Bayesian binning", AAAI 2015.

    Examples
    --------
    Two at 0.9, of which one happened; two at 0.1, of which none did: 1/2 · |0.5 - 0.9| + 1/2 · |0 - 0.1|.

    >>> expected_calibration_error([1, 0, 0, 0], [0.9, 0.9, 0.1, 0.1])
    0.25
    """
    bins = _binned(*_pair(y_true, probabilities), n_bins)
    return float(np.average(np.abs(bins.rates - bins.chances), weights=bins.counts))


@register("metric", "21.3")
def reliability_table(y_true: Labels, probabilities: Vector, n_bins: int = 10) -> list[dict[str, Any]]:
    """Return the rate at which things happened beside the probability that was given, for each bin of probabilities.

    Parameters
    ----------
    y_true : sequence of {0, 1}
        What happened, shape (n,).
    probabilities : sequence of float
        How probable a 1 was said to be, each in [0, 1], shape (n,).
    n_bins : int, default=10
        Bins of equal width that [0, 1] is divided into.

    Returns
    -------
    list of dict
        For each bin that is not empty ``low`` and ``high`` (a probability on an edge belongs to the upper bin),
        ``count``, ``mean_probability`` and ``observed_rate``, which are equal where the probabilities are calibrated.

    Raises
    ------
    InvalidInputError
        If there are no outcomes, the lengths differ, a value is out of range, or n_bins is below 1.

    Notes
    -----
    Plotted it is the reliability diagram: DeGroot & Fienberg, "The comparison and evaluation of forecasters", The
    Statistician 32 (1983).

    Examples
    --------
    >>> for row in reliability_table([1, 0, 0, 0], [0.9, 0.9, 0.1, 0.1], n_bins=2):
    ...     print(row["low"], row["high"], row["count"], row["mean_probability"], row["observed_rate"])
    0.0 0.5 2 0.1 0.0
    0.5 1.0 2 0.9 0.5
    """
    bins = _binned(*_pair(y_true, probabilities), n_bins)
    return [
        {
            "low": float(k / n_bins),
            "high": float((k + 1) / n_bins),
            "count": int(count),
            "mean_probability": float(chance),
            "observed_rate": float(rate),
        }
        for k, count, chance, rate in zip(*bins, strict=True)
    ]


class _Bins(NamedTuple):
    """The bins that are not empty: number of each, how many it holds, their mean probability, and their rate."""

    numbers: NDArray[np.int64]
    counts: NDArray[np.int64]
    chances: NDArray[np.float64]
    rates: NDArray[np.float64]


def _binned(happened: NDArray[np.float64], chances: NDArray[np.float64], n_bins: int) -> _Bins:
    check_count("n_bins", n_bins)
    inner = np.arange(1, n_bins) / n_bins  # quotients, so that a probability typed as 0.3 lies on the edge 3/10
    which = np.searchsorted(inner, chances, side="right")  # (n,)
    numbers, which, counts = np.unique(which, return_inverse=True, return_counts=True)
    means = [np.bincount(which, values) / counts for values in (chances, happened)]
    return _Bins(numbers, counts, *means)


def _pair(y_true: Labels, probabilities: Vector) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    happened, chances = as_outcomes("y_true", y_true), as_chances("probabilities", probabilities)
    check_same_length(y_true=happened, probabilities=chances)
    return happened.astype(float), chances
