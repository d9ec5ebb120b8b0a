"""Gaussian mixture against scikit-learn and the chapter's round of EM."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture as TheirMixture

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.kmeans import KMeans
from rag_app.from_scratch.estimators.mixture import GaussianMixture


def _stretched():
    """Two long parallel clouds, and which each row is of."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 2)) * [8, 0.5]
    truth = np.repeat([0, 1], 100)
    rows[:, 1] += 4 * truth
    return rows, truth


def test_it_agrees_with_scikit_learn():
    """From the same start through the same number of rounds."""
    X, _ = _stretched()
    first = [[-3.0, 0.5], [2.0, 3.0]]
    ours = GaussianMixture(means=first, n_rounds=25, tolerance=0).fit(X)
    theirs = TheirMixture(
        2, means_init=first, precisions_init=[np.eye(2)] * 2, weights_init=[0.5, 0.5], max_iter=25, tol=0
    )
    with pytest.warns(UserWarning, match="did not converge"):
        theirs.fit(X)
    assert ours.means_ == pytest.approx(theirs.means_, abs=1e-8)
    assert ours.covariances_ == pytest.approx(theirs.covariances_, abs=1e-8)
    assert ours.weights_ == pytest.approx(theirs.weights_, abs=1e-8)
    assert ours.score_samples(X) == pytest.approx(theirs.score_samples(X))
    assert ours.predict_proba(X) == pytest.approx(theirs.predict_proba(X), abs=1e-9)
    assert ours.bic(X) == pytest.approx(theirs.bic(X))


def test_one_round_by_hand():
    """Means 0.5008 and 4.4992, variances 0.2534, and the log-likelihood from -7.4472 to -5.6759."""
    mixture = GaussianMixture(means=[[0], [5]], n_rounds=1, regularisation=0).fit([[0], [1], [4], [5]])
    assert mixture.means_.ravel() == pytest.approx([0.5008, 4.4992], abs=5e-5)
    assert mixture.covariances_.ravel() == pytest.approx([0.2534, 0.2534], abs=5e-5)
    assert mixture.weights_ == pytest.approx([0.5, 0.5])
    assert mixture.log_likelihood_trace_ == pytest.approx([-7.4472, -5.6759], abs=5e-5)


def test_soft_assignment_by_hand():
    """Means 0 and 4, variances 1: probabilities 0.9820, 0.5 and 0.1192 of the first at 1, 2 and 2.5."""
    mixture = GaussianMixture().fit([[0], [4]])
    mixture.means_, mixture.covariances_ = np.array([[0.0], [4.0]]), np.ones((2, 1, 1))
    assert mixture.predict_proba([[1], [2], [2.5]])[:, 0] == pytest.approx([0.9820, 0.5, 0.1192], abs=5e-5)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_no_round_lowers_the_likelihood(k):
    """But for what the regularisation costs; weights sum to 1."""
    mixture = GaussianMixture(k=k, tolerance=0).fit(_stretched()[0])
    assert (np.diff(mixture.log_likelihood_trace_) > -1e-3).all()
    assert mixture.weights_.sum() == pytest.approx(1)


def test_one_component_is_the_sample_mean_and_covariance():
    """And the density is that of a normal distribution."""
    X, _ = _stretched()
    mixture = GaussianMixture(k=1, regularisation=0).fit(X)
    assert mixture.means_[0] == pytest.approx(X.mean(axis=0))
    assert mixture.covariances_[0] == pytest.approx(np.cov(X.T, bias=True))
    assert mixture.score_samples(X) == pytest.approx(
        multivariate_normal(X.mean(axis=0), np.cov(X.T, bias=True)).logpdf(X)
    )


def test_long_clouds_are_found_where_k_means_fails():
    """Agreement with the truth, corrected for chance."""
    X, truth = _stretched()
    mixture = GaussianMixture(means=[[0.0, 0.0], [0.0, 4.0]]).fit(X)
    assert adjusted_rand_score(truth, mixture.predict(X)) > 0.95
    assert adjusted_rand_score(truth, KMeans(k=2).fit(X).labels_) < 0.2


def test_bic_prefers_the_true_number():
    """Three groups: of one to five components, three."""
    rng = np.random.default_rng(1)
    X = np.concatenate([rng.normal(centre, 0.5, (60, 2)) for centre in ([0, 0], [5, 0], [0, 5])])
    criteria = [GaussianMixture(k=k).fit(X).bic(X) for k in range(1, 6)]
    assert int(np.argmin(criteria)) + 1 == 3


def test_samples_follow_the_mixture():
    """Mean and covariance of many draws are near those of the data; a far row is less probable than any of them."""
    X, _ = _stretched()
    mixture = GaussianMixture().fit(X)
    drawn = mixture.sample(5000, seed=1)
    assert drawn.mean(axis=0) == pytest.approx(X.mean(axis=0), abs=0.5)
    assert np.cov(drawn.T) == pytest.approx(np.cov(X.T, bias=True), rel=0.1, abs=0.5)
    assert drawn.tolist() == mixture.sample(5000, seed=1).tolist()
    assert mixture.score_samples([[0, 40]])[0] < mixture.score_samples(drawn).min()


def test_rows_at_one_place():
    """The regularisation keeps a component from shrinking without end."""
    mixture = GaussianMixture(k=2).fit([[1, 1]] * 5 + [[9, 9]])
    assert np.isfinite(mixture.log_likelihood_trace_).all()
    assert sorted(mixture.means_[:, 0]) == pytest.approx([1, 9])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"k": 3}, "k must be a whole number of at least 1 and at most 2; got 3."),
        ({"n_rounds": 0}, "n_rounds must be a whole number of at least 1; got 0."),
        ({"tolerance": -1}, "tolerance must be at least 0; got -1."),
        ({"regularisation": -1}, "regularisation must be at least 0; got -1."),
        ({"means": [[1]]}, "the number of means must be a whole number of at least 2 and at most 2; got 1."),
    ],
)
def test_what_is_refused(parameters, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        GaussianMixture(**parameters).fit([[1], [2]])
    assert str(caught.value) == message


def test_no_regularisation_and_no_spread():
    """One sentence instead of a failed factorisation."""
    with pytest.raises(InvalidInputError, match=r"^regularisation must be above 0 where a component has no spread"):
        GaussianMixture(k=1, regularisation=0).fit([[1], [1]])
