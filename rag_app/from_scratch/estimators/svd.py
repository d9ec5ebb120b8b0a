"""Singular value decomposition by power iteration, and the covariance matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_count
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STILL = 1e-14  # largest change of an entry that counts as none
_NOTHING = 1e-12  # beside the largest singular value: what rounding leaves of a matrix of lower rank


@register("tool", "M027")
def low_rank_approximation(A: Matrix, k: int = 1, n_steps: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Return the k largest singular values of a matrix with their vectors, and the best matrix of that rank.

    Parameters
    ----------
    A : list of lists of float
        The matrix, shape (m, n).
    k : int, default=1
        Rank, at least 1 and at most the smaller side.
    n_steps : int, default=1000
        Most multiplications for each singular value.
    seed : int, default=0
        Seed of the directions to start from.

    Returns
    -------
    dict
        ``singular_values`` (largest first), ``left_vectors`` and ``right_vectors`` (a list for each value), the
        ``approximation`` (m rows), and how far it is from the matrix: ``spectral_error`` and ``frobenius_error``. Fewer
        than k values where the rank of the matrix is lower.

    Raises
    ------
    InvalidInputError
        If the matrix has no numbers, or k is out of range.

    Notes
    -----
    ``A = Σ σ_i u_i v_iᵀ``. Power iteration multiplies a vector by ``AᵀA`` and scales it to length 1 until it rests at
    ``v_1``; then ``σ_1 = ‖Av_1‖`` and ``u_1 = Av_1 / σ_1``. Deflation subtracts ``σ_1 u_1 v_1ᵀ`` and starts again. No
    matrix of rank k is nearer: the spectral error is the next singular value. Eckart & Young, "The approximation of one
    matrix by another of lower rank", Psychometrika 1 (1936).

    Examples
    --------
    AᵀA has the eigenvalues 45 and 5: the first singular value is √45 = 6.7082, the error √5 = 2.2361.

    >>> found = low_rank_approximation([[3, 0], [4, 5]], k=1)
    >>> [round(v, 4) for v in found["singular_values"]], round(found["spectral_error"], 4)
    ([6.7082], 2.2361)
    >>> [[round(v, 4) for v in row] for row in found["approximation"]]
    [[1.5, 1.5], [4.5, 4.5]]
    """
    matrix = as_matrix("A", A)
    check_count("k", k, 1, min(matrix.shape))
    check_count("n_steps", n_steps)
    parts = _decompose(matrix, k, n_steps, as_generator(seed))
    approximation = np.zeros_like(matrix)
    for sigma, u, v in parts:
        approximation += sigma * np.outer(u, v)
    return {
        "singular_values": [sigma for sigma, _, _ in parts],
        "left_vectors": [u.tolist() for _, u, _ in parts],
        "right_vectors": [v.tolist() for _, _, v in parts],
        "approximation": approximation.tolist(),
        "spectral_error": float(np.linalg.norm(matrix - approximation, 2)),
        "frobenius_error": float(np.linalg.norm(matrix - approximation)),
    }


def _decompose(
    matrix: NDArray[np.float64], k: int, n_steps: int, rng: np.random.Generator
) -> list[tuple[float, NDArray[np.float64], NDArray[np.float64]]]:
    """Return the largest singular values, each with its left and right vector."""
    rest, parts = matrix.copy(), []
    least = _NOTHING * float(np.linalg.norm(matrix))
    for _ in range(k):
        v = _strongest_direction(rest, n_steps, rng)
        image = rest @ v
        sigma = float(np.linalg.norm(image))
        if sigma <= least:
            break
        parts.append((sigma, image / sigma, v))
        rest = rest - np.outer(image, v)  # deflation
    return parts


def _strongest_direction(matrix: NDArray[np.float64], n_steps: int, rng: np.random.Generator) -> NDArray[np.float64]:
    v: NDArray[np.float64] = rng.normal(size=(matrix.shape[1],))
    v /= np.linalg.norm(v)
    for _ in range(n_steps):
        stretched = matrix.T @ (matrix @ v)
        length = float(np.linalg.norm(stretched))
        if length == 0:
            break
        before, v = v, stretched / length
        if np.abs(v - before).max() < _STILL:
            break
    return v


@register("tool", "M027")
def covariance_matrix(X: Matrix) -> dict[str, Any]:
    """Return how the columns of rows vary together: covariances, and correlations, which have no unit.

    Parameters
    ----------
    X : list of lists of float
        Rows, shape (n, d); at least two.

    Returns
    -------
    dict
        ``covariance`` and ``correlation``, each d rows of d numbers. A constant column has correlation 0 with the
        others and 1 with itself.

    Raises
    ------
    InvalidInputError
        If there are fewer than two rows.

    Notes
    -----
    ``C = Σ (x_i - x̄)(x_i - x̄)ᵀ / (n - 1)``; correlation is ``C_jk / √(C_jj C_kk)``. Pearson, "Notes on regression and
    inheritance in the case of two parents", Proc. R. Soc. 58 (1895).

    Examples
    --------
    Centred: (-2, -1), (-1, -2), (1, 2), (2, 1). Squares sum to 10 and products to 8, each over 3; 8 / 10 = 0.8.

    >>> found = covariance_matrix([[1, 2], [2, 1], [4, 5], [5, 4]])
    >>> [round(v, 4) for v in found["covariance"][0]], round(found["correlation"][0][1], 6)
    ([3.3333, 2.6667], 0.8)
    """
    rows = as_matrix("X", X, min_rows=2)
    centred = rows - rows.mean(axis=0)
    covariance = centred.T @ centred / (len(rows) - 1)
    deviations = np.sqrt(np.diag(covariance))
    safe = np.where(deviations > 0, deviations, 1.0)
    correlation = np.clip(covariance / np.outer(safe, safe), -1, 1)
    np.fill_diagonal(correlation, 1.0)
    return {"covariance": covariance.tolist(), "correlation": correlation.tolist()}
