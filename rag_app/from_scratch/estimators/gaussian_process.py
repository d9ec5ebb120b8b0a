"""Gaussian process regression: a prediction with its uncertainty, from how similar inputs are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_vector, check_range, check_same_length
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.estimators.kernels import rbf_kernel
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray


@register("estimator", "M012")
class GaussianProcess(Estimator):
    """Return a number for each row, with how uncertain it is: certain near examples, the prior far from them.

    Parameters
    ----------
    length_scale : float, default=1.0
        Distance over which values stay alike, above 0.
    noise : float, default=0.1
        Variance of the error of the targets, above 0.

    Notes
    -----
    A function with mean 0 and the kernel ``k(x, x') = exp(-‖x - x'‖² / 2l²)`` of length scale ``l``. With ``K`` between
    the examples and ``k*`` between them and a new row, the mean is ``k*ᵀ(K + σ²I)⁻¹y`` and the variance of the function
    ``1 - k*ᵀ(K + σ²I)⁻¹k*``; with ``K + σ²I = LLᵀ`` and ``v = L⁻¹k*`` it is ``1 - v·v``. Work grows with the cube of
    the number of examples. A Gaussian process predicts numbers; it is not a Gaussian mixture, which clusters rows.
    Rasmussen & Williams, *Gaussian Processes for Machine Learning* (2006), algorithm 2.1.

    Attributes
    ----------
    rows_ : ndarray of shape (n, d)
        The examples.
    L_ : ndarray of shape (n, n)
        Lower triangle with ``LLᵀ = K + σ²I``.
    coefficients_ : ndarray of shape (n,)
        ``(K + σ²I)⁻¹ y``: what each example adds to a prediction per unit of similarity.
    log_marginal_likelihood_ : float
        How probable the targets are; larger for a better length scale or noise.

    Examples
    --------
    One observation 1 at distance 1: k* = exp(-1/2) = 0.606531, so the mean is 0.606531 / 1.1 and the variance
    1 - 0.606531² / 1.1 = 0.665564.

    >>> process = GaussianProcess(length_scale=1, noise=0.1).fit([[0]], [1])
    >>> process.predict([[1]]).round(6).tolist(), (process.predict_std([[1]]) ** 2).round(6).tolist()
    ([0.551392], [0.665564])
    """

    def __init__(self, *, length_scale: float = 1.0, noise: float = 0.1) -> None:
        self.length_scale = length_scale
        self.noise = noise

    def fit(self, X: Matrix, y: Vector) -> Self:
        """Keep the examples and solve for their coefficients.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The number observed for each row.
        """
        check_range("length_scale", self.length_scale, 0, open_low=True)
        check_range("noise", self.noise, 0, open_low=True)
        rows, targets = as_matrix("X", X), as_vector("y", y)
        check_same_length(X=rows, y=targets)
        self.rows_ = rows.copy()
        self.L_ = np.linalg.cholesky(self._kernel(rows) + self.noise * np.eye(len(rows)))
        whitened = np.linalg.solve(self.L_, targets)
        self.coefficients_ = np.linalg.solve(self.L_.T, whitened)
        log_determinant = 2 * float(np.log(np.diag(self.L_)).sum())
        self.log_marginal_likelihood_ = -0.5 * (
            float(whitened @ whitened) + log_determinant + len(rows) * float(np.log(2 * np.pi))
        )
        return self

    def predict(self, X: Matrix) -> NDArray[np.float64]:
        """Return the mean of the function at each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        similarities = self._similarities(X)  # (m, n)
        means: NDArray[np.float64] = similarities @ self.coefficients_
        return means

    def predict_std(self, X: Matrix) -> NDArray[np.float64]:
        """Return the standard deviation of the function at each row, shape (m,): 1 far from every example.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        similarities = self._similarities(X)  # (m, n)
        v = np.linalg.solve(self.L_, similarities.T)  # (n, m)
        deviations: NDArray[np.float64] = np.sqrt(np.maximum(1 - (v * v).sum(axis=0), 0))
        return deviations

    def _similarities(self, X: Matrix) -> NDArray[np.float64]:
        self.check_fitted()
        return self._kernel(as_matrix("X", X, n_columns=self.rows_.shape[1]))

    def _kernel(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return rbf_kernel(rows, self.rows_, gamma=0.5 / self.length_scale**2)
