"""What a trained network knows, without its last layer: embeddings for search, and features for other tasks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import Matrix, Vector, as_generator, as_matrix, as_vector, check_choice, check_count
from rag_app.from_scratch.estimators.logistic import LogisticRegression
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.functions import softmax
from rag_app.from_scratch.networks.layers import ACTIVATIONS, Layer, Sequential, dense
from rag_app.from_scratch.networks.losses import cross_entropy_loss
from rag_app.from_scratch.networks.multilayer import MLPClassifier
from rag_app.from_scratch.networks.training import Plan, fit_network
from rag_app.registry import register

_CELLS = 3  # rows and columns of the board
_COLUMNS = 8  # of which two tell the cell
_ALPHA = 0.01


@register("tool", "M122")
def penultimate_embedding(x: Vector, matrices: Sequence[Matrix], activation: str = "relu") -> dict[str, list[float]]:
    """Return what a network hands to its last layer, which is an embedding of the input, and what comes out of it.

    Parameters
    ----------
    x : array-like of shape (n,)
        The input.
    matrices : sequence of array-like of shape (n_out, n_in)
        The weights of each layer, first layer first; the last one makes the scores.
    activation : {"relu", "sigmoid", "tanh", "gelu", "identity"}, default="relu"
        Function after each layer but the last: relu, sigmoid, tanh, gelu or identity.

    Returns
    -------
    dict
        "embedding", "scores" (the last layer applied to it) and "probabilities". With one layer the embedding is the
        input.

    Raises
    ------
    InvalidInputError
        If there is no matrix, their shapes do not follow one another, or the activation is unknown.

    Notes
    -----
    Donahue et al., "DeCAF: a deep convolutional activation feature for generic visual recognition", ICML (2014).

    Examples
    --------
    relu(3 + 1, 3 - 1) = (4, 2), and the scores are 0.5 · 4 - 2 = 0 and 0.25 · 4 + 2 = 3.

    >>> found = penultimate_embedding([3, 1], [[[1, 1], [1, -1]], [[0.5, -1], [0.25, 1]]])
    >>> found["embedding"], found["scores"], [round(p, 4) for p in found["probabilities"]]
    ([4.0, 2.0], [0.0, 3.0], [0.0474, 0.9526])
    """
    check_choice("activation", activation, ACTIVATIONS)
    check_count("the number of matrices", len(matrices))
    h: Array = as_vector("x", x)
    *hidden, last = matrices
    for i, rows in enumerate(hidden):
        h = ACTIVATIONS[activation](Tensor(as_matrix(f"matrices[{i}]", rows, n_columns=len(h)) @ h)).data
    scores = as_matrix(f"matrices[{len(hidden)}]", last, n_columns=len(h)) @ h
    return {"embedding": h.tolist(), "scores": scores.tolist(), "probabilities": softmax(Tensor(scores)).data.tolist()}


def penultimate(network: Sequential, x: Array) -> Array:
    """Return what a network hands to its last step, for rows of shape (n, d); dropout and batch statistics are off.

    Examples
    --------
    >>> network, x = dense([2, 5, 3], np.random.default_rng(0)), np.ones((4, 2))
    >>> bool(np.array_equal(network.steps[-1](Tensor(penultimate(network, x))).data, network(Tensor(x)).data))
    True
    """
    network.train(training=False)
    return Sequential(*network.steps[:-1])(Tensor(x)).data


def fingerprint(layer: Layer) -> str:
    """Return a text that differs as soon as one bit of the weights does."""
    return hashlib.sha256(b"".join(array.tobytes() for array in layer.state())).hexdigest()


@register("tool", "M101", "M122")
def transfer_learning(n_labelled: int = 30, n_epochs: int = 60, seed: int = 0) -> dict[str, Any]:
    """Return what a frozen network that learnt one task brings to another, for which few labels exist.

    Parameters
    ----------
    n_labelled : int, default=30
        Labelled rows of the new task, half of each class, at least 4; 500 others are tested on.
    n_epochs : int, default=60
        Times that the base sees the 1,000 rows of its own task, at least 1.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        "losses" of the base in its own task; "base_accuracy" in it; "transfer_accuracy" of a logistic regression on
        the frozen features; "raw_accuracy" of one on the bare columns; "scratch_accuracy" of a network of the base's
        form trained on the labelled rows alone; "unchanged", whether the base is what it was, byte for byte;
        "n_trained" and "n_frozen" parameters.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    The base learns in which of the nine cells of a board a point lies, told by two of eight columns; the new task is
    whether it lies in the middle column of the board. Old head off, features computed once, a new head fitted.
    Yosinski, Clune, Bengio & Lipson, "How transferable are features in deep neural networks?", NIPS (2014).

    Examples
    --------
    >>> found = transfer_learning()
    >>> found["transfer_accuracy"] > found["scratch_accuracy"] + 0.1, found["unchanged"]
    (True, True)
    """
    check_count("n_labelled", n_labelled, 4)
    rng = as_generator(seed)
    base, losses, base_accuracy = _board_network(Plan(n_epochs=n_epochs), rng)
    before = fingerprint(base)
    rows, cells = _board(20 * n_labelled, rng)
    rows, labels = _halved(rows, _in_middle(cells), n_labelled)
    new, right = _board(1500, rng)
    new, right = _halved(new, _in_middle(right), 500)
    features = penultimate(base, rows)
    head = LogisticRegression(alpha=_ALPHA).fit(features, labels)
    raw = LogisticRegression(alpha=_ALPHA).fit(rows, labels)
    scratch = MLPClassifier(hidden=[32, 32], n_epochs=n_epochs, seed=seed).fit(rows, labels)
    return {
        "losses": losses,
        "base_accuracy": base_accuracy,
        "transfer_accuracy": float((head.predict(penultimate(base, new)) == right).mean()),
        "raw_accuracy": float((raw.predict(new) == right).mean()),
        "scratch_accuracy": float((scratch.predict(new) == right).mean()),
        "unchanged": fingerprint(base) == before,
        "n_trained": head.weights_.size + head.intercepts_.size,
        "n_frozen": sum(array.size for array in Sequential(*base.steps[:-1]).state()),
    }


def _board_network(plan: Plan, rng: np.random.Generator) -> tuple[Sequential, list[float], float]:
    rows, cells = _board(1000, rng)
    network = dense([_COLUMNS, 32, 32, _CELLS * _CELLS], rng)

    def loss(i: NDArray[np.intp]) -> Tensor:
        return cross_entropy_loss(network(Tensor(rows[i])), cells[i])

    losses = fit_network(network, loss, len(rows), plan, rng).losses
    new, right = _board(500, rng)
    return network, losses, float((network(Tensor(new)).data.argmax(axis=1) == right).mean())


def _in_middle(cells: NDArray[np.intp]) -> NDArray[np.intp]:
    middle: NDArray[np.intp] = (cells // _CELLS == _CELLS // 2).astype(np.intp)
    return middle


def _halved(rows: Array, labels: NDArray[np.intp], n: int) -> tuple[Array, NDArray[np.intp]]:
    """Return n of the rows, half of each class."""
    chosen = np.concatenate([np.flatnonzero(labels == 0)[: n // 2], np.flatnonzero(labels == 1)[: n - n // 2]])
    return rows[chosen], labels[chosen]


def _board(n: int, rng: np.random.Generator) -> tuple[Array, NDArray[np.intp]]:
    rows = rng.uniform(-1, 1, (n, _COLUMNS))
    column, row = np.minimum(((rows[:, :2] + 1) / 2 * _CELLS).astype(np.intp), _CELLS - 1).T
    return rows, column * _CELLS + row
