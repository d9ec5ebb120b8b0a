"""Learning from a stream: each record moves the estimator once and can then be forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import (
    Labels,
    Matrix,
    Vector,
    as_labels,
    as_matrix,
    as_vector,
    check_range,
    check_same_length,
)
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.statistics.logistic import sigmoid
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray


@register("tool", "M107")
def streaming_moments(values: Vector) -> dict[str, list[float]]:
    """Return the mean and the variances of a stream after each of its numbers, of which none is kept.

    Parameters
    ----------
    values : array-like of shape (n,)
        The stream, in the order of arrival.

    Returns
    -------
    dict
        "means", "deviations" (sums of squared deviations from the mean) and "variances" (population variances) after
        each number; the variance of a single number is 0.

    Raises
    ------
    InvalidInputError
        If there are no numbers, or one is not finite.

    Notes
    -----
    ``δ = x - μ``, ``μ ← μ + δ/n``, ``M ← M + δ(x - μ)``, and the variance is ``M/n``; ``Σx² - nμ²`` would cancel where
    the mean is large. Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics
    4 (1962).

    Examples
    --------
    The third: δ = 9 - 3 = 6, μ = 3 + 6/3 = 5, M = 2 + 6 · 4 = 26.

    >>> streaming_moments([2, 4, 9])["means"], streaming_moments([2, 4, 9])["deviations"]
    ([2.0, 3.0, 5.0], [0.0, 2.0, 26.0])
    """
    mean, deviation = 0.0, 0.0
    means, deviations, variances = [], [], []
    for n, x in enumerate(as_vector("values", values).tolist(), 1):
        delta = x - mean
        mean += delta / n
        deviation += delta * (x - mean)
        means.append(mean)
        deviations.append(deviation)
        variances.append(deviation / n)
    return {"means": means, "deviations": deviations, "variances": variances}


class _OnlinePlane(Estimator):
    """What both have: a plane that each record of a stream moves along the gradient of its loss."""

    learning_rate: float
    intercept: bool
    weights_: NDArray[np.float64]
    intercept_: float

    def _begin(self, rows: NDArray[np.float64]) -> None:
        check_range("learning_rate", self.learning_rate, 0, open_low=True)
        self.weights_, self.intercept_ = np.zeros(rows.shape[1]), 0.0

    def _follow(
        self, rows: NDArray[np.float64], targets: NDArray[np.float64], link: Callable[[Any], Any]
    ) -> list[float]:
        """Take a step for each record, and return how far `link` of the plane was below its target before that."""
        errors = []
        with np.errstate(over="ignore", invalid="ignore"):  # seen by its result
            for x, target in zip(rows, targets.tolist(), strict=True):
                error = target - float(link(x @ self.weights_ + self.intercept_))
                self.weights_ = self.weights_ + self.learning_rate * error * x
                self.intercept_ += self.learning_rate * error * self.intercept
                errors.append(error)
        if not np.isfinite(self.weights_).all():
            msg = f"learning_rate must be small enough for finite weights; got {self.learning_rate!r}."
            raise InvalidInputError(msg, hint="Divide it by 10, or standardise the columns.")
        return errors

    def _heights(self, X: Matrix) -> NDArray[np.float64]:
        """Return the height of the plane at each row, shape (m,)."""
        self.check_fitted()
        heights: NDArray[np.float64] = as_matrix("X", X, n_columns=len(self.weights_)) @ self.weights_
        return heights + self.intercept_


@register("estimator", "M107")
class OnlineRegressor(_OnlinePlane):
    """Return predictions of a plane that is moved a little by each record of a stream.

    Parameters
    ----------
    learning_rate : float, default=0.1
        Size of a step, above 0; a larger one follows change faster and is more disturbed by noise.
    intercept : bool, default=True
        Whether the plane may miss the origin.

    Notes
    -----
    ``w ← w + η (y - ŷ) x`` for each record, the gradient step of ``½(y - ŷ)²``. The error of a record is taken before
    it is learnt from (prequential), so that every error is one on new data. Widrow & Hoff, "Adaptive switching
    circuits", IRE WESCON (1960).

    Attributes
    ----------
    weights_ : ndarray of shape (d,)
        Change of the prediction per unit of each column.
    intercept_ : float
        Prediction where every column is 0.
    errors_ : list of float
        ``y - ŷ`` of each record, before it was learnt from.

    Examples
    --------
    w = 0 + 0.1 · 2 · 1 = 0.2, then 0.2 + 0.1 · 3.6 · 2 = 0.92, then 0.92 + 0.1 · 1.08 · 1 = 1.028.

    >>> estimator = OnlineRegressor(intercept=False).fit([[1], [2], [1]], [2, 4, 2])
    >>> [round(e, 6) for e in estimator.errors_], estimator.weights_.round(6).tolist()
    ([2.0, 3.6, 1.08], [1.028])
    """

    def __init__(self, *, learning_rate: float = 0.1, intercept: bool = True) -> None:
        self.learning_rate = learning_rate
        self.intercept = intercept

    def fit(self, X: Matrix, y: Vector) -> Self:
        """Begin anew with a stream.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each record, in the order of arrival.
        y : array-like of shape (n,)
            The number to predict for each row.
        """
        rows = as_matrix("X", X)
        check_same_length(X=rows, y=as_vector("y", y))
        self._begin(rows)
        self.errors_: list[float] = []
        return self.partial_fit(rows, y)

    def partial_fit(self, X: Matrix, y: Vector) -> Self:
        """Go on with the stream; the first call is a `fit`.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each record, in the order of arrival.
        y : array-like of shape (n,)
            The number to predict for each row.
        """
        if not self.learnt:
            return self.fit(X, y)
        rows, targets = as_matrix("X", X, n_columns=len(self.weights_)), as_vector("y", y)
        check_same_length(X=rows, y=targets)
        self.errors_ += self._follow(rows, targets, lambda height: height)
        return self

    def predict(self, X: Matrix) -> NDArray[np.float64]:
        """Return the prediction for each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        return self._heights(X)


