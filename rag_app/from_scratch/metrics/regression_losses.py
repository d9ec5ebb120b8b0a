"""Losses for numbers, as tools: the mean over examples, and its gradient by each prediction."""

from __future__ import annotations

from typing import Any

from rag_app.from_scratch.arrays import Vector, check_range
from rag_app.from_scratch.metrics import losses
from rag_app.from_scratch.metrics.regression import as_pair
from rag_app.registry import register


@register("metric", "X011")
def mse_loss(y_true: Vector, y_pred: Vector) -> dict[str, Any]:
    """Return the mean squared error (L2 loss) and its gradient by each prediction.

    Parameters
    ----------
    y_true : sequence of float
        Targets, shape (n,).
    y_pred : sequence of float
        Predictions, shape (n,).

    Returns
    -------
    dict
        ``loss``, at least 0, and ``gradient`` of shape (n,). The best constant prediction is the mean.

    Raises
    ------
    InvalidInputError
        If there are no values, one is not finite, or the lengths differ.

    Notes
    -----
    ``L = (1/n) Σ (p_i - y_i)²``, ``∂L/∂p_i = (2/n)(p_i - y_i)``. Hastie, Tibshirani & Friedman, *The Elements of
    Statistical Learning*, 2nd ed. (2009), section 2.4.

    Examples
    --------
    (0.25 + 0 + 4) / 4 and errors -0.5, 0, 2, 0 times 2 / 4.

    >>> mse_loss([3, 5, 2, 1], [2.5, 5, 4, 1])
    {'loss': 1.0625, 'gradient': [-0.25, 0.0, 1.0, 0.0]}
    """
    return losses.squared_error(*as_pair(y_true, y_pred)).mean()


@register("metric", "X012")
def mae_loss(y_true: Vector, y_pred: Vector) -> dict[str, Any]:
    """Return the mean absolute error (L1 loss) and its gradient by each prediction.

    Parameters
    ----------
    y_true : sequence of float
        Targets, shape (n,).
    y_pred : sequence of float
        Predictions, shape (n,).

    Returns
    -------
    dict
        ``loss``, at least 0, and ``gradient`` of shape (n,), 0 where an error is 0. The best constant prediction is
        the median.

    Raises
    ------
    InvalidInputError
        If there are no values, one is not finite, or the lengths differ.

    Notes
    -----
    ``L = (1/n) Σ |p_i - y_i|``, ``∂L/∂p_i = (1/n) sign(p_i - y_i)``. Willmott & Matsuura, "Advantages of the mean
    absolute error (MAE) over the root mean square error (RMSE) in assessing average model performance", Climate
    Research 30 (2005).

    Examples
    --------
    (0.5 + 0 + 2 + 0) / 4.

    >>> mae_loss([3, 5, 2, 1], [2.5, 5, 4, 1])
    {'loss': 0.625, 'gradient': [-0.25, 0.0, 0.25, 0.0]}
    """
    return losses.absolute_error(*as_pair(y_true, y_pred)).mean()


@register("metric", "X013")
def huber_loss(y_true: Vector, y_pred: Vector, delta: float = 1.0) -> dict[str, Any]:
    """Return the Huber loss (smooth MAE), squared for small errors and linear for large ones, and its gradient.

    Parameters
    ----------
    y_true : sequence of float
        Targets, shape (n,).
    y_pred : sequence of float
        Predictions, shape (n,).
    delta : float, default=1.0
        The error, above 0, at which the loss turns linear; in the unit of the target.

    Returns
    -------
    dict
        ``loss``, at least 0, and ``gradient`` of shape (n,), at most ``delta / n`` in size.

    Raises
    ------
    InvalidInputError
        If there are no values, one is not finite, the lengths differ, or delta is not above 0.

    Notes
    -----
    ``L(e) = e²/2`` for ``|e| ≤ δ`` and ``δ (|e| - δ/2)`` beyond. Huber, "Robust estimation of a location parameter",
    Annals of Mathematical Statistics 35 (1964).

    Examples
    --------
    0.5² / 2 = 0.125 and 1 · (2 - 0.5) = 1.5; the mean is 0.8125.

    >>> huber_loss([0, 0], [0.5, 2])
    {'loss': 0.8125, 'gradient': [0.25, 0.5]}
    """
    check_range("delta", delta, 0, open_low=True)
    return losses.huber(*as_pair(y_true, y_pred), delta).mean()


@register("metric", "X014")
def logcosh_loss(y_true: Vector, y_pred: Vector) -> dict[str, Any]:
    """Return the mean logarithm of the hyperbolic cosine of the errors and its gradient by each prediction.

    Parameters
    ----------
    y_true : sequence of float
        Targets, shape (n,).
    y_pred : sequence of float
        Predictions, shape (n,).

    Returns
    -------
    dict
        ``loss``, at least 0, and ``gradient`` of shape (n,); both finite for every error.

    Raises
    ------
    InvalidInputError
        If there are no values, one is not finite, or the lengths differ.

    Notes
    -----
    ``L(e) = ln cosh e = |e| + ln(1 + e^(-2|e|)) - ln 2``, ``L'(e) = tanh e``: half the squared error near 0, the
    absolute error minus ln 2 far away. Green, "Bayesian reconstructions from emission tomography data using a modified
    EM algorithm", IEEE Transactions on Medical Imaging 9 (1990).

    Examples
    --------
    >>> result = logcosh_loss([0], [1])
    >>> round(result["loss"], 6), round(result["gradient"][0], 4)
    (0.433781, 0.7616)
    """
    return losses.log_cosh(*as_pair(y_true, y_pred)).mean()


@register("metric", "X015")
def quantile_loss(y_true: Vector, y_pred: Vector, tau: float = 0.5) -> dict[str, Any]:
    """Return the quantile (pinball) loss, which charges for predictions too low and too high unequally.

    Parameters
    ----------
    y_true : sequence of float
        Targets, shape (n,).
    y_pred : sequence of float
        Predictions, shape (n,).
    tau : float, default=0.5
        The quantile to be learnt, strictly between 0 and 1; 0.5 gives half the mean absolute error.

    Returns
    -------
    dict
        ``loss``, at least 0, and ``gradient`` of shape (n,), 0 where an error is 0. The best constant prediction is
        the quantile tau.

    Raises
    ------
    InvalidInputError
        If there are no values, one is not finite, the lengths differ, or tau is not between 0 and 1.

    Notes
    -----
    ``L = (1/n) Σ max(τ (y_i - p_i), (τ - 1)(y_i - p_i))``. Koenker & Bassett, "Regression quantiles", Econometrica 46
    (1978).

    Examples
    --------
    A target 1 above the prediction costs 0.9, one below it 0.1.

    >>> quantile_loss([1], [0], tau=0.9)["loss"], round(quantile_loss([-1], [0], tau=0.9)["loss"], 6)
    (0.9, 0.1)
    """
    check_range("tau", tau, 0, 1, open_low=True, open_high=True)
    return losses.pinball(*as_pair(y_true, y_pred), tau).mean()
