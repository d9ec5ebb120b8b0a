"""Principal component analysis against the SVD and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import decomposition

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.pca import PCA

POINTS = [[1, 2], [2, 1], [4, 5], [5, 4]]


@pytest.mark.parametrize("shape", [(50, 4), (5, 12)])
@pytest.mark.parametrize("n_components", [1, 3, None])
def test_it_agrees_with_scikit_learn(shape, n_components):
    """Directions and coordinates up to sign, variances, ratios and what comes back."""
    X = np.random.default_rng(0).normal(size=shape) * np.arange(1, shape[1] + 1) + 7
    ours, theirs = PCA(n_components=n_components).fit(X), decomposition.PCA(n_components, svd_solver="full").fit(X)
    most = n_components or min(shape[0] - 1, shape[1])  # beyond, directions without variance are any
    assert np.abs(ours.components_[:most]) == pytest.approx(np.abs(theirs.components_[:most]), abs=1e-6)
    assert np.abs(ours.transform(X)[:, :most]) == pytest.approx(np.abs(theirs.transform(X)[:, :most]), abs=1e-6)
    assert ours.variances_ == pytest.approx(theirs.explained_variance_, abs=1e-9)
    assert ours.explained_ratios_ == pytest.approx(theirs.explained_variance_ratio_, abs=1e-9)
    assert ours.inverse_transform(ours.transform(X)) == pytest.approx(
        theirs.inverse_transform(theirs.transform(X)), abs=1e-6
    )


def test_variances_are_squared_singular_values():
    """Of the centred data, divided by n - 1."""
    X = np.random.default_rng(1).normal(size=(30, 5))
    singular = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
    assert PCA().fit(X).variances_ == pytest.approx(singular**2 / 29)


def test_the_chapter_by_hand():
    """Eigenvalues 6 and 2/3, a ratio of 0.9, and the points come back as (1.5, 1.5) and (4.5, 4.5)."""
    assert PCA().fit(POINTS).variances_ == pytest.approx([6, 2 / 3])
    pca = PCA(n_components=1).fit(POINTS)
    assert pca.explained_ratios_ == pytest.approx([0.9])
    assert pca.transform(POINTS).ravel() == pytest.approx([-2.1213, -2.1213, 2.1213, 2.1213], abs=5e-5)
    assert pca.inverse_transform(pca.transform(POINTS))[[0, 3]] == pytest.approx(np.array([[1.5, 1.5], [4.5, 4.5]]))


def test_directions_are_of_length_one_at_right_angles_with_a_fixed_sign():
    """The largest entry of each is positive."""
    components = PCA().fit(np.random.default_rng(2).normal(size=(20, 4))).components_
    assert components @ components.T == pytest.approx(np.eye(4), abs=1e-12)
    assert (components.max(axis=1) == np.abs(components).max(axis=1)).all()


def test_equal_rows():
    """No variance: ratios of 0, and everything comes back as the mean."""
    pca = PCA().fit([[1, 2], [1, 2], [1, 2]])
    assert pca.explained_ratios_.tolist() == [0, 0]
    assert pca.inverse_transform(pca.transform([[1, 2]])).tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: PCA(n_components=3).fit(POINTS),
            "n_components must be a whole number of at least 1 and at most 2; got 3.",
        ),
        (lambda: PCA().fit([[1, 2]]), "X must hold at least 2 rows of at least one number; got shape (1, 2)."),
        (
            lambda: PCA(n_components=1).fit(POINTS).inverse_transform([[1, 2]]),
            "scores must have rows of 1 numbers; got rows of 2.",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the argument, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
