"""Continual learning: what a network forgets when it learns something new, and replay, which reminds it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import as_generator, check_count
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.layers import Sequential, dense
from rag_app.from_scratch.networks.losses import cross_entropy_loss
from rag_app.from_scratch.networks.training import Plan, fit_network
from rag_app.registry import register

Data = tuple[Array, NDArray[np.intp]]


@register("tool", "M107")
def catastrophic_forgetting(n_epochs: int = 30, n_replayed: int = 30, seed: int = 0) -> dict[str, Any]:
    """Return what a network still knows of an old task after a new one, with and without measures against forgetting.

    Parameters
    ----------
    n_epochs : int, default=30
        Times that the rows of each task are seen, at least 1.
    n_replayed : int, default=30
        Rows of the old task that replay mixes into the new one, from 1 to 200.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        "old_accuracy_before", on the old task before the new one; and for "plain" and "replay" the
        "old_accuracy" and "new_accuracy" after it, the "forgetting" (the fall of the old accuracy) and the "losses".

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    The same weights serve both tasks, and the gradients of new rows take no account of the old ones; some old rows
    among the new ones do. Streaming is one half of continual learning, remembering the other. McCloskey & Cohen,
    "Catastrophic interference in connectionist networks", Psychology of Learning and Motivation 24 (1989).

    Examples
    --------
    >>> found = catastrophic_forgetting()
    >>> found["plain"]["forgetting"] > 0.2, found["replay"]["forgetting"] < found["plain"]["forgetting"] / 2
    (True, True)
    """
    check_count("n_epochs", n_epochs)
    check_count("n_replayed", n_replayed, 1, 200)
    rng = as_generator(seed)
    old, new, old_test, new_test = _task(200, -1, rng), _task(200, 1, rng), _task(400, -1, rng), _task(400, 1, rng)
    network, plan = dense([2, 24, 2], rng, activation="tanh"), Plan(n_epochs=n_epochs)
    _fit(network, old, plan, seed)
    learnt = network.state()
    before = _accuracy(network, old_test)
    mixed = tuple(np.concatenate([a, b[:n_replayed]]) for a, b in zip(new, old, strict=True))

    def outcome(data: Data) -> dict[str, Any]:
        network.load_state(learnt)
        losses = _fit(network, data, plan, seed)
        kept = _accuracy(network, old_test)
        found = {"old_accuracy": kept, "new_accuracy": _accuracy(network, new_test), "forgetting": before - kept}
        return {**found, "losses": losses}

    return {"old_accuracy_before": before, "plain": outcome(new), "replay": outcome((mixed[0], mixed[1]))}


def _fit(network: Sequential, data: Data, plan: Plan, seed: int) -> list[float]:
    def loss(rows: NDArray[np.intp]) -> Tensor:
        return cross_entropy_loss(network(Tensor(data[0][rows])), data[1][rows])

    return fit_network(network, loss, len(data[0]), plan, as_generator(seed)).losses


def _task(n: int, side: int, rng: np.random.Generator) -> Data:
    """Return points on one side: on the left the class is whether they lie high, on the right whether far out."""
    rows = rng.normal((2.5 * side, 0), 1, (n, 2))
    return rows, (rows[:, 1] > 0 if side < 0 else rows[:, 0] > 2.5).astype(np.intp)  # noqa: PLR2004  (the centre)


def _accuracy(network: Sequential, data: Data) -> float:
    return float((network(Tensor(data[0])).data.argmax(axis=1) == data[1]).mean())
