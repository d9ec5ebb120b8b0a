"""Fine-tuning layer by layer: what is frozen stays as it was, and layers are released from the output backwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import as_generator, check_count
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.layers import Layer, Linear, Sequential, dense
from rag_app.from_scratch.networks.losses import cross_entropy_loss
from rag_app.from_scratch.networks.training import Plan, Training, fit_network
from rag_app.registry import register


@dataclass(frozen=True, slots=True)
class FreezeSchedule:
    """Which layers are trained in which epoch.

    Parameters
    ----------
    n_layers : int
        Layers of the network, at least 1.
    n_start : int, default=1
        Last layers that are trained from the start, from 1 to n_layers.
    every : int, default=1
        Epochs after which one more layer is trained, at least 1.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Examples
    --------
    >>> [FreezeSchedule(3, 1, every=2).trainable(epoch) for epoch in (0, 1, 2, 9)]
    [[2], [2], [1, 2], [0, 1, 2]]
    """

    n_layers: int
    n_start: int = 1
    every: int = 1

    def __post_init__(self) -> None:
        check_count("n_layers", self.n_layers)
        check_count("n_start", self.n_start, 1, self.n_layers)
        check_count("every", self.every)

    def trainable(self, epoch: int) -> list[int]:
        """Return the numbers of the layers that are trained in an epoch, both counted from 0."""
        n_trained = min(self.n_layers, self.n_start + epoch // self.every)
        return list(range(self.n_layers - n_trained, self.n_layers))


@register("tool", "M102")
def unfreezing_schedule(
    layer_sizes: Sequence[int], n_start: int = 1, every: int = 1, n_epochs: int = 10
) -> list[dict[str, Any]]:
    """Return which layers gradual unfreezing trains in each epoch, and how many parameters that is.

    Parameters
    ----------
    layer_sizes : sequence of int
        Parameters of each layer, first layer first.
    n_start : int, default=1
        Last layers that are trained from the start.
    every : int, default=1
        Epochs after which one more layer is trained, at least 1.
    n_epochs : int, default=10
        Epochs, at least 1.

    Returns
    -------
    list of dict
        For each epoch its "layers", counted from 0, and "n_parameters".

    Raises
    ------
    InvalidInputError
        If there is no layer, or a value breaks its rule.

    Notes
    -----
    In epoch e the last ``min(n, s + ⌊e/k⌋)`` layers are trained. Howard & Ruder, "Universal language model fine-tuning
    for text classification", ACL 2018.

    Examples
    --------
    Head of 100, then with block 2 of 3,000.

    >>> [epoch["n_parameters"] for epoch in unfreezing_schedule([1000, 2000, 3000, 100], every=2, n_epochs=8)]
    [100, 100, 3100, 3100, 5100, 5100, 6100, 6100]
    """
    schedule = FreezeSchedule(len(layer_sizes), n_start, every)
    for i, size in enumerate(layer_sizes):
        check_count(f"layer_sizes[{i}]", size, 0)
    check_count("n_epochs", n_epochs)
    epochs = [schedule.trainable(epoch) for epoch in range(n_epochs)]
    return [{"layers": layers, "n_parameters": sum(layer_sizes[i] for i in layers)} for layers in epochs]


def freeze(layer: Layer, *, frozen: bool = True) -> None:
    """Let the weights of a layer stay as they are, or release them again.

    A frozen weight is none of `Layer.weights` and of `Layer.state`, and no gradient of it is computed.
    """
    for part in layer._parts():  # noqa: SLF001  (frozen weights are no longer among the public ones)
        if isinstance(part, Layer):
            freeze(part, frozen=frozen)
        elif isinstance(part, Tensor):
            part.requires_grad = not frozen


@register("tool", "M102")
def gradual_unfreezing(
    n_start: int = 1, every: int = 5, n_epochs: int = 20, n_rows: int = 40, seed: int = 0
) -> dict[str, Any]:
    """Return the fine-tuning of a network whose layers are released one after the other.

    Parameters
    ----------
    n_start : int, default=1
        Last layers that are trained from the start, from 1 to 3.
    every : int, default=5
        Epochs after which one more layer is trained, at least 1.
    n_epochs : int, default=20
        Epochs, at least 1.
    n_rows : int, default=40
        Labelled rows of the new task, at least 2; 300 others are tested on.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        "losses" of each epoch; "trained", the layers that the schedule names, and "changed", those whose weights
        moved, by epoch; "accuracy_before" and "accuracy" on new rows.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    The network of three layers learnt to tell points inside a circle; in the new task the circle has moved. Howard &
    Ruder, "Universal language model fine-tuning for text classification", ACL (2018).

    Examples
    --------
    >>> found = gradual_unfreezing(every=2, n_epochs=5)
    >>> found["changed"] == found["trained"], found["changed"]
    (True, [[2], [2], [1, 2], [1, 2], [0, 1, 2]])
    """
    schedule = FreezeSchedule(3, n_start, every)
    check_count("n_epochs", n_epochs)
    check_count("n_rows", n_rows, 2)
    rng = as_generator(seed)
    network = dense([2, 16, 16, 2], rng)
    layers = [step for step in network.steps if isinstance(step, Linear)]
    _fit(network, *_circle(300, 0.0, rng), Plan(n_epochs=30), rng)
    rows, labels = _circle(n_rows, 0.4, rng)
    new, right = _circle(300, 0.4, rng)
    result: dict[str, Any] = {"losses": [], "trained": [], "changed": []}
    result["accuracy_before"] = _accuracy(network, new, right)
    training: Training | None = None
    for epoch in range(n_epochs):
        trained = schedule.trainable(epoch)
        if training is None or trained != result["trained"][-1]:
            for i, layer in enumerate(layers):
                freeze(layer, frozen=i not in trained)
            training = _training(network, rows, labels, Plan(n_epochs=1), rng)
        before = [layer.W.data.copy() for layer in layers]
        result["losses"].append(training.fit_epoch())
        result["trained"].append(trained)
        moved = [not np.array_equal(b, layer.W.data) for b, layer in zip(before, layers, strict=True)]
        result["changed"].append(np.flatnonzero(moved).tolist())
    return {**result, "accuracy": _accuracy(network, new, right)}


def _circle(n: int, shift: float, rng: np.random.Generator) -> tuple[Array, NDArray[np.intp]]:
    rows = rng.uniform(-1.5, 1.5, (n, 2))
    return rows, (np.linalg.norm(rows - shift, axis=1) < 1).astype(np.intp)


def _training(
    network: Sequential, rows: Array, labels: NDArray[np.intp], plan: Plan, rng: np.random.Generator
) -> Training:
    return Training(network, _loss(network, rows, labels), len(rows), plan, rng)


def _fit(network: Sequential, rows: Array, labels: NDArray[np.intp], plan: Plan, rng: np.random.Generator) -> None:
    fit_network(network, _loss(network, rows, labels), len(rows), plan, rng)


def _loss(network: Sequential, rows: Array, labels: NDArray[np.intp]) -> Any:  # noqa: ANN401  (of the given rows)
    return lambda i: cross_entropy_loss(network(Tensor(rows[i])), labels[i])


def _accuracy(network: Sequential, rows: Array, labels: NDArray[np.intp]) -> float:
    return float((network(Tensor(rows)).data.argmax(axis=1) == labels).mean())
