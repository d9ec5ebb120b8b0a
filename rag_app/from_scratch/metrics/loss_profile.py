"""What each loss is for: its formula, its gradient, and both along a range of errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import check_choice
from rag_app.from_scratch.metrics import losses
from rag_app.registry import register


@dataclass(frozen=True, slots=True)
class _Role:
    formula: str
    gradient: str
    use: str
    of_output: Callable[[NDArray[np.float64]], losses.Loss]
    axis: str = "error, prediction minus target"
    span: tuple[float, float] = (-3, 3)


def _against_zero(logits: NDArray[np.float64]) -> losses.Loss:
    found = losses.cross_entropy(np.array([1.0, 0.0]), np.stack([logits, np.zeros_like(logits)], axis=1))
    return losses.Loss(found.values, found.slopes[:, 0])


_ZERO, _ONE = np.zeros(1), np.ones(1)
_ROLES = {
    "mse_loss": _Role(
        "e²",
        "2e",
        "Regression with errors that are roughly normal; the best constant is the mean, and outliers weigh heavily.",
        partial(losses.squared_error, _ZERO),
    ),
    "mae_loss": _Role(
        "|e|",
        "sign e",
        "Regression with outliers; the best constant is the median.",
        partial(losses.absolute_error, _ZERO),
    ),
    "huber_loss": _Role(
        "e²/2 where |e| ≤ δ, δ(|e| - δ/2) beyond (here δ = 1)",
        "e, clipped to [-δ, δ]",
        "Regression with some outliers: small, precise steps near the optimum, and a limited pull far away.",
        partial(losses.huber, _ZERO, delta=1.0),
    ),
    "logcosh_loss": _Role(
        "ln cosh e",
        "tanh e",
        "As Huber, smooth everywhere and without a threshold to choose.",
        partial(losses.log_cosh, _ZERO),
    ),
    "quantile_loss": _Role(
        "max(-τe, (1 - τ)e) (here τ = 0.9)",
        "-τ below the target, 1 - τ above it",
        "Regression where too low and too high cost differently, and ranges; the best constant is the quantile τ.",
        partial(losses.pinball, _ZERO, tau=0.9),
    ),
    "bce_loss": _Role(
        "-[y ln p + (1 - y) ln(1 - p)]",
        "(1 - y)/(1 - p) - y/p",
        "Two classes, from a probability.",
        partial(losses.binary_cross_entropy, _ONE),
        "probability, label 1",
        span=(0.02, 1),
    ),
    "bce_with_logits_loss": _Role(
        "max(z, 0) - zy + ln(1 + e^-|z|)",
        "sigmoid(z) - y",
        "Two classes, or several yes-or-no labels, from raw scores; the usual adversarial loss.",
        partial(losses.binary_cross_entropy_with_logits, _ONE),
        "logit, label 1",
    ),
    "cross_entropy_loss": _Role(
        "-Σ y_k ln p_k, p = softmax(z)",
        "p - y",
        "One of K classes, such as the next token, from raw scores.",
        _against_zero,
        "logit of the true class, against a logit of 0",
    ),
    "hinge_loss": _Role(
        "max(0, 1 - yf), y = -1 or 1",
        "-y below the margin, 0 from it on",
        "Support vector machines: right is not enough, a margin of 1 is wanted.",
        partial(losses.hinge, _ONE),
        "score, label 1",
    ),
}


@register("tool", "X019")
def loss_profile(loss: str) -> dict[str, Any]:
    """Return the role of a loss in training: formula, gradient, use, and its values along a range of outputs.

    Parameters
    ----------
    loss : {"mse_loss", "mae_loss", "huber_loss", "logcosh_loss", "quantile_loss", "bce_loss", "bce_with_logits_loss", \
"cross_entropy_loss", "hinge_loss"}
        Which loss.

    Returns
    -------
    dict
        ``formula``, ``gradient``, ``use``; ``axis`` says what the 61 ``outputs`` are, and
        ``losses`` and ``slopes`` are the loss and its gradient at each. A descent step moves against the slope.

    Raises
    ------
    InvalidInputError
        If the loss is unknown.

    Notes
    -----
    A step of training moves the output against the gradient. Goodfellow, Bengio & Courville, *Deep Learning* (2016),
    section 6.2.

    Examples
    --------
    An error of -3 has the squared error 9 and the slope 2 · (-3).

    >>> profile = loss_profile("mse_loss")
    >>> profile["formula"], profile["outputs"][0], profile["losses"][0], profile["slopes"][0]
    ('e²', -3.0, 9.0, -6.0)
    """
    check_choice("loss", loss, _ROLES)
    role = _ROLES[loss]
    outputs = np.linspace(*role.span, 61).round(6)
    found = role.of_output(outputs)
    return {
        "formula": role.formula,
        "gradient": role.gradient,
        "use": role.use,
        "axis": role.axis,
        "outputs": outputs.tolist(),
        "losses": found.values.tolist(),
        "slopes": found.slopes.tolist(),
    }
