"""Canonical correlations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import inv, sqrtm
from sklearn.cross_decomposition import CCA

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.correlation import CanonicalCorrelation

RNG = np.random.default_rng(1)
FACTOR = RNG.normal(size=(200, 1))
FIRST = np.hstack([FACTOR + 0.3 * RNG.normal(size=(200, 1)), RNG.normal(size=(200, 2))]) @ RNG.normal(size=(3, 3))
SECOND = np.hstack([FACTOR + 0.3 * RNG.normal(size=(200, 1)), RNG.normal(size=(200, 1))]) @ RNG.normal(size=(2, 2))


def test_correlations_are_singular_values_of_the_whitened_cross_covariance():
    """Written out with matrix square roots."""
    C = np.cov(np.hstack([FIRST, SECOND]).T)
    whitened = inv(sqrtm(C[:3, :3])) @ C[:3, 3:] @ inv(sqrtm(C[3:, 3:]))
    expected = np.linalg.svd(whitened, compute_uv=False)
    estimator = CanonicalCorrelation(k=2).fit(FIRST, SECOND)
    assert estimator.correlations_ == pytest.approx(expected)
    a, b = estimator.transform(FIRST), estimator.transform_second(SECOND)
    assert [np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(2)] == pytest.approx(expected)
    assert np.cov(a.T) == pytest.approx(np.eye(2), abs=1e-10)


def test_the_first_projection_is_that_of_scikit_learn():
    """Up to sign and size."""
    theirs, _ = CCA(n_components=1, max_iter=5000, tol=1e-12).fit(FIRST, SECOND).transform(FIRST, SECOND)
    ours = CanonicalCorrelation().fit(FIRST, SECOND).transform(FIRST)
    assert abs(np.corrcoef(ours[:, 0], theirs[:, 0])[0, 1]) == pytest.approx(1)


def test_the_example_of_the_course():
    """A planted factor that no column shows cleanly: 0.997 where the plain correlation is 0.738."""
    rng = np.random.default_rng(0)
    z, noise = rng.normal(size=(2, 500))
    small = 0.05 * rng.normal(size=(2, 500))
    X, Y = np.c_[z + noise, noise + small[0]], np.c_[z + small[1], rng.normal(size=500)]
    assert CanonicalCorrelation(k=2).fit(X, Y).correlations_.round(3).tolist() == [0.997, 0.025]
    one = CanonicalCorrelation().fit(X[:, :1], Y[:, :1])
    assert one.correlations_[0] == pytest.approx(abs(np.corrcoef(X[:, 0], Y[:, 0])[0, 1]))


def test_units_do_not_matter():
    """Columns scaled, shifted and doubled have the same correlations."""
    expected = CanonicalCorrelation(k=2).fit(FIRST, SECOND).correlations_
    doubled = np.hstack([FIRST * 1000 + 5, FIRST[:, :1]])
    assert CanonicalCorrelation(k=2).fit(doubled, SECOND).correlations_ == pytest.approx(expected)


def test_mistakes_are_named():
    """Too many projections, a modality that does not vary, and pairs that are none."""
    with pytest.raises(InvalidInputError, match="k must be at most 2, the directions in which both modalities vary"):
        CanonicalCorrelation(k=3).fit(FIRST, SECOND)
    with pytest.raises(InvalidInputError, match="k must be at most 0"):
        CanonicalCorrelation().fit([[1], [2]], [[3], [3]])
    with pytest.raises(InvalidInputError, match="X and second must be of equal length; got 200 and 199"):
        CanonicalCorrelation().fit(FIRST, SECOND[1:])
