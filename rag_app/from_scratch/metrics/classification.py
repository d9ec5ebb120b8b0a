"""How good predicted classes are: what the confusion matrix counts, and the shares that are made from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, as_labels, check_choice
from rag_app.from_scratch.metrics.labels import Label, as_pair, as_positives
from rag_app.registry import register

_Counts = NDArray[np.int64]
_AVERAGES = ("binary", "macro", "micro", "weighted")


@register("metric", "X001")
def accuracy(y_true: Labels, y_pred: Labels) -> float:
    """Return the share of predictions that are correct, in [0, 1].

    Parameters
    ----------
    y_true : sequence of label
        Actual classes, shape (n,).
    y_pred : sequence of label
        Predicted classes, shape (n,).

    Returns
    -------
    float
        Higher is better. Where one class is frequent it misleads: see `recall` with ``average="macro"``.

    Raises
    ------
    InvalidInputError
        If there are no labels, the lengths differ, or one is text and the other is not.

    Notes
    -----
    ``accuracy = correct predictions / all predictions``. Sokolova & Lapalme, "A systematic analysis of performance
    measures for classification tasks", Information Processing & Management 45 (2009).

    Examples
    --------
    Three of four are correct: 3 / 4.

    >>> accuracy(["spam", "ham", "ham", "spam"], ["spam", "ham", "spam", "spam"])
    0.75
    """
    actual, predicted = as_pair(y_true, y_pred)
    return float((actual == predicted).mean())


@register("metric", "X005")
def confusion_matrix(y_true: Labels, y_pred: Labels, labels: Labels | None = None) -> dict[str, Any]:
    """Return how many examples of each actual class received each predicted class.

    Parameters
    ----------
    y_true : sequence of label
        Actual classes, shape (n,).
    y_pred : sequence of label
        Predicted classes, shape (n,).
    labels : sequence of label, optional
        All classes, in the order of rows and columns; default: those that occur, sorted.

    Returns
    -------
    dict
        ``labels``, and ``counts``: a row for each actual class, a column for each predicted one, so that correct
        predictions are on the diagonal.

    Raises
    ------
    InvalidInputError
        If there are no labels, the lengths differ, or `labels` repeats a class or leaves one out.

    Notes
    -----
    ``C_ij = Σ [y = i][ŷ = j]``. Sokolova & Lapalme, "A systematic analysis of performance measures for classification
    tasks", Information Processing & Management 45 (2009).

    Examples
    --------
    Of two spam messages one is found; of three others one is a false alarm.

    >>> confusion_matrix(["spam", "spam", "ham", "ham", "ham"], ["spam", "ham", "spam", "ham", "ham"])
    {'labels': ['ham', 'spam'], 'counts': [[2, 1], [1, 1]]}
    """
    actual, predicted = as_pair(y_true, y_pred)
    occurring = np.union1d(actual, predicted)
    classes = occurring if labels is None else _ordered(as_labels("labels", labels), occurring)
    return {"labels": classes.tolist(), "counts": _counts(actual, predicted, classes).tolist()}


@register("metric", "X002")
def precision(y_true: Labels, y_pred: Labels, average: str = "binary", positive: Label | None = None) -> float:
    """Return the share of positive predictions that are correct, in [0, 1].

    Parameters
    ----------
    y_true : sequence of label
        Actual classes, shape (n,).
    y_pred : sequence of label
        Predicted classes, shape (n,).
    average : {"binary", "macro", "micro", "weighted"}, default="binary"
        "binary" looks at one class; the others average over classes: plainly, by adding up their counts first, or
        weighted by the number of actual examples.
    positive : label, optional
        The one class that "binary" looks at; default: 1, where the labels are 0 and 1.

    Returns
    -------
    float
        Higher is better; a class that is never predicted has precision 0.

    Raises
    ------
    InvalidInputError
        If there are no labels, the lengths differ, `average` is unknown, or `positive` is not one of the labels.

    Notes
    -----
    ``precision = TP / (TP + FP)``. van Rijsbergen, *Information Retrieval*, 2nd ed. (1979), chapter 7.

    Examples
    --------
    Three predicted positives, two of them correct: 2 / 3.

    >>> round(precision([1, 1, 1, 0, 0], [1, 1, 0, 1, 0]), 4)
    0.6667
    """
    return _averaged(lambda t: _share(t.hits, t.predictions), y_true, y_pred, average, positive)


@register("metric", "X003")
def recall(y_true: Labels, y_pred: Labels, average: str = "binary", positive: Label | None = None) -> float:
    """Return the share of actual positives that are found, in [0, 1].

    Parameters
    ----------
    y_true : sequence of label
        Actual classes, shape (n,).
    y_pred : sequence of label
        Predicted classes, shape (n,).
    average : {"binary", "macro", "micro", "weighted"}, default="binary"
        "binary" looks at one class; the others average over classes: plainly, by adding up their counts first, or
        weighted by the number of actual examples. "macro" is the balanced accuracy where every class occurs.
    positive : label, optional
        The one class that "binary" looks at; default: 1, where the labels are 0 and 1.

    Returns
    -------
    float
        Higher is better; a class without actual examples has recall 0.

    Raises
    ------
    InvalidInputError
        If there are no labels, the lengths differ, `average` is unknown, or `positive` is not one of the labels.

    Notes
    -----
    ``recall = TP / (TP + FN)``. van Rijsbergen, *Information Retrieval*, 2nd ed. (1979), chapter 7.

    Examples
    --------
    Always "honest" finds every honest payment and no fraud: (1 + 0) / 2.

    >>> recall(["honest"] * 95 + ["fraud"] * 5, ["honest"] * 100, average="macro")
    0.5
    """
    return _averaged(lambda t: _share(t.hits, t.examples), y_true, y_pred, average, positive)


@register("metric", "X004")
def f1_score(y_true: Labels, y_pred: Labels, average: str = "binary", positive: Label | None = None) -> float:
    """Return the harmonic mean of precision and recall, in [0, 1].

    Parameters
    ----------
    y_true : sequence of label
        Actual classes, shape (n,).
    y_pred : sequence of label
        Predicted classes, shape (n,).
    average : {"binary", "macro", "micro", "weighted"}, default="binary"
        "binary" looks at one class; the others average over classes: plainly, by adding up their counts first, or
        weighted by the number of actual examples.
    positive : label, optional
        The one class that "binary" looks at; default: 1, where the labels are 0 and 1.

    Returns
    -------
    float
        Higher is better; 0 for a class that neither occurs nor is predicted.

    Raises
    ------
    InvalidInputError
        If there are no labels, the lengths differ, `average` is unknown, or `positive` is not one of the labels.

    Notes
    -----
    ``F1 = 2 P R / (P + R) = 2 TP / (2 TP + FP + FN)``; van Rijsbergen, *Information Retrieval*, 2nd ed. (1979).

    Examples
    --------
    Precision 1 / 2 and recall 1: 2 · 0.5 · 1 / 1.5.

    >>> round(f1_score([1, 0], [1, 1]), 6)
    0.666667
    """
    return _averaged(lambda t: _share(2 * t.hits, t.predictions + t.examples), y_true, y_pred, average, positive)


class _Tally(NamedTuple):
    """For each class TP, TP + FP and TP + FN, shape (c,)."""

    hits: _Counts
    predictions: _Counts
    examples: _Counts


def _averaged(
    score: Callable[[_Tally], NDArray[np.float64]],
    y_true: Labels,
    y_pred: Labels,
    average: str,
    positive: Label | None,
) -> float:
    """Return a score of the classes, averaged as asked."""
    check_choice("average", average, _AVERAGES)
    if positive is not None and average != "binary":
        msg = f"positive must be left out where average is {average}; got {positive!r}."
        raise InvalidInputError(msg)
    actual, predicted = as_pair(y_true, y_pred)
    classes = np.union1d(actual, predicted)
    if average == "binary":
        actual, predicted = (as_positives(labels, positive, classes) for labels in (actual, predicted))
        classes = np.array([False, True])
    counts = _counts(actual, predicted, classes)  # (c, c)
    tally = _Tally(counts.diagonal(), counts.sum(axis=0), counts.sum(axis=1))
    if average == "micro":
        tally = _Tally(*(np.array([numbers.sum()]) for numbers in tally))
    scores = score(tally)
    if average == "binary":
        return float(scores[-1])
    return float(np.average(scores, weights=tally.examples if average == "weighted" else None))


def _counts(actual: NDArray[Any], predicted: NDArray[Any], classes: NDArray[Any]) -> _Counts:
    order = np.argsort(classes)
    rows, columns = (order[np.searchsorted(classes, labels, sorter=order)] for labels in (actual, predicted))
    size = len(classes)
    return np.bincount(rows * size + columns, minlength=size * size).reshape(size, size)


def _ordered(classes: NDArray[Any], occurring: NDArray[Any]) -> NDArray[Any]:
    if len(np.unique(classes)) < len(classes):
        msg = f"labels must not repeat a class; got {classes.tolist()!r}."
        raise InvalidInputError(msg)
    missing = [label for label in occurring.tolist() if label not in classes.tolist()]
    if missing:
        msg = f"labels must name every class that occurs; got none for {missing[0]!r}."
        raise InvalidInputError(msg)
    return classes


def _share(part: _Counts, whole: _Counts) -> NDArray[np.float64]:
    """Return part / whole, 0 where there is nothing to share."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
