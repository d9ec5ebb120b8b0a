"""Columns brought to a common range, or to mean 0 and standard deviation 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_matrix, check_range
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _Scaler(Estimator):
    """A line through each column: ``(x - shift) * factor + start``, and back."""

    shift_: NDArray[np.float64]
    factor_: NDArray[np.float64]
    start = 0.0

    def transform(self, X: Matrix) -> NDArray[np.float64]:
        """Return the rows, scaled, shape (m, d).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`; what lies outside of the range of those ends outside of the new range.
        """
        self.check_fitted()
        scaled: NDArray[np.float64] = (self._rows(X) - self.shift_) * self.factor_ + self.start
        return scaled

    def inverse_transform(self, X: Matrix) -> NDArray[np.float64]:
        """Return scaled rows as they were before, shape (m, d).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as `transform` returns them.
        """
        self.check_fitted()
        before: NDArray[np.float64] = (self._rows(X) - self.start) / self.factor_ + self.shift_
        return before

    def _rows(self, X: Matrix) -> NDArray[np.float64]:
        return as_matrix("X", X, n_columns=len(self.shift_))


@register("estimator", "D001")
class MinMaxScaler(_Scaler):
    """Return rows in which the least training value of each column is 0 and the greatest 1, or other limits.

    Parameters
    ----------
    low : float, default=0.0
        New least value.
    high : float, default=1.0
        New greatest value, above `low`.

    Notes
    -----
    ``x' = a + (x - min) (b - a) / (max - min)``. A constant column becomes `low`. Han, Kamber & Pei, *Data mining:
    concepts and techniques*, 3rd ed. (2011), section 3.5.

    Attributes
    ----------
    shift_ : ndarray of shape (d,)
        Least training value of each column.
    factor_ : ndarray of shape (d,)
        New units for each old one.

    Examples
    --------
    From 10 to 50 are 40 units: 0/40, 10/40, 15/40, 40/40.

    >>> scaler = MinMaxScaler().fit([[10], [20], [25], [50]])
    >>> scaler.transform([[10], [20], [25], [50]]).ravel().tolist()
    [0.0, 0.25, 0.375, 1.0]
    """

    def __init__(self, *, low: float = 0.0, high: float = 1.0) -> None:
        self.low = low
        self.high = high

    @property
    def start(self) -> float:  # type: ignore[override]  # 0 for the others
        """Where the least training value goes."""
        return self.low

    def fit(self, X: Matrix) -> Self:
        """Learn the range of each column.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Training rows, and no others: what is learnt from test rows leaks.
        """
        rows = as_matrix("X", X)
        check_range("low", self.low)
        check_range("high", self.high)
        if not self.low < self.high:
            msg = f"high must be above low; got {self.high!r} and {self.low!r}."
            raise InvalidInputError(msg)
        least, greatest = rows.min(axis=0), rows.max(axis=0)
        self.shift_ = least
        self.factor_ = (self.high - self.low) / np.where(greatest > least, greatest - least, 1)
        return self


@register("estimator", "D002")
class StandardScaler(_Scaler):
    """Return rows in which each column of the training rows has mean 0 and standard deviation 1 (z-scores).

    Notes
    -----
    ``z = (x - μ) / σ`` with the population's standard deviation, divided by n. A constant column becomes 0. Hastie,
    Tibshirani & Friedman, *The elements of statistical learning*, 2nd ed. (2009), section 14.3.

    Attributes
    ----------
    shift_ : ndarray of shape (d,)
        Mean of each column.
    factor_ : ndarray of shape (d,)
        One over the standard deviation of each column; 1 for a constant column.

    Examples
    --------
    Mean 2, variance (1 + 0 + 1)/3, standard deviation 0.816497.

    >>> StandardScaler().fit([[1], [2], [3]]).transform([[1], [2], [3], [5]]).round(6).ravel().tolist()
    [-1.224745, 0.0, 1.224745, 3.674235]
    """

    def fit(self, X: Matrix) -> Self:
        """Learn mean and standard deviation of each column.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Training rows, and no others: what is learnt from test rows leaks.
        """
        rows = as_matrix("X", X)
        constant = np.ptp(rows, axis=0) == 0  # whose mean may differ from its values in the last digit
        self.shift_ = np.where(constant, rows[0], rows.mean(axis=0))
        self.factor_ = 1 / np.where(constant, 1, rows.std(axis=0))
        return self
