"""Principal component analysis: the few directions along which rows vary most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from rag_app.from_scratch.arrays import Matrix, as_matrix, check_count
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray


@register("estimator", "M026")
class PCA(Estimator):
    """Return each row's coordinates along the directions in which the rows vary most.

    Parameters
    ----------
    n_components : int, optional
        Directions to keep, at least 1 and at most the smaller side of ``X``; default: as many.

    Notes
    -----
    The components are the eigenvectors of the covariance matrix ``C = XᵀX / (n - 1)`` of the centred rows, those of the
    largest eigenvalues first; an eigenvalue is the variance along its direction. The sign of a component is free: its
    largest entry is made positive. Pearson, "On lines and planes of closest fit to systems of points in space", Phil.
    Mag. 2 (1901).

    Attributes
    ----------
    mean_ : ndarray of shape (d,)
        Mean of each column.
    components_ : ndarray of shape (k, d)
        Directions of length 1, at right angles to each other.
    variances_ : ndarray of shape (k,)
        Variance along each direction.
    explained_ratios_ : ndarray of shape (k,)
        Share of the whole variance along each direction; 0 where all rows are equal.

    Examples
    --------
    The covariance matrix has 10/3 on the diagonal and 8/3 beside it: eigenvalues 6 and 2/3, so 6 / (6 + 2/3) = 0.9.

    >>> pca = PCA(n_components=1).fit([[1, 2], [2, 1], [4, 5], [5, 4]])
    >>> pca.explained_ratios_.round(6).tolist(), pca.transform([[5, 4]]).round(4).tolist()
    ([0.9], [[2.1213]])
    """

    def __init__(self, *, n_components: int | None = None) -> None:
        self.n_components = n_components

    def fit(self, X: Matrix) -> Self:
        """Find the directions.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example; at least two.
        """
        rows = as_matrix("X", X, min_rows=2)
        most = min(rows.shape)
        if self.n_components is not None:
            check_count("n_components", self.n_components, 1, most)
        self.mean_ = rows.mean(axis=0)
        centred = rows - self.mean_
        variances, directions = np.linalg.eigh(centred.T @ centred / (len(rows) - 1))  # ascending; (d,) and (d, d)
        kept = slice(None, -1 - (self.n_components or most), -1)
        variances = np.maximum(variances, 0)  # rounding
        self.variances_, self.components_ = variances[kept], _with_sign(directions.T[kept])
        self.explained_ratios_ = self.variances_ / (float(variances.sum()) or 1.0)
        return self

    def transform(self, X: Matrix) -> NDArray[np.float64]:
        """Return the coordinates of each row along the directions, shape (m, k).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        scores: NDArray[np.float64] = (as_matrix("X", X, n_columns=len(self.mean_)) - self.mean_) @ self.components_.T
        return scores

    def inverse_transform(self, scores: Matrix) -> NDArray[np.float64]:
        """Return the rows that coordinates stand for, shape (m, d): those that were transformed, less what was dropped.

        Parameters
        ----------
        scores : array-like of shape (m, k)
            Coordinates as `transform` returns them.
        """
        self.check_fitted()
        rows: NDArray[np.float64] = as_matrix("scores", scores, n_columns=len(self.components_)) @ self.components_
        rows += self.mean_
        return rows


def _with_sign(components: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = np.abs(components).argmax(axis=1)
    signs = np.sign(components[np.arange(len(components)), largest])
    signed: NDArray[np.float64] = components * signs[:, None]
    return signed
