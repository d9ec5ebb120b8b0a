"""Learning in the prompt: one pass of linear attention is one step of gradient descent of an inner linear model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import (
    Matrix,
    Vector,
    as_matrix,
    as_vector,
    check_count,
    check_range,
    check_same_length,
)
from rag_app.registry import register

Array = NDArray[np.float64]


@register("tool", "M100")
def in_context_regression(
    X: Matrix, y: Vector, query: Vector, learning_rate: float = 0.1, n_layers: int = 1
) -> dict[str, Any]:
    """Return what linear attention over examples in a prompt predicts, and what gradient descent on them predicts.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Inputs of the examples: the keys.
    y : array-like of shape (n,)
        Their answers: the values.
    query : array-like of shape (d,)
        Input whose answer is wanted.
    learning_rate : float, default=0.1
        Size η of a step, above 0.
    n_layers : int, default=1
        Attention layers, at least 1: each is one step.

    Returns
    -------
    dict
        ``attention`` and ``gradient_descent``, the two predictions, equal but for rounding; ``weights`` of the inner
        model after the steps; ``losses`` before the first step and after each; ``least_squares``, the prediction of the
        final solution (the shortest one, if there are several).

    Raises
    ------
    InvalidInputError
        If shapes do not fit, or a value breaks its rule.

    Notes
    -----
    A step from ``w = 0`` on ``1/(2n) Σ (y_i - w · x_i)²`` predicts ``(η/n Σ y_i x_i) · q = η/n Σ y_i (x_i · q)``:
    attention without softmax, with query q, keys ``x_i`` and values ``y_i``. A further layer attends to what is left of
    the answers. von Oswald et al., "Transformers learn in-context by gradient descent", ICML 2023.

    Examples
    --------
    w = 0.2 / 2 · (2 · 1 + 3 · 2) = 0.8, and 0.8 · 3 = 2.4; by attention 0.1 · (2 · 3 + 3 · 6).

    >>> result = in_context_regression([[1], [2]], [2, 3], [3], learning_rate=0.2)
    >>> round(result["attention"], 6), round(result["gradient_descent"], 6), round(result["least_squares"], 6)
    (2.4, 2.4, 4.8)
    """
    keys, values = as_matrix("X", X), as_vector("y", y)
    check_same_length(X=keys, y=values)
    q = as_vector("query", query)[None]  # (d,) -> (1, d)
    if q.shape[1] != keys.shape[1]:
        msg = f"query must hold {keys.shape[1]} numbers, as the rows of X; got {q.shape[1]}."
        raise InvalidInputError(msg)
    check_range("learning_rate", learning_rate, 0, np.finfo(float).max, open_low=True)
    check_count("n_layers", n_layers)
    w, losses = np.zeros(keys.shape[1]), [float((values**2).mean() / 2)]
    left, attended = values, 0.0
    n = len(values)
    for _ in range(n_layers):
        attended += learning_rate / n * float((linear_attention(q, keys, left))[0])
        left = left - learning_rate / n * linear_attention(keys, keys, left)
        w = w + learning_rate / n * ((values - keys @ w) @ keys)
        losses.append(float(((values - keys @ w) ** 2).mean() / 2))
    final = np.linalg.lstsq(keys, values)[0]
    return {
        "attention": attended,
        "gradient_descent": float(q[0] @ w),
        "weights": w.tolist(),
        "losses": losses,
        "least_squares": float(q[0] @ final),
    }


def linear_attention(queries: Array, keys: Array, values: Array) -> Array:
    """Return attention without softmax, ``(Q Kᵀ) V``, for queries (m, d), keys (n, d) and values (n,): shape (m,).

    Examples
    --------
    >>> linear_attention(np.array([[3.0]]), np.array([[1.0], [2.0]]), np.array([2.0, 3.0]))
    array([24.])
    """
    scores = queries @ keys.T  # (m, n)
    attended: Array = scores @ values
    return attended
