"""The centre and the spread of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import Vector, as_vector
from rag_app.registry import register


@register("tool", "X033")
def summary_statistics(values: Vector) -> dict[str, Any]:
    """Return mean, median, modes, variances and standard deviations of numbers.

    Parameters
    ----------
    values : array-like of shape (n,)
        At least one finite number.

    Returns
    -------
    dict
        "n", "mean", "median", "modes" (every value that is as frequent as the most frequent one, in rising order),
        "population_variance", "sample_variance", "population_std", "sample_std", "standard_error" of the mean,
        "min", "max" and "quartiles". What divides by n - 1 is None for a single number.

    Raises
    ------
    InvalidInputError
        If there are no numbers, or one is not finite.

    Notes
    -----
    ``σ² = Σ (x - μ)² / n`` and ``s² = Σ (x - x̄)² / (n - 1)``. Quartiles lie linearly between sorted values. Hyndman &
    Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996), definition 7.

    Examples
    --------
    The deviations from 5 are -3, -1, -1, 1, 4; their squares sum to 28: 28 / 5 and 28 / 4.

    >>> found = summary_statistics([2, 4, 4, 6, 9])
    >>> found["mean"], found["median"], found["modes"], found["population_variance"], found["sample_variance"]
    (5.0, 4.0, [4.0], 5.6, 7.0)
    """
    x = as_vector("values", values)
    kinds, counts = np.unique(x, return_counts=True)
    n = len(x)
    squares = float(((x - x.mean()) ** 2).sum())
    variance = squares / (n - 1) if n > 1 else None
    return {
        "n": n,
        "mean": float(x.mean()),
        "median": float(np.median(x)),
        "modes": kinds[counts == counts.max()].tolist(),
        "population_variance": squares / n,
        "sample_variance": variance,
        "population_std": (squares / n) ** 0.5,
        "sample_std": None if variance is None else variance**0.5,
        "standard_error": None if variance is None else (variance / n) ** 0.5,
        "min": float(x.min()),
        "max": float(x.max()),
        "quartiles": np.quantile(x, [0.25, 0.5, 0.75]).tolist(),
    }
