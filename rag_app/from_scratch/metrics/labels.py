"""Class labels as numbers that metrics can count: codes, positives, yes-or-no outcomes and their probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Vector, as_labels, as_vector, check_same_length

Label = bool | int | float | str


def as_pair(y_true: Labels, y_pred: Labels) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return actual and predicted labels as arrays of shape (n,), both of text or both of numbers.

    Raises
    ------
    InvalidInputError
        If one is no list of labels, the lengths differ, or one is text and the other is not.

    Examples
    --------
    >>> as_pair(["spam", "ham"], [1, 0])
    Traceback (most recent call last):
    rag_app.errors.InvalidInputError: y_true and y_pred must be both text or both numbers; got 'spam' and 1.
    """
    actual, predicted = as_labels("y_true", y_true), as_labels("y_pred", y_pred)
    check_same_length(y_true=actual, y_pred=predicted)
    if (actual.dtype.kind == "U") != (predicted.dtype.kind == "U"):
        first = actual[0].item(), predicted[0].item()
        msg = f"y_true and y_pred must be both text or both numbers; got {first[0]!r} and {first[1]!r}."
        raise InvalidInputError(msg)
    return actual, predicted


def as_positives(labels: NDArray[Any], positive: Label | None, classes: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which labels are the positive one, as an array of shape (n,).

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Labels of examples.
    positive : label, optional
        The class that one is looking for; default: 1, where no class but 0 and 1 occurs.
    classes : ndarray
        The classes that occur.

    Raises
    ------
    InvalidInputError
        If the positive class is not among the classes.

    Examples
    --------
    >>> as_positives(np.array([0, 1, 1]), None, np.array([0, 1])).tolist()
    [False, True, True]
    >>> as_positives(np.array(["ham", "spam"]), None, np.array(["ham", "spam"]))
    Traceback (most recent call last):
    rag_app.errors.InvalidInputError: positive must be one of the labels 'ham', 'spam'; got None. Pass positive='spam'.
    """
    known = classes.tolist()
    if set(known) <= {0, 1}:  # either may be missing from a small sample
        known, positive = [0, 1], 1 if positive is None else positive
    if positive not in known:
        listed = ", ".join(map(repr, known[:8])) + (", …" if len(known) > 8 else "")  # noqa: PLR2004  (what fits)
        msg = f"positive must be one of the labels {listed}; got {positive!r}."
        raise InvalidInputError(msg, hint=f"Pass positive={known[-1]!r}.")
    return np.asarray(labels == positive, bool)


def as_outcomes(name: str, values: Labels) -> NDArray[np.bool_]:
    """Return outcomes, each 0 or 1, as an array of shape (n,).

    Raises
    ------
    InvalidInputError
        If there is none, or one is neither 0 (or false) nor 1 (or true).

    Examples
    --------
    >>> as_outcomes("selected", [1, 0, True]).tolist()
    [True, False, True]
    """
    array = as_labels(name, values)
    wrong = [v for v in np.unique(array).tolist() if v not in (0, 1)]
    if wrong:
        msg = f"{name} must hold only 0 and 1; got {wrong[0]!r}."
        raise InvalidInputError(msg)
    return array.astype(bool)


def as_chances(name: str, values: Vector) -> NDArray[np.float64]:
    """Return the probabilities of outcomes, each in [0, 1], as an array of shape (n,).

    Raises
    ------
    InvalidInputError
        If there is none, or one is outside of [0, 1].

    Examples
    --------
    >>> as_chances("probabilities", [0.2, 1.5])
    Traceback (most recent call last):
    rag_app.errors.InvalidInputError: probabilities must lie in [0, 1]; got 1.5.
    """
    array = as_vector(name, values)
    wrong = array[(array < 0) | (array > 1)]
    if len(wrong):
        msg = f"{name} must lie in [0, 1]; got {wrong[0].item()}."
        raise InvalidInputError(msg)
    return array
