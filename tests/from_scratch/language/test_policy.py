"""Tuning by rewards."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.language.policy import bandit_policy, drawn_gradient, policy_gradient, thinned, tuned_policy

SPORTS = [0.20, 0.18, 0.10]


@pytest.mark.parametrize(
    ("beta", "expected"),
    [(1, [0.306829, 0.276146, 0.417024]), (0.5, [0.178746, 0.160871, 0.660382]), (1e6, [0.416667, 0.375, 0.208333])],
)
def test_the_optimum_is_reached(beta, expected):
    """The course's table: a reward of 1 for cricket."""
    result = tuned_policy(SPORTS, [0, 0, 1], beta)
    assert result["probabilities"] == pytest.approx(expected, abs=2e-6)
    assert result["optimum"] == pytest.approx(expected, abs=2e-6)


def test_the_objective_rises_to_the_optimum():
    """It ends at β ln Σ p₀ e^(r/β), the largest there is, and is reward less divergence."""
    result = tuned_policy(SPORTS, [0, 0, 1], 0.5)
    base = np.array(SPORTS) / sum(SPORTS)
    assert np.diff(result["objective"]).min() >= -1e-12
    assert result["objective"][-1] == pytest.approx(0.5 * np.log(base @ np.exp([0, 0, 2])))
    assert result["expected_reward"] - 0.5 * result["divergence"] == pytest.approx(result["objective"][-1])


@pytest.mark.parametrize("beta", [0.001, 10])
def test_large_rewards_are_followed_as_well(beta):
    """Steps shrink with their spread, so that the objective goes up; a tiny penalty leaves the best response."""
    result = tuned_policy(SPORTS, [0, 20, 30], beta, n_steps=5000)
    assert np.diff(result["objective"]).min() >= -1e-9
    assert result["probabilities"] == pytest.approx(result["optimum"], abs=0.01)


def test_equal_rewards_change_nothing():
    """Nor does a constant added to all."""
    assert tuned_policy(SPORTS, [3, 3, 3])["probabilities"] == pytest.approx(np.array(SPORTS) / 0.48)
    assert tuned_policy([5], [1])["probabilities"] == [1]


def test_a_step_of_the_bandit_by_hand():
    """The course's figures: gradient 0.1667, 0, -0.1667; rate 3; probabilities 0.5065, 0.3072, 0.1863."""
    result = bandit_policy([1, 0.5, 0], n_steps=1, learning_rate=3)
    assert result["first_gradient"] == pytest.approx([1 / 6, 0, -1 / 6])
    assert result["probabilities"] == pytest.approx([0.5065, 0.3072, 0.1863], abs=1e-4)
    assert bandit_policy([1, 0.5, 0], 2, 3)["mean_rewards"][1] == pytest.approx(0.6601, abs=1e-4)


@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize("baseline", [False, True])
def test_the_best_arm_wins(sampled, baseline):
    """With exact and with drawn gradients."""
    result = bandit_policy([0.1, 1, 0.4], 2000, 0.3, sampled=sampled, baseline=baseline)
    assert result["best"] == 1
    assert result["probabilities"][1] > 0.9
    assert result["mean_rewards"][-1] > result["mean_rewards"][0]
    assert len(result["mean_rewards"]) == 50


def test_the_gradient_is_that_of_the_expected_reward():
    """Against central differences."""
    z, r, step = np.array([0.3, -0.2, 0.9]), np.array([1.0, 0.2, -0.5]), 1e-6

    def mean(logits):
        p = np.exp(logits) / np.exp(logits).sum()
        return p @ r

    numeric = [(mean(z + step * e) - mean(z - step * e)) / (2 * step) for e in np.eye(3)]
    p = np.exp(z) / np.exp(z).sum()
    assert np.allclose(policy_gradient(p, r), numeric)


@pytest.mark.parametrize("baseline", [0.0, 0.7])
def test_draws_estimate_the_gradient(baseline):
    """Their mean over what may be drawn is exact, whatever the baseline."""
    p, r = np.array([0.2, 0.5, 0.3]), np.array([1.0, 0.0, 2.0])
    mean = sum(p[k] * drawn_gradient(p, k, r[k] - baseline) for k in range(3))
    assert np.allclose(mean, policy_gradient(p, r))


def test_a_seed_decides_the_draws():
    """The same again, and another."""
    runs = [bandit_policy([1, 0], 20, sampled=True, seed=s)["probabilities"] for s in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]


def test_short_curves_are_whole():
    """Long ones keep their ends."""
    assert thinned(np.arange(3.0)) == [0, 1, 2]
    long = thinned(np.arange(1000.0))
    assert (len(long), long[0], long[-1]) == (50, 0, 999)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tuned_policy([1, 0], [0, 1]), "base must be above 0 everywhere; got 0.0."),
        (lambda: tuned_policy([1], [0, 1]), "base and rewards must be of equal length; got 1 and 2."),
        (lambda: tuned_policy([1], [0], 0), "beta must be at least 0.001 and at most 1.79769e+308; got 0."),
        (lambda: tuned_policy([1], [0], n_steps=0), "n_steps must be a whole number of at least 1; got 0."),
        (lambda: bandit_policy([]), "rewards must hold at least 1 number; got 0."),
        (lambda: bandit_policy([1], 0), "n_steps must be a whole number of at least 1; got 0."),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value).startswith(message)
