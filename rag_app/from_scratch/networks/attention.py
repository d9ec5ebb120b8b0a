"""Attention: each query takes a weighted mean of values, the weights saying how well their keys match it.

The same kernel, `attend`, serves the functions that take lists and the layers of networks:

>>> rng = np.random.default_rng(0)
>>> layer = MultiHeadAttention(8, 2, rng)
>>> layer(Tensor(rng.normal(size=(3, 5, 8)))).shape
(3, 5, 8)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_matrix, check_count
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.functions import softmax, where
from rag_app.from_scratch.networks.layers import Layer, Linear
from rag_app.from_scratch.networks.masks import Mask
from rag_app.registry import register


def attend(Q: Tensor, K: Tensor, V: Tensor, mask: Mask | None = None, *, scaled: bool = True) -> tuple[Tensor, Tensor]:
    """Return the weighted means of values, and the weights: ``softmax(Q Kᵀ / √d) V``.

    Parameters
    ----------
    Q, K, V : Tensor of shape (…, n, d), (…, m, d), (…, m, e)
        Queries, keys and values.
    mask : ndarray of bool that broadcasts to (…, n, m), optional
        True where a query may look; at least one in each row.
    scaled : bool, default=True
        Whether scores are divided by √d.

    Returns
    -------
    tuple of Tensor of shape (…, n, e) and (…, n, m)
        Means and weights.
    """
    order = list(range(K.data.ndim))
    order[-2:] = order[:-3:-1]  # the last two axes change places
    scores = Q @ K.transpose(*order)  # (…, n, m)
    if scaled:
        scores = scores / np.sqrt(K.shape[-1])
    weights = masked_softmax(scores, mask)
    return weights @ V, weights


def masked_softmax(scores: Tensor, mask: Mask | None = None) -> Tensor:
    """Return softmax over the last axis, with weight exactly 0 where the mask is False."""
    if mask is not None:
        scores = where(mask, scores, Tensor(np.full((), -np.inf)))
    return softmax(scores)


def attend_in_heads(Q: Tensor, K: Tensor, V: Tensor, n_heads: int, mask: Mask | None = None) -> tuple[Tensor, Tensor]:
    """Return what each of several heads finds in its slice of the last axis, joined, and their weights.

    Parameters
    ----------
    Q, K, V : Tensor of shape (b, n, d), (b, m, d), (b, m, d)
        Projected queries, keys and values.
    n_heads : int
        Divides d.
    mask : ndarray of bool that broadcasts to (b, 1, n, m), optional
        True where a query may look.

    Returns
    -------
    tuple of Tensor of shape (b, n, d) and (b, h, n, m)
        Joined outputs and weights.
    """

    def split(x: Tensor) -> Tensor:  # (b, n, d) -> (b, h, n, d/h)
        return x.reshape(x.shape[0], x.shape[1], n_heads, x.shape[2] // n_heads).transpose(0, 2, 1, 3)

    found, weights = attend(split(Q), split(K), split(V), mask)
    return found.transpose(0, 2, 1, 3).reshape(*Q.shape), weights


class MultiHeadAttention(Layer):
    """Attention in several heads, each with its own projections; self-attention unless a memory is given.

    Parameters
    ----------
    dimension : int
        Length of the vectors; a multiple of `n_heads`.
    n_heads : int
        Heads.
    rng : numpy.random.Generator
        Draws the weights.
    """

    def __init__(self, dimension: int, n_heads: int, rng: np.random.Generator) -> None:
        self.query, self.key, self.value, self.output = (Linear(dimension, dimension, rng) for _ in range(4))
        self._n_heads = n_heads

    def __call__(self, x: Tensor, mask: Mask | None = None, memory: Tensor | None = None) -> Tensor:
        """Return what each row of `x`, (b, n, d), finds in itself or in a memory of shape (b, m, d)."""
        source = x if memory is None else memory
        found, _ = attend_in_heads(self.query(x), self.key(source), self.value(source), self._n_heads, mask)
        return self.output(found)


@register("tool", "M085")
def scaled_dot_product_attention(
    queries: Matrix, keys: Matrix, values: Matrix, mask: Matrix | None = None, *, scaled: bool = True
) -> dict[str, list[list[float]]]:
    """Return attention: for each query a mean of the values, weighted by how well their keys match it.

    Parameters
    ----------
    queries : array-like of shape (n, d)
        What each token looks for.
    keys : array-like of shape (m, d)
        What each token offers for matching.
    values : array-like of shape (m, e)
        What each token passes on.
    mask : array-like of shape (n, m), optional
        0 where a query may not look, such as `causal_mask`; by default it may look everywhere.
    scaled : bool, default=True
        Whether scores are divided by √d, which keeps the softmax from saturating.

    Returns
    -------
    dict
        ``outputs`` of shape (n, e) and ``weights`` of shape (n, m), whose rows sum to 1. Equal scores, such as those of
        a query of zeros, give the plain mean.

    Raises
    ------
    InvalidInputError
        If shapes do not fit, or a row of the mask lets nothing through.

    Notes
    -----
    ``softmax(Q Kᵀ / √d) V``. Queries, keys and values are made inside each layer, ``X W_Q``, ``X W_K`` and ``X W_V``;
    they are not the token, segment and position embeddings that BERT adds up. Vaswani et al., "Attention is all you
    need", NeurIPS 2017.

    Examples
    --------
    "sat" looks at "the cat sat": scores 0, 4 and 2, divided by √4, with exponentials 1, 7.3891 and 2.7183.

    >>> result = scaled_dot_product_attention(
    ...     [[2, 0, 2, 0]], [[0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 1, 1]], [[10, 0], [0, 10], [10, 10]]
    ... )
    >>> [round(w, 4) for w in result["weights"][0]], [round(x, 4) for x in result["outputs"][0]]
    ([0.09, 0.6652, 0.2447], [3.3476, 9.0997])
    """
    Q = as_matrix("queries", queries)
    K = as_matrix("keys", keys, n_columns=Q.shape[1])
    V = as_matrix("values", values)
    if len(K) != len(V):
        msg = f"keys and values must be of equal length; got {len(K)} and {len(V)}."
        raise InvalidInputError(msg)
    outputs, weights = attend(Tensor(Q), Tensor(K), Tensor(V), _mask(mask, len(Q), len(K)), scaled=scaled)
    return {"outputs": outputs.data.tolist(), "weights": weights.data.tolist()}


@register("tool", "M086")
def multi_head_attention(
    X: Matrix, W_q: Matrix, W_k: Matrix, W_v: Matrix, W_o: Matrix, n_heads: int = 1
) -> dict[str, list[list[float]] | list[list[list[float]]]]:
    """Return multi-head self-attention of rows, with given weight matrices.

    Parameters
    ----------
    X : array-like of shape (n, d)
        A row for each token.
    W_q : array-like of shape (d, d)
        Makes queries, ``X W_q``; head i has columns ``i d/h`` to ``(i + 1) d/h``.
    W_k : array-like of shape (d, d)
        Makes keys.
    W_v : array-like of shape (d, d)
        Makes values.
    W_o : array-like of shape (d, d)
        Mixes what the heads found.
    n_heads : int, default=1
        Heads h; divides d. One head is plain attention followed by ``W_o``.

    Returns
    -------
    dict
        ``outputs`` of shape (n, d), and ``weights`` of shape (h, n, n).

    Raises
    ------
    InvalidInputError
        If shapes do not fit, or h does not divide d.

    Notes
    -----
    ``Concat(head_1, …, head_h) W_o`` with ``head_i = attention(X W_q^(i), X W_k^(i), X W_v^(i))``. Vaswani et al.,
    "Attention is all you need", NeurIPS 2017.

    Examples
    --------
    Queries of zeros look at everything alike, so that each output is the mean of the rows, (2, 4).

    >>> zeros, eye = [[0, 0], [0, 0]], [[1, 0], [0, 1]]
    >>> multi_head_attention([[1, 3], [3, 5]], zeros, eye, eye, eye, n_heads=2)["outputs"]
    [[2.0, 4.0], [2.0, 4.0]]
    """
    x = as_matrix("X", X)
    d = x.shape[1]
    check_count("n_heads", n_heads)
    if d % n_heads:
        msg = f"n_heads must divide the {d} columns of X; got {n_heads}."
        raise InvalidInputError(msg)
    named = {"W_q": W_q, "W_k": W_k, "W_v": W_v, "W_o": W_o}
    q, k, v, o = (sized(name, W, (d, d)) for name, W in named.items())
    Q, K, V = (Tensor((x @ W)[None]) for W in (q, k, v))  # (1, n, d): one sequence
    found, weights = attend_in_heads(Q, K, V, n_heads)
    return {"outputs": (found.data[0] @ o).tolist(), "weights": weights.data[0].tolist()}


def sized(name: str, values: Matrix, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return rows of numbers as an array of a given shape, or raise an `InvalidInputError`."""
    array = as_matrix(name, values)
    if array.shape != shape:
        msg = f"{name} must be of shape {shape}; got {array.shape}."
        raise InvalidInputError(msg)
    return array


def _mask(mask: Matrix | None, n: int, m: int) -> Mask | None:
    if mask is None:
        return None
    visible: Mask = sized("mask", mask, (n, m)) != 0
    blind = np.flatnonzero(~visible.any(axis=1))
    if len(blind):
        msg = f"mask must let every query see at least one key; got none in row {blind[0]}."
        raise InvalidInputError(msg)
    return visible
