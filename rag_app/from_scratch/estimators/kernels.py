"""Kernels: how similar every row of one set is to every row of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def linear_kernel(A: NDArray[np.float64], B: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the dot product of every row of ``A`` with every row of ``B``, shape (n, m).

    Examples
    --------
    1·3 + 2·4 = 11.

    >>> linear_kernel(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])).tolist()
    [[11.0]]
    """
    products: NDArray[np.float64] = A @ B.T
    return products


def rbf_kernel(A: NDArray[np.float64], B: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """Return ``exp(-γ‖a - b‖²)`` for every row of ``A`` and of ``B``, shape (n, m).

    Examples
    --------
    Distance 1, γ = 1/2: exp(-1/2).

    >>> rbf_kernel(np.array([[0.0]]), np.array([[1.0]]), gamma=0.5).round(6).tolist()
    [[0.606531]]
    """
    similarities: NDArray[np.float64] = np.exp(-gamma * squared_distances(A, B))
    return similarities


def squared_distances(A: NDArray[np.float64], B: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the squared Euclidean distance of every row of ``A`` to every row of ``B``, shape (n, m).

    Notes
    -----
    The differences are squared, column by column: the shorter ``‖a‖² - 2a·b + ‖b‖²`` cancels for near rows and would
    break ties.

    Examples
    --------
    3² + 4² = 25.

    >>> squared_distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])).tolist()
    [[25.0]]
    """
    total = np.zeros((len(A), len(B)))
    for a, b in zip(A.T, B.T, strict=True):
        difference = a[:, None] - b[None, :]  # (n, m)
        total += difference * difference
    return total
