"""What embeddings are compared for: groups of texts, items to recommend, and the one that does not belong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_count
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray


@register("tool", "M126")
def cluster_embeddings(
    vectors: Matrix, k: int = 2, starts: Sequence[int] | None = None, n_rounds: int = 100, seed: int = 0
) -> dict[str, Any]:
    """Return groups of embeddings that point in similar directions (spherical k-means).

    Parameters
    ----------
    vectors : list of lists of float
        An embedding for each text, shape (n, d), none of them all zeros.
    k : int, default=2
        Number of groups, at least 1 and at most n.
    starts : list of int, optional
        Positions of the k vectors that are the first centres; default: one that is drawn, then always the one least
        similar to those before.
    n_rounds : int, default=100
        Most rounds.
    seed : int, default=0
        Start of the drawing.

    Returns
    -------
    dict
        ``labels``, the group of each vector; ``centres``, of length 1; ``mean_cosine`` of vectors and their centres.

    Raises
    ------
    InvalidInputError
        If a vector has no direction, or k or the starts are out of range.

    Notes
    -----
    Assign each to ``argmax_j cos(x, c_j)``, make each centre the mean of its vectors, scaled to length 1, and repeat
    until nothing changes. A group that loses all of its vectors keeps its centre. Dhillon & Modha, "Concept
    decompositions for large sparse text data using clustering", Machine Learning 42 (2001).

    Examples
    --------
    >>> cluster_embeddings([[1, 0], [0.8, 0.6], [0, 1], [-0.6, 0.8]], starts=[0, 2])["labels"]
    [0, 0, 1, 1]
    """
    unit = _unit("vectors", vectors)
    check_count("k", k, 1, len(unit))
    check_count("n_rounds", n_rounds)
    centres = unit[_spread(unit, k, seed) if starts is None else _positions(starts, k, len(unit))]
    labels = np.full(len(unit), -1)
    for _ in range(n_rounds):
        before, labels = labels, (unit @ centres.T).argmax(axis=1)
        if np.array_equal(before, labels):
            break
        sums = (labels[:, None] == np.arange(k)).astype(float).T @ unit  # (k, d)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.where(lengths > 0, lengths, 1), centres)
    cosines = (unit * centres[labels]).sum(axis=1)
    return {"labels": labels.tolist(), "centres": centres.tolist(), "mean_cosine": float(cosines.mean())}


@register("tool", "M126")
def recommend_items(liked: Matrix, candidates: Matrix, k: int = 5) -> list[dict[str, float]]:
    """Return the candidates whose embeddings are most similar to the mean of what a user liked.

    Parameters
    ----------
    liked : list of lists of float
        Embeddings of liked items, shape (n, d), whose mean is not all zeros.
    candidates : list of lists of float
        Embeddings of items that the user does not know yet, shape (m, d).
    k : int, default=5
        Most items, at least 1.

    Returns
    -------
    list of dict
        ``position`` among the candidates and ``cosine`` of each, the most similar first; of equally similar ones the
        earlier comes first.

    Raises
    ------
    InvalidInputError
        If lengths differ, a vector has no direction, or k is below 1.

    Notes
    -----
    ``cos(mean(liked), candidate)``. Pazzani & Billsus, "Content-based recommendation systems", The Adaptive Web (2007).

    Examples
    --------
    The profile is (0.8, 0.4), of length √0.8; (0.8, 0.6) has the cosine 0.88/0.894 with it.

    >>> found = recommend_items([[1, 0], [0.6, 0.8]], [[-1, 0], [0, 1], [0.96, -0.28], [0.8, 0.6]], k=2)
    >>> [(item["position"], round(item["cosine"], 3)) for item in found]
    [(3, 0.984), (2, 0.733)]
    """
    known = as_matrix("liked", liked)
    profile = _unit("the mean of liked", known.mean(axis=0, keepdims=True))[0]
    items = _unit("candidates", as_matrix("candidates", candidates, n_columns=known.shape[1]))
    check_count("k", k)
    cosines = items @ profile
    order = np.argsort(-cosines, kind="stable")[:k]
    return [{"position": int(n), "cosine": float(cosines[n])} for n in order]


@register("tool", "M126")
def odd_one_out(vectors: Matrix) -> dict[str, Any]:
    """Return the embedding that is least similar to the others.

    Parameters
    ----------
    vectors : list of lists of float
        An embedding for each text, shape (n, d), at least two, none of them all zeros.

    Returns
    -------
    dict
        ``position`` of the one with the lowest mean cosine, the earliest of several; ``mean_cosines`` of all. One is
        always lowest: whether it is an outlier, a threshold set on known texts decides.

    Raises
    ------
    InvalidInputError
        If there are fewer than two vectors or one has no direction.

    Notes
    -----
    ``1/(n - 1) Σ_{j≠i} cos(x_i, x_j)``. Aggarwal, *Outlier analysis*, 2nd ed. (2017), chapter 4.

    Examples
    --------
    (-0.6 - 0.28 + 0)/3 = -0.293 for the last.

    >>> found = odd_one_out([[0.96, 0.28], [0.8, 0.6], [0.6, 0.8], [-0.8, 0.6]])
    >>> found["position"], [round(c, 3) for c in found["mean_cosines"]]
    (3, [0.379, 0.539, 0.587, -0.293])
    """
    as_matrix("vectors", vectors, min_rows=2)
    unit = _unit("vectors", vectors)
    means = (unit @ unit.sum(axis=0) - 1) / (len(unit) - 1)  # without each one's cosine with itself
    return {"position": int(means.argmin()), "mean_cosines": means.tolist()}


def _unit(name: str, vectors: Matrix) -> NDArray[np.float64]:
    rows = as_matrix(name, vectors)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    if not largest.all():
        msg = f"{name} must have a direction; got a row of zeros, at position {int(largest.argmin())}."
        raise InvalidInputError(msg)
    scaled = rows / largest  # keeps squares of huge and tiny values in range
    unit: NDArray[np.float64] = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    return unit


def _spread(unit: NDArray[np.float64], k: int, seed: int) -> list[int]:
    chosen = [int(as_generator(seed).integers(len(unit)))]
    nearest = unit @ unit[chosen[0]]
    while len(chosen) < k:
        nearest[chosen] = np.inf
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, unit @ unit[chosen[-1]])
    return chosen


def _positions(starts: Sequence[int], k: int, n: int) -> list[int]:
    if len(set(starts)) != k or len(starts) != k:
        msg = f"starts must be {k} different positions; got {list(starts)!r}."
        raise InvalidInputError(msg)
    for start in starts:
        check_count("starts", start, 0, n - 1)
    return list(starts)
