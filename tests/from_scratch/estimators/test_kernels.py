"""Kernels against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import pairwise

from rag_app.from_scratch.estimators.kernels import linear_kernel, rbf_kernel, squared_distances

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(7, 3)), RNG.normal(size=(5, 3))


def test_kernels_agree_with_scikit_learn():
    """Every row with every row."""
    assert linear_kernel(A, B) == pytest.approx(pairwise.linear_kernel(A, B))
    assert rbf_kernel(A, B, 0.7) == pytest.approx(pairwise.rbf_kernel(A, B, gamma=0.7))
    assert squared_distances(A, B) == pytest.approx(cdist(A, B, "sqeuclidean"))


def test_distances_of_near_rows_are_exact():
    """Far from the origin the difference of two rows is still seen."""
    far = np.array([[1e8, 0.0], [1e8 + 1, 0.0]])
    assert squared_distances(far, far).tolist() == [[0.0, 1.0], [1.0, 0.0]]
