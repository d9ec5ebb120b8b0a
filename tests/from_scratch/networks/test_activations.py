"""Activation functions, logits and single neurons against closed forms and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.activations import (
    activation_values,
    linear_collapse,
    logit,
    logits_to_probabilities,
    neuron,
)

X = np.array([-1000.0, -5.0, -1.0, 0.0, 0.5, 2.0, 1000.0])


@pytest.mark.parametrize(
    ("name", "values", "derivatives"),
    [
        ("relu", np.maximum(X, 0), X > 0),
        ("sigmoid", special.expit(X), special.expit(X) * special.expit(-X)),
        ("tanh", np.tanh(X), 1 - np.tanh(X) ** 2),
        ("identity", X, np.ones(7)),
    ],
)
def test_values_and_derivatives(name, values, derivatives):
    """The formulas, at ±1000 too."""
    result = activation_values(X, name)
    assert np.allclose(result["values"], values, atol=1e-15)
    assert np.allclose(result["derivatives"], derivatives, atol=1e-15)


def test_gelu_is_close_to_x_times_the_normal_distribution():
    """Its tanh form differs by less than 0.001."""
    x = np.linspace(-4, 4, 81)
    assert np.allclose(activation_values(x, "gelu")["values"], x * special.ndtr(x), atol=1e-3)


def test_tanh_is_a_stretched_sigmoid():
    """tanh(x) = 2σ(2x) - 1."""
    twice = np.array(activation_values(2 * X, "sigmoid")["values"])
    assert np.allclose(activation_values(X, "tanh")["values"], 2 * twice - 1)


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_the_ends_of_the_ranges_are_not_reached(name):
    """Strictly inside (0, 1) and (-1, 1), as long as 64 bits can tell."""
    low = 0 if name == "sigmoid" else -1
    assert all(low < v < 1 for v in activation_values(np.linspace(-15, 15, 31), name)["values"])


def test_an_unknown_activation_is_refused():
    """The sentence lists those that there are."""
    with pytest.raises(
        InvalidInputError, match="activation must be one of identity, relu, sigmoid, tanh, gelu; got 'st"
    ):
        activation_values([1], "step")


def test_linear_layers_collapse_into_one():
    """The output of five is that of their product; one layer is its own."""
    rng = np.random.default_rng(0)
    layers = [rng.normal(size=shape) for shape in [(4, 3), (6, 4), (2, 6), (2, 2), (1, 2)]]
    result = linear_collapse(layers, [1, 2, 3])
    assert np.allclose(result["deep"], result["single"])
    assert np.allclose(result["matrix"], np.linalg.multi_dot(layers[::-1]))
    assert linear_collapse([[[2]]], [3]) == {"deep": [6.0], "matrix": [[2.0]], "single": [6.0]}


def test_layers_that_do_not_follow_one_another_are_refused():
    """The first that does not fit is named; none at all is not a network."""
    with pytest.raises(InvalidInputError, match=r"^matrices\[1\] must have rows of 2 numbers; got rows of 1\.$"):
        linear_collapse([[[1, 2], [0, 1]], [[1]]], [2, 1])
    with pytest.raises(InvalidInputError, match=r"^matrices must hold at least one matrix; got \[\]\.$"):
        linear_collapse([], [1])


def test_softmax_and_sigmoids_are_those_of_scipy():
    """A thousand is no problem; multilabel and binary treat each logit alone."""
    assert np.allclose(logits_to_probabilities(X), special.softmax(X))
    for task in ("binary", "multilabel"):
        assert np.allclose(logits_to_probabilities(X, task), special.expit(X))
    assert [round(p, 4) for p in logits_to_probabilities([2, 1, 0.1], "multilabel")] == [0.8808, 0.7311, 0.5250]


def test_softmax_does_not_see_a_shift():
    """102, 101 and 100.1 give what 2, 1 and 0.1 give."""
    assert np.allclose(logits_to_probabilities([102, 101, 100.1]), logits_to_probabilities([2, 1, 0.1]))


@pytest.mark.parametrize("z", [-3.0, 0.0, 1.5])
def test_two_classes_are_a_sigmoid(z):
    """softmax([z, 0]) begins with σ(z)."""
    assert logits_to_probabilities([z, 0])[0] == pytest.approx(logits_to_probabilities([z], "binary")[0])


def test_degenerate_logits():
    """One class is certain, equal logits share; none, NaN and an unknown task are refused."""
    assert logits_to_probabilities([7]) == [1.0]
    assert logits_to_probabilities([3, 3]) == [0.5, 0.5]
    for wrong, message in [
        ([], "logits must hold at least 1 number; got 0"),
        ([np.nan], "logits must be finite; got nan"),
    ]:
        with pytest.raises(InvalidInputError, match=message):
            logits_to_probabilities(wrong)
    with pytest.raises(InvalidInputError, match="task must be one of binary, multiclass, multilabel; got 'ranking'"):
        logits_to_probabilities([1], "ranking")


@pytest.mark.parametrize("p", [1e-12, 0.2, 0.5, 0.8, 1 - 1e-12])
def test_the_logit_undoes_the_sigmoid(p):
    """And is scipy's."""
    assert logit(p) == pytest.approx(special.logit(p), abs=1e-12)
    assert logits_to_probabilities([logit(p)], "binary")[0] == pytest.approx(p)


@pytest.mark.parametrize("p", [0, 1, -0.1, np.nan])
def test_a_logit_needs_a_probability_inside(p):
    """Certainty has infinite odds."""
    with pytest.raises(InvalidInputError, match="probability must be above 0 and below 1; got"):
        logit(p)


def test_a_neuron_does_not_see_an_input_with_weight_zero():
    """7 or 700."""
    assert neuron([1, 2, 7], [0.8, -0.5, 0]) == {**neuron([1, 2, 700], [0.8, -0.5, 0])}


@pytest.mark.parametrize(
    ("activation", "output"),
    [("identity", -0.1), ("relu", 0.0), ("sigmoid", 0.475021), ("tanh", -0.099668), ("gelu", -0.046017)],
)
def test_a_neuron_with_every_activation(activation, output):
    """0.8 · 1 - 0.5 · 2 + 0.1 = -0.1, put through the function."""
    assert neuron([1, 2], [0.8, -0.5], 0.1, activation)["output"] == pytest.approx(output, abs=1e-6)


def test_a_neuron_refuses_what_does_not_fit():
    """Lengths and the bias are named."""
    with pytest.raises(InvalidInputError, match="x and weights must be of equal length; got 2 and 1"):
        neuron([1, 2], [1])
    with pytest.raises(InvalidInputError, match="bias must be a number; got nan"):
        neuron([1], [1], float("nan"))
