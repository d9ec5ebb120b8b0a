"""A training step laid open: the course's worked example, torch, and what does not fit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.backpropagation import backpropagation

WORKED = {"x": [1, 2], "target": [2], "weights": [[[0.5, 0.25], [-1, 0.5]], [[1, 2]]], "biases": [[0, -0.5], [0]]}
NAMES = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "identity": lambda z: z}


def test_the_worked_step():
    """Every number of the chapter's forward pass, backward pass and update."""
    step = backpropagation(**WORKED)
    assert step["sums"] == [[1.0, -0.5], [1.0]]
    assert step["activations"] == [[1.0, 0.0], [1.0]]
    assert step["weight_gradients"] == [[[-1.0, -2.0], [0.0, 0.0]], [[-1.0, 0.0]]]
    assert step["bias_gradients"] == [[-1.0, 0.0], [-1.0]]
    assert step["loss"] == 0.5
    assert step["loss_after"] == pytest.approx(0.0098)
    assert step["largest_check_error"] < 1e-6


@pytest.mark.parametrize("activation", NAMES)
def test_gradients_are_those_of_torch(activation):
    """Three layers, two outputs."""
    rng = np.random.default_rng(0)
    sizes = [3, 4, 5, 2]
    W = [rng.normal(size=(m, n)) for n, m in itertools.pairwise(sizes)]
    b = [rng.normal(size=m) for m in sizes[1:]]
    x, t = rng.normal(size=3), rng.normal(size=2)
    step = backpropagation(x, t, W, b, activation)
    tensors = [torch.tensor(a, requires_grad=True) for a in [*W, *b]]
    h = torch.tensor(x)
    for i in range(3):
        z = tensors[i] @ h + tensors[3 + i]
        h = z if i == 2 else NAMES[activation](z)
    (0.5 * ((h - torch.tensor(t)) ** 2).sum()).backward()
    found = [*step["weight_gradients"], *step["bias_gradients"]]
    assert all(np.allclose(g, other.grad.numpy()) for g, other in zip(found, tensors, strict=True))
    assert step["largest_check_error"] < 1e-6


def test_a_step_of_nothing_changes_nothing():
    """Learning rate 0; gelu is checked by differences alone."""
    step = backpropagation(**WORKED, activation="gelu", learning_rate=0)
    assert step["loss_after"] == step["loss"]
    assert step["largest_check_error"] < 1e-6


def test_gradients_that_reach_nothing_are_zero():
    """A prediction that is right has no gradient."""
    step = backpropagation([1], [2], [[[2]]], [[0]])
    assert (step["loss"], step["weight_gradients"], step["bias_gradients"]) == (0.0, [[[0.0]]], [[0.0]])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"weights": [], "biases": []}, "weights must end in a layer with a unit for each target, 1; got no layer."),
        ({"target": [1, 2]}, "weights must end in a layer with a unit for each target, 2; got 1."),
        ({"biases": [[0, -0.5]]}, "weights and biases must be of equal length; got 2 and 1."),
        ({"biases": [[0], [0]]}, "weights[0] and biases[0] must be of equal length; got 2 and 1."),
        ({"x": [1]}, "weights[0] must have rows of 1 numbers; got rows of 2."),
        ({"learning_rate": -1}, "learning_rate must be at least 0; got -1."),
        ({"activation": "step"}, "activation must be one of identity, relu, sigmoid, tanh, gelu; got 'step'."),
    ],
)
def test_what_does_not_fit_is_named(wrong, message):
    """Name, rule and value."""
    with pytest.raises(InvalidInputError) as caught:
        backpropagation(**{**WORKED, **wrong})
    assert str(caught.value).startswith(message)
