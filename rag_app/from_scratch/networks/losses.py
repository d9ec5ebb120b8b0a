"""How far a network is from what it should say: the formulas of `metrics.losses` as tensors, means over examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from rag_app.from_scratch.metrics.losses import (
    Loss,
    binary_cross_entropy_with_logits,
    cross_entropy,
    squared_error,
)
from rag_app.from_scratch.networks.autograd import Array, Tensor, as_tensor, record
from rag_app.from_scratch.networks.functions import absolute


def squared_loss(predictions: Tensor, targets: Tensor | ArrayLike) -> Tensor:
    """Return the mean of squared differences.

    Examples
    --------
    (1² + 2²) / 2.

    >>> squared_loss(Tensor([1.0, 2.0]), [0.0, 4.0]).item()
    2.5
    """
    target = as_tensor(targets, predictions)
    loss = squared_error(target.data, predictions.data)
    return _recorded(loss, (predictions, 1), (target, -1))


def cross_entropy_loss(logits: Tensor, labels: ArrayLike) -> Tensor:
    """Return the mean of ``-ln softmax(logits)[label]`` over the last axis.

    Parameters
    ----------
    logits : Tensor of shape (…, k)
        A score for each of k classes.
    labels : array-like of int of shape (…)
        The right class of each.

    Notes
    -----
    Softmax and logarithm together have the gradient ``softmax(z) - y``, y being 1 at the right class and 0 elsewhere,
    which neither overflows nor divides by a small probability.

    Examples
    --------
    Equal scores for two classes: ln 2.

    >>> round(cross_entropy_loss(Tensor([[3.0, 3.0]]), np.array([1])).item(), 6)
    0.693147
    """
    one_hot = np.zeros_like(logits.data)
    np.put_along_axis(one_hot, np.asarray(labels, int)[..., None], 1, -1)
    return _recorded(cross_entropy(one_hot, logits.data), (logits, 1))


def binary_cross_entropy_loss(logits: Tensor, targets: ArrayLike) -> Tensor:
    """Return the mean of ``-t ln σ(z) - (1 - t) ln(1 - σ(z))``, without overflow.

    Examples
    --------
    A logit of 0 is a probability of a half: ln 2.

    >>> round(binary_cross_entropy_loss(Tensor([0.0]), [1.0]).item(), 6)
    0.693147
    """
    return _recorded(binary_cross_entropy_with_logits(np.asarray(targets, logits.data.dtype), logits.data), (logits, 1))


def penalty(weights: Iterable[Tensor], *, l1: float = 0.0, l2: float = 0.0) -> Tensor:
    """Return ``l1 Σ|w| + l2 Σw²`` over the weight matrices; biases, which have one axis, are left out.

    Examples
    --------
    0.1 · (3 + 4) + 0.1 · (9 + 16).

    >>> round(penalty([Tensor([[3.0, -4.0]]), Tensor([7.0])], l1=0.1, l2=0.1).item(), 6)
    3.2
    """
    total = Tensor(0.0)
    for weight in weights:
        if weight.data.ndim > 1:
            total = total + absolute(weight).sum() * l1 + (weight * weight).sum() * l2
    return total


def _recorded(loss: Loss, *arguments: tuple[Tensor, int]) -> Tensor:
    """Return the mean of a loss over examples; the gradient at an argument is the loss's slopes times its sign."""
    slopes = loss.slopes / loss.values.size

    def pullback(sign: int) -> Callable[[Array], Array]:
        return lambda g: (sign * g) * slopes

    return record(np.asarray(loss.values.mean()), *((tensor, pullback(sign)) for tensor, sign in arguments))
