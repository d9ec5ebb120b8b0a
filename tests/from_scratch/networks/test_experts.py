"""Mixtures of experts, dense and sparse."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.experts import (
    Mixture,
    experts_training,
    load_balancing_loss,
    mixture_of_experts,
    switch_routing,
)

OUTPUTS, LOGITS = [[10], [20], [30], [40]], [2, 1, 0, -1]
RNG = np.random.default_rng(0)


def test_the_mixture_of_the_course():
    """15.07 dense, 12.69 of two; one expert alone has weight 1."""
    assert mixture_of_experts(OUTPUTS, LOGITS)["output"] == pytest.approx([15.07], abs=0.005)
    sparse = mixture_of_experts(OUTPUTS, LOGITS, 2)
    assert sparse["output"] == pytest.approx([12.69], abs=0.005)
    assert sparse["gates"] == pytest.approx([0.7311, 0.2689, 0, 0], abs=5e-5)
    assert mixture_of_experts(OUTPUTS, LOGITS, 1) == {"output": [10], "gates": [1, 0, 0, 0], "compute_share": 0.25}


def test_all_experts_are_the_dense_mixture():
    """K = N changes nothing; of equal scores the first are asked."""
    assert mixture_of_experts(OUTPUTS, LOGITS, 4) == mixture_of_experts(OUTPUTS, LOGITS)
    assert mixture_of_experts(OUTPUTS, [0, 0, 0, 0], 2)["gates"] == [0.5, 0.5, 0, 0]


@pytest.mark.parametrize(("factor", "capacity", "dropped"), [(1.0, 2, [2, 6]), (1.25, 3, [6]), (2.0, 4, [])])
def test_the_capacity_of_the_course(factor, capacity, dropped):
    """Eight tokens for four experts: what is full drops later tokens."""
    wanted = [0, 0, 0, 1, 1, 2, 0, 3]
    found = switch_routing(np.eye(4)[wanted] * 3, factor)
    assert (found["experts"], found["capacity"], found["dropped"]) == (wanted, capacity, dropped)
    assert found["gates"] == pytest.approx([np.exp(3) / (np.exp(3) + 3)] * 8)


def test_a_factor_that_is_no_exact_float_buys_no_place():
    """1.1 · 10 / 1 is eleven places, not twelve."""
    assert switch_routing(np.zeros((10, 1)), 1.1)["capacity"] == 11


def test_the_load_balancing_loss():
    """1 for uniform, N for collapsed, 1.25 in the chapter's example."""
    assert load_balancing_loss(np.full((8, 4), 0.25), [0, 1, 2, 3] * 2) == 1
    assert load_balancing_loss(np.eye(4)[[2] * 5], [2] * 5) == 4
    rows = np.tile([0.4, 0.3, 0.2, 0.1], (8, 1))
    assert load_balancing_loss(rows, [0, 0, 0, 0, 1, 1, 2, 3]) == pytest.approx(1.25)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_the_layer_is_its_definition(k):
    """Token by token, with every gradient that torch has."""
    network = Mixture(3, 2, 4, k, np.random.default_rng(1))
    x = RNG.normal(size=(7, 3))
    outputs, probabilities, chosen = network.route(Tensor(x))
    (outputs * outputs).sum().backward()
    gate = [torch.tensor(w.data, requires_grad=True) for w in network.gate.weights()]
    experts = [[torch.tensor(w.data, requires_grad=True) for w in e.weights()] for e in network.experts]
    rows = []
    for token in torch.tensor(x):
        logits = token @ gate[0] + gate[1]
        best = logits.argsort(descending=True)[:k]
        weights = torch.softmax(logits, 0)[best] if k == 1 else torch.softmax(logits[best], 0)
        rows.append(sum(g * (token @ experts[i][0] + experts[i][1]) for g, i in zip(weights, best, strict=True)))
    torch.stack(rows).square().sum().backward()
    assert outputs.data == pytest.approx(torch.stack(rows).detach().numpy())
    theirs = gate + [w for e in experts for w in e]
    for ours, other in zip(network.weights(), theirs, strict=True):
        expected = np.zeros(ours.shape) if other.grad is None else other.grad.numpy()
        assert ours.grad == pytest.approx(expected, abs=1e-9)
    assert probabilities.data.sum(axis=1) == pytest.approx(np.ones(7))
    assert chosen.shape == (7, k)
    assert network(Tensor(x)).data == pytest.approx(outputs.data)


@pytest.mark.parametrize("seed", [1, 2])
def test_experts_learn_a_function_that_differs_by_quadrant(seed):
    """Each mixture beats a single expert by far, the sparse ones at a part of the work."""
    found = experts_training(seed=seed)
    for name, share in {"dense": 1, "top_2": 0.5, "switch": 0.25}.items():
        assert found[name]["error"] < found["linear"]["error"] / 3
        assert found[name]["losses"][-1] < found[name]["losses"][0] / 3
        assert found[name]["compute_share"] == share
        assert found[name]["effective_experts"] > 2
    assert found["linear"]["effective_experts"] == 1


def test_mistakes_are_named():
    """Experts, distributions and assignments that are none."""
    with pytest.raises(InvalidInputError, match="k must be a whole number of at least 1 and at most 4; got 5"):
        mixture_of_experts(OUTPUTS, LOGITS, 5)
    with pytest.raises(InvalidInputError, match="outputs and logits must be of equal length; got 4 and 1"):
        mixture_of_experts(OUTPUTS, [1])
    with pytest.raises(InvalidInputError, match="capacity_factor must be above 0; got 0"):
        switch_routing([[1]], 0)
    with pytest.raises(InvalidInputError, match=r"probabilities must be rows that sum to 1; got sums from 0\.5"):
        load_balancing_loss([[0.5]], [0])
    with pytest.raises(InvalidInputError, match=r"assignments must be whole numbers from 0 to 1; got \[2\.0\]"):
        load_balancing_loss([[0.5, 0.5]], [2])
