"""What classifiers share that look at two groups while they learn: rows in, a line between two labels out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import (
    Labels,
    Matrix,
    as_labels,
    as_matrix,
    check_count,
    check_range,
    check_same_length,
)
from rag_app.from_scratch.estimators.estimator import Estimator

Array = NDArray[np.float64]
_N_RECORDED = 50


class TwoGroupClassifier(Estimator, ABC):
    """A linear classifier of two labels that is told which of two groups each training row belongs to.

    The group is needed to learn, not to predict. A subclass says how the weights descend.
    """

    classes_: NDArray[Any]
    weights_: Array
    intercept_: float

    def __init__(self, *, fairness: float = 0.0, n_steps: int = 2000) -> None:
        self.fairness = fairness
        self.n_steps = n_steps

    def fit(self, X: Matrix, y: Labels, group: Labels) -> Self:
        """Learn weights and intercept.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each person.
        y : array-like of shape (n,)
            One of two labels for each row; the one that sorts last is the favourable one.
        group : array-like of shape (n,)
            Which of two groups each row belongs to.
        """
        check_range("fairness", self.fairness, 0)
        check_count("n_steps", self.n_steps)
        rows = as_matrix("X", X)
        self.classes_, targets = as_two("y", y)
        check_same_length(X=rows, y=targets)
        _, second = as_two("group", group)
        check_same_length(X=rows, group=second)
        centre, scale = rows.mean(axis=0), rows.std(axis=0)
        scale[scale == 0] = 1  # a constant column stays at 0
        design = np.column_stack([np.ones(len(rows)), (rows - centre) / scale])  # (n, d + 1)
        # Cross-entropy curves by at most a quarter of the largest eigenvalue of the columns: no step need be shorter.
        step = 4 / float(np.linalg.eigvalsh(design.T @ design / len(design))[-1])
        weights = self._descend(design, targets, second, step)
        self.weights_ = weights[1:] / scale
        self.intercept_ = float(weights[0] - centre @ self.weights_)
        return self

    @abstractmethod
    def _descend(self, design: Array, targets: Array, second: Array, step: float) -> Array:
        """Return weights of shape (d + 1,), learnt from standardised columns, labels 0 and 1, and groups 0 and 1.

        `step` is the length of a step that plain logistic regression descends by.
        """

    def predict_proba(self, X: Matrix) -> Array:
        """Return the probability of each class for each row, shape (m, 2).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        chances = probabilities_of(as_matrix("X", X, n_columns=len(self.weights_)) @ self.weights_ + self.intercept_)
        return np.column_stack([1 - chances, chances])

    def predict(self, X: Matrix) -> NDArray[Any]:
        """Return the more probable class of each row.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        chosen = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[chosen]
        return labels


def as_two(name: str, labels: Labels) -> tuple[NDArray[Any], Array]:
    """Return the two labels that occur, and 0 or 1 for each example.

    Raises
    ------
    InvalidInputError
        If there are not exactly two.

    Examples
    --------
    >>> as_two("group", ["b", "a", "b"])
    (array(['a', 'b'], dtype='<U1'), array([1., 0., 1.]))
    """
    names, codes = np.unique(as_labels(name, labels), return_inverse=True)
    if len(names) != 2:  # noqa: PLR2004  (a gap is between two)
        msg = f"{name} must hold exactly two different labels; got {len(names)}."
        raise InvalidInputError(msg)
    return names, codes.astype(float)


def contrast_of(second: Array) -> Array:
    """Return what makes the gap between group means: 1/n_b for the second group, -1/n_a for the first, shape (n,).

    Examples
    --------
    >>> contrast_of(np.array([0.0, 0.0, 1.0])).tolist()
    [-0.5, -0.5, 1.0]
    """
    contrast: Array = second / second.sum() - (1 - second) / (1 - second).sum()
    return contrast


def probabilities_of(logits: Array) -> Array:
    """Return the sigmoid of logits, ``1 / (1 + e^-z)``, without overflow."""
    chances: Array = np.exp(-np.logaddexp(0, -logits))
    return chances


def thinned(curve: Array) -> Array:
    """Return at most 50 evenly spaced points of a curve, its ends among them."""
    picked: Array = curve[np.unique(np.linspace(0, len(curve) - 1, _N_RECORDED).astype(int))]
    return picked
