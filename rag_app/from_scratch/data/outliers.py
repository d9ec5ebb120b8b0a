"""Outliers: values far from the rest are found, and transformed, capped or removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Vector, as_vector, check_choice, check_range
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

Method = Literal["iqr", "zscore", "modified_zscore"]
_THRESHOLDS = {"iqr": 1.5, "zscore": 3.0, "modified_zscore": 3.5}
_NORMAL_MAD = 0.6745  # median absolute deviation of the standard normal distribution


@register("tool", "D006")
def find_outliers(values: Vector, method: Method = "iqr", threshold: float | None = None) -> dict[str, Any]:
    """Return which values lie outside of bounds that the values themselves set.

    Parameters
    ----------
    values : list of float
        Numbers, shape (n,).
    method : {"iqr", "zscore", "modified_zscore"}, default="iqr"
        Bounds from the quartiles (box plot), from mean and standard deviation, or from median and median absolute
        deviation.
    threshold : float, optional
        Width of the bounds, above 0; default: 1.5 interquartile ranges, 3 standard deviations, or 3.5.

    Returns
    -------
    dict
        ``outliers``, the values; ``positions``; ``bounds``, [low, high]; ``threshold``. Equal values have no outlier.
        Where half of the values are equal, the modified z-score flags every other value.

    Raises
    ------
    InvalidInputError
        If a value is not finite or the threshold is not above 0.

    Notes
    -----
    ``Q₁ - t·IQR, Q₃ + t·IQR``; ``μ ± tσ`` with the population's σ; ``median ± t·MAD/0.6745``. Outliers inflate μ and σ
    and so hide themselves: no z-score exceeds √(n - 1). Tukey, *Exploratory data analysis* (1977); Iglewicz & Hoaglin,
    *How to detect and handle outliers* (1993).

    Examples
    --------
    Q₁ = 10.75, Q₃ = 12.25, so 10.75 - 2.25 and 12.25 + 2.25. The z-score of 50 is only 2.638.

    >>> found = find_outliers([10, 10, 11, 11, 12, 12, 13, 50])
    >>> found["outliers"], found["bounds"]
    ([50.0], [8.5, 14.5])
    >>> find_outliers([10, 10, 11, 11, 12, 12, 13, 50], "zscore")["outliers"]
    []
    """
    numbers = as_vector("values", values)
    low, high, width = _bounds(numbers, method, threshold)
    outside = (numbers < low) | (numbers > high)
    return {
        "outliers": numbers[outside].tolist(),
        "positions": np.flatnonzero(outside).tolist(),
        "bounds": [low, high],
        "threshold": width,
    }


@register("tool", "D007")
def treat_outliers(
    values: Vector,
    treatment: Literal["cap", "remove", "log1p", "winsorise"] = "cap",
    method: Method = "iqr",
    threshold: float | None = None,
    share: float = 0.05,
) -> dict[str, Any]:
    """Return values whose outliers are capped or removed, or all values on a logarithmic scale.

    Parameters
    ----------
    values : list of float
        Numbers, shape (n,); above -1 for log1p.
    treatment : {"cap", "remove", "log1p", "winsorise"}, default="cap"
        Set outliers to the bound; drop them; take ln(1 + x) of every value; or set a share of the values at either
        end to the nearest that remains.
    method : {"iqr", "zscore", "modified_zscore"}, default="iqr"
        Where the bounds of cap and remove come from, as in find_outliers.
    threshold : float, optional
        Width of those bounds.
    share : float, default=0.05
        Share of the values at either end that winsorise replaces, at least 0 and below 0.5.

    Returns
    -------
    dict
        ``values``, and ``n_changed``: how many values are new or gone.

    Raises
    ------
    InvalidInputError
        If a value is not finite, not above -1 for log1p, or a parameter is out of range.

    Notes
    -----
    An outlier may be the most valuable value of a data set: look for its cause before it is removed. Tukey,
    *Exploratory data analysis* (1977).

    Examples
    --------
    The upper bound is 14.5.

    >>> treat_outliers([10, 10, 11, 11, 12, 12, 13, 50])
    {'values': [10.0, 10.0, 11.0, 11.0, 12.0, 12.0, 13.0, 14.5], 'n_changed': 1}
    """
    numbers = as_vector("values", values)
    check_choice("treatment", treatment, ("cap", "remove", "log1p", "winsorise"))
    if treatment == "log1p":
        treated = _logarithms(numbers)
    elif treatment == "winsorise":
        treated = _winsorised(numbers, share)
    else:
        low, high, _ = _bounds(numbers, method, threshold)
        inside = (numbers >= low) & (numbers <= high)
        treated = numbers[inside] if treatment == "remove" else np.clip(numbers, low, high)
    n_changed = len(numbers) - len(treated) if treatment == "remove" else int((treated != numbers).sum())
    return {"values": treated.tolist(), "n_changed": n_changed}


def _bounds(numbers: NDArray[np.float64], method: Method, threshold: float | None) -> tuple[float, float, float]:
    check_choice("method", method, tuple(_THRESHOLDS))
    width = _THRESHOLDS[method] if threshold is None else threshold
    check_range("threshold", width, 0, open_low=True)
    if np.ptp(numbers) == 0:  # the mean of equal values may differ from them in the last digit
        return float(numbers[0]), float(numbers[0]), width
    if method == "iqr":
        first, third = np.quantile(numbers, [0.25, 0.75])
        reach = width * (third - first)
    elif method == "zscore":
        first = third = numbers.mean()
        reach = width * numbers.std()
    else:
        first = third = np.median(numbers)
        reach = width * np.median(np.abs(numbers - first)) / _NORMAL_MAD
    return float(first - reach), float(third + reach), width


def _logarithms(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    if numbers.min() <= -1:
        msg = f"values must be above -1 for log1p; got {float(numbers.min())!r}."
        raise InvalidInputError(msg)
    return np.log1p(numbers)


def _winsorised(numbers: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    check_range("share", share, 0, 0.5, open_high=True)
    ordered, n_replaced = np.sort(numbers), int(share * len(numbers))
    return np.clip(numbers, ordered[n_replaced], ordered[len(numbers) - 1 - n_replaced])
