"""Learning from a stream: each record moves the estimator once and can then be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_vector, check_range, check_same_length
from rag_app.from_scratch.estimators.estimator import Estimator
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


@register("estimator", "M107")
class OnlineRegressor(Estimator):
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
        check_range("learning_rate", self.learning_rate, 0, open_low=True)
        rows = as_matrix("X", X)
        check_same_length(X=rows, y=as_vector("y", y))
        self.weights_, self.intercept_ = np.zeros(rows.shape[1]), 0.0
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
        with np.errstate(over="ignore", invalid="ignore"):  # seen by its result
            for x, target in zip(rows, targets.tolist(), strict=True):
                error = target - float(x @ self.weights_) - self.intercept_
                self.weights_ = self.weights_ + self.learning_rate * error * x
                self.intercept_ += self.learning_rate * error * self.intercept
                self.errors_.append(error)
        if not np.isfinite(self.weights_).all():
            msg = f"learning_rate must be small enough for finite weights; got {self.learning_rate!r}."
            raise InvalidInputError(msg, hint="Divide it by 10, or standardise the columns.")
        return self

    def predict(self, X: Matrix) -> NDArray[np.float64]:
        """Return the prediction for each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        predictions: NDArray[np.float64] = as_matrix("X", X, n_columns=len(self.weights_)) @ self.weights_
        return predictions + self.intercept_
