"""How far two raters agree: beyond chance on labels, and on the order of scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import Labels, Vector
from rag_app.from_scratch.metrics.labels import as_pair as as_label_pair
from rag_app.from_scratch.metrics.regression import as_pair as as_number_pair
from rag_app.registry import register


@register("metric", "21.1")
def cohen_kappa(y_true: Labels, y_pred: Labels) -> float:
    """Return how far two raters agree on labels beyond what chance explains (Cohen's kappa), at most 1.

    Parameters
    ----------
    y_true : sequence of label
        What one rater says, shape (n,).
    y_pred : sequence of label
        What the other one says, shape (n,).

    Returns
    -------
    float
        1 for perfect agreement, 0 for that of chance, below 0 for less; higher is better. Where both say one and the
        same label throughout, it is 1.

    Raises
    ------
    InvalidInputError
        If there are no labels, the lengths differ, or one is text and the other is not.

    Notes
    -----
    ``κ = (p_o - p_e) / (1 - p_e)`` with the observed agreement p_o, and p_e, the sum over labels of the product of both
    raters' shares. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20
    (1960).

    Examples
    --------
    Eight of ten answers are judged alike; each calls six of them good: (0.8 - 0.52) / (1 - 0.52).

    >>> round(cohen_kappa([1] * 6 + [0] * 4, [1] * 5 + [0] * 4 + [1]), 4)
    0.5833
    """
    a, b = as_label_pair(y_true, y_pred)
    kinds = np.union1d(a, b)
    if len(kinds) == 1:
        return 1.0
    expected = sum(float((a == kind).mean() * (b == kind).mean()) for kind in kinds)
    return float(((a == b).mean() - expected) / (1 - expected))


@register("metric", "21.1")
def rank_correlation(y_true: Vector, y_pred: Vector) -> float:
    """Return how far two raters order examples alike (Spearman's rank correlation), in [-1, 1].

    Parameters
    ----------
    y_true : sequence of float
        Scores of one rater, shape (n,).
    y_pred : sequence of float
        Scores of the other one, shape (n,).

    Returns
    -------
    float
        1 for the same order, -1 for the opposite one; higher is better. Where a rater gives all examples the same score
        there is no order, and it is 0.

    Raises
    ------
    InvalidInputError
        If there are no scores, one is not finite, or the lengths differ.

    Notes
    -----
    The correlation of ranks, where ties share the mean of their ranks: ``ρ = cov(r, s) / (σ_r σ_s)``. Spearman, "The
    proof and measurement of association between two things", American Journal of Psychology 15 (1904).

    Examples
    --------
    Two neighbours out of four are exchanged: 1 - 6 · (1 + 1) / (4 · 15).

    >>> round(rank_correlation([1, 2, 3, 4], [10, 20, 40, 30]), 4)
    0.8
    """
    a, b = (_ranks(values) for values in as_number_pair(y_true, y_pred))
    if not a.any() or not b.any():
        return 0.0
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks from their mean; ties share theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[which]
    return ranks - (len(values) + 1) / 2
