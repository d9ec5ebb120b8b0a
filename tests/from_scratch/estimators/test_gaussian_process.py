"""Gaussian process regression against scikit-learn and the chapter's worked figures."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.gaussian_process import GaussianProcess


@pytest.mark.parametrize(("length_scale", "noise"), [(1.0, 0.1), (0.3, 0.01), (5.0, 2.0)])
def test_it_agrees_with_scikit_learn(length_scale, noise):
    """Mean, standard deviation and log marginal likelihood."""
    rng = np.random.default_rng(0)
    X, new = rng.normal(size=(25, 2)), rng.normal(size=(9, 2)) * 2
    y = np.sin(X[:, 0]) + X[:, 1]
    ours = GaussianProcess(length_scale=length_scale, noise=noise).fit(X, y)
    theirs = GaussianProcessRegressor(RBF(length_scale), alpha=noise, optimizer=None).fit(X, y)
    mean, deviation = theirs.predict(new, return_std=True)
    assert ours.predict(new) == pytest.approx(mean, abs=1e-9)
    assert ours.predict_std(new) == pytest.approx(deviation, abs=1e-7)
    assert ours.log_marginal_likelihood_ == pytest.approx(theirs.log_marginal_likelihood_value_)


def test_one_observation_by_hand():
    """The chapter's figures at the distances 1, 3 and 0."""
    process = GaussianProcess(length_scale=1, noise=0.1).fit([[0]], [1])
    assert process.predict([[1], [3], [0]]) == pytest.approx([0.551392, 0.010099, 0.909091], abs=1e-6)
    assert process.predict_std([[1], [3], [0]]) ** 2 == pytest.approx([0.665564, 0.999888, 0.090909], abs=1e-6)


def test_far_from_every_example_it_is_the_prior():
    """Mean 0 and standard deviation 1; near one, more certain."""
    process = GaussianProcess().fit([[0.0], [1.0]], [5, 6])
    assert process.predict([[100]]).tolist() == [0.0]
    assert process.predict_std([[100]]).tolist() == [1.0]
    assert process.predict_std([[0.5]])[0] < 0.3


def test_equal_rows_are_averaged():
    """Noise lets two observations of one place differ: the mean is that of 2 and 4, drawn a little towards 0."""
    process = GaussianProcess(noise=0.1).fit([[0], [0]], [2, 4])
    assert process.predict([[0]])[0] == pytest.approx(6 / 2.1)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"length_scale": 0}, "length_scale must be above 0; got 0."),
        ({"noise": 0}, "noise must be above 0; got 0."),
    ],
)
def test_what_is_refused(parameters, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        GaussianProcess(**parameters).fit([[1]], [1])
    assert str(caught.value) == message
