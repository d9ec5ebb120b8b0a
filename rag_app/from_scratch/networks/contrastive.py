"""Contrastive learning of two modalities: each picture must find its own text among those of the batch, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_count, check_range, check_same_length
from rag_app.from_scratch.metrics.alignment import alignment_score
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.functions import exp
from rag_app.from_scratch.networks.layers import Layer, dense, weight
from rag_app.from_scratch.networks.losses import cross_entropy_loss
from rag_app.from_scratch.networks.training import Plan, fit_network
from rag_app.registry import register

_TEMPERATURE = 0.07


@register("metric", "M121")
def clip_loss(images: Matrix, texts: Matrix, temperature: float = _TEMPERATURE) -> float:
    """Return how hard it is to find the partner of each embedding in the other modality.

    Parameters
    ----------
    images : array-like of shape (n, d)
        Embeddings of one modality; no row of zeros.
    texts : array-like of shape (n, d)
        Embeddings of the other; row i is the partner of row i of ``images``.
    temperature : float, default=0.07
        Cosines are divided by it; above 0.

    Returns
    -------
    float
        0 where every partner is nearer than all others and the temperature is near 0; ln n where all are alike.

    Raises
    ------
    InvalidInputError
        If the shapes differ, a row is all zeros, or the temperature is not above 0.

    Notes
    -----
    With cosines ``s_ij``, ``L = (1/2n) Σᵢ [-ln softmax_j(s_ij/τ)ᵢ - ln softmax_j(s_ji/τ)ᵢ]``: cross-entropies of the
    rows and of the columns. Radford et al., "Learning transferable visual models from natural language supervision",
    ICML 2021.

    Examples
    --------
    Two pairs that are all alike: ln 2. Two that are at right angles, at temperature 1: ln(1 + e^-1).

    >>> round(clip_loss([[1, 0], [1, 0]], [[2, 0], [3, 0]]), 6)
    0.693147
    >>> round(clip_loss([[1, 0], [0, 1]], [[1, 0], [0, 1]], temperature=1), 6)
    0.313262
    """
    first = as_matrix("images", images)
    second = as_matrix("texts", texts, n_columns=first.shape[1])
    check_same_length(images=first, texts=second)
    check_range("temperature", temperature, 0, open_low=True)
    for name, rows in (("images", first), ("texts", second)):
        if not rows.any(axis=1).all():
            msg = f"{name} must have no row of zeros, which has no direction; got one."
            raise InvalidInputError(msg)
    return contrastive_loss(cosines(Tensor(first), Tensor(second)) / temperature).item()


def cosines(a: Tensor, b: Tensor) -> Tensor:
    """Return the cosine of every row of one with every row of the other, shape (n, m)."""
    return _directions(a) @ _directions(b).transpose()


def _directions(x: Tensor) -> Tensor:
    return x * (x * x).sum(-1, keepdims=True) ** -0.5


def contrastive_loss(scores: Tensor) -> Tensor:
    """Return the mean of the cross-entropies of rows and columns, whose right answers lie on the diagonal."""
    right = np.arange(len(scores))
    return (cross_entropy_loss(scores, right) + cross_entropy_loss(scores.transpose(), right)) * 0.5


class TwoTowers(Layer):
    """An encoder for each modality into one space, and a learnt temperature.

    Parameters
    ----------
    n_image, n_text, dimension : int
        Numbers of a picture, of a text, and of an embedding.
    rng : numpy.random.Generator
        Draws the weights.
    """

    def __init__(self, n_image: int, n_text: int, dimension: int, rng: np.random.Generator) -> None:
        self.image = dense([n_image, 32, dimension], rng)
        self.text = dense([n_text, 32, dimension], rng)
        self.sharpness = weight(np.array(-np.log(_TEMPERATURE)))  # ln 1/τ: any number is allowed

    def __call__(self, images: Tensor, texts: Tensor) -> Tensor:
        return cosines(self.image(images), self.text(texts)) * exp(self.sharpness)


@register("tool", "M121", "M124")
def contrastive_training(
    n_pairs: int = 200, n_epochs: int = 40, noise: float = 0.05, batch_size: int = 32, seed: int = 0
) -> dict[str, Any]:
    """Return how two encoders learn to put pictures and their texts in one place.

    Parameters
    ----------
    n_pairs : int, default=200
        Pairs to train on, at least 2; 50 others are tested on.
    n_epochs : int, default=40
        Times that every pair is seen, at least 1.
    noise : float, default=0.05
        Standard deviation of what is added to each number, at least 0.
    batch_size : int, default=32
        Pairs among which a partner is looked for, at least 2.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        "losses" of each epoch; "before" and "after", the alignment score of the new pairs; "temperature" that was
        learnt.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    A thing is four random numbers; its picture is ten of their mixtures put through tanh, its text six others. Radford
    et al., "Learning transferable visual models from natural language supervision", ICML (2021).

    Examples
    --------
    >>> found = contrastive_training()
    >>> found["before"]["retrieval_at_1"] < 0.2, found["after"]["retrieval_at_1"] > 0.5
    (True, True)
    """
    check_count("n_pairs", n_pairs, 2)
    check_range("noise", noise, 0)
    check_count("batch_size", batch_size, 2)
    rng = as_generator(seed)
    images, texts = _pairs(n_pairs + 50, noise, rng)
    network = TwoTowers(images.shape[1], texts.shape[1], 8, rng)

    def alignment() -> dict[str, float]:
        new = slice(n_pairs, None)
        return alignment_score(network.image(Tensor(images[new])).data, network.text(Tensor(texts[new])).data)

    def loss(rows: NDArray[np.intp]) -> Tensor:
        return contrastive_loss(network(Tensor(images[rows]), Tensor(texts[rows])))

    before = alignment()
    plan = Plan(n_epochs=n_epochs, batch_size=batch_size, learning_rate=0.005)
    losses = fit_network(network, loss, n_pairs, plan, rng).losses
    temperature = float(np.exp(-network.sharpness.data))
    return {"losses": losses, "before": before, "after": alignment(), "temperature": temperature}


def _pairs(n: int, noise: float, rng: np.random.Generator) -> tuple[Array, Array]:
    things = rng.normal(size=(n, 4))
    images, texts = (np.tanh(things @ rng.normal(0, 0.7, (4, size))) for size in (10, 6))
    return images + rng.normal(0, noise, images.shape), texts + rng.normal(0, noise, texts.shape)
