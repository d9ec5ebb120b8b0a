"""How well scores put positives before negatives, whatever threshold is chosen in the end."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Vector, as_labels, as_vector, check_same_length
from rag_app.from_scratch.metrics.labels import Label, as_positives
from rag_app.registry import register


@register("metric", "X006")
def roc_curve(y_true: Labels, scores: Vector, positive: Label | None = None) -> dict[str, list[float]]:
    """Return the true and the false positive rate at every threshold of a score.

    Parameters
    ----------
    y_true : sequence of label
        Actual classes, shape (n,); both classes occur.
    scores : sequence of float
        A score for each example, shape (n,), higher for the positive class.
    positive : label, optional
        The positive class; default: 1, where the labels are 0 and 1.

    Returns
    -------
    dict
        ``false_positive_rates``, ``true_positive_rates`` and ``thresholds``, from (0, 0), where nothing is called
        positive and the threshold is infinite, to (1, 1). A score of at least the threshold is called positive;
        equal scores are passed together.

    Raises
    ------
    InvalidInputError
        If the lengths differ, a score is not finite, or one of the classes does not occur.

    Notes
    -----
    ``TPR = TP / (TP + FN)``, ``FPR = FP / (FP + TN)``. Fawcett, "An introduction to ROC analysis", Pattern
    Recognition Letters 27 (2006).

    Examples
    --------
    In falling order of scores: a positive, a negative, a positive, a negative.

    >>> curve = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> curve["false_positive_rates"], curve["true_positive_rates"]
    ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0])
    """
    passed = _passed(y_true, scores, positive)
    return {
        "false_positive_rates": [0.0, *(passed.negatives / passed.negatives[-1]).tolist()],
        "true_positive_rates": [0.0, *(passed.positives / passed.positives[-1]).tolist()],
        "thresholds": [float("inf"), *passed.thresholds.tolist()],
    }


@register("metric", "X007")
def roc_auc_score(y_true: Labels, scores: Vector, positive: Label | None = None) -> float:
    """Return the area under the ROC curve: how probably a positive scores higher than a negative, in [0, 1].

    Parameters
    ----------
    y_true : sequence of label
        Actual classes, shape (n,); both classes occur.
    scores : sequence of float
        A score for each example, shape (n,), higher for the positive class.
    positive : label, optional
        The positive class; default: 1, where the labels are 0 and 1.

    Returns
    -------
    float
        1 for a perfect ranking, 0.5 where all scores are equal, 0 for the reversed ranking; higher is better.

    Raises
    ------
    InvalidInputError
        If the lengths differ, a score is not finite, or one of the classes does not occur.

    Notes
    -----
    ``AUC = U / (n1 n0)``, where the Mann-Whitney statistic U counts the pairs of a positive and a negative that are in
    order, ties as one half. Hanley & McNeil, "The meaning and use of the area under a receiver operating
    characteristic (ROC) curve", Radiology 143 (1982).

    Examples
    --------
    Of 2 · 2 pairs, one is out of order (0.35 against 0.4): 3 / 4.

    >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    passed = _passed(y_true, scores, positive)
    # A tied group adds a trapezium: its negatives, times the positives above it and half of those in it.
    above = np.concatenate([[0], passed.positives[:-1]])
    pairs = np.diff(passed.negatives, prepend=0) * (above + passed.positives) / 2
    return float(pairs.sum() / (passed.positives[-1] * passed.negatives[-1]))


@register("metric", "07.2")
def precision_recall_curve(y_true: Labels, scores: Vector, positive: Label | None = None) -> dict[str, Any]:
    """Return precision and recall at every threshold of a score, and the average precision.

    Parameters
    ----------
    y_true : sequence of label
        Actual classes, shape (n,); both classes occur.
    scores : sequence of float
        A score for each example, shape (n,), higher for the positive class.
    positive : label, optional
        The positive class; default: 1, where the labels are 0 and 1.

    Returns
    -------
    dict
        ``precisions``, ``recalls`` and ``thresholds``, from the highest score to the lowest, and
        ``average_precision``, the area under their steps, in [0, 1]; higher is better. Where positives are rare it
        shows what the ROC curve hides.

    Raises
    ------
    InvalidInputError
        If the lengths differ, a score is not finite, or one of the classes does not occur.

    Notes
    -----
    ``AP = Σ (R_i - R_{i-1}) P_i``. Davis & Goadrich, "The relationship between precision-recall and ROC curves",
    ICML 2006.

    Examples
    --------
    Precisions 1, 1/2, 2/3, 1/2 at recalls 1/2, 1/2, 1, 1: 1/2 · 1 + 1/2 · 2/3 = 5/6.

    >>> curve = precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> curve["recalls"], round(curve["average_precision"], 4)
    ([0.5, 0.5, 1.0, 1.0], 0.8333)
    """
    passed = _passed(y_true, scores, positive)
    precisions = passed.positives / (passed.positives + passed.negatives)
    recalls = passed.positives / passed.positives[-1]
    return {
        "precisions": precisions.tolist(),
        "recalls": recalls.tolist(),
        "thresholds": passed.thresholds.tolist(),
        "average_precision": float(np.diff(recalls, prepend=0) @ precisions),
    }


class _Passed(NamedTuple):
    """How many positives and negatives score at least each threshold, of which there are t, falling."""

    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]
    thresholds: NDArray[np.float64]


def _passed(y_true: Labels, scores: Vector, positive: Label | None) -> _Passed:
    labels, values = as_labels("y_true", y_true), as_vector("scores", scores)
    check_same_length(y_true=labels, scores=values)
    is_positive = as_positives(labels, positive, np.unique(labels))
    if is_positive.all() or not is_positive.any():
        msg = f"y_true must hold positives and negatives; got only {labels[0].item()!r}."
        raise InvalidInputError(msg)
    order = np.argsort(values)[::-1]  # (n,)
    falling = values[order]
    last = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)  # (t,): the last example of each score
    positives = np.cumsum(is_positive[order])[last]
    return _Passed(positives, last + 1 - positives, falling[last])
