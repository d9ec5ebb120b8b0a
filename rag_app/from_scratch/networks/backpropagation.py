"""One training step laid open: forward, backward by the chain rule, a check by central differences, and the update."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

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
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.layers import ACTIVATIONS, weight
from rag_app.registry import register

_STEP = 1e-5


@register("tool", "M033")
def backpropagation(
    x: Vector,
    target: Vector,
    weights: Sequence[Matrix],
    biases: Sequence[Vector],
    activation: str = "relu",
    learning_rate: float = 0.1,
) -> dict[str, Any]:
    """Return one step of training a small network on one example: forward values, gradients, and the loss after it.

    Parameters
    ----------
    x : array-like of shape (n,)
        The input.
    target : array-like of shape (m,)
        What the network should say.
    weights : sequence of array-like of shape (n_out, n_in)
        A matrix for each layer, first layer first, with a row for each unit.
    biases : sequence of array-like of shape (n_out,)
        A bias for each unit of each layer.
    activation : {"relu", "sigmoid", "tanh", "gelu", "identity"}, default="relu"
        Function of the hidden units, relu, sigmoid, tanh, gelu or identity; the last layer has none.
    learning_rate : float, default=0.1
        Size of the step, at least 0.

    Returns
    -------
    dict
        ``sums`` and ``activations`` of each layer, ``loss``, ``weight_gradients`` and ``bias_gradients`` of each
        layer, ``largest_check_error``, their greatest distance from central differences, and ``loss_after``.

    Raises
    ------
    InvalidInputError
        If the shapes do not follow one another, or a value breaks its rule.

    Notes
    -----
    The loss is ``L = ½ ‖ŷ - t‖²``. Backwards, ``∂L/∂z = Wᵀ(next ∂L/∂z) · g'(z)`` for each layer, then
    ``∂L/∂W = (∂L/∂z) hᵀ`` and ``∂L/∂b = ∂L/∂z``. The check moves each weight by ±0.00001:
    ``∂L/∂w ≈ (L(w + h) - L(w - h)) / 2h``; it may fail where relu has its kink.
    Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", Nature 323 (1986).

    Examples
    --------
    Sums 1 and -0.5, activations 1 and 0, output 1, loss ½ (1 - 2)²; after the step the output is 1.86.

    >>> step = backpropagation([1, 2], [2], [[[0.5, 0.25], [-1, 0.5]], [[1, 2]]], [[0, -0.5], [0]])
    >>> step["sums"], step["loss"], round(step["loss_after"], 4)
    ([[1.0, -0.5], [1.0]], 0.5, 0.0098)
    >>> step["weight_gradients"][0]
    [[-1.0, -2.0], [0.0, 0.0]]
    """
    check_choice("activation", activation, ACTIVATIONS)
    check_range("learning_rate", learning_rate, 0)
    inputs, wanted = as_vector("x", x), as_vector("target", target)
    layers = _layers(weights, biases, len(inputs), len(wanted))
    sums, outputs = _forward(inputs, layers, ACTIVATIONS[activation])
    loss = _loss(outputs[-1], wanted)
    loss.backward()
    numbers = [number for layer in layers for number in layer]
    gradients = [np.zeros(n.shape) if n.grad is None else n.grad + 0.0 for n in numbers]  # + 0.0: no negative zero

    def loss_now() -> float:
        return _loss(_forward(inputs, layers, ACTIVATIONS[activation])[1][-1], wanted).item()

    error = max(np.abs(g - _differences(n, loss_now)).max() for n, g in zip(numbers, gradients, strict=True))
    for number, gradient in zip(numbers, gradients, strict=True):
        number.data = number.data - learning_rate * gradient
    return {
        "sums": [s.data.tolist() for s in sums],
        "activations": [(h.data + 0.0).tolist() for h in outputs],
        "loss": loss.item(),
        "weight_gradients": [g.tolist() for g in gradients[::2]],
        "bias_gradients": [g.tolist() for g in gradients[1::2]],
        "largest_check_error": float(error),
        "loss_after": loss_now(),
    }


def _layers(weights: Sequence[Matrix], biases: Sequence[Vector], n_in: int, n_out: int) -> list[tuple[Tensor, Tensor]]:
    check_same_length(weights=weights, biases=biases)
    layers, size = [], n_in
    for i, (rows, offsets) in enumerate(zip(weights, biases, strict=True)):
        W = as_matrix(f"weights[{i}]", rows, n_columns=size)
        b = as_vector(f"biases[{i}]", offsets)
        check_same_length(**{f"weights[{i}]": W, f"biases[{i}]": b})
        layers.append((weight(W), weight(b)))
        size = len(W)
    if not layers or size != n_out:
        msg = f"weights must end in a layer with a unit for each target, {n_out}; got {size if layers else 'no layer'}."
        raise InvalidInputError(msg)
    return layers


def _forward(
    x: Array, layers: Sequence[tuple[Tensor, Tensor]], activation: Callable[[Tensor], Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    sums: list[Tensor] = []
    outputs = [Tensor(x)]
    for i, (W, b) in enumerate(layers):
        sums.append(W @ outputs[-1].reshape(-1, 1) + b.reshape(-1, 1))  # (n_in,) -> (n_out, 1)
        last = i == len(layers) - 1
        outputs.append((sums[-1] if last else activation(sums[-1])).reshape(-1))
    return [s.reshape(-1) for s in sums], outputs[1:]


def _loss(output: Tensor, target: Array) -> Tensor:
    difference = output - target
    return (difference * difference).sum() * 0.5


def _differences(number: Tensor, loss_now: Callable[[], float]) -> Array:
    """Return the gradient of a loss by moving each number up and down."""
    numeric = np.zeros(number.shape)
    for place in np.ndindex(number.shape):
        kept = number.data[place]
        number.data[place] = kept + _STEP
        above = loss_now()
        number.data[place] = kept - _STEP
        numeric[place] = (above - loss_now()) / (2 * _STEP)
        number.data[place] = kept
    return numeric
