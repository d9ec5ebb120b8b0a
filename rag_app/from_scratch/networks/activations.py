"""What a neuron does to its weighted sum, and how the last sums, the logits, become probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import (
    Matrix,
    Vector,
    as_matrix,
    as_vector,
    check_choice,
    check_range,
    check_same_length,
)
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.functions import sigmoid, softmax
from rag_app.from_scratch.networks.layers import ACTIVATIONS
from rag_app.registry import register

_TASKS = ("binary", "multiclass", "multilabel")


@register("tool", "M031")
def activation_values(x: Vector, activation: str = "relu") -> dict[str, list[float]]:
    """Return an activation function and its derivative at numbers.

    Parameters
    ----------
    x : array-like of shape (n,)
        Weighted sums.
    activation : {"relu", "sigmoid", "tanh", "gelu", "identity"}, default="relu"
        Which: relu, sigmoid, tanh, gelu or identity.

    Returns
    -------
    dict
        ``values`` and ``derivatives``, a number for each. The derivative of relu at 0 is 0.

    Raises
    ------
    InvalidInputError
        If the activation is unknown, or a number is not finite.

    Notes
    -----
    ``relu(x) = max(x, 0)``, ``σ(x) = 1 / (1 + e^-x)`` in (0, 1), ``tanh(x) = 2σ(2x) - 1`` in (-1, 1). Goodfellow,
    Bengio & Courville, *Deep Learning* (2016), section 6.3.

    Examples
    --------
    >>> activation_values([-2, 5])
    {'values': [0.0, 5.0], 'derivatives': [0.0, 1.0]}
    >>> activation_values([0], "sigmoid")
    {'values': [0.5], 'derivatives': [0.25]}
    """
    check_choice("activation", activation, ACTIVATIONS)
    sums = Tensor(as_vector("x", x), requires_grad=True)
    values = ACTIVATIONS[activation](sums)
    values.sum().backward()
    return {"values": (values.data + 0.0).tolist(), "derivatives": [] if sums.grad is None else sums.grad.tolist()}


@register("tool", "M031")
def linear_collapse(matrices: Sequence[Matrix], x: Vector) -> dict[str, list[float] | list[list[float]]]:
    """Return what linear layers give one after the other, and the single layer that gives the same.

    Parameters
    ----------
    matrices : sequence of array-like of shape (n_out, n_in)
        The weights of each layer, first layer first; each has as many columns as the one before has rows.
    x : array-like of shape (n,)
        The input, as long as the first matrix has columns.

    Returns
    -------
    dict
        ``deep``, the output of the last layer; ``matrix``, the product of all; ``single``, its output.

    Raises
    ------
    InvalidInputError
        If there is no matrix, or their shapes do not follow one another.

    Notes
    -----
    ``W₂(W₁x) = (W₂W₁)x``: without a curved function between them, any number of layers is one. Goodfellow, Bengio &
    Courville, *Deep Learning* (2016), section 6.1.

    Examples
    --------
    >>> linear_collapse([[[1, 2], [0, 1]], [[1, 1]]], [2, 1])
    {'deep': [5.0], 'matrix': [[1.0, 3.0]], 'single': [5.0]}
    """
    inputs = as_vector("x", x)
    layers, size = [], len(inputs)
    for i, rows in enumerate(matrices):
        layers.append(as_matrix(f"matrices[{i}]", rows, n_columns=size))
        size = len(layers[-1])
    if not layers:
        msg = "matrices must hold at least one matrix; got []."
        raise InvalidInputError(msg)
    deep = reduce(lambda h, W: W @ h, layers, inputs)
    product = reduce(lambda product, W: W @ product, layers)
    return {"deep": deep.tolist(), "matrix": product.tolist(), "single": (product @ inputs).tolist()}


@register("tool", "M032")
def logits_to_probabilities(logits: Vector, task: str = "multiclass") -> list[float]:
    """Return the probabilities that logits stand for: softmax where one class is right, sigmoids where several can be.

    Parameters
    ----------
    logits : array-like of shape (n,)
        Scores without bounds.
    task : {"binary", "multiclass", "multilabel"}, default="multiclass"
        Binary: a sigmoid of each, the probability of yes for each example. Multiclass: a softmax over all, which
        compete. Multilabel: a sigmoid of each, the probability of each label.

    Returns
    -------
    list of float
        In [0, 1]; they sum to 1 for multiclass only.

    Raises
    ------
    InvalidInputError
        If the task is unknown, or a logit is not finite.

    Notes
    -----
    ``softmax(z)ᵢ = e^zᵢ / Σⱼ e^zⱼ``, unchanged when all logits rise by the same, and ``softmax([z, 0])₁ = σ(z)``.
    Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 6.2.2.

    Examples
    --------
    >>> [round(p, 6) for p in logits_to_probabilities([2, 1, 0.1])]
    [0.659001, 0.242433, 0.098566]
    >>> [round(p, 6) for p in logits_to_probabilities([1.5], "binary")]
    [0.817574]
    """
    check_choice("task", task, _TASKS)
    scores = Tensor(as_vector("logits", logits))
    probabilities = softmax(scores) if task == "multiclass" else sigmoid(scores)
    return [float(p) for p in probabilities.data]


@register("tool", "M032")
def logit(probability: float) -> float:
    """Return the logarithm of the odds of a probability, which the sigmoid turns back into it.

    Parameters
    ----------
    probability : float
        In (0, 1).

    Returns
    -------
    float
        0 at a half, positive above it.

    Raises
    ------
    InvalidInputError
        If it is not between 0 and 1, both excluded.

    Notes
    -----
    ``logit(p) = ln(p / (1 - p))``. Berkson, "Application of the logistic function to bio-assay", Journal of the
    American Statistical Association 39 (1944).

    Examples
    --------
    Odds of 4 to 1: ln 4.

    >>> round(logit(0.8), 4)
    1.3863
    """
    check_range("probability", probability, 0, 1, open_low=True, open_high=True)
    return float(np.log(probability) - np.log1p(-probability))


@register("tool", "M034")
def neuron(
    x: Vector, weights: Vector, bias: float = 0.0, activation: str = "sigmoid"
) -> dict[str, float | list[float]]:
    """Return what a neuron makes of its inputs: each weighted, added up with the bias, and put through a function.

    Parameters
    ----------
    x : array-like of shape (n,)
        Inputs.
    weights : array-like of shape (n,)
        Strength of each input's connection; 0 makes the neuron blind to it.
    bias : float, default=0.0
        Added whatever the inputs are.
    activation : {"sigmoid", "relu", "tanh", "gelu", "identity"}, default="sigmoid"
        Function of the sum: sigmoid, relu, tanh, gelu or identity.

    Returns
    -------
    dict
        ``contributions`` of the inputs, ``weights · x``; ``sum``, theirs with the bias; ``output``.

    Raises
    ------
    InvalidInputError
        If the lengths differ, a number is not finite, or the activation is unknown.

    Notes
    -----
    ``g(w₁x₁ + … + wₙxₙ + b)``. A contribution tells how much an input matters here; weights alone do not, unless the
    inputs have comparable scales. Rosenblatt, "The perceptron: a probabilistic model for information storage and
    organization in the brain", Psychological Review 65 (1958).

    Examples
    --------
    0.8 · 1 - 0.5 · 2 + 0 · 7 + 0.1 = -0.1, and σ(-0.1) = 0.4750.

    >>> result = neuron([1, 2, 7], [0.8, -0.5, 0], 0.1)
    >>> result["contributions"], round(result["sum"], 6), round(result["output"], 4)
    ([0.8, -1.0, 0.0], -0.1, 0.475)
    """
    check_choice("activation", activation, ACTIVATIONS)
    check_range("bias", bias)
    inputs, strengths = as_vector("x", x), as_vector("weights", weights)
    check_same_length(x=inputs, weights=strengths)
    contributions = inputs * strengths
    total = float(contributions.sum() + bias)
    output = float(ACTIVATIONS[activation](Tensor(total)).data)
    return {"contributions": contributions.tolist(), "sum": total, "output": output}
