"""Which positions a computation may use: earlier ones, real ones, and time steps that are not filler."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_vector, check_count, check_same_length
from rag_app.registry import register

Mask = NDArray[np.bool_]


def earlier(n: int) -> Mask:
    """Return which of n positions each may look at: itself and those before it, an array of shape (n, n)."""
    return np.tril(np.ones((n, n), bool))


@register("tool", "M088")
def causal_mask(n: int) -> list[list[int]]:
    """Return the causal mask of n tokens: row i has a 1 at each token that token i may attend to.

    Parameters
    ----------
    n : int
        Tokens, at least 1.

    Returns
    -------
    list of list of int
        The lower triangle with its diagonal: token i sees itself and the tokens before it. Bidirectional attention, as
        in BERT, has a 1 everywhere, that is, no mask.

    Raises
    ------
    InvalidInputError
        If n is not a whole number of at least 1.

    Notes
    -----
    ``m_ij = 1`` for ``j ≤ i``, which permits ``n (n + 1) / 2`` pairs. Vaswani et al., "Attention is all you need",
    NeurIPS 2017.

    Examples
    --------
    >>> causal_mask(3)
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    check_count("n", n)
    rows: list[list[int]] = earlier(n).astype(int).tolist()
    return rows


@register("tool", "M088", "M089")
def padding_mask(tokens: Sequence[int], padding: int = 0) -> list[int]:
    """Return the padding mask of token ids: 1 at real tokens, 0 at padding.

    Parameters
    ----------
    tokens : list of int
        Token ids.
    padding : int, default=0
        The id that fills short sequences.

    Returns
    -------
    list of int
        One number for each token; empty for no tokens. A key must be real and, in a decoder, not in the future: the
        two masks are joined by "and".

    Notes
    -----
    Attention gives no weight where the mask is 0. Vaswani et al., "Attention is all you need", NeurIPS (2017).

    Examples
    --------
    >>> padding_mask([7, 12, 5, 0, 0])
    [1, 1, 1, 0, 0]
    """
    return [int(token != padding) for token in tokens]


@register("tool", "M089")
def masked_steps(sequence: Matrix, mask_value: float = 0.0) -> list[int]:
    """Return which time steps of a padded sequence count: 0 where every feature equals the mask value, else 1.

    Parameters
    ----------
    sequence : array-like of shape (n, d)
        A row of features for each time step.
    mask_value : float, default=0.0
        What fills the steps that are to be ignored.

    Returns
    -------
    list of int
        One number for each step. A real step whose features all equal the mask value is lost: choose a filler that
        cannot occur.

    Raises
    ------
    InvalidInputError
        If the sequence is not a matrix of finite numbers.

    Notes
    -----
    Chollet and others, *Keras* (2015), layer Masking.

    Examples
    --------
    The second step has a zero and is kept, for its other feature is 3.

    >>> masked_steps([[1, 2], [0, 3], [0, 0]])
    [1, 1, 0]
    """
    counted: list[int] = (as_matrix("sequence", sequence) != mask_value).any(axis=1).astype(int).tolist()
    return counted


@register("tool", "M089")
def masked_mean(values: Vector, mask: Vector) -> float:
    """Return the mean of the values whose mask is not 0: padding does not count.

    Parameters
    ----------
    values : array-like of shape (n,)
        Numbers.
    mask : array-like of shape (n,)
        0 where a value is ignored.

    Raises
    ------
    InvalidInputError
        If the lengths differ, or everything is masked.

    Notes
    -----
    ``Σ m_i x_i / Σ m_i``. Chollet and others, *Keras* (2015), layer Masking.

    Examples
    --------
    (4 + 8) / 2, where the plain mean is 12 / 3.

    >>> masked_mean([4, 8, 0], [1, 1, 0])
    6.0
    """
    x, kept = as_vector("values", values), as_vector("mask", mask) != 0
    check_same_length(values=x, mask=kept)
    if not kept.any():
        msg = f"mask must keep at least one value; got {[0] * len(kept)}."
        raise InvalidInputError(msg)
    return float(x[kept].mean())
