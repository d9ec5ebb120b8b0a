"""The committed weights of `rag_app.reading.support`, and the arithmetic on them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.reading.support_features import STATEMENT_NAMES
from rag_app.reading.support_network import CONVENTIONS

WEIGHTS = Path(__file__).with_suffix(".json")
SUSPECT_NAMES = ("suspect words", "worst word", "three worst words", "mean of words", "any word")
READ_NAMES = tuple(f"read as {name}" for name in CONVENTIONS)
RANK_NAMES = ("worst", "two worst", "all")
_WORST = 3
_MOST_LIKELY = 0.99
_SOME = 4
_ABOUT, _MISSING = STATEMENT_NAMES.index("about the answer"), STATEMENT_NAMES.index("share missing")

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trees:
    """Boosted regression trees: their sum is the log-odds that a word is not supported.

    Parameters
    ----------
    feature, left, right : ndarray of shape (n_trees, n_nodes)
        A node sends rows whose feature is at most the threshold to the left. A leaf sends them to itself.
    threshold, value : ndarray of shape (n_trees, n_nodes)
        The value counts at leaves.
    depth : int
        Of the deepest leaf.
    base : float
        What the values are added to.
    """

    feature: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    threshold: Array
    value: Array
    depth: int
    base: float

    def odds(self, rows: Array) -> Array:
        """Return the sum of the leaves that each row falls into."""
        trees = np.arange(len(self.feature))
        node = np.zeros((len(rows), len(trees)), np.int64)
        for _ in range(self.depth):
            at = rows[np.arange(len(rows))[:, None], self.feature[trees, node]]
            goes_left = at <= self.threshold[trees, node]
            node = np.where(goes_left, self.left[trees, node], self.right[trees, node])
        return np.asarray(self.base + self.value[trees, node].sum(axis=1), np.float64)


@dataclass(frozen=True, slots=True)
class Linear:
    """A weighted sum and a bias."""

    weights: Array
    bias: float

    def odds(self, rows: Array) -> Array:
        """Return the sum of each row."""
        return np.asarray(rows @ self.weights + self.bias, np.float64)


@dataclass(frozen=True, slots=True)
class Weights:
    """What was learnt for one kind of passages; all odds are those of being unsupported.

    Parameters
    ----------
    words : Trees
        From `rag_app.reading.support_features.WORD_NAMES`.
    statement : Linear
        From `STATEMENT_NAMES`, `SUSPECT_NAMES` and `READ_NAMES`.
    answer : Linear
        From the odds of the worst statement, the mean of the two worst and the mean of all.
    bounded : bool
        Whether a statement of some words, none of which is about the answer itself, is supported at most as far as its
        words are in the passages. People seldom mark phrases such as "I hope this helps", of which the passages have
        nothing: without this bound the weights take what is wholly new for such a phrase.
    """

    words: Trees
    statement: Linear
    answer: Linear
    bounded: bool

    def odds(self, of_words: Array, of_statement: Array, read: Array) -> float:
        """Return the log-odds that a statement is not supported; the network read it as ``read``."""
        suspects = summarise(self.words.odds(of_words))
        return self.odds_of_row(np.concatenate([of_statement, suspects, read]), len(of_words))

    def odds_of_row(self, row: Array, n_words: int) -> float:
        """Return the same of a row of `STATEMENT_NAMES`, `SUSPECT_NAMES` and `READ_NAMES`."""
        odds = float(self.statement.odds(row[None])[0])
        if not self.bounded or n_words < _SOME or row[_ABOUT] > 0:
            return odds
        missing = min(float(row[_MISSING]), _MOST_LIKELY)
        return max(odds, math.log(missing / (1 - missing))) if missing else odds


@dataclass(frozen=True, slots=True)
class Claims:
    """What was learnt for single claims with what they cite, from `STATEMENT_NAMES`: the mean of both counts."""

    linear: Linear
    trees: Trees

    def odds(self, rows: Array) -> Array:
        """Return the log-odds that each claim is not attributable."""
        return (self.linear.odds(rows) + self.trees.odds(rows)) / 2


@dataclass(frozen=True, slots=True)
class Learnt:
    """The weights by what they are for: answers from prose, answers from structured data, single claims."""

    prose: Weights
    structured: Weights
    claim: Claims


@lru_cache(maxsize=1)
def load_weights() -> Learnt:
    """Return the committed weights."""
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    claim = Claims(_linear(stored["claim"]["linear"], STATEMENT_NAMES), _trees(stored["claim"]["trees"]))
    return Learnt(_weights(stored["prose"]), _weights(stored["structured"]), claim)


def summarise(odds: Array) -> Array:
    """Return what the odds of a statement's words amount to, in the order of `SUSPECT_NAMES`."""
    likely = np.sort(1 / (1 + np.exp(-odds)))[::-1]
    if not len(likely):
        return np.zeros(len(SUSPECT_NAMES))
    none = -np.log1p(-np.minimum(likely, _MOST_LIKELY)).sum()
    worst = likely[:_WORST].sum() / _WORST
    return np.array([np.log1p(likely.sum()), likely[0], worst, likely.mean(), np.log1p(none)])


def rank(odds: Sequence[float]) -> Array:
    """Return what the odds of an answer's statements amount to: of the worst, of the two worst, of all."""
    worst = np.sort(np.asarray(odds, np.float64))[::-1]
    return np.array([worst[0], worst[:2].mean(), worst.mean()])


def _weights(stored: Mapping[str, Any]) -> Weights:
    statement = _linear(stored["statement"], (*STATEMENT_NAMES, *SUSPECT_NAMES, *READ_NAMES))
    return Weights(_trees(stored["words"]), statement, _linear(stored["answer"], RANK_NAMES), stored["bounded"])


def _trees(stored: Mapping[str, Any]) -> Trees:
    arrays = {name: np.array(stored[name]) for name in ("feature", "left", "right", "threshold", "value")}
    return Trees(**arrays, depth=stored["depth"], base=stored["base"])


def _linear(stored: Mapping[str, float], names: Sequence[str]) -> Linear:
    return Linear(np.array([stored.get(name, 0.0) for name in names]), stored["bias"])