@register("estimator", "M107")
class OnlineClassifier(_OnlinePlane):
    """Return one of two classes for each row, from a boundary that is moved a little by each record of a stream.

    Parameters
    ----------
    learning_rate : float, default=0.1
        Size of a step, above 0; a larger one follows change faster and is more disturbed by noise.
    intercept : bool, default=True
        Whether the boundary may miss the origin.
    classes : list of int, float or str, optional
        The two classes, where the first records may show one alone; default: those of the first records.

    Notes
    -----
    ``w ← w + η (t - σ(w·x + b)) x`` for each record, the gradient step of the cross-entropy, t being 1 for the second
    class in ascending order and 0 for the first. The error of a record is taken before it is learnt from
    (prequential). Bottou, "Large-scale machine learning with stochastic gradient descent", COMPSTAT (2010).

    Attributes
    ----------
    weights_ : ndarray of shape (d,)
        Change of the log-odds of the second class per unit of each column.
    intercept_ : float
        Log-odds where every column is 0.
    classes_ : ndarray of shape (2,)
        The classes in ascending order.
    errors_ : list of float
        ``t - σ(w·x + b)`` of each record, before it was learnt from; above 1/2 in size for a wrong answer.

    Examples
    --------
    At first the odds are even: w = 0.1 · (1 - 0.5) · 2 = 0.1; then σ(-0.1) = 0.475, w = 0.1 + 0.1 · 0.475 = 0.1475.

    >>> estimator = OnlineClassifier(intercept=False).fit([[2], [-1]], ["spam", "ham"])
    >>> [round(e, 6) for e in estimator.errors_], estimator.weights_.round(6).tolist()
    ([0.5, -0.475021], [0.147502])
    >>> estimator.predict([[1], [-3]]).tolist()
    ['spam', 'ham']
    """

    def __init__(
        self, *, learning_rate: float = 0.1, intercept: bool = True, classes: Sequence[float | str] | None = None
    ) -> None:
        self.learning_rate = learning_rate
        self.intercept = intercept
        self.classes = classes

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Begin anew with a stream.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each record, in the order of arrival.
        y : array-like of shape (n,)
            The class of each record.
        """
        rows, labels = as_matrix("X", X), as_labels("y", y)
        check_same_length(X=rows, y=labels)
        known = np.unique(labels if self.classes is None else as_labels("classes", self.classes))
        if len(known) != 2:  # noqa: PLR2004  (the sides of a boundary)
            name = "y" if self.classes is None else "classes"
            msg = f"{name} must hold two different classes; got {known.tolist()[:5]!r}."
            raise InvalidInputError(msg, hint="Name both in classes, where the stream begins with one.")
        self._begin(rows)
        self.classes_ = known
        self.errors_: list[float] = []
        return self.partial_fit(rows, labels)

    def partial_fit(self, X: Matrix, y: Labels) -> Self:
        """Go on with the stream; the first call is a `fit`.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each record, in the order of arrival.
        y : array-like of shape (n,)
            The class of each record.
        """
        if not self.learnt:
            return self.fit(X, y)
        rows, labels = as_matrix("X", X, n_columns=len(self.weights_)), as_labels("y", y)
        check_same_length(X=rows, y=labels)
        unknown = labels[~np.isin(labels, self.classes_)]
        if len(unknown):
            msg = f"y must hold the classes {self.classes_.tolist()!r} alone; got {unknown[0].item()!r}."
            raise InvalidInputError(msg)
        self.errors_ += self._follow(rows, (labels == self.classes_[1]).astype(float), sigmoid)
        return self

    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return the probability of each class for each row, shape (m, 2).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        second = sigmoid(self._heights(X))
        return np.column_stack([1 - second, second])

    def predict(self, X: Matrix) -> NDArray[Any]:
        """Return the more probable class of each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        is_second = (self._heights(X) > 0).astype(int)
        labels: NDArray[Any] = self.classes_[is_second]
        return labels
