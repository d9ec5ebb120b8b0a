"""A first look at a table: its shape, gaps, duplicates, the spread of its numbers and the shares of its categories."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.registry import register

_MOST_CATEGORIES = 10


@register("tool", "D011")
def explore_table(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a first look at a table shows: shape, types, gaps, duplicates, summaries and correlations.

    Parameters
    ----------
    records : list of dict
        Rows by name of column; null, NaN or no entry is a gap.

    Returns
    -------
    dict
        ``shape``, [rows, columns]; ``n_duplicates``, rows that are equal to an earlier one; ``constant``, columns with
        one value or none; ``columns``: for each its ``type`` (number, category or empty), ``n_missing``, and either
        ``count, mean, std, min, q1, median, q3, max`` or ``n_categories`` and the ``top`` ten with their counts;
        ``correlations`` of each pair of numeric columns over the rows that have both, null where one is constant.
        The standard deviation is the sample's, null for one value.

    Raises
    ------
    InvalidInputError
        If there are no rows or no columns, or a number is infinite.

    Notes
    -----
    ``std = √(Σ(x - x̄)²/(n - 1))``, quartiles by linear interpolation. Tukey, *Exploratory data analysis* (1977).

    Examples
    --------
    Squared deviations 9 + 1 + 1 + 25 = 36; √(36/3) = 3.4641.

    >>> column = explore_table([{"x": 2}, {"x": 4}, {"x": 4}, {"x": 10}])["columns"]["x"]
    >>> column["mean"], round(column["std"], 4), column["q1"], column["q3"]
    (5.0, 3.4641, 3.5, 5.5)
    """
    names = list(dict.fromkeys(str(name) for record in records for name in record))
    if not names:
        msg = f"records must hold at least one row with one column; got {len(records)} rows without columns."
        raise InvalidInputError(msg)
    columns = {name: [_or_none(record.get(name)) for record in records] for name in names}
    numeric = {name: _as_numbers(name, values) for name, values in columns.items() if _is_numeric(values)}
    rows = Counter(tuple(map(repr, row)) for row in zip(*columns.values(), strict=True))
    return {
        "shape": [len(records), len(names)],
        "n_duplicates": len(records) - len(rows),
        "constant": [name for name, values in columns.items() if len({repr(v) for v in values if v is not None}) <= 1],
        "columns": {
            name: _number_summary(numeric[name]) if name in numeric else _category_summary(values)
            for name, values in columns.items()
        },
        "correlations": _correlations(numeric),
    }


def _or_none(value: Any) -> Any:  # noqa: ANN401  (any cell)
    return None if isinstance(value, float) and math.isnan(value) else value


def _is_numeric(values: Sequence[Any]) -> bool:
    known = [v for v in values if v is not None]
    return bool(known) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in known)


def _as_numbers(name: str, values: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    numbers = np.array([np.nan if v is None else v for v in values], float)
    if np.isinf(numbers).any():
        msg = f"The column {name} must be finite; got inf."
        raise InvalidInputError(msg)
    return numbers


def _number_summary(column: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    known = column[~np.isnan(column)]
    least, q1, median, q3, greatest = np.quantile(known, [0, 0.25, 0.5, 0.75, 1]).tolist()
    return {
        "type": "number",
        "n_missing": len(column) - len(known),
        "count": len(known),
        "mean": float(known.mean()),
        "std": float(known.std(ddof=1)) if len(known) > 1 else None,
        "min": least,
        "q1": q1,
        "median": median,
        "q3": q3,
        "max": greatest,
    }


def _category_summary(values: Sequence[Any]) -> dict[str, Any]:
    counts = Counter(str(v) for v in values if v is not None)
    return {
        "type": "category" if counts else "empty",
        "n_missing": len(values) - counts.total(),
        "n_categories": len(counts),
        "top": dict(counts.most_common(_MOST_CATEGORIES)),
    }


def _correlations(numeric: Mapping[str, np.ndarray[Any, np.dtype[np.float64]]]) -> dict[str, dict[str, float | None]]:
    return {
        a: {b: _correlation(x, y) for b, y in numeric.items() if b != a} for a, x in numeric.items() if len(numeric) > 1
    }


def _correlation(x: np.ndarray[Any, np.dtype[np.float64]], y: np.ndarray[Any, np.dtype[np.float64]]) -> float | None:
    both = ~(np.isnan(x) | np.isnan(y))
    if not both.any() or np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return None
    return float(np.corrcoef(x[both], y[both])[0, 1])
