"""Texts as their words with vectors, and passages as all of theirs, to be compared with statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.reading.marked_words import MarkedWord, keys_of, mark_words

if TYPE_CHECKING:
    from rag_app.embeddings.minilm import TokenVectors

NEAR = 6  # words between the two of a pair
PREFIX = 5
RUNS = (2, 3, 4, 5)  # words that follow each other
_SPAN = 260  # characters of a sentence of a passage, at most
_WIDTH = 384


@dataclass(frozen=True, slots=True)
class ReadWords:
    """The content words of texts with their vectors.

    Parameters
    ----------
    words : list of MarkedWord
        Function words left out.
    vectors : ndarray of shape (n_words, 384)
        Means of their tokens' vectors, at unit length.
    pieces : ndarray of shape (n_words,)
        Word pieces of each: the more, the rarer the word.
    places : ndarray of shape (n_words,)
        The place of each among all words.
    keys : list of str
        Of all words, function words too.
    """

    words: list[MarkedWord]
    vectors: NDArray[np.float32]
    pieces: NDArray[np.int64]
    places: NDArray[np.int64]
    keys: list[str]


def read_words(text: str, tokens: TokenVectors) -> ReadWords:
    """Return the content words of a text with their vectors."""
    marked = mark_words(text)
    places = np.array([i for i, w in enumerate(marked) if w.kind != "function"], np.int64)
    words = [marked[i] for i in places]
    first = np.searchsorted(tokens.offsets[:, 1], [w.start for w in words], side="right")
    last = np.searchsorted(tokens.offsets[:, 0], [w.end for w in words], side="left")
    pieces = np.maximum(last - first, 0)
    sums = np.concatenate([np.zeros((1, tokens.vectors.shape[1])), np.cumsum(tokens.vectors, axis=0, dtype=np.float64)])
    vectors = sums[np.maximum(last, first)] - sums[first]
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return ReadWords(words, vectors.astype(np.float32), pieces, places, [w.key for w in marked])


def split_units(text: str) -> list[tuple[int, int]]:
    """Return the spans of the sentences of a passage; what is much longer, such as JSON, in pieces.

    Examples
    --------
    >>> split_units("One. Two.")
    [(0, 4), (5, 9)]
    """
    spans = []
    for start, end in split_sentences(text):
        while end - start > _SPAN:
            cut = text.rfind(" ", start + _SPAN // 2, start + _SPAN)
            cut = cut if cut > 0 else start + _SPAN
            spans.append((start, cut))
            start = cut + (text[cut] == " ")  # noqa: PLW2901  (the rest of the sentence)
        spans.append((start, end))
    return spans


class ReadPassages:
    """Passages whose words were read, to be compared with statements.

    Parameters
    ----------
    texts : sequence of str
        The passages.
    read : sequence of ReadWords
        Their words.
    """

    def __init__(self, texts: Sequence[str], read: Sequence[ReadWords]) -> None:
        self.units: list[tuple[int, int, int]] = []  # passage, start, end
        words: list[MarkedWord] = []
        unit_of, passage_of, places = [], [], []
        base = 0
        for number, (text, own) in enumerate(zip(texts, read, strict=True)):
            spans = split_units(text)
            starts = [start for start, _ in spans]
            found = np.searchsorted(starts, [w.start for w in own.words], side="right") - 1 + len(self.units)
            unit_of += list(found)
            passage_of += [number] * len(own.words)
            places += list(own.places + base)
            base += (int(own.places[-1]) if len(own.places) else 0) + 2 * NEAR
            words += own.words
            self.units += [(number, start, end) for start, end in spans]
        self.words = words
        self.vectors = np.concatenate([own.vectors for own in read]) if words else np.zeros((0, _WIDTH), np.float32)
        self.unit_of = np.array(unit_of, np.int64)
        self.passage_of = np.array(passage_of, np.int64)
        self.negated = np.array([w.negated for w in words], bool)
        self.places = np.array(places, np.int64)
        self.at: dict[str, list[int]] = {}
        for i, word in enumerate(words):
            for key in keys_of(word):
                self.at.setdefault(key, []).append(i)
        self.prefixes = frozenset(w.key[:PREFIX] for w in words if len(w.key) >= PREFIX)
        self.unit_vectors = _grouped(self.vectors, self.unit_of, len(self.units))
        self.runs = [frozenset(run for own in read for run in runs_of(own.keys, n)) for n in RUNS]


def runs_of(keys: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """Return the runs of n words that follow each other.

    Examples
    --------
    >>> runs_of(["a", "b", "c"], 2)
    [('a', 'b'), ('b', 'c')]
    """
    return list(zip(*(keys[i:] for i in range(n)), strict=False))


def _grouped(vectors: NDArray[np.float32], groups: NDArray[np.int64], n: int) -> NDArray[np.float32]:
    """Return the direction of the sum of each group's vectors."""
    sums = np.zeros((n, vectors.shape[1]), np.float32)
    np.add.at(sums, groups, vectors)
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9), np.float32)
