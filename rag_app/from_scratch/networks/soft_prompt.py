"""Prompt tuning: a language network stays as it is, and a few vectors in front of its input learn a task."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import as_generator, check_count
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.features import fingerprint
from rag_app.from_scratch.networks.freezing import freeze
from rag_app.from_scratch.networks.functions import concatenate
from rag_app.from_scratch.networks.layers import Layer, weight
from rag_app.from_scratch.networks.losses import cross_entropy_loss
from rag_app.from_scratch.networks.masks import earlier
from rag_app.from_scratch.networks.training import Plan, fit_network
from rag_app.from_scratch.networks.transformer import Tokens, Transformer, TransformerConfig
from rag_app.registry import register

_LETTERS, _LENGTH = 6, 3  # sequences of three of six letters; after these come the tokens that name a task
_TASKS = ("first", "second", "last")
_WIDTH = 16


class SoftPrompt(Layer):
    """Vectors in front of what a frozen transformer reads; only they are learnt.

    Parameters
    ----------
    network : Transformer
        Causal and frozen, with room for the vectors and the tokens.
    n_vectors : int
        Length m of the prompt.
    rng : numpy.random.Generator
        Draws the vectors.
    """

    def __init__(self, network: Transformer, n_vectors: int, rng: np.random.Generator) -> None:
        width = network.tokens.table.shape[1]
        self.vectors = weight(rng.normal(0, network.tokens.table.data.std(), (n_vectors, width)))
        self.network = network

    def __call__(self, tokens: Tokens) -> Tensor:
        """Return scores of the next token after each of the tokens, (b, n), which see the prompt before them."""
        m, (b, n) = len(self.vectors), tokens.shape
        prompt = self.vectors + np.zeros((b, 1, 1))  # (m, d) -> (b, m, d)
        x = concatenate([prompt, self.network.tokens(tokens)], axis=1) + self.network.places(np.arange(m + n))
        for block in self.network.blocks:
            x = block(x, earlier(m + n))
        return (self.network.norm(x) @ self.network.tokens.table.transpose())[:, m:]


@register("tool", "M103")
def soft_prompt_tuning(n_vectors: int = 1, task: int = 0, n_epochs: int = 20, seed: int = 0) -> dict[str, Any]:
    """Return how a frozen language network is brought to a task by a soft prompt alone.

    Parameters
    ----------
    n_vectors : int, default=1
        Vectors of the prompt, from 1 to 4.
    task : int, default=0
        0 asks for the first of three letters, 1 for the second, 2 for the last.
    n_epochs : int, default=20
        Times that the 144 examples of the task are seen, at least 1; 72 others are tested on.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        "losses" of each epoch; "accuracy_before" with the random prompt and "accuracy" with the tuned one;
        "hard_prompt_accuracy" with the token that names the task in its place; "nearest_token", the token whose
        vector is most like the first of the prompt by cosine (from 6 on they name tasks); "n_trained" and "n_frozen"
        numbers; "unchanged", whether the network is what it was, byte for byte.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    ``m · d`` numbers are trained; the gradient passes through the frozen network down to them. The network has learnt
    three tasks, each named by a token, and is never told which one is wanted here. Lester, Al-Rfou & Constant, "The
    power of scale for parameter-efficient prompt tuning", EMNLP 2021.

    Examples
    --------
    >>> found = soft_prompt_tuning()
    >>> found["accuracy"] > found["accuracy_before"] + 0.3, found["unchanged"], found["n_trained"]
    (True, True, 16)
    """
    check_count("n_vectors", n_vectors, 1, 4)
    check_count("task", task, 0, len(_TASKS) - 1)
    rng = as_generator(seed)
    network = _pretrained(rng)
    before, n_frozen = fingerprint(network), sum(w.data.size for w in network.weights())
    freeze(network)
    prompt = SoftPrompt(network, n_vectors, rng)
    letters = rng.permutation(_all_letters())
    rows, new = letters[:144], letters[144:]

    def loss(i: NDArray[np.intp]) -> Tensor:
        return cross_entropy_loss(prompt(rows[i])[:, -1], rows[i][:, task])

    def accuracy(scores: Tensor) -> float:
        return float((scores.data[:, -1].argmax(axis=-1) == new[:, task]).mean())

    random_accuracy = accuracy(prompt(new))
    plan = Plan(n_epochs=n_epochs, batch_size=24, learning_rate=0.03)
    losses = fit_network(prompt, loss, len(rows), plan, rng).losses
    n_trained = sum(w.data.size for w in prompt.weights())
    freeze(network, frozen=False)  # what is frozen has no fingerprint
    return {
        "losses": losses,
        "accuracy_before": random_accuracy,
        "accuracy": accuracy(prompt(new)),
        "hard_prompt_accuracy": accuracy(network(_named(new, task))),
        "nearest_token": _nearest(prompt.vectors.data[0], network.tokens.table.data),
        "n_trained": n_trained,
        "n_frozen": n_frozen,
        "unchanged": fingerprint(network) == before,
    }


def _all_letters() -> Tokens:
    return np.stack(np.meshgrid(*[np.arange(_LETTERS)] * _LENGTH), axis=-1).reshape(-1, _LENGTH)


def _named(letters: Tokens, task: int) -> Tokens:
    return np.column_stack([np.full(len(letters), _LETTERS + task), letters])


def _pretrained(rng: np.random.Generator) -> Transformer:
    """Return a network that gives the letter asked for by the token in front."""
    config = TransformerConfig(_LETTERS + len(_TASKS), _LENGTH + 4, n_layers=2, hidden=_WIDTH, n_heads=2)
    network = Transformer(config, rng)
    letters = _all_letters()
    tokens = np.concatenate([_named(letters, task) for task in range(len(_TASKS))])
    targets = np.concatenate([letters[:, task] for task in range(len(_TASKS))])
    plan = Plan(n_epochs=15, batch_size=36, learning_rate=0.01)
    fit_network(network, lambda i: cross_entropy_loss(network(tokens[i])[:, -1], targets[i]), len(tokens), plan, rng)
    return network


def _nearest(vector: Array, table: Array) -> int:
    return int((table @ vector / np.linalg.norm(table, axis=1)).argmax())
