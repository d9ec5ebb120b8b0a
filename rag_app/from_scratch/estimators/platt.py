"""Platt scaling: probabilities from the scores of a classifier that has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from rag_app.from_scratch.arrays import Labels, Matrix, Vector, as_vector
from rag_app.from_scratch.estimators.classifier import Classifier, as_examples
from rag_app.from_scratch.estimators.logistic import SoftmaxCost
from rag_app.from_scratch.estimators.svm import SupportVectorClassifier
from rag_app.from_scratch.metrics.validation import stratified_kfold
from rag_app.from_scratch.statistics.logistic import sigmoid
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_STEPS = 100


@register("tool", "M010")
def platt_scaling(scores: Vector, y: Labels) -> dict[str, Any]:
    """Return the sigmoid that turns a classifier's scores into probabilities of the second class.

    Parameters
    ----------
    scores : list of float
        Scores of examples that the classifier was not trained on, shape (n,).
    y : list of labels
        The class of each example; two classes.

    Returns
    -------
    dict
        ``slope`` and ``offset`` of the sigmoid, and the ``probabilities`` of the given scores. The slope is 0 where all
        scores are equal.

    Raises
    ------
    InvalidInputError
        If lengths differ, a score is not finite, or there are not exactly two classes.

    Notes
    -----
    ``p = σ(slope · s + offset)``, fitted by log loss to the targets ``(n₊ + 1) / (n₊ + 2)`` and ``1 / (n₋ + 2)``
    instead of 1 and 0, so that it stays finite on few examples. Platt, "Probabilistic outputs for support vector
    machines and comparisons to regularized likelihood methods", in *Advances in Large Margin Classifiers* (1999).

    Examples
    --------
    By symmetry a score of 0 means 1/2; the targets are 3/4 and 1/4, which the scores ±1 meet exactly: ln 3 = 1.0986.

    >>> found = platt_scaling([-1, -1, 1, 1], [0, 0, 1, 1])
    >>> round(found["slope"], 4), round(abs(found["offset"]), 4), [round(p, 4) for p in found["probabilities"]]
    (1.0986, 0.0, [0.25, 0.25, 0.75, 0.75])
    """
    numbers = as_vector("scores", scores)
    columns, _, codes = as_examples(numbers[:, None], y, min_classes=2, max_classes=2)
    slope, offset = _fit_sigmoid(columns[:, 0], codes == 1)
    return {
        "slope": slope,
        "offset": offset,
        "probabilities": [float(p) for p in sigmoid(slope * numbers + offset)],
    }


@register("estimator", "M010")
class PlattSupportVectorClassifier(Classifier):
    """Return the probability of each class from the scores of a support vector machine.

    Parameters
    ----------
    C : float, default=1.0
        Price of an example inside the margin or on the wrong side, above 0.
    kernel : {"linear", "rbf"}, default="linear"
        Straight or curved boundary.
    gamma : float, optional
        How fast similarity falls with distance, above 0; default: ``1 / (d · variance of X)``.
    n_folds : int, default=5
        Machines that are trained beside the one that stays, to have scores of examples that they have not seen, at
        least 2.
    seed : int, default=0
        Seed of the division into folds.

    Notes
    -----
    Scores on the machine's own training data are too good, so each fold is scored by a machine trained on the others;
    the sigmoid of `platt_scaling` is fitted to these. Of more than two classes, each has a machine and a sigmoid, and
    the probabilities are divided by their sum. Platt, "Probabilistic outputs for support vector machines and
    comparisons to regularized likelihood methods", in *Advances in Large Margin Classifiers* (1999).

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels in ascending order.
    machine_ : SupportVectorClassifier
        The machine trained on all examples.
    slopes_ : ndarray of shape (1,) or (K,)
        Slope of the sigmoid of each machine.
    offsets_ : ndarray of shape (1,) or (K,)
        Its offset.

    Examples
    --------
    >>> X, y = [[-3], [-2.5], [-2], [-1], [1], [2], [2.5], [3]], [0, 0, 0, 0, 1, 1, 1, 1]
    >>> PlattSupportVectorClassifier(n_folds=4).fit(X, y).predict([[-1.5], [1.5]]).tolist()
    [0, 1]
    """

    def __init__(
        self,
        *,
        C: float = 1.0,
        kernel: Literal["linear", "rbf"] = "linear",
        gamma: float | None = None,
        n_folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.C = C
        self.kernel = kernel
        self.gamma = gamma
        self.n_folds = n_folds
        self.seed = seed

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Train the machines and fit the sigmoids.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The class of each row; two or more classes, at least `n_folds` rows of each.
        """
        rows, self.classes_, codes = as_examples(X, y, min_classes=2)
        self.machine_ = self._machine().fit(rows, codes)
        scores = np.zeros((len(rows), len(self.machine_.intercepts_)))
        for fold in stratified_kfold(codes, self.n_folds, self.seed):
            machine = self._machine().fit(np.delete(rows, fold, axis=0), np.delete(codes, fold))
            scores[fold] = _columns(machine.decision_function(rows[fold]))
        positive = [1] if scores.shape[1] == 1 else range(scores.shape[1])
        fitted = [_fit_sigmoid(s, codes == k) for s, k in zip(scores.T, positive, strict=True)]
        self.slopes_, self.offsets_ = np.array(fitted).T
        return self

    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return the probability of each class for each row, shape (m, K).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        p = sigmoid(_columns(self.machine_.decision_function(X)) * self.slopes_ + self.offsets_)
        if p.shape[1] == 1:
            return np.hstack([1 - p, p])
        shares: NDArray[np.float64] = p / p.sum(axis=1, keepdims=True)
        return shares

    def _machine(self) -> SupportVectorClassifier:
        return SupportVectorClassifier(C=self.C, kernel=self.kernel, gamma=self.gamma)


def _columns(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return scores.reshape(len(scores), -1)


def _fit_sigmoid(scores: NDArray[np.float64], is_positive: NDArray[np.bool_]) -> tuple[float, float]:
    n_positive = int(is_positive.sum())
    n_negative = len(scores) - n_positive
    targets = np.where(is_positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    W, _ = SoftmaxCost(scores[:, None], np.stack([1 - targets, targets], axis=1), 0.0).minimise(_MAX_STEPS)
    return float(W[0, 0]), float(W[1, 0])
