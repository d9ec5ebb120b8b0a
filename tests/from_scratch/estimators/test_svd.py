"""Low-rank approximation against NumPy's SVD, and covariance against numpy.cov."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.svd import covariance_matrix, low_rank_approximation


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_it_agrees_with_numpy(shape, k):
    """Singular values, the approximation, and errors as the theorem of Eckart and Young says."""
    A = np.random.default_rng(0).normal(size=shape)
    found = low_rank_approximation(A, k)
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    assert found["singular_values"] == pytest.approx(s[:k].tolist(), abs=1e-8)
    assert np.array(found["approximation"]) == pytest.approx((U[:, :k] * s[:k]) @ Vt[:k], abs=1e-6)
    assert found["spectral_error"] == pytest.approx(s[k] if k < len(s) else 0, abs=1e-6)
    assert found["frobenius_error"] == pytest.approx(np.linalg.norm(s[k:]), abs=1e-6)


def test_the_chapter_by_hand():
    """√45 and √5, the vectors (1, 1)/√2 and (1, 3)/√10 up to sign, and rows (1.5, 1.5) and (4.5, 4.5)."""
    found = low_rank_approximation([[3, 0], [4, 5]], 2)
    assert found["singular_values"] == pytest.approx([45**0.5, 5**0.5])
    assert np.abs(found["right_vectors"][0]) == pytest.approx([0.5**0.5, 0.5**0.5])
    assert np.abs(found["left_vectors"][0]) == pytest.approx([0.1**0.5, 0.9**0.5])
    assert np.prod(found["singular_values"]) == pytest.approx(15)  # the determinant
    rank_1 = low_rank_approximation([[3, 0], [4, 5]])
    assert np.array(rank_1["approximation"]) == pytest.approx(np.array([[1.5, 1.5], [4.5, 4.5]]))
    assert rank_1["spectral_error"] == pytest.approx(5**0.5)


def test_vectors_are_of_length_one_at_right_angles():
    """Left and right ones."""
    found = low_rank_approximation(np.random.default_rng(1).normal(size=(5, 4)), 4)
    for side in ("left_vectors", "right_vectors"):
        V = np.array(found[side])
        assert pytest.approx(np.eye(4), abs=1e-6) == V @ V.T


@pytest.mark.parametrize(("A", "rank"), [([[1, 2], [2, 4]], 1), ([[0, 0], [0, 0]], 0), ([[5]], 1)])
def test_a_matrix_of_lower_rank_has_fewer_values(A, rank):
    """What is left after them is nothing."""
    found = low_rank_approximation(A, min(2, len(A)))
    assert len(found["singular_values"]) == rank
    assert found["spectral_error"] == pytest.approx(0, abs=1e-12)


def test_few_steps_are_not_enough_for_near_singular_values():
    """One step leaves an error that many remove."""
    A = np.diag([1.0, 0.95, 0.1])
    assert low_rank_approximation(A, n_steps=1)["spectral_error"] > low_rank_approximation(A)["spectral_error"] + 1e-3


def test_covariance_agrees_with_numpy():
    """And correlation."""
    X = np.random.default_rng(2).normal(size=(20, 3)) @ [[1, 2, 0], [0, 1, 0], [0, 0, 5]]
    found = covariance_matrix(X)
    assert np.array(found["covariance"]) == pytest.approx(np.cov(X.T))
    assert np.array(found["correlation"]) == pytest.approx(np.corrcoef(X.T))


def test_covariance_by_hand():
    """10/3 and 8/3; and x beside its square on -1, 0, 1: 0 though one determines the other."""
    found = covariance_matrix([[1, 2], [2, 1], [4, 5], [5, 4]])
    assert np.array(found["covariance"]) == pytest.approx(np.array([[10, 8], [8, 10]]) / 3)
    assert found["correlation"][0][1] == pytest.approx(0.8)
    assert covariance_matrix([[-1, 1], [0, 0], [1, 1]])["covariance"][0][1] == pytest.approx(0)


def test_a_constant_column_correlates_with_itself_alone():
    """0 with the others, 1 with itself."""
    assert covariance_matrix([[1, 5], [2, 5]])["correlation"] == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: low_rank_approximation([[1, 2]], 2),
            "k must be a whole number of at least 1 and at most 1; got 2.",
        ),
        (lambda: low_rank_approximation([[1]], n_steps=0), "n_steps must be a whole number of at least 1; got 0."),
        (lambda: covariance_matrix([[1]]), "X must hold at least 2 rows of at least one number; got shape (1, 1)."),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the argument, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
