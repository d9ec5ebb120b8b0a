"""Weights that are removed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.utils import prune as torch_prune

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.layers import dense
from rag_app.from_scratch.networks.pruning import magnitude_pruning, network_compression, prune


def test_the_weights_of_the_course():
    """Half of eight weights, of length 0.114."""
    found = magnitude_pruning([0.9, -0.05, 0.3, 0.02, -0.7, 0.1, -0.4, 0.01], 0.5)
    assert found["weights"] == [0.9, 0, 0.3, 0, -0.7, 0, -0.4, 0]
    assert found["mask"] == [1, 0, 1, 0, 1, 0, 1, 0]
    assert found["removed_length"] == pytest.approx(np.sqrt(0.01**2 + 0.02**2 + 0.05**2 + 0.1**2))


@pytest.mark.parametrize("sparsity", [0, 0.1, 0.5, 0.93, 1])
def test_the_mask_is_that_of_torch(sparsity):
    """With exactly the share removed."""
    weights = np.random.default_rng(0).normal(size=200)
    layer = torch.nn.Linear(200, 1).double()
    layer.weight.data = torch.tensor(weights[None])
    torch_prune.l1_unstructured(layer, "weight", amount=float(sparsity))
    found = magnitude_pruning(weights, sparsity)
    assert found["mask"] == layer.weight_mask[0].int().tolist()
    assert found["mask"].count(0) == round(sparsity * 200)


def test_ties_are_broken_by_position():
    """So that the number is exact."""
    assert magnitude_pruning([1, -1, 1, 1], 0.5)["weights"] == [0, 0, 1, 1]


def test_matrices_are_pruned_together():
    """Biases are kept; the smallest of all matrices go."""
    network = dense([3, 4, 2], np.random.default_rng(0))
    for w in network.weights():
        w.data = w.data + (w.data.ndim == 1)
    masks = prune(network, 0.5)
    assert sum(int((~m).sum()) for m in masks) == 10
    kept = [np.abs(w.data[w.data != 0]).min() for w in network.weights() if w.data.ndim > 1]
    assert all((w.data == 1).all() for w in network.weights() if w.data.ndim == 1)
    fresh = dense([3, 4, 2], np.random.default_rng(0))
    sizes = np.sort(np.concatenate([np.abs(w.data.ravel()) for w in fresh.weights() if w.data.ndim > 1]))
    assert min(kept) == sizes[10]


def test_a_network_survives_compression():
    """Eight bits cost nothing much, two bits all; pruning to a fifth is repaired by training, and zeros stay zeros."""
    found = network_compression()
    assert found["losses"][-1] < 0.5 * found["losses"][0]
    assert found["accuracy"] > 0.9
    assert found["quantised_accuracy"]["8"] > found["accuracy"] - 0.02
    assert found["quantised_accuracy"]["2"] < found["quantised_accuracy"]["8"]
    assert found["tuned_accuracy"] > found["pruned_accuracy"] + 0.1
    assert found["tuned_accuracy"] > 0.85
    assert found["sparsity"] == 0.8
    assert network_compression(0.5, 1, seed=3) == network_compression(0.5, 1, seed=3)


def test_mistakes_are_named():
    """The share and the epochs."""
    with pytest.raises(InvalidInputError, match=r"sparsity must be at least 0 and at most 1; got 1\.5"):
        magnitude_pruning([1.0], 1.5)
    with pytest.raises(InvalidInputError, match="n_epochs must be a whole number of at least 1; got 0"):
        network_compression(n_epochs=0)
