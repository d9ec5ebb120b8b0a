"""How similar two vectors are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.registry import register


@register("metric", "X038")
def cosine_similarity(a: Sequence[float], b: Sequence[float]) -> float:
    """Return how far two vectors point the same way: the cosine of their angle, in [-1, 1].

    Parameters
    ----------
    a : sequence of float
        The first vector, shape (n,), not all zero.
    b : sequence of float
        The second vector, shape (n,), not all zero.

    Returns
    -------
    float
        1 for the same direction, 0 at a right angle, -1 for opposite directions.

    Raises
    ------
    InvalidInputError
        If the shapes differ, a value is not finite, or a vector has no length.

    Notes
    -----
    ``cos(a, b) = a·b / (|a| |b|)``. Salton, Wong & Yang, "A vector space model for automatic indexing", Communications
    of the ACM 18 (1975).

    Examples
    --------
    (3·4 + 4·3) / (5 · 5) = 24 / 25.

    >>> cosine_similarity([3, 4], [4, 3])
    0.96
    """
    x, y = np.asarray(a, float), np.asarray(b, float)
    if x.ndim != 1 or x.shape != y.shape:
        msg = f"a and b must be vectors of equal length; got shapes {x.shape} and {y.shape}."
        raise InvalidInputError(msg)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        msg = "a and b must be finite; got nan or inf."
        raise InvalidInputError(msg)
    if not x.any() or not y.any():
        msg = "A vector of zeros has no direction; a and b must each have a value that is not 0."
        raise InvalidInputError(msg)
    x, y = x / np.abs(x).max(), y / np.abs(y).max()  # keeps squares of huge and tiny values in range
    cosine = float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))
    return min(1.0, max(-1.0, cosine))
