"""Mixtures of experts: sub-networks among which a gate chooses for each token, all of them or only a few."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import (
    Matrix,
    Vector,
    as_generator,
    as_matrix,
    as_vector,
    check_count,
    check_range,
    check_same_length,
)
from rag_app.from_scratch.metrics.routing import expert_load
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.functions import concatenate, softmax
from rag_app.from_scratch.networks.layers import Layer, Linear
from rag_app.from_scratch.networks.losses import squared_loss
from rag_app.from_scratch.networks.training import Plan, fit_network
from rag_app.registry import register

_EXPERTS = 4
_NOISE = 0.05


@register("tool", "M108")
def mixture_of_experts(outputs: Matrix, logits: Vector, k: int | None = None) -> dict[str, Any]:
    """Return the output of a mixture of experts for one token, dense or from the k experts that the gate prefers.

    Parameters
    ----------
    outputs : array-like of shape (N, d)
        What each expert says.
    logits : array-like of shape (N,)
        The gate's score of each expert.
    k : int, optional
        Experts that are asked; by default all N, which is a dense mixture.

    Returns
    -------
    dict
        "output" of d numbers; "gates", the weight of each expert, 0 for those not asked; "compute_share", k/N. Of
        experts with equal scores the first are asked.

    Raises
    ------
    InvalidInputError
        If there is not a score for each expert, or k is not from 1 to N.

    Notes
    -----
    ``y = Σᵢ gᵢ Eᵢ`` with ``g = softmax`` of the k largest scores. Jacobs, Jordan, Nowlan & Hinton, "Adaptive mixtures
    of local experts", Neural Computation 3 (1991); Shazeer et al., "Outrageously large neural networks", ICLR 2017.

    Examples
    --------
    10 · 0.7311 + 20 · 0.2689 = 12.69.

    >>> found = mixture_of_experts([[10], [20], [30], [40]], [2, 1, 0, -1], k=2)
    >>> [round(g, 4) for g in found["gates"]], round(found["output"][0], 2), found["compute_share"]
    ([0.7311, 0.2689, 0.0, 0.0], 12.69, 0.5)
    """
    said, scores = as_matrix("outputs", outputs), as_vector("logits", logits)
    check_same_length(outputs=said, logits=scores)
    n_asked = len(scores) if k is None else k
    check_count("k", n_asked, 1, len(scores))
    asked = _preferred(scores[None], n_asked)[0]
    gates = np.zeros(len(scores))
    gates[asked] = softmax(Tensor(scores[asked])).data
    return {"output": (gates @ said).tolist(), "gates": gates.tolist(), "compute_share": n_asked / len(scores)}


@register("tool", "M109")
def switch_routing(logits: Matrix, capacity_factor: float = 1.0) -> dict[str, Any]:
    """Return the one expert that each token of a batch goes to, and the tokens that find it full.

    Parameters
    ----------
    logits : array-like of shape (T, N)
        The router's score of each expert for each token.
    capacity_factor : float, default=1.0
        Places in all experts together, in tokens of the batch; above 0.

    Returns
    -------
    dict
        "experts" and "gates", the chosen expert and its probability, by token; "capacity" of each expert; "dropped",
        the positions of tokens that the layer passes by; "load_balancing_loss". Of equal scores the first is chosen.

    Raises
    ------
    InvalidInputError
        If there are no tokens, or the capacity factor is not above 0.

    Notes
    -----
    ``expert = argmax softmax(logits)``; its output is multiplied by the probability, not renormalised, so that the
    router has a gradient. ``capacity = ⌈factor · T / N⌉``; earlier tokens are served first. Fedus, Zoph & Shazeer,
    "Switch transformers", JMLR 23 (2022).

    Examples
    --------
    Three of four tokens want expert 0, which has ⌈1 · 4 / 2⌉ = 2 places.

    >>> found = switch_routing([[2, 0], [2, 0], [0, 2], [2, 0]])
    >>> found["experts"], found["capacity"], found["dropped"]
    ([0, 0, 1, 0], 2, [3])
    """
    scores = as_matrix("logits", logits)
    check_range("capacity_factor", capacity_factor, 0, open_low=True)
    n_tokens, n_experts = scores.shape
    probabilities = softmax(Tensor(scores)).data
    experts = probabilities.argmax(axis=1)
    # a factor such as 1.1 is a little above 11/10 as a float, and must not buy a place
    capacity = math.ceil(round(capacity_factor * n_tokens / n_experts, 9))
    chosen = (experts[:, None] == np.arange(n_experts)).cumsum(axis=0)  # (T, N): tokens of each expert so far
    place = chosen[np.arange(n_tokens), experts]
    return {
        "experts": experts.tolist(),
        "gates": probabilities.max(axis=1).tolist(),
        "capacity": capacity,
        "dropped": np.flatnonzero(place > capacity).tolist(),
        "load_balancing_loss": _balance(Tensor(probabilities), experts).item(),
    }


@register("metric", "M109")
def load_balancing_loss(probabilities: Matrix, assignments: Vector) -> float:
    """Return how unevenly a router spreads tokens over experts: 1 for evenly, up to N for all to one of N experts.

    Parameters
    ----------
    probabilities : array-like of shape (T, N)
        The router's probability of each expert for each token; rows sum to 1.
    assignments : array-like of shape (T,)
        The expert of each token, from 0 to N - 1.

    Returns
    -------
    float
        1 for uniform routing, N where all tokens go to one expert with certainty; below 1 only where tokens are sent
        to experts that the router finds improbable.

    Raises
    ------
    InvalidInputError
        If a row is no distribution, or an expert does not exist.

    Notes
    -----
    ``N Σᵢ fᵢ Pᵢ`` with the share ``fᵢ`` of tokens and the mean probability ``Pᵢ`` of expert i; only P has a gradient.
    Fedus, Zoph & Shazeer, "Switch transformers", JMLR 23 (2022).

    Examples
    --------
    2 · (1 · 0.75 + 0 · 0.25).

    >>> load_balancing_loss([[0.5, 0.5], [1, 0]], [0, 0])
    1.5
    """
    rows, chosen = as_matrix("probabilities", probabilities), as_vector("assignments", assignments)
    check_same_length(probabilities=rows, assignments=chosen)
    if (rows < 0).any() or (np.abs(rows.sum(axis=1) - 1) > 1e-6).any():  # noqa: PLR2004  (decimal fractions pass)
        msg = f"probabilities must be rows that sum to 1; got sums from {rows.sum(axis=1).min():g}."
        raise InvalidInputError(msg)
    if not np.isin(chosen, np.arange(rows.shape[1])).all():
        msg = f"assignments must be whole numbers from 0 to {rows.shape[1] - 1}; got {chosen.tolist()[:5]!r}."
        raise InvalidInputError(msg)
    return _balance(Tensor(rows), chosen.astype(int)).item()


def _balance(probabilities: Tensor, experts: NDArray[np.intp]) -> Tensor:
    n_experts = probabilities.shape[1]
    shares = np.bincount(experts, minlength=n_experts) / len(experts)
    return (probabilities.mean(0) * shares).sum() * n_experts


def _preferred(scores: Array, k: int) -> NDArray[np.intp]:
    """Return the k experts with the highest scores for each token, shape (T, k)."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


