"""How far predicted numbers are from the true ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Vector, as_vector, check_same_length
from rag_app.from_scratch.metrics.losses import absolute_error, squared_error
from rag_app.registry import register


def as_pair(y_true: Vector, y_pred: Vector) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return true and predicted numbers as arrays of equal shape (n,).

    Raises
    ------
    InvalidInputError
        If there are no values, one is not finite, or the lengths differ.

    Examples
    --------
    >>> as_pair([1, 2], [1])
    Traceback (most recent call last):
    rag_app.errors.InvalidInputError: y_true and y_pred must be of equal length; got 2 and 1.
    """
    actual, predicted = as_vector("y_true", y_true), as_vector("y_pred", y_pred)
    check_same_length(y_true=actual, y_pred=predicted)
    return actual, predicted


@register("metric", "X008")
def mean_absolute_error(y_true: Vector, y_pred: Vector) -> float:
    """Return the mean distance of predictions from the truth (MAE), at least 0, in the unit of the target.

    Parameters
    ----------
    y_true : sequence of float
        True values, shape (n,).
    y_pred : sequence of float
        Predicted values, shape (n,).

    Returns
    -------
    float
        0 for perfect predictions; lower is better.

    Raises
    ------
    InvalidInputError
        If there are no values, one is not finite, or the lengths differ.

    Notes
    -----
    ``MAE = (1/n) Σ |y_i - ŷ_i|``. Willmott & Matsuura, "Advantages of the mean absolute error (MAE) over the root mean
    square error (RMSE) in assessing average model performance", Climate Research 30 (2005).

    Examples
    --------
    (0.5 + 0 + 1 + 0) / 4.

    >>> mean_absolute_error([3, 5, 7, 9], [2.5, 5, 8, 9])
    0.375
    """
    return float(absolute_error(*as_pair(y_true, y_pred)).values.mean())


@register("metric", "X008")
def mean_squared_error(y_true: Vector, y_pred: Vector) -> float:
    """Return the mean squared distance of predictions from the truth (MSE), at least 0; its root is the RMSE.

    Parameters
    ----------
    y_true : sequence of float
        True values, shape (n,).
    y_pred : sequence of float
        Predicted values, shape (n,).

    Returns
    -------
    float
        0 for perfect predictions, in the unit of the target squared; lower is better.

    Raises
    ------
    InvalidInputError
        If there are no values, one is not finite, or the lengths differ.

    Notes
    -----
    ``MSE = (1/n) Σ (y_i - ŷ_i)²``. Hastie, Tibshirani & Friedman, *The Elements of Statistical Learning*, 2nd ed.
    (2009), section 2.4.

    Examples
    --------
    (0.25 + 0 + 1 + 0) / 4.

    >>> mean_squared_error([3, 5, 7, 9], [2.5, 5, 8, 9])
    0.3125
    """
    return float(squared_error(*as_pair(y_true, y_pred)).values.mean())


@register("metric", "X008")
def r2_score(y_true: Vector, y_pred: Vector) -> float:
    """Return the coefficient of determination (R²): the share of the variance that is explained, at most 1.

    Parameters
    ----------
    y_true : sequence of float
        True values, shape (n,), not all equal.
    y_pred : sequence of float
        Predicted values, shape (n,).

    Returns
    -------
    float
        1 for perfect predictions, 0 for always predicting the mean, negative for worse; higher is better.

    Raises
    ------
    InvalidInputError
        If there are no values, one is not finite, the lengths differ, or all true values are equal.

    Notes
    -----
    ``R² = 1 - Σ (y_i - ŷ_i)² / Σ (y_i - ȳ)²``. Draper & Smith, *Applied Regression Analysis*, 3rd ed. (1998).

    Examples
    --------
    The mean is 6: 1 - 1.25 / (9 + 1 + 1 + 9).

    >>> r2_score([3, 5, 7, 9], [2.5, 5, 8, 9])
    0.9375
    """
    actual, predicted = as_pair(y_true, y_pred)
    if (actual == actual[0]).all():
        msg = f"y_true must hold at least two different numbers; got only {actual[0].item()}."
        raise InvalidInputError(msg)
    left = squared_error(actual, predicted).values.sum()
    return float(1 - left / ((actual - actual.mean()) ** 2).sum())
