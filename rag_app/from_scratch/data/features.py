"""New columns from old ones: powers, products, and the parts of a date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import combinations, combinations_with_replacement
from math import comb
from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_matrix, check_count
from rag_app.registry import register

_MOST_FEATURES = 10_000


@register("tool", "D009")
def polynomial_features(
    X: Matrix, degree: int = 2, names: Sequence[str] | None = None, *, interactions_only: bool = False
) -> dict[str, Any]:
    """Return all powers and products of columns up to a degree, or only products of different columns.

    Parameters
    ----------
    X : list of lists of float
        Rows, shape (n, d).
    degree : int, default=2
        Most factors of a product, at least 1.
    names : list of str, optional
        Names of the columns; default: x1, x2 and so on.
    interactions_only : bool, default=False
        Whether to leave out powers.

    Returns
    -------
    dict
        ``names`` and ``rows`` of the new columns, the constant 1 first, then by the number of factors.

    Raises
    ------
    InvalidInputError
        If the names do not fit the columns, the degree is below 1, or there would be more than 10,000 columns.

    Notes
    -----
    ``C(d + degree, degree)`` columns with powers. A model that is linear in them draws curves. Hastie, Tibshirani &
    Friedman, *The elements of statistical learning*, 2nd ed. (2009), chapter 5.

    Examples
    --------
    >>> found = polynomial_features([[2, 3]], names=["a", "b"])
    >>> dict(zip(found["names"], found["rows"][0]))
    {'1': 1.0, 'a': 2.0, 'b': 3.0, 'a^2': 4.0, 'a b': 6.0, 'b^2': 9.0}
    """
    rows = as_matrix("X", X)
    check_count("degree", degree)
    n_columns = rows.shape[1]
    given = [f"x{j + 1}" for j in range(n_columns)] if names is None else list(names)
    if len(given) != n_columns:
        msg = f"names must be {n_columns}, one for each column; got {len(given)}."
        raise InvalidInputError(msg)
    if comb(n_columns + degree, degree) > _MOST_FEATURES:
        msg = f"degree must give at most {_MOST_FEATURES} columns; got {degree!r} for {n_columns} columns."
        raise InvalidInputError(msg)
    choose = combinations if interactions_only else combinations_with_replacement
    factors = [c for size in range(degree + 1) for c in choose(range(n_columns), size)]
    new = np.stack([rows[:, list(chosen)].prod(axis=1) for chosen in factors], axis=1)  # (n, n_features)
    return {"names": [_product_name(chosen, given) for chosen in factors], "rows": new.tolist()}


def _product_name(chosen: tuple[int, ...], names: Sequence[str]) -> str:
    powers = {j: chosen.count(j) for j in chosen}
    return " ".join(names[j] if power == 1 else f"{names[j]}^{power}" for j, power in powers.items()) or "1"


@register("tool", "D009")
def date_features(timestamps: Sequence[str]) -> list[dict[str, Any]]:
    """Return the parts of dates and times that repeat or that models can use.

    Parameters
    ----------
    timestamps : list of str
        Dates, or dates with times, in ISO 8601, such as "2026-11-20T14:30".

    Returns
    -------
    list of dict
        For each: ``year``, ``month``, ``day``, ``hour``, ``weekday`` (Monday is 0), ``weekend`` (0 or 1), ``iso_week``,
        ``day_of_year``, and the hour, weekday and month on a circle, such as ``hour_sin`` and ``hour_cos``.

    Raises
    ------
    InvalidInputError
        If a text is no date in ISO 8601.

    Notes
    -----
    ``sin(2πh/24), cos(2πh/24)``: the end of a period lies next to its beginning. The hour is the one that is written;
    bring time zones to one before. Jammalamadaka & SenGupta, *Topics in circular statistics* (2001).

    Examples
    --------
    A Friday.

    >>> parts = date_features(["2026-11-20T14:30"])[0]
    >>> [parts[name] for name in ("year", "month", "day", "hour", "weekday", "weekend", "iso_week", "day_of_year")]
    [2026, 11, 20, 14, 4, 0, 47, 324]
    """
    return [_date_parts(text) for text in timestamps]


def _date_parts(text: str) -> dict[str, Any]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        msg = f"timestamps must be dates in ISO 8601, such as 2026-11-20T14:30; got {text[:40]!r}."
        raise InvalidInputError(msg) from None
    periods = {
        "hour": (moment.hour, 24),
        "weekday": (moment.weekday(), 7),
        "month": (moment.month - 1, 12),
    }
    circles = {
        f"{name}_{wave}": float(getattr(np, wave)(2 * np.pi * value / period))
        for name, (value, period) in periods.items()
        for wave in ("sin", "cos")
    }
    return {
        "year": moment.year,
        "month": moment.month,
        "day": moment.day,
        "hour": moment.hour,
        "weekday": moment.weekday(),
        "weekend": int(moment.weekday() >= 5),  # noqa: PLR2004  (Saturday)
        "iso_week": moment.isocalendar().week,
        "day_of_year": moment.timetuple().tm_yday,
    } | circles