class Mixture(Layer):
    """Linear experts with a linear gate, of which k work on each token; called with (T, n_in), it gives (T, n_out).

    Parameters
    ----------
    n_in, n_out : int
        Sizes of a token before and after.
    n_experts, k : int
        Experts, and how many of them each token visits. With k = 1 the expert's output is multiplied by its
        probability, otherwise by a softmax over the k.
    rng : numpy.random.Generator
        Draws the weights.
    """

    def __init__(self, n_in: int, n_out: int, n_experts: int, k: int, rng: np.random.Generator) -> None:
        self.gate = Linear(n_in, n_experts, rng)
        self.experts = [Linear(n_in, n_out, rng) for _ in range(n_experts)]
        self._k = k

    def __call__(self, x: Tensor) -> Tensor:
        return self.route(x)[0]

    def route(self, x: Tensor) -> tuple[Tensor, Tensor, NDArray[np.intp]]:
        """Return the outputs, the probabilities of all experts, (T, N), and the chosen experts, (T, k)."""
        logits = self.gate(x)
        chosen = _preferred(logits.data, self._k)
        probabilities = softmax(logits)
        tokens = np.arange(len(x))[:, None]
        gates = probabilities[tokens, chosen] if self._k == 1 else softmax(logits[tokens, chosen])  # (T, k)
        visits = chosen.ravel()  # (T k,): token after token
        order = np.argsort(visits, kind="stable")
        visitors = order // self._k
        ends = np.searchsorted(visits[order], np.arange(len(self.experts) + 1))
        said = [e(x[visitors[ends[i] : ends[i + 1]]]) for i, e in enumerate(self.experts)]
        outputs = concatenate(said)[np.argsort(order)].reshape(len(x), self._k, -1)  # back to token after token
        return (outputs * gates.reshape(len(x), self._k, 1)).sum(1), probabilities, chosen


