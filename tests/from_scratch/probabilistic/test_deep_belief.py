"""Layers of features, each learnt from the one below, and the bound that a new layer does not lower."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.probabilistic.deep_belief import DeepBeliefNetwork, belief_bound
from rag_app.from_scratch.probabilistic.sigmoid_belief import log_joint

PATTERNS = np.array([[1, 1, 0, 0, 1, 0], [0, 0, 1, 1, 0, 1]] * 20, float)


@pytest.fixture(scope="module")
def network():
    """Fitted on two patterns."""
    return DeepBeliefNetwork(sizes=[6, 4], n_epochs=300).fit(PATTERNS)


@pytest.mark.parametrize("seed", range(5))
def test_a_new_layer_does_not_lower_the_bound(seed):
    """For any weights and pattern; the bound never exceeds the likelihood."""
    rng = np.random.default_rng(seed)
    result = belief_bound(2 * rng.normal(size=(4, 3)), rng.integers(2, size=4))
    assert result["bound"] >= result["tied_bound"]
    assert result["tied_bound"] <= result["tied_log_likelihood"] + 1e-12
    assert result["bound"] <= result["log_likelihood"]


def test_with_tied_weights_the_bound_is_exact():
    """Q is then the true posterior; and the likelihood is that of the machine, by enumeration."""
    W = np.random.default_rng(0).normal(size=(2, 2))
    x = np.array([1.0, 0.0])
    states = [(v, h) for v in np.ndindex(2, 2) for h in np.ndindex(2, 2)]
    masses = np.array([np.exp(np.array(v) @ W @ np.array(h)) for v, h in states])
    chosen = np.array([v == (1, 0) for v, _ in states])
    result = belief_bound(W, x)
    assert result["tied_log_likelihood"] == pytest.approx(np.log(masses[chosen].sum() / masses.sum()))
    assert result["tied_bound"] == pytest.approx(result["tied_log_likelihood"])


def test_inference_is_one_pass_of_sigmoids(network):
    """By hand: σ(2 σ(1) - 1) = 0.6135 for the worked example, and layer by layer for a fitted network."""
    worked = DeepBeliefNetwork(sizes=[1, 1], n_epochs=1).fit([[1, 0]])
    worked.layers_[0].weights_, worked.layers_[0].hidden_bias_ = np.array([[1.0], [-1.0]]), np.zeros(1)
    worked.layers_[1].weights_, worked.layers_[1].hidden_bias_ = np.array([[2.0]]), np.array([-1.0])
    assert worked.transform([[1, 0]])[0, 0] == pytest.approx(0.6135, abs=1e-4)
    low, top = network.layers_
    assert np.array_equal(network.transform(PATTERNS), top.transform(low.transform(PATTERNS)))


def test_below_the_top_connections_point_down():
    """With the top unit held on, rows are drawn as from a sigmoid belief network: not as from an undirected one."""
    network = DeepBeliefNetwork(sizes=[1, 1], n_epochs=1).fit([[1, 0]])
    low, top = network.layers_
    low.weights_, low.visible_bias_ = np.array([[2.0], [-1.0]]), np.array([0.5, 0.0])
    low.hidden_bias_ = np.array([-30.0])  # would hold the unit down if it pointed up
    top.weights_, top.visible_bias_, top.hidden_bias_ = np.zeros((1, 1)), np.array([30.0]), np.zeros(1)
    expected = [
        np.exp(log_joint([low.weights_], [np.array([30.0]), low.visible_bias_], np.array([[1.0, *v]]))[0])
        for v in np.ndindex(2, 2)
    ]
    drawn = network.sample(4000, n_gibbs=2).astype(int)
    shares = np.bincount(drawn @ [2, 1], minlength=4) / 4000
    assert shares == pytest.approx(expected, abs=0.03)


def test_samples_are_like_the_rows(network):
    """Most are one of the two patterns but for one column, and columns are on about as often."""
    drawn = network.sample(200, seed=1)
    distance = np.abs(drawn[:, None] - PATTERNS[None, :2]).sum(axis=2).min(axis=1)
    assert (distance <= 1).mean() > 0.6
    assert network.marginal_error_ < 0.25
    assert network.samples_.shape == (8, 6)
    assert not np.array_equal(drawn, network.sample(200, seed=2))


def test_what_is_no_network_is_refused():
    """No layers, an empty layer, numbers outside [0, 1], too many units."""
    with pytest.raises(InvalidInputError, match=r"^the number of sizes must be a whole number of at least 1; got 0.$"):
        DeepBeliefNetwork(sizes=[]).fit(PATTERNS)
    with pytest.raises(InvalidInputError, match=r"^sizes\[1\] must be a whole number of at least 1; got 0.$"):
        DeepBeliefNetwork(sizes=[2, 0], n_epochs=1).fit(PATTERNS)
    with pytest.raises(InvalidInputError, match=r"^x must hold 0 and 1, or numbers between them; got 3.0.$"):
        belief_bound([[1]], [3])
    with pytest.raises(InvalidInputError, match=r"^the number of units in a layer must be"):
        belief_bound(np.zeros((13, 1)), np.zeros(13))
