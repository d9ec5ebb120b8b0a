"""Gradients in deep networks, and the search for the number of layers."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.depth import depth_choice, depth_search, gradient_norms


def _by_hand(depth, skip, width, scale):
    """The same network with its chain rule written out."""
    rng = np.random.default_rng(0)
    h = rng.normal(size=(1, width))
    layers = []
    for _ in range(depth):
        limit = np.sqrt(6 / (2 * width))
        rng.uniform(-limit, limit, (width, width))  # what the layer began with
        W = rng.normal(0, scale / np.sqrt(width), (width, width))
        f = np.tanh(h @ W)
        layers.append((W, f))
        h = h + f if skip else f
    g, norms = np.ones((1, width)), []
    for W, f in reversed(layers):
        back = (g * (1 - f**2)) @ W.T
        g = g + back if skip else back
        norms.append(np.linalg.norm(g))
    return norms[::-1]


def test_gradient_norms_are_the_chain_rule():
    """At every layer, with and without a way around."""
    norms = gradient_norms(depth=6, width=5, scale=1.2)
    assert norms["plain"] == pytest.approx(_by_hand(6, skip=False, width=5, scale=1.2))
    assert norms["skip"] == pytest.approx(_by_hand(6, skip=True, width=5, scale=1.2))
    assert norms["first_layer_ratio"] == norms["skip"][0] / norms["plain"][0]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_way_around_keeps_the_first_layer_trainable(seed):
    """At fifty layers its gradient is a hundred thousand times longer."""
    assert gradient_norms(50, seed=seed)["first_layer_ratio"] > 1e5


def test_the_choice_of_the_course():
    """Stop at six, choose four, overfitting from five."""
    errors = [0.28, 0.19, 0.13, 0.09, 0.05, 0.02, 0.01], [0.30, 0.22, 0.18, 0.17, 0.175, 0.19, 0.1]
    assert depth_choice(*errors) == {"chosen_depth": 4, "tried": 6, "overfits_from": 5, "worse_to_train": False}
    assert depth_choice(*errors, patience=3) == {
        "chosen_depth": 7,
        "tried": 7,
        "overfits_from": None,
        "worse_to_train": False,
    }


def test_more_layers_that_train_worse_are_no_overfitting():
    """A problem of optimisation is told apart by the training error."""
    choice = depth_choice([0.2, 0.3, 0.4], [0.3, 0.4, 0.5])
    assert choice == {"chosen_depth": 1, "tried": 3, "overfits_from": None, "worse_to_train": True}


def test_one_depth():
    """It is chosen."""
    assert depth_choice([0.2], [0.3])["chosen_depth"] == 1


def test_errors_that_do_not_fit():
    """Lengths and patience are named."""
    with pytest.raises(
        InvalidInputError, match="training_errors and validation_errors must be of equal length; got 1 and 2"
    ):
        depth_choice([0.1], [0.1, 0.2])
    with pytest.raises(InvalidInputError, match="patience must be a whole number of at least 1; got 0"):
        depth_choice([0.1], [0.1], 0)


def test_a_search_ends_in_the_choice_of_its_errors():
    """On a noisy sine a deeper network fits the training rows below the noise, and not the others."""
    search = depth_search(deepest=3, n_rows=30)
    errors = search["training_errors"], search["validation_errors"]
    assert {k: search[k] for k in ("chosen_depth", "tried", "overfits_from", "worse_to_train")} == depth_choice(*errors)
    assert min(search["training_errors"]) < 0.3**2 < min(search["validation_errors"])
    assert depth_search(1, 2, seed=1) == depth_search(1, 2, seed=1)
    with pytest.raises(InvalidInputError, match="noise must be at least 0; got -1"):
        depth_search(noise=-1)
