"""Pruning: the smallest weights of a network are removed, and a small network remains within the large one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import Vector, as_generator, as_vector, check_count, check_range
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.layers import Layer, dense
from rag_app.from_scratch.networks.losses import cross_entropy_loss
from rag_app.from_scratch.networks.precision import quantised
from rag_app.from_scratch.networks.training import Plan, Training, fit_network
from rag_app.registry import register

_BITS = (8, 4, 2)


@register("tool", "M116")
def magnitude_pruning(weights: Vector, sparsity: float = 0.5) -> dict[str, Any]:
    """Return weights with a share of them, the smallest in size, set to zero.

    Parameters
    ----------
    weights : array-like of shape (n,)
        Weights.
    sparsity : float, default=0.5
        Share that is removed, in [0, 1]; ``round(sparsity · n)`` weights.

    Returns
    -------
    dict
        "weights"; "mask", 1 for each kept weight and 0 for each removed one; "removed_length", the length of what was
        removed as a vector. Of weights of equal size the first are removed.

    Raises
    ------
    InvalidInputError
        If the sparsity is not in [0, 1], or a weight is not finite.

    Notes
    -----
    The mask keeps removed weights at zero in later training. Han, Pool, Tran & Dally, "Learning both weights and
    connections for efficient neural networks", NIPS (2015).

    Examples
    --------
    √(0.01² + 0.02² + 0.05² + 0.1²) = 0.114.

    >>> found = magnitude_pruning([0.9, -0.05, 0.3, 0.02, -0.7, 0.1, -0.4, 0.01])
    >>> found["weights"], round(found["removed_length"], 3)
    ([0.9, 0.0, 0.3, 0.0, -0.7, 0.0, -0.4, 0.0], 0.114)
    """
    values = as_vector("weights", weights)
    check_range("sparsity", sparsity, 0, 1)
    kept = _largest(values, sparsity)
    return {
        "weights": np.where(kept, values, 0.0).tolist(),
        "mask": kept.astype(int).tolist(),
        "removed_length": float(np.linalg.norm(values[~kept])),
    }


def _largest(values: Array, sparsity: float) -> NDArray[np.bool_]:
    """Return where the weights are that stay; of any shape."""
    kept = np.ones(values.size, bool)
    kept[np.argsort(np.abs(values), axis=None, kind="stable")[: round(sparsity * values.size)]] = False
    return kept.reshape(values.shape)


@register("tool", "M114", "M116")
def network_compression(sparsity: float = 0.8, n_epochs: int = 40, seed: int = 0) -> dict[str, Any]:
    """Return what quantisation and pruning cost a small network: its accuracy with fewer bits and fewer weights.

    Parameters
    ----------
    sparsity : float, default=0.8
        Share of the weights that is removed, in [0, 1]; half of it first, and the rest after more training.
    n_epochs : int, default=40
        Times that every row is seen, at least 1; a quarter as many after each pruning.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        "losses" of each epoch; "accuracy" on new rows; "quantised_accuracy" by bits; "pruned_accuracy" without, and
        "tuned_accuracy" with more training after each pruning; "sparsity" that was reached among the weight matrices.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    The network tells a ring from what is inside and outside of it; two hidden layers of 32 units. Biases are kept. Han,
    Mao & Dally, "Deep compression: compressing deep neural networks with pruning, trained quantization and Huffman
    coding", ICLR (2016).

    Examples
    --------
    >>> found = network_compression()
    >>> found["tuned_accuracy"] >= found["pruned_accuracy"], found["sparsity"]
    (True, 0.8)
    """
    check_range("sparsity", sparsity, 0, 1)
    check_count("n_epochs", n_epochs)
    rng = as_generator(seed)
    rows, labels = _ring(rng)
    network = dense([2, 32, 32, 2], rng)

    def loss(i: NDArray[np.intp]) -> Tensor:
        return cross_entropy_loss(network(Tensor(rows[i])), labels[i])

    new, right = _ring(rng)

    def accuracy() -> float:
        return float((network(Tensor(new)).data.argmax(axis=1) == right).mean())

    history = fit_network(network, loss, len(rows), Plan(n_epochs=n_epochs), rng)
    trained = network.state()
    result: dict[str, Any] = {"losses": history.losses, "accuracy": accuracy(), "quantised_accuracy": {}}
    for n_bits in _BITS:
        network.load_state([_rounded(array, n_bits) for array in trained])
        result["quantised_accuracy"][str(n_bits)] = accuracy()
    network.load_state(trained)
    prune(network, sparsity)
    result["pruned_accuracy"] = accuracy()
    network.load_state(trained)
    for share in (sparsity / 2, sparsity):
        masks = prune(network, share)
        training = Training(network, loss, len(rows), Plan(), rng)
        for _ in range(max(1, n_epochs // 4)):
            training.fit_epoch()
            _apply(network, masks)
    zeros = np.concatenate([w.data.ravel() == 0 for w in _matrices(network)])
    return {**result, "tuned_accuracy": accuracy(), "sparsity": round(float(zeros.mean()), 3)}


def prune(network: Layer, sparsity: float) -> list[NDArray[np.bool_]]:
    """Set the smallest weights of all matrices together to zero, and return where the others are."""
    matrices = _matrices(network)
    kept = _largest(np.concatenate([w.data.ravel() for w in matrices]), sparsity)
    ends = np.cumsum([w.data.size for w in matrices])[:-1]
    masks = [part.reshape(w.shape) for part, w in zip(np.split(kept, ends), matrices, strict=True)]
    _apply(network, masks)
    return masks


def _apply(network: Layer, masks: list[NDArray[np.bool_]]) -> None:
    for w, mask in zip(_matrices(network), masks, strict=True):
        w.data = w.data * mask


def _matrices(network: Layer) -> list[Tensor]:
    return [w for w in network.weights() if w.data.ndim > 1]


def _rounded(array: Array, n_bits: int) -> Array:
    integers, scale, zero_point = quantised(array, n_bits, float(array.min()), float(array.max()))
    return scale * (integers - zero_point)


def _ring(rng: np.random.Generator) -> tuple[Array, NDArray[np.intp]]:
    rows = rng.uniform(-1.5, 1.5, (300, 2))
    lengths = np.linalg.norm(rows, axis=1)
    return rows, ((lengths > 0.6) & (lengths < 1.2)).astype(np.intp)  # noqa: PLR2004  (the ring's edges)
