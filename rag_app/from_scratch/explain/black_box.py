"""What is explained: an estimator of the register, as a function from rows to one number each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Matrix, Vector, as_labels, as_matrix, as_vector, check_same_length
from rag_app.from_scratch.estimators.specification import Predictor

Rows = NDArray[np.float64]


def as_question(X: Matrix, y: Labels, x: Vector) -> tuple[Rows, NDArray[Any], Rows]:
    """Return rows of shape (n, d), answers of shape (n,), and the row of shape (d,) that is explained.

    Raises
    ------
    InvalidInputError
        If one is no such array, or the shapes don't fit.

    Examples
    --------
    >>> as_question([[1, 2]], [0], [3])
    Traceback (most recent call last):
    rag_app.errors.InvalidInputError: x must hold one number for each of the 2 columns of X; got 1.
    """
    rows, answers, row = as_matrix("X", X), as_labels("y", y), as_vector("x", x)
    check_same_length(X=rows, y=answers)
    if len(row) != rows.shape[1]:
        msg = f"x must hold one number for each of the {rows.shape[1]} columns of X; got {len(row)}."
        raise InvalidInputError(msg)
    return rows, answers, row


class Output(NamedTuple):
    """One number for each row, and what it is."""

    of_rows: Callable[[Rows], NDArray[np.float64]]
    meaning: str


def build_output(fitted: Predictor, x: Rows) -> Output:
    """Return the number that a fitted estimator gives rows: its prediction, or how probable it finds x's class.

    Parameters
    ----------
    fitted : estimator
        Predicts numbers; or has ``classes_`` and ``predict_proba``.
    x : ndarray of shape (d,)
        The row whose prediction is explained.

    Raises
    ------
    InvalidInputError
        If it predicts labels without probabilities.

    Examples
    --------
    >>> from rag_app.from_scratch.estimators.linear import LinearRegression
    >>> output = build_output(LinearRegression().fit([[0], [1]], [1, 3]), np.array([2.0]))
    >>> output.meaning, output.of_rows(np.array([[2.0]])).round(6)
    ('prediction', array([5.]))
    """
    known: Any = fitted
    if hasattr(known, "predict_proba"):
        column = int(np.argmax(known.predict_proba(x[np.newaxis])[0]))
        label = np.asarray(known.classes_)[column].item()
        return Output(lambda rows: np.asarray(known.predict_proba(rows))[:, column], f"probability of {label!r}")
    if hasattr(known, "classes_"):
        msg = f"estimator must predict numbers or have predict_proba; got {type(known).__name__}."
        raise InvalidInputError(msg)
    return Output(lambda rows: np.asarray(known.predict(rows), float), "prediction")
