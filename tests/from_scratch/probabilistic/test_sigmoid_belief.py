"""Sigmoid belief networks against enumeration and the worked figures of the course."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.probabilistic.sigmoid_belief import log_joint, sigmoid_belief_patterns

RNG = np.random.default_rng(0)
WEIGHTS = [RNG.normal(size=(3, 2)), RNG.normal(size=(2, 3))]  # 2 units above 3 above 2
BIASES = [RNG.normal(size=n) for n in (2, 3, 2)]


def test_the_network_of_the_course():
    """(0, 0) and (1, 1) have 0.3034, the others 0.1966; the hidden unit is on with 0.8808 given (1, 1)."""
    found = sigmoid_belief_patterns([[[2], [2]]], [[0], [-1, -1]])
    assert [f["pattern"] for f in found] == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert [round(f["probability"], 4) for f in found] == [0.3034, 0.1966, 0.1966, 0.3034]
    assert [round(f["hidden_posterior"][0], 4) for f in found] == [0.1192, 0.5, 0.5, 0.8808]


def test_two_hidden_layers_by_definition():
    """The joint probability of each state is a product of sigmoids, and the marginals are its sums."""
    states = np.array(list(itertools.product([0, 1], repeat=7)), float)

    def slow(state):
        a, b = state[:2], state[2:5]
        on = [expit(BIASES[0]), expit(BIASES[1] + WEIGHTS[0] @ a), expit(BIASES[2] + WEIGHTS[1] @ b)]
        return np.prod(np.where(state > 0, np.concatenate(on), 1 - np.concatenate(on)))

    joint = np.array([slow(state) for state in states])
    np.testing.assert_allclose(np.exp(log_joint(WEIGHTS, BIASES, states)), joint)
    found = sigmoid_belief_patterns(WEIGHTS, BIASES)
    assert sum(f["probability"] for f in found) == pytest.approx(1)
    for f in found:
        fits = (states[:, 5:] == f["pattern"]).all(axis=1)
        assert f["probability"] == pytest.approx(joint[fits].sum())
        assert f["hidden_posterior"] == pytest.approx(joint[fits] @ states[fits, :5] / joint[fits].sum())


def test_samples_match_the_probabilities():
    """By the chi-squared test; the same seed draws the same."""
    found = sigmoid_belief_patterns(WEIGHTS, BIASES, n_samples=40_000, seed=5)
    counts = np.array([f["sampled"] for f in found]) * 40_000
    expected = np.array([f["probability"] for f in found]) * 40_000
    assert counts.sum() == pytest.approx(40_000)
    assert stats.chisquare(counts, expected).pvalue > 0.001
    assert found == sigmoid_belief_patterns(WEIGHTS, BIASES, n_samples=40_000, seed=5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], [[0]]), "biases must hold one vector more than weights, at least two; got 1 and 0."),
        (([[[1]]], [[0]]), "biases must hold one vector more than weights, at least two; got 1 and 1."),
        (([[[1, 2]]], [[0], [0]]), "weights must have shape (1, 1) between these layers; got (1, 2)."),
        (
            ([np.zeros((9, 8))], [np.zeros(8), np.zeros(9)]),
            "The number of units must be a whole number of at least 1 and at most 16; got 17.",
        ),
        (([[[1]]], [[0], [np.nan]]), "biases must be finite; got nan."),
        (([[[1]]], [[0], [0]], 0), "n_samples must be a whole number of at least 1 and at most 1000000; got 0."),
    ],
)
def test_wrong_input_is_refused(arguments, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        sigmoid_belief_patterns(*arguments)
