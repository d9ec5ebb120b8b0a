"""Canonical correlation: two modalities stay apart and are tied by projections that agree as far as possible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_matrix, check_count, check_same_length
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray


@register("estimator", "M123")
class CanonicalCorrelation(Estimator):
    """Return the projections of rows whose correlation with projections of paired rows is largest.

    Parameters
    ----------
    k : int, default=1
        Number of projections, at least 1 and at most the columns of either modality.

    Notes
    -----
    The canonical correlations are the singular values of ``C_xx^-½ C_xy C_yy^-½``. Here each centred modality is
    whitened by its own singular value decomposition, ``X = U_x S_x V_xᵀ``; then ``U_xᵀ U_y = P diag(ρ) Qᵀ``, and
    ``X V_x S_x⁻¹ P`` are the projections. Directions in which a modality does not vary are left out. A coordinated
    representation: each modality can be projected without the other. Hotelling, "Relations between two sets of
    variates", Biometrika 28 (1936).

    Attributes
    ----------
    correlations_ : ndarray of shape (k,)
        Canonical correlations in [0, 1], largest first.
    centre_, directions_ : ndarray of shape (d,) and (d, k)
        Projections of the first modality are ``(X - centre_) directions_``, of variance 1.
    second_centre_, second_directions_ : ndarray of shape (e,) and (e, k)
        The same for the second modality.

    Examples
    --------
    One column each: the correlation of (1, 2, 3, 4) and (2, 1, 4, 3), 3 / 5.

    >>> CanonicalCorrelation().fit([[1], [2], [3], [4]], [[2], [1], [4], [3]]).correlations_.round(6).tolist()
    [0.6]
    """

    def __init__(self, *, k: int = 1) -> None:
        self.k = k

    def fit(self, X: Matrix, second: Matrix) -> Self:
        """Find the projections.

        Parameters
        ----------
        X : array-like of shape (n, d)
            The first modality, one row for each pair.
        second : array-like of shape (n, e)
            The second modality, rows in the same order.
        """
        a, b = as_matrix("X", X, min_rows=2), as_matrix("second", second, min_rows=2)
        check_same_length(X=a, second=b)
        self.centre_, self.second_centre_ = a.mean(axis=0), b.mean(axis=0)
        U_a, whitening_a = _whitened(a - self.centre_)
        U_b, whitening_b = _whitened(b - self.second_centre_)
        check_count("k", self.k)
        most = min(U_a.shape[1], U_b.shape[1])
        if self.k > most:
            msg = f"k must be at most {most}, the directions in which both modalities vary; got {self.k}."
            raise InvalidInputError(msg)
        P, correlations, Qt = np.linalg.svd(U_a.T @ U_b)
        self.correlations_ = np.minimum(correlations[: self.k], 1.0)
        size = np.sqrt(len(a) - 1)  # columns of U have length 1, projections variance 1
        self.directions_ = whitening_a @ P[:, : self.k] * size
        self.second_directions_ = whitening_b @ Qt[: self.k].T * size
        return self

    def transform(self, X: Matrix) -> NDArray[np.float64]:
        """Return the projections of rows of the first modality, shape (m, k).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        rows = as_matrix("X", X, n_columns=len(self.centre_))
        projections: NDArray[np.float64] = (rows - self.centre_) @ self.directions_
        return projections

    def transform_second(self, second: Matrix) -> NDArray[np.float64]:
        """Return the projections of rows of the second modality, shape (m, k).

        Parameters
        ----------
        second : array-like of shape (m, e)
            Rows as in `fit`.
        """
        self.check_fitted()
        rows = as_matrix("second", second, n_columns=len(self.second_centre_))
        projections: NDArray[np.float64] = (rows - self.second_centre_) @ self.second_directions_
        return projections


def _whitened(centred: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return orthonormal columns and the matrix that makes them, ``U = X V S⁻¹``, without directions of no length."""
    U, sizes, Vt = np.linalg.svd(centred, full_matrices=False)
    tiny = sizes[0] * max(centred.shape) * np.finfo(float).eps
    kept = sizes > tiny
    return U[:, kept], Vt[kept].T / sizes[kept]
