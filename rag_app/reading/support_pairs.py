"""The words of a statement beside those of the sentences that may support it, for a network to read together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag_app.reading.marked_words import MarkedWord, keys_of
from rag_app.reading.support_features import N_CHOSEN, WORD_NAMES, Comparison
from rag_app.reading.worded import ReadPassages, ReadWords

FEATURE_NAMES = (*WORD_NAMES, "a number", "a name", "negated", "evidence", "shared", "first", "second", "third")
MOST_WORDS = 96  # of the statement, and of the evidence


@dataclass(frozen=True, slots=True)
class Pair:
    """The content words of a statement and after them those of its evidence.

    Parameters
    ----------
    vectors : ndarray of shape (n_words, 384)
        Of each word in its context, at unit length.
    features : ndarray of shape (n_words, n_features)
        Columns as in `FEATURE_NAMES`; those of `WORD_NAMES` are 0 for words of the evidence.
    places : ndarray of shape (n_words,)
        Of each among all words of its text; what stands in another sentence of the evidence is far away.
    same : ndarray of shape (n_words, n_words)
        Which words are the same.
    n_stated : int
        Words of the statement.
    """

    vectors: NDArray[np.float32]
    features: NDArray[np.float32]
    places: NDArray[np.int64]
    same: NDArray[np.bool_]
    n_stated: int


def pair(statement: ReadWords, compared: Comparison, page: ReadPassages) -> Pair:
    """Return a statement beside the sentences of the passages that were chosen for it.

    Parameters
    ----------
    statement : ReadWords
        Its words.
    compared : Comparison
        How they compare with the passages.
    page : ReadPassages
        The passages.
    """
    chosen = [np.arange(*np.searchsorted(page.unit_of, (unit, unit + 1))) for unit in compared.chosen]
    evidence = np.concatenate([np.zeros(0, np.int64), *chosen])[:MOST_WORDS]
    ranks = np.repeat(np.arange(len(chosen)), [len(c) for c in chosen])[:MOST_WORDS]
    n = min(len(statement.words), MOST_WORDS)
    words = [*statement.words[:n], *(page.words[i] for i in evidence)]
    same = _same(words)
    features = np.zeros((len(words), len(FEATURE_NAMES)), np.float32)
    features[:n, : len(WORD_NAMES)] = compared.of_words[:n]
    features[:, len(WORD_NAMES) :] = np.stack(
        [
            np.array([w.kind == "number" for w in words]),
            np.array([w.kind == "name" for w in words]),
            np.array([w.negated for w in words]),
            np.arange(len(words)) >= n,
            np.append(same[:n, n:].any(axis=1), same[:n, n:].any(axis=0)),
            *(np.append(np.zeros(n, bool), ranks == rank) for rank in range(N_CHOSEN)),
        ],
        axis=1,
    )
    return Pair(
        np.concatenate([statement.vectors[:n], page.vectors[evidence]]),
        features,
        np.concatenate([statement.places[:n], page.places[evidence]]),
        same,
        n,
    )


def _same(words: list[MarkedWord]) -> NDArray[np.bool_]:
    at: dict[str, list[int]] = {}
    for i, word in enumerate(words):
        for key in keys_of(word):
            at.setdefault(key, []).append(i)
    same = np.eye(len(words), dtype=bool)
    for found in at.values():
        same[np.ix_(found, found)] = True
    return same
