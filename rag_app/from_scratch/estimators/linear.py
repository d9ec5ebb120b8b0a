"""Lines and planes through numbers: least squares, and least squares with a penalty on large weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_vector, check_same_length
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray


@register("estimator", "M006")
class LinearRegression(Estimator):
    """Return the line or plane with the smallest sum of squared errors.

    Notes
    -----
    ``w = argmin ‖y - Xw - b‖²``, solved on centred data by the pseudo-inverse, which picks the shortest ``w`` where
    several are best. Legendre, *Nouvelles méthodes pour la détermination des orbites des comètes* (1805).

    Attributes
    ----------
    weights_ : ndarray of shape (d,)
        Change of the prediction per unit of each column.
    intercept_ : float
        Prediction where every column is 0.
    r2_ : float
        Share of the variance of ``y`` that the fit explains, at most 1; 0 where ``y`` is constant.

    Examples
    --------
    Three points on ``y = 2x + 3``.

    >>> line = LinearRegression().fit([[1], [2], [3]], [5, 7, 9])
    >>> line.weights_.round(6).tolist(), round(line.intercept_, 6), round(line.r2_, 6)
    ([2.0], 3.0, 1.0)
    """

    def fit(self, X: Matrix, y: Vector) -> Self:
        """Learn weights and intercept.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The number to predict for each row.
        """
        rows, targets = as_matrix("X", X), as_vector("y", y)
        check_same_length(X=rows, y=targets)
        centre, level = rows.mean(axis=0), float(targets.mean())
        self.weights_ = np.linalg.lstsq(rows - centre, targets - level, rcond=None)[0]
        self.intercept_ = level - float(centre @ self.weights_)
        spread = float(((targets - level) ** 2).sum())
        errors = targets - rows @ self.weights_ - self.intercept_
        self.r2_ = 1 - float(errors @ errors) / spread if spread else 0.0
        return self

    def predict(self, X: Matrix) -> NDArray[np.float64]:
        """Return the prediction for each row.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        predictions: NDArray[np.float64] = as_matrix("X", X, n_columns=len(self.weights_)) @ self.weights_
        return predictions + self.intercept_
