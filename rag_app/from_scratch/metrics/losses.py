"""The formulas of losses: the loss of each example and its slope, the derivative by what a network puts out.

Whatever trains by gradients uses these: the tools take means of them, and a network turns one into a tensor by
recording its values with its slopes as the pullback. No input is checked here; shapes are whatever NumPy broadcasts.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.floating[Any]]


class Loss(NamedTuple):
    """The loss of each example, and its derivative by the output."""

    values: _Array
    slopes: _Array

    def mean(self) -> dict[str, Any]:
        """Return the mean loss over examples and its gradient, as JSON."""
        return {"loss": float(self.values.mean()), "gradient": (self.slopes / len(self.values)).tolist()}


def squared_error(target: _Array, output: _Array) -> Loss:
    """Return ``e²`` and ``2e``, where ``e = output - target``.

    Examples
    --------
    >>> squared_error(np.array([3.0]), np.array([5.0]))
    Loss(values=array([4.]), slopes=array([4.]))
    """
    error = output - target
    return Loss(error**2, 2 * error)


def absolute_error(target: _Array, output: _Array) -> Loss:
    """Return ``|e|`` and ``sign e``, which is 0 at the kink."""
    error = output - target
    return Loss(np.abs(error), np.sign(error))


def huber(target: _Array, output: _Array, delta: float) -> Loss:
    """Return ``e²/2`` where ``|e| ≤ δ`` and ``δ (|e| - δ/2)`` beyond, and ``e`` clipped to ``[-δ, δ]``."""
    error = output - target
    slope = np.clip(error, -delta, delta)
    return Loss(slope * (error - slope / 2), slope)


def log_cosh(target: _Array, output: _Array) -> Loss:
    """Return ``ln cosh e`` in the form that does not overflow, ``|e| + ln(1 + e^(-2|e|)) - ln 2``, and ``tanh e``."""
    error = output - target
    size = np.abs(error)
    return Loss(size + np.log1p(np.exp(-2 * size)) - math.log(2), np.tanh(error))


def pinball(target: _Array, output: _Array, tau: float) -> Loss:
    """Return ``max(τ d, (τ - 1) d)``, where ``d = target - output``, and ``-τ`` or ``1 - τ``; 0 at the kink."""
    lack = target - output
    slope = np.where(lack > 0, -tau, 1 - tau) * (lack != 0)
    return Loss(np.maximum(tau * lack, (tau - 1) * lack), slope.astype(lack.dtype))


def binary_cross_entropy(target: _Array, probability: _Array) -> Loss:
    """Return ``-[y ln p + (1 - y) ln(1 - p)]`` and ``(1 - y)/(1 - p) - y/p``, where ``0 · ∞`` is 0."""
    y, p = np.broadcast_arrays(target, probability)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        yes, no = np.where(y > 0, y * np.log(p), 0), np.where(y < 1, (1 - y) * np.log1p(-p), 0)
        pull, push = np.where(y > 0, y / p, 0), np.where(y < 1, (1 - y) / (1 - p), 0)
    return Loss(-(yes + no), push - pull)


def binary_cross_entropy_with_logits(target: _Array, logit: _Array) -> Loss:
    """Return ``max(z, 0) - z y + ln(1 + e^-|z|)``, finite for every logit, and ``sigmoid(z) - y``."""
    tail = np.exp(-np.abs(logit))
    sigmoid = np.where(logit >= 0, 1, tail) / (1 + tail)
    return Loss(np.maximum(logit, 0) - logit * target + np.log1p(tail), sigmoid - target)


def cross_entropy(target: _Array, logits: _Array) -> Loss:
    """Return ``-Σ_k y_k ln p_k``, where ``p = softmax(z)``, and ``p - y``.

    Parameters
    ----------
    target : ndarray of shape (…, K)
        Share of each class, summing to 1: a one-hot row, or any distribution.
    logits : ndarray of shape (…, K)
        Raw scores.

    Returns
    -------
    Loss
        Values of shape (…), slopes of shape (…, K).
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)  # the largest exponential is 1
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return Loss(-(target * log_p).sum(axis=-1), np.exp(log_p) - target)


def hinge(target: _Array, score: _Array) -> Loss:
    """Return ``max(0, 1 - y f)``, where ``y`` is -1 or 1, and ``-y`` below the margin, 0 from it on."""
    lack = 1 - target * score
    return Loss(np.maximum(lack, 0), np.where(lack > 0, -target, 0.0))
