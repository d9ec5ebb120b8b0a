"""How far apart vectors are, and how relevant that makes them."""

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
    check_choice,
    check_count,
    check_same_length,
)
from rag_app.registry import register

_MEASURES = ("euclidean", "cosine", "dot")


@register("metric", "X039")
def vector_distance(a: Vector, b: Vector, measure: str = "euclidean") -> float:
    """Return the distance between two vectors; the smaller, the more relevant.

    Parameters
    ----------
    a : array-like of shape (d,)
        The first vector.
    b : array-like of shape (d,)
        The second vector.
    measure : {"euclidean", "cosine", "dot"}, default="euclidean"
        Length of the difference, one minus the cosine, or the negated dot product.

    Returns
    -------
    float
        Euclidean: at least 0. Cosine: in [0, 2]. Dot: any number, smaller is closer.

    Raises
    ------
    InvalidInputError
        If the lengths differ, the measure is unknown, or a vector of zeros is compared by its angle.

    Notes
    -----
    ``‖a - b‖``, ``1 - a·b / (‖a‖ ‖b‖)`` and ``-a·b``. For unit vectors ``‖a - b‖² = 2 - 2 cos(a, b)``: the same
    ranking. Salton, Wong & Yang, "A vector space model for automatic indexing", Communications of the ACM 18 (1975).

    Examples
    --------
    (0.6, 0.8) and (1, 0): √(0.4² + 0.8²) = √0.8, and 1 - 0.6.

    >>> round(vector_distance([1, 0], [0.6, 0.8]) ** 2, 6), round(vector_distance([1, 0], [0.6, 0.8], "cosine"), 6)
    (0.8, 0.4)
    """
    first, second = as_vector("a", a), as_vector("b", b)
    check_same_length(a=first, b=second)
    check_choice("measure", measure, _MEASURES)
    return float(_distances(first, second[None, :], measure)[0])


@register("tool", "X039")
def rank_by_distance(query: Vector, vectors: Matrix, measure: str = "euclidean", k: int = 10) -> dict[str, Any]:
    """Return the vectors that are closest to a query, closest first, with their distance and relevance.

    Parameters
    ----------
    query : array-like of shape (d,)
        The vector of the question.
    vectors : array-like of shape (n, d)
        The stored vectors.
    measure : {"euclidean", "cosine", "dot"}, default="euclidean"
        What closeness is.
    k : int, default=10
        How many to return; all, if there are fewer.

    Returns
    -------
    dict
        "order", the row numbers from 0, and "distances"; ties keep the order of the rows. "relevance" is
        ``1 / (1 + d)``, in (0, 1], for a Euclidean distance, and the cosine or dot product for the others; larger is
        more relevant.

    Raises
    ------
    InvalidInputError
        If the lengths differ, the measure is unknown, or a vector of zeros is compared by its angle.

    Notes
    -----
    See `vector_distance`. Salton, Wong & Yang, "A vector space model for automatic indexing", Communications of the ACM
    18 (1975).

    Examples
    --------
    The distances of (0.8, 0.6) and (0, 1) from (1, 0) are √0.4 and √2.

    >>> found = rank_by_distance([1, 0], [[0, 1], [0.8, 0.6]])
    >>> found["order"], [round(r, 3) for r in found["relevance"]]
    ([1, 0], [0.613, 0.414])
    """
    target = as_vector("query", query)
    rows = as_matrix("vectors", vectors, n_columns=len(target))
    check_choice("measure", measure, _MEASURES)
    check_count("k", k)
    distances = _distances(target, rows, measure)
    order = np.argsort(distances, kind="stable")[:k]
    nearest = distances[order]
    relevance = {"euclidean": 1 / (1 + np.abs(nearest)), "cosine": 1 - nearest, "dot": -nearest}[measure]
    return {"order": order.tolist(), "distances": nearest.tolist(), "relevance": relevance.tolist()}


def _distances(target: NDArray[np.float64], rows: NDArray[np.float64], measure: str) -> NDArray[np.float64]:
    """Return the distance of each row, shape (n, d) and (d,) to (n,)."""
    if measure == "euclidean":
        return np.asarray(np.linalg.norm(rows - target, axis=1))
    products: NDArray[np.float64] = rows @ target
    if measure == "dot":
        return -products
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(target)
    if not lengths.all():
        msg = "Vectors must not be all zero for the cosine; got a vector of zeros."
        raise InvalidInputError(msg)
    cosines: NDArray[np.float64] = products / lengths
    return np.asarray(1 - cosines.clip(-1, 1))
