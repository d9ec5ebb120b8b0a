"""Vector quantisation: a vector is replaced by the nearest entry of a codebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_count, check_range
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.estimators.kernels import squared_distances
from rag_app.from_scratch.estimators.kmeans import KMeans
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray


@register("estimator", "M014")
class VectorQuantiser(Estimator):
    """Return the codebook vector nearest to each row, from a codebook that k-means has found.

    Parameters
    ----------
    k : int, default=8
        Number of codebook vectors, at least 1 and at most the number of rows.
    seed : int, default=0
        Seed of k-means.

    Notes
    -----
    ``c(z) = argmin_c ‖z - c‖²`` over the k centres of the training rows; an index takes ``log₂ k`` bits. Gray, "Vector
    quantization", IEEE ASSP Magazine 1 (1984).

    Attributes
    ----------
    codebook_ : ndarray of shape (k, d)
        The codebook vectors.
    usage_ : ndarray of shape (k,)
        Share of the training rows that each stands for; near 0 for most where the codebook has collapsed.

    Examples
    --------
    >>> quantiser = VectorQuantiser(k=2).fit([[0], [1], [9], [10]])
    >>> sorted(quantiser.codebook_.ravel().tolist()), quantiser.transform([[8]]).tolist()
    ([0.5, 9.5], [[9.5]])
    """

    def __init__(self, *, k: int = 8, seed: int = 0) -> None:
        self.k = k
        self.seed = seed

    def fit(self, X: Matrix) -> Self:
        """Find the codebook.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each vector.
        """
        clusters = KMeans(k=self.k, seed=self.seed).fit(X)
        self.codebook_ = clusters.centres_
        self.usage_ = np.bincount(clusters.labels_, minlength=self.k) / len(clusters.labels_)
        return self

    def predict(self, X: Matrix) -> NDArray[np.intp]:
        """Return the index of the codebook vector nearest to each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        return _nearest(as_matrix("X", X, n_columns=self.codebook_.shape[1]), self.codebook_)

    def transform(self, X: Matrix) -> NDArray[np.float64]:
        """Return the codebook vector nearest to each row, shape (m, d).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        indices = self.predict(X)
        vectors: NDArray[np.float64] = self.codebook_[indices]
        return vectors

    def sample(self, n: int = 1, *, seed: int = 0) -> NDArray[np.float64]:
        """Return codebook vectors drawn as often as the training rows used them, shape (n, d).

        Parameters
        ----------
        n : int, default=1
            Number of vectors.
        seed : int, default=0
            Seed of the generator.
        """
        self.check_fitted()
        check_count("n", n)
        indices = as_generator(seed).choice(self.k, size=n, p=self.usage_)
        vectors: NDArray[np.float64] = self.codebook_[indices]
        return vectors


@register("tool", "M014")
def vector_quantisation(
    z: Matrix, codebook: Matrix, output_gradient: Matrix | None = None, commitment: float = 0.25
) -> dict[str, Any]:
    """Return the nearest codebook vectors, the losses of a VQ-VAE and the gradients that training passes on.

    Parameters
    ----------
    z : list of lists of float
        Vectors to quantise, shape (n, d).
    codebook : list of lists of float
        Codebook vectors, shape (k, d).
    output_gradient : list of lists of float, optional
        Gradient of some loss with respect to the quantised vectors, shape (n, d); default: zeros.
    commitment : float, default=0.25
        Weight of the commitment loss, at least 0.

    Returns
    -------
    dict
        ``indices`` (n numbers from 0) and ``quantised`` (n vectors); ``codebook_losses`` and ``commitment_losses`` (n
        numbers); ``straight_through_gradient`` and ``commitment_gradient`` with respect to ``z`` (n vectors). Of
        equally near codebook vectors the first is taken.

    Raises
    ------
    InvalidInputError
        If shapes do not fit each other, or the weight is negative.

    Notes
    -----
    ``c(z) = argmin_c ‖z - c‖²`` has no gradient, so the straight-through estimator gives ``z`` the gradient of ``c(z)``
    unchanged. ``‖sg[z] - c(z)‖²`` pulls the codebook, ``β‖z - sg[c(z)]‖²`` with the gradient ``2β(z - c(z))`` keeps
    ``z`` near; ``sg`` stops gradients. van den Oord, Vinyals & Kavukcuoglu, "Neural discrete representation learning",
    NeurIPS (2017).

    Examples
    --------
    From (0.9, 0.2) to (1, 0): 0.01 + 0.04 = 0.05, times 0.25 is 0.0125.

    >>> found = vector_quantisation([[0.9, 0.2]], [[0, 0], [1, 0], [0, 1]], output_gradient=[[0.3, -0.5]])
    >>> found["indices"], [round(v, 6) for v in found["commitment_losses"]], found["straight_through_gradient"]
    ([1], [0.0125], [[0.3, -0.5]])
    """
    rows = as_matrix("z", z)
    entries = as_matrix("codebook", codebook, n_columns=rows.shape[1])
    check_range("commitment", commitment, 0)
    if output_gradient is None:
        passed = np.zeros_like(rows)
    else:
        passed = as_matrix("output_gradient", output_gradient, n_columns=rows.shape[1])
        check_count("the number of rows of output_gradient", len(passed), len(rows), len(rows))
    indices = _nearest(rows, entries)
    gap = rows - entries[indices]  # (n, d)
    losses = (gap**2).sum(axis=1)
    return {
        "indices": indices.tolist(),
        "quantised": entries[indices].tolist(),
        "codebook_losses": losses.tolist(),
        "commitment_losses": (commitment * losses).tolist(),
        "straight_through_gradient": passed.tolist(),
        "commitment_gradient": (2 * commitment * gap).tolist(),
    }


def _nearest(rows: NDArray[np.float64], codebook: NDArray[np.float64]) -> NDArray[np.intp]:
    nearest: NDArray[np.intp] = squared_distances(rows, codebook).argmin(axis=1)
    return nearest
