"""The reward model, against scikit-learn and planted rewards."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import kendalltau
from sklearn.linear_model import LogisticRegression

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.language.reward_model import RewardModel, preference_probability

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
PLANTED = X @ [1.5, -1.0, 0.3]
NOISY = [sorted(group, key=lambda i: -PLANTED[i] - RNG.normal()) for group in RNG.permutation(40).reshape(10, 4)]
CLEAR = [sorted(range(40), key=lambda i: -PLANTED[i])]


@pytest.mark.parametrize(("difference", "expected"), [(0, 0.5), (1, 0.731059), (2, 0.880797), (np.log(7 / 3), 0.7)])
def test_bradley_terry(difference, expected):
    """The course's figures; the two sides sum to 1, and a constant changes nothing."""
    assert preference_probability(difference, 0) == pytest.approx(expected, abs=1e-6)
    assert preference_probability(0, difference) == pytest.approx(1 - expected, abs=1e-6)
    assert preference_probability(difference + 5, 5) == pytest.approx(expected, abs=1e-6)


def test_great_differences_are_certain():
    """Without overflow."""
    assert preference_probability(1e100, -1e100) == 1
    assert preference_probability(-1e100, 1e100) == 0


@pytest.mark.parametrize("alpha", [0.01, 1.0])
def test_it_is_logistic_regression_on_differences(alpha):
    """Without intercept, with C = 1/α; each pair given both ways round, at half the weight."""
    pairs = np.array([p for r in NOISY for p in itertools.combinations(r, 2)])
    differences = X[pairs[:, 0]] - X[pairs[:, 1]]
    theirs = LogisticRegression(C=1 / alpha, fit_intercept=False, tol=1e-10)
    both = np.vstack([differences, -differences])
    theirs.fit(both, [1] * len(pairs) + [0] * len(pairs), sample_weight=np.full(2 * len(pairs), 0.5))
    ours = RewardModel(alpha=alpha).fit(X, NOISY)
    assert np.allclose(ours.weights_, theirs.coef_[0], atol=1e-5)
    leads = differences @ ours.weights_
    assert ours.loss_ == pytest.approx(np.log1p(np.exp(-leads)).mean())
    assert ours.accuracy_ == (leads > 0).mean()
    assert ours.n_pairs_ == 60


def test_a_planted_order_is_found():
    """Kendall's τ is 1 on rankings without noise."""
    rewards = RewardModel(alpha=1e-6).fit(X, CLEAR).predict(X)
    assert kendalltau(rewards, PLANTED).statistic == pytest.approx(1)


def test_features_without_difference_teach_nothing():
    """The rewards are equal, and the loss is ln 2."""
    reward = RewardModel().fit([[1, 2], [1, 2]], [[0, 1]])
    assert reward.weights_.tolist() == [0, 0]
    assert reward.loss_ == pytest.approx(np.log(2))
    assert reward.accuracy_ == 0


def test_long_steps_are_halved():
    """Consistent pairs of great length, with a small penalty, still reach a place where the loss has no slope."""
    rows = np.array([[0.0], [300.0], [299.0]])
    reward = RewardModel(alpha=1e-4).fit(rows, [[1, 0], [1, 2]])
    d = np.array([300.0, 1.0])
    slope = -(d * expit(-d * reward.weights_[0])).sum() + 1e-4 * reward.weights_[0]
    assert slope == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RewardModel(alpha=0).fit([[1]], [[0]]), "alpha must be above 0 and at most 1.79769e+308; got 0."),
        (lambda: RewardModel().fit([[1]], [[0]]), "rankings must hold at least one pair; got [[0]]."),
        (
            lambda: RewardModel().fit([[1], [2]], [[0, 2]]),
            "rankings must hold row numbers from 0 to 1, each once; got [0, 2].",
        ),
        (
            lambda: RewardModel().fit([[1], [2]], [[0, 0]]),
            "rankings must hold row numbers from 0 to 1, each once; got [0, 0].",
        ),
        (
            lambda: preference_probability(float("nan"), 0),
            "reward_a must be at least -1.79769e+308 and at most 1.79769e+308; got nan.",
        ),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
