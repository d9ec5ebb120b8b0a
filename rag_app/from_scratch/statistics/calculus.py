"""Rates of change and areas, from values of a function alone: finite differences and quadrature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import check_choice, check_count, check_range
from rag_app.from_scratch.expression import Function, build_function
from rag_app.registry import register


@register("tool", "X037")
def numerical_gradient(
    expression: str, at: Mapping[str, float], step: float = 1e-5, method: str = "central"
) -> dict[str, Any]:
    """Return the gradient of a formula at a point, by finite differences.

    Parameters
    ----------
    expression : str
        The formula, such as "x**2 + 3*x*y".
    at : mapping of str to float
        The value of each variable.
    step : float, default=1e-5
        How far each variable is shifted, above 0.
    method : {"central", "forward"}, default="central"
        Central differences have an error of the order of the squared step, forward ones of the step.

    Returns
    -------
    dict
        "value" of the formula, "gradient" by variable, and "length" of the gradient: the rate of steepest ascent.

    Raises
    ------
    InvalidInputError
        If the text is no formula of these variables, or has no value at or near the point.

    Notes
    -----
    ``f'(x) ≈ (f(x + h) - f(x - h)) / 2h``, or ``(f(x + h) - f(x)) / h``. Nocedal & Wright, *Numerical Optimization*,
    2nd ed. (2006), section 8.1.

    Examples
    --------
    (2x + 3y, 3x) at (1, 2) is (8, 3).

    >>> found = numerical_gradient("x**2 + 3*x*y", {"x": 1, "y": 2})
    >>> found["value"], {name: round(rate, 6) for name, rate in found["gradient"].items()}
    (7.0, {'x': 8.0, 'y': 3.0})
    """
    check_range("step", step, 0, open_low=True)
    check_choice("method", method, ("central", "forward"))
    function = build_function("expression", expression, list(at))
    point = np.array(list(at.values()), float)
    value = float(function(point))
    rates = gradient(function, point, step) if method == "central" else _forward(function, point, step)
    if not (np.isfinite(value) and np.isfinite(rates).all()):
        msg = f"expression must have a finite value at and near the point; got {value:g} at {dict(at)!r}."
        raise InvalidInputError(msg)
    named = dict(zip(at, rates.tolist(), strict=True))
    return {"value": value, "gradient": named, "length": float(np.linalg.norm(rates))}


@register("tool", "X037")
def integrate(expression: str, low: float, high: float, rule: str = "simpson", n_strips: int = 1000) -> float:
    """Return the integral of a formula of x between two limits, by numerical quadrature.

    Parameters
    ----------
    expression : str
        The formula, such as "exp(-x**2 / 2)".
    low : float
        Where the area begins.
    high : float
        Where it ends; below `low` the integral changes its sign.
    rule : {"simpson", "trapezoidal", "midpoint"}, default="simpson"
        What replaces the curve: a parabola on each pair of strips, a line or a constant on each strip.
    n_strips : int, default=1000
        Strips of equal width, at least 1; an even number for Simpson's rule.

    Returns
    -------
    float
        The area above the axis less the area below it; 0 where the limits are equal.

    Raises
    ------
    InvalidInputError
        If the text is no formula of x, or has no finite value at one of the points.

    Notes
    -----
    ``∫ f(x) dx ≈ Σ_i w_i f(x_i)``. Davis & Rabinowitz, *Methods of Numerical Integration*, 2nd ed. (1984).

    Examples
    --------
    The antiderivative of x² is x³ / 3: the area from 0 to 1 is 1/3.

    >>> round(integrate("x**2", 0, 1, n_strips=4), 6), integrate("x**2", 0, 1, "midpoint", 4)
    (0.333333, 0.328125)
    """
    check_range("low", low)
    check_range("high", high)
    check_choice("rule", rule, ("simpson", "trapezoidal", "midpoint"))
    check_count("n_strips", n_strips)
    points, weights = quadrature(low, high, rule, n_strips)
    return float(weights @ values_at("expression", expression, points))


def gradient(function: Function, points: NDArray[np.float64], step: float = 1e-5) -> NDArray[np.float64]:
    """Return the gradients of a function at points of shape (…, d), by central differences.

    Parameters
    ----------
    function : callable
        From points of shape (…, d) to values of shape (…).
    points : ndarray of shape (…, d)
        Where.
    step : float, default=1e-5
        How far each coordinate is shifted.

    Examples
    --------
    >>> gradient(lambda points: (points**2).sum(axis=-1), np.array([1.0, 3.0])).round(6).tolist()
    [2.0, 6.0]
    """
    shifts = step * np.eye(points.shape[-1])
    around = points[..., None, :]  # (…, 1, d): every row of the shifts moves one coordinate
    above, below = function(np.stack([around + shifts, around - shifts]))  # (2, …, d, d) to (2, …, d)
    with np.errstate(invalid="ignore"):  # between two infinities there is no rate
        rates: NDArray[np.float64] = (above - below) / (2 * step)
    return rates


def quadrature(low: float, high: float, rule: str, n_strips: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points and weights, so that the weighted sum of a function's values is its integral.

    Raises
    ------
    InvalidInputError
        If Simpson's rule is asked for an odd number of strips.

    Examples
    --------
    >>> points, weights = quadrature(0, 1, "trapezoidal", 2)
    >>> points.tolist(), weights.tolist()
    ([0.0, 0.5, 1.0], [0.25, 0.5, 0.25])
    """
    width = (high - low) / n_strips
    if rule == "midpoint":
        return low + width * (np.arange(n_strips, dtype=np.float64) + 0.5), np.full(n_strips, width, float)
    weights = np.full(n_strips + 1, width, float)
    if rule == "trapezoidal":
        weights[[0, -1]] /= 2
    elif n_strips % 2:
        msg = f"n_strips must be even for Simpson's rule; got {n_strips}."
        raise InvalidInputError(msg)
    else:  # 1 4 2 4 … 2 4 1, times width / 3
        weights[1::2] *= 4 / 3
        weights[0::2] *= 2 / 3
        weights[[0, -1]] = width / 3
    return low + width * np.arange(n_strips + 1, dtype=np.float64), weights


def values_at(name: str, expression: str, points: NDArray[np.float64], variable: str = "x") -> NDArray[np.float64]:
    """Return the values of a formula of one variable at points of shape (n,).

    Raises
    ------
    InvalidInputError
        If one of them is not finite.

    Examples
    --------
    >>> values_at("expression", "2*x", np.array([1.0, 2.0])).tolist()
    [2.0, 4.0]
    """
    values = build_function(name, expression, [variable])(points[:, None])
    if not np.isfinite(values).all():
        where = points[~np.isfinite(values)][0]
        msg = f"{name} must have a finite value everywhere between the limits; got none at {variable} = {where:g}."
        raise InvalidInputError(msg)
    return values


def _forward(function: Function, point: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    return (function(point + step * np.eye(len(point))) - function(point)) / step
