"""Sigmoid belief networks: layers of binary units, each switched on by chance from the layer above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, Vector, as_generator, as_matrix, as_vector, check_count
from rag_app.registry import register

Array = NDArray[np.float64]
MAX_UNITS = 16  # exact results enumerate 2 to this power states


@register("tool", "M018")
def sigmoid_belief_patterns(
    weights: Sequence[Matrix], biases: Sequence[Vector], n_samples: int = 10_000, seed: int = 0
) -> list[dict[str, Any]]:
    """Return the probability of every visible pattern of a sigmoid belief network, exact and sampled.

    Parameters
    ----------
    weights : sequence of matrices
        From the top layer down: row i holds the weights of unit i of a layer from the units of the layer above.
    biases : sequence of vectors
        From the top layer down: one number for each unit; one vector more than there are matrices.
    n_samples : int, default=10000
        Samples, drawn from the top layer down, at most a million.
    seed : int, default=0
        Where the random numbers start.

    Returns
    -------
    list of dict
        For each pattern of the bottom layer "pattern", its exact "probability", the "sampled" share, and
        "hidden_posterior": given the pattern, the probability of each hidden unit, top layer first, to be on.

    Raises
    ------
    InvalidInputError
        If the shapes do not fit, or there are more than 16 units.

    Notes
    -----
    ``P(unit i on) = σ(bᵢ + Σⱼ wᵢⱼ hⱼ)``. Neal, "Connectionist learning of belief networks" (1992).

    Examples
    --------
    0.5 · σ(1)² + 0.5 · σ(-1)² = 0.2672 + 0.0362, and 0.2672 / 0.3034.

    >>> both = sigmoid_belief_patterns([[[2], [2]]], [[0], [-1, -1]])[-1]
    >>> both["pattern"], round(both["probability"], 4), round(both["hidden_posterior"][0], 4)
    ([1, 1], 0.3034, 0.8808)
    """
    check_count("n_samples", n_samples, 1, 1_000_000)
    W, b = _checked(weights, biases)
    n_visible, n_units = len(b[-1]), sum(len(bias) for bias in b)
    states = _patterns(n_units)  # (2^units, units), top layer first
    probabilities = np.exp(log_joint(W, b, states))
    cells = probabilities.reshape(-1, 2**n_visible)  # row: hidden pattern, column: visible pattern
    marginal = cells.sum(axis=0)
    on = _patterns(n_units - n_visible).T @ cells / marginal  # (hidden units, visible patterns)
    visible = sample(W, b, n_samples, seed)[:, -n_visible:]
    codes = visible.astype(int) @ (1 << np.arange(n_visible)[::-1])
    shares = np.bincount(codes, minlength=2**n_visible) / n_samples
    return [
        {
            "pattern": pattern.astype(int).tolist(),
            "probability": float(marginal[i]),
            "sampled": float(shares[i]),
            "hidden_posterior": on[:, i].tolist(),
        }
        for i, pattern in enumerate(_patterns(n_visible))
    ]


def log_joint(weights: Sequence[Array], biases: Sequence[Array], states: Array) -> Array:
    """Return the log-probability of states of all units.

    Parameters
    ----------
    weights, biases : sequence of ndarray
        As for `sigmoid_belief_patterns`.
    states : ndarray of shape (n, units)
        0 and 1, top layer first.

    Examples
    --------
    A unit with bias 0 is on with probability 1/2.

    >>> np.exp(log_joint([], [np.zeros(1)], np.array([[1.0]]))).round(6).tolist()
    [0.5]
    """
    layers = np.split(states, np.cumsum([len(bias) for bias in biases])[:-1], axis=1)
    total = np.zeros(len(states))
    for i, bias in enumerate(biases):
        activation = bias + (layers[i - 1] @ weights[i - 1].T if i else 0)  # (n, units of the layer)
        sign = 2 * layers[i] - 1  # ln σ(a) where on, ln σ(-a) where off
        total -= np.logaddexp(0, -sign * activation).sum(axis=1)
    return total


def sample(weights: Sequence[Array], biases: Sequence[Array], n: int, seed: int) -> Array:
    """Return samples of all units, shape (n, units), top layer first.

    Parameters
    ----------
    weights, biases : sequence of ndarray
        As for `sigmoid_belief_patterns`.
    n : int
        Samples.
    seed : int
        Where the random numbers start.

    Examples
    --------
    >>> sample([], [np.array([50.0, -50.0])], 2, seed=0).tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """
    rng = as_generator(seed)
    layers: list[Array] = []
    for i, bias in enumerate(biases):
        activation = bias + (layers[-1] @ weights[i - 1].T if i else 0)
        layers.append((rng.random((n, len(bias))) < 1 / (1 + np.exp(-activation))).astype(float))
    return np.concatenate(layers, axis=1)


def _patterns(n_units: int) -> Array:
    """Return all states of binary units, shape (2^units, units), in the order of binary numbers."""
    return (np.arange(2**n_units)[:, None] >> np.arange(n_units)[::-1] & 1).astype(float)


def _checked(weights: Sequence[Matrix], biases: Sequence[Vector]) -> tuple[list[Array], list[Array]]:
    b = [as_vector("biases", bias) for bias in biases]
    if len(b) < 2 or len(weights) != len(b) - 1:  # noqa: PLR2004  (one hidden layer and the visible one)
        msg = f"biases must hold one vector more than weights, at least two; got {len(b)} and {len(weights)}."
        raise InvalidInputError(msg)
    W = [as_matrix("weights", matrix) for matrix in weights]
    for matrix, above, below in zip(W, b, b[1:], strict=False):
        if matrix.shape != (len(below), len(above)):
            msg = f"weights must have shape {(len(below), len(above))} between these layers; got {matrix.shape}."
            raise InvalidInputError(msg)
    check_count("The number of units", sum(map(len, b)), 1, MAX_UNITS)
    return W, b
