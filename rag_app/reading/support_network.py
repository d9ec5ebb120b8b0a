"""A small network that reads the words of a statement and of its evidence together, in NumPy.

Two layers of attention over MiniLM's vectors of the words, in which a word attends to those that are the same, similar
or near, and to what it has learnt to attend to. ``benchmarks/train_support.py`` trains it on people's marks and on
contradictions that were made by rule.

References
----------
Vaswani et al., "Attention Is All You Need", 2017.
Parikh et al., "A Decomposable Attention Model for Natural Language Inference", 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag_app.reading.support_features import Array
from rag_app.reading.support_pairs import Pair

WEIGHTS = Path(__file__).with_suffix(".npz")
CONVENTIONS = ("answer", "answer from data", "claim", "made")  # by which a statement was called unsupported
N_HEADS = 4
RELATIONS = ("similar", "same", "of one text", "near", "after")
_NEAR = 4.0  # words
_VECTORS = 4.0  # weight of the vectors beside the features
_ODDS = 4.0  # by which odds are divided, to be of the size of the other features
_SMALL = 1e-5

Floats = NDArray[np.float32]


class SupportNetwork:
    """Says how likely a statement is not supported by its evidence.

    Parameters
    ----------
    weights : mapping of str to ndarray
        As `load_network` reads them.
    """

    def __init__(self, weights: Mapping[str, NDArray[np.float16]]) -> None:
        self._weights = {name: np.asarray(values, np.float32) for name, values in weights.items()}
        self._n_layers = sum(name.endswith("asked.weight") for name in weights)

    def odds(self, pair: Pair, of_statement: Array) -> Array:
        """Return the log-odds that a statement is not supported, one for each of `CONVENTIONS`.

        Parameters
        ----------
        pair : Pair
            The statement beside its evidence.
        of_statement : ndarray of shape (n_statement_features,)
            What is measured of the statement as a whole.
        """
        own = self._weights
        features = (pair.features - own["mean"]) / own["spread"]
        x = _VECTORS * (pair.vectors @ own["of_vectors.weight"].T) + self._linear(features, "of_features")
        relations = relate(pair)
        for layer in range(self._n_layers):
            x = self._attend(x, relations, f"layers.{layer}")
        stated = self._norm(x, "normed")[: pair.n_stated]
        of_words = self._linear(stated, "of_words")
        whole = (of_statement - own["mean_whole"]) / own["spread_whole"]
        likely = np.log1p(np.exp(-np.logaddexp(0, -of_words)).sum(axis=0))
        parts = (stated.mean(axis=0), stated.max(axis=0), of_words.max(axis=0) / _ODDS, likely, whole)
        hidden = _gelu(self._linear(np.concatenate(parts).astype(np.float32), "hidden"))
        return self._linear(hidden, "output").astype(np.float64)

    def _attend(self, x: Floats, relations: Floats, layer: str) -> Floats:
        n, width = x.shape
        asked = self._linear(self._norm(x, f"{layer}.before"), f"{layer}.asked")
        query, key, value = asked.reshape(n, 3, N_HEADS, -1).transpose(1, 2, 0, 3)  # each (n_heads, n_words, width)
        scores = query @ key.transpose(0, 2, 1) * np.float32(query.shape[-1] ** -0.5)
        scores += (relations @ self._weights[f"{layer}.related.weight"].T).transpose(2, 0, 1)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        mixed = (weights @ value).transpose(1, 0, 2).reshape(n, width)
        x = x + self._linear(mixed, f"{layer}.joined")
        inner = _gelu(self._linear(self._norm(x, f"{layer}.after"), f"{layer}.inner"))
        return x + self._linear(inner, f"{layer}.outer")

    def _linear(self, x: Floats, name: str) -> Floats:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _norm(self, x: Floats, name: str) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + _SMALL)
        return np.asarray(scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"], np.float32)


@lru_cache(maxsize=1)
def load_network() -> SupportNetwork:
    """Return the network with the committed weights."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return SupportNetwork({name: stored[name] for name in stored.files})


def relate(pair: Pair) -> Floats:
    """Return what each word has to do with each other one, of shape (n_words, n_words, 5), as in `RELATIONS`."""
    evidence = np.arange(len(pair.places)) >= pair.n_stated
    together = evidence[:, None] == evidence[None]
    apart = pair.places[:, None] - pair.places[None]
    near = np.exp(-np.abs(apart) / _NEAR) * together
    return np.stack(
        [pair.vectors @ pair.vectors.T, pair.same, together, near, near * np.sign(apart)], axis=-1, dtype=np.float32
    )


def _gelu(x: Floats) -> Floats:
    cubic = np.float32(np.sqrt(2 / np.pi)) * (x + np.float32(0.044715) * x * x * x)
    return np.asarray(x / 2 * (1 + np.tanh(cubic)), np.float32)