@register("tool", "M108", "M109")
def experts_training(
    n_rows: int = 400, n_epochs: int = 60, balance: float = 0.01, seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Return what a dense and two sparse mixtures of four experts learn of a function that differs by quadrant.

    Parameters
    ----------
    n_rows : int, default=400
        Rows to train on, at least 4; as many again are tested on.
    n_epochs : int, default=60
        Times that every row is seen, at least 1.
    balance : float, default=0.01
        Weight of the load-balancing loss, at least 0; with 0, routing may collapse.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        For "dense", "top_2", "switch" (top 1) and "linear" (one expert): "losses" of each epoch, "error" (mean squared
        error on new rows), "compute_share", and of those with a gate "effective_experts", from 1 to 4.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    In each quadrant of the plane another linear function holds: one expert each would do. Shazeer et al., "Outrageously
    large neural networks: the sparsely-gated mixture-of-experts layer", ICLR (2017).

    Examples
    --------
    >>> found = experts_training()
    >>> found["switch"]["error"] < found["linear"]["error"] / 2, found["switch"]["compute_share"]
    (True, 0.25)
    """
    check_count("n_rows", n_rows, 4)
    check_range("balance", balance, 0)
    plan = Plan(n_epochs=n_epochs, batch_size=20, learning_rate=0.02)
    data = as_generator(seed)
    x = data.normal(size=(2 * n_rows, 2))
    slopes = data.normal(0, 2, (4, 2))
    quadrant = 2 * (x[:, 0] > 0) + (x[:, 1] > 0)
    y = (x * slopes[quadrant]).sum(axis=1, keepdims=True) + data.normal(0, _NOISE, (2 * n_rows, 1))
    sizes = {"dense": (_EXPERTS, _EXPERTS), "top_2": (_EXPERTS, 2), "switch": (_EXPERTS, 1), "linear": (1, 1)}
    return {name: _trained(x, y, n_k, plan, balance, seed) for name, n_k in sizes.items()}


def _trained(x: Array, y: Array, n_k: tuple[int, int], plan: Plan, balance: float, seed: int) -> dict[str, Any]:
    rng, n = as_generator(seed), len(x) // 2
    network = Mixture(2, 1, *n_k, rng)

    def loss(rows: NDArray[np.intp]) -> Tensor:
        outputs, probabilities, chosen = network.route(Tensor(x[rows]))
        return squared_loss(outputs, y[rows]) + _balance(probabilities, chosen[:, 0]) * balance

    losses = fit_network(network, loss, n, plan, rng).losses
    outputs, _, chosen = network.route(Tensor(x[n:]))
    return {
        "losses": losses,
        "error": float(((outputs.data - y[n:]) ** 2).mean()),
        "compute_share": n_k[1] / n_k[0],
        "effective_experts": expert_load(chosen[:, 0].tolist(), n_k[0])["effective_experts"],
    }
