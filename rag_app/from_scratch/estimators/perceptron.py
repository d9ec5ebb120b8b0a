"""Perceptron: a weighted sum with a threshold, corrected after every mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rag_app.from_scratch.arrays import Labels, Matrix, as_matrix, check_count, check_range
from rag_app.from_scratch.estimators.classifier import as_examples
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray


@register("estimator", "M029")
class Perceptron(Estimator):
    """Return the second of two classes for rows whose weighted sum is above 0, else the first.

    Parameters
    ----------
    learning_rate : float, default=1.0
        Size of a correction, above 0. From weights of 0 it scales the weights and changes no prediction.
    max_epochs : int, default=1000
        Most passes over the rows.

    Notes
    -----
    An input layer with any number of inputs, and one output ``ŷ = 1 if b + w·x > 0 else 0``. Rows are visited in order,
    from weights of 0; after a mistake ``w ← w + η(y - ŷ)x`` and ``b ← b + η(y - ŷ)``. An epoch without a mistake ends
    training. It comes if and only if a line or plane separates the classes, after at most ``(R/γ)²`` corrections
    (``R``: length of the longest row with a 1 appended; ``γ``: widest margin of a plane through the origin).
    Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the brain",
    Psychological Review 65 (1958); Novikoff, "On convergence proofs on perceptrons" (1962).

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The labels in ascending order.
    weights_ : ndarray of shape (d,)
        Weight of each column.
    intercept_ : float
        The bias ``b``.
    converged_ : bool
        Whether an epoch was free of mistakes.
    updates_trace_ : list of int
        Corrections in each epoch.
    n_updates_ : int
        Their sum.

    Examples
    --------
    Logical AND, as in the chapter: 10 corrections, and -2 + 2x₁ + x₂ is above 0 for (1, 1) alone.

    >>> gate = Perceptron().fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    >>> gate.updates_trace_, gate.intercept_, gate.weights_.tolist()
    ([1, 3, 3, 2, 1, 0], -2.0, [2.0, 1.0])
    """

    classes_: NDArray[Any]

    def __init__(self, *, learning_rate: float = 1.0, max_epochs: int = 1000) -> None:
        self.learning_rate = learning_rate
        self.max_epochs = max_epochs

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Correct the weights until there is no mistake, or the epochs are used up.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The class of each row; two classes.
        """
        check_range("learning_rate", self.learning_rate, 0, open_low=True)
        check_count("max_epochs", self.max_epochs)
        rows, self.classes_, codes = as_examples(X, y, min_classes=2, max_classes=2)
        extended = np.column_stack([rows, np.ones(len(rows))])  # (n, d + 1); the last weight is b
        weights = np.zeros(extended.shape[1])
        self.updates_trace_: list[int] = []
        while len(self.updates_trace_) < self.max_epochs:
            weights, n_updates = _run_epoch(extended, codes, weights, self.learning_rate)
            self.updates_trace_.append(n_updates)
            if n_updates == 0:
                break
        self.weights_, self.intercept_ = weights[:-1], float(weights[-1])
        self.converged_ = self.updates_trace_[-1] == 0
        self.n_updates_ = sum(self.updates_trace_)
        return self

    def decision_function(self, X: Matrix) -> NDArray[np.float64]:
        """Return the weighted sum of each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        sums: NDArray[np.float64] = as_matrix("X", X, n_columns=len(self.weights_)) @ self.weights_
        return sums + self.intercept_

    def predict(self, X: Matrix) -> NDArray[Any]:
        """Return the class of each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        fires = self.decision_function(X) > 0
        return self.classes_[fires.astype(np.intp)]


def _run_epoch(
    rows: NDArray[np.float64], codes: NDArray[np.intp], weights: NDArray[np.float64], learning_rate: float
) -> tuple[NDArray[np.float64], int]:
    """Return the weights after one pass and the number of corrections; rows without a mistake are passed in one go."""
    start, n_updates = 0, 0
    while True:
        fires = (rows[start:] @ weights > 0).astype(np.intp)
        mistakes = np.flatnonzero(fires != codes[start:])
        if not mistakes.size:
            return weights, n_updates
        i = start + mistakes[0]
        weights = weights + learning_rate * (codes[i] - fires[mistakes[0]]) * rows[i]
        start, n_updates = i + 1, n_updates + 1
