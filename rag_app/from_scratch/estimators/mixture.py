"""Gaussian mixture: a cloud of rows as a weighted sum of normal distributions, fitted by EM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_count, check_range
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.estimators.kmeans import KMeans
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray


@register("estimator", "M015")
class GaussianMixture(Estimator):
    """Return the component that most probably made each row, where components are normal distributions.

    Parameters
    ----------
    k : int, default=2
        Number of components, at least 1 and at most the number of rows.
    means : array-like of shape (k, d), optional
        First means, with variances of 1 and equal weights; default: the clusters of k-means.
    n_rounds : int, default=200
        Most rounds.
    tolerance : float, default=1e-6
        Rise of the log-likelihood per row below which the rounds end, at least 0.
    regularisation : float, default=1e-6
        What is added to every variance, at least 0, so that no component shrinks onto one row.
    seed : int, default=0
        Seed of k-means.

    Notes
    -----
    ``p(x) = Σ_k π_k N(x | μ_k, Σ_k)``. The E-step gives each row's share in each component, ``r_ik = π_k N_k / Σ_j π_j
    N_j``; the M-step takes weights, means and covariances weighted by these. The log-likelihood never falls (but for
    the regularisation). Dempster, Laird & Rubin, "Maximum likelihood from incomplete data via the EM algorithm", J. R.
    Stat. Soc. B 39 (1977).

    Attributes
    ----------
    weights_ : ndarray of shape (k,)
        Share of each component; they sum to 1.
    means_ : ndarray of shape (k, d)
        Mean of each component.
    covariances_ : ndarray of shape (k, d, d)
        Covariance matrix of each component.
    log_likelihood_trace_ : list of float
        Log-likelihood of all rows before each round and at the end.

    Examples
    --------
    One round from means 0 and 5: the rows 0 and 1 belong to the first almost alone.

    >>> mixture = GaussianMixture(means=[[0], [5]], n_rounds=1, regularisation=0).fit([[0], [1], [4], [5]])
    >>> mixture.means_.round(4).ravel().tolist(), [round(v, 4) for v in mixture.log_likelihood_trace_]
    ([0.5008, 4.4992], [-7.4472, -5.6759])
    """

    def __init__(
        self,
        *,
        k: int = 2,
        means: Matrix | None = None,
        n_rounds: int = 200,
        tolerance: float = 1e-6,
        regularisation: float = 1e-6,
        seed: int = 0,
    ) -> None:
        self.k = k
        self.means = means
        self.n_rounds = n_rounds
        self.tolerance = tolerance
        self.regularisation = regularisation
        self.seed = seed

    def fit(self, X: Matrix) -> Self:
        """Find weights, means and covariances.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        """
        rows = as_matrix("X", X)
        check_count("k", self.k, 1, len(rows))
        check_count("n_rounds", self.n_rounds)
        check_range("tolerance", self.tolerance, 0)
        check_range("regularisation", self.regularisation, 0)
        self._start(rows)
        trace: list[float] = []
        while True:
            joint = self._joint(rows)  # (n, k)
            densities = np.logaddexp.reduce(joint, axis=1, keepdims=True)
            trace.append(float(densities.sum()))
            stalled = len(trace) > 1 and trace[-1] - trace[-2] < self.tolerance * len(rows)
            if len(trace) > self.n_rounds or stalled:
                break
            self._maximise(rows, np.exp(joint - densities))
        self.log_likelihood_trace_ = trace
        return self

    def predict(self, X: Matrix) -> NDArray[np.intp]:
        """Return the most probable component of each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        best: NDArray[np.intp] = self.predict_proba(X).argmax(axis=1)
        return best

    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return the probability of each component for each row, shape (m, k).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        joint = self._joint_of(X)
        shares: NDArray[np.float64] = np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))
        return shares

    def score_samples(self, X: Matrix) -> NDArray[np.float64]:
        """Return the log-density of each row, shape (m,): low for an anomaly.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        densities: NDArray[np.float64] = np.logaddexp.reduce(self._joint_of(X), axis=1)
        return densities

    def bic(self, X: Matrix) -> float:
        """Return the Bayesian information criterion: of several ``k`` prefer the one with the smallest.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        scores = self.score_samples(X)
        k, d = self.means_.shape
        n_parameters = k - 1 + k * d + k * d * (d + 1) // 2
        return float(n_parameters * np.log(len(scores)) - 2 * scores.sum())

    def sample(self, n: int = 1, *, seed: int = 0) -> NDArray[np.float64]:
        """Return rows drawn from the mixture, shape (n, d).

        Parameters
        ----------
        n : int, default=1
            Number of rows.
        seed : int, default=0
            Seed of the generator.
        """
        self.check_fitted()
        check_count("n", n)
        rng = as_generator(seed)
        drawn = rng.choice(len(self.weights_), size=n, p=self.weights_)
        noise = rng.normal(size=(n, self.means_.shape[1], 1))
        spread = np.linalg.cholesky(self.covariances_)[drawn] @ noise  # (n, d, 1)
        rows: NDArray[np.float64] = self.means_[drawn] + spread[:, :, 0]
        return rows

    def _start(self, rows: NDArray[np.float64]) -> None:
        if self.means is None:
            labels = KMeans(k=self.k, seed=self.seed).fit(rows).labels_
            self._maximise(rows, (labels[:, None] == np.arange(self.k)).astype(float))
            return
        self.means_ = as_matrix("means", self.means, n_columns=rows.shape[1])
        check_count("the number of means", len(self.means_), self.k, self.k)
        self.covariances_ = np.stack([np.eye(rows.shape[1])] * self.k)
        self.weights_ = np.full(self.k, 1 / self.k)

    def _maximise(self, rows: NDArray[np.float64], shares: NDArray[np.float64]) -> None:
        """Take weights, means and covariances from each row's share in each component, shape (n, k): the M-step."""
        sizes = np.maximum(shares.sum(axis=0), np.finfo(float).tiny)  # a component may lose every row
        self.weights_ = sizes / sizes.sum()
        self.means_ = shares.T @ rows / sizes[:, None]
        floor = self.regularisation * np.eye(rows.shape[1])
        gaps = [rows - mean for mean in self.means_]
        self.covariances_ = np.stack(
            [
                (gap * share[:, None]).T @ gap / size + floor
                for gap, share, size in zip(gaps, shares.T, sizes, strict=True)
            ]
        )

    def _joint_of(self, X: Matrix) -> NDArray[np.float64]:
        self.check_fitted()
        return self._joint(as_matrix("X", X, n_columns=self.means_.shape[1]))

    def _joint(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``log π_k N(x | μ_k, Σ_k)``, shape (n, k)."""
        columns = []
        for mean, covariance in zip(self.means_, self.covariances_, strict=True):
            L = _factor(covariance)  # Σ = LLᵀ, so (x-μ)ᵀΣ⁻¹(x-μ) = ‖L⁻¹(x-μ)‖²
            whitened = np.linalg.solve(L, (rows - mean).T)  # (d, n)
            log_volume = float(np.log(np.diag(L)).sum()) + 0.5 * len(L) * float(np.log(2 * np.pi))
            columns.append(-0.5 * (whitened**2).sum(axis=0) - log_volume)
        joint: NDArray[np.float64] = np.stack(columns, axis=1) + np.log(self.weights_)
        return joint


def _factor(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        L: NDArray[Any] = np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError as exc:
        found = covariance.tolist()
        msg = f"regularisation must be above 0 where a component has no spread; got the covariance {found!r}."
        raise InvalidInputError(msg, hint="Pass regularisation=1e-6, or fewer components.") from exc
    return L
