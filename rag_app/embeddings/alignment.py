"""Late interaction: the tokens of a question aligned with those of passages, sentence by sentence.

For each token of the question the most similar token of a sentence counts, weighted by how rare its word is in the
index. The tokens of passages were stored when they were ingested; those that were not are read now.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag_app.embeddings.token_codes import ReducedTokens, decode, encode, reduced
from rag_app.from_scratch.language.words import STOP_WORDS, content_words, words
from rag_app.types import NOT_QUOTED, Passage, Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.embeddings.minilm import MiniLM, TokenVectors

Idf = Callable[[Sequence[str]], dict[str, float]]
Stored = Callable[[Sequence[str]], Mapping[str, bytes]]
_WEIGHTS = (0.21, 0.17, 0.30, 0.23, 0.09)  # they serve questions (SQuAD, the course) and claims (SciFact)
_N_REMEMBERED = 64  # questions of users who ask at the same time
_APART = 1 << 40  # between the places of one passage and those of the next: no text is so long
_CAUSES = frozenset({"cause", "causes", "reason", "reasons"})
_ASKING = re.compile(r"who|whom|whose|what|which|when|where|why|how|many|much", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AskedTokens:
    """A question, read.

    Parameters
    ----------
    text : str
        The question.
    idf : mapping of str to float
        How rare each word is.
    vectors : ndarray of shape (n_tokens, 64)
        Its tokens in the principal directions.
    embedding : ndarray of shape (384,)
        Its embedding, at unit length.
    mean : ndarray of shape (64,)
        The same in the principal directions, at unit length.
    weights : ndarray of shape (n_tokens,)
        The idf of each token's word, 0 for stop words and punctuation; they sum to one.
    asking : ndarray of shape (n_tokens,)
        Whether a token is a word such as *who* or *when*.
    """

    text: str
    idf: Mapping[str, float]
    vectors: NDArray[np.float32]
    embedding: NDArray[np.float32]
    mean: NDArray[np.float32]
    weights: NDArray[np.float32]
    asking: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class AlignedPassage:
    """A passage whose tokens were compared with a question's.

    Parameters
    ----------
    passage : Passage
        The passage.
    units : tuple of Unit
        Its quotable sentences, items, rows and blocks of code that have tokens.
    best : ndarray of shape (n_units, n_question_tokens)
        The largest cosine of each question token to a token of each unit.
    alignments : ndarray of shape (n_units,)
        Weighted sums of these.
    cosines : ndarray of shape (n_units,)
        Of the question to the mean token of each unit.
    whole_alignment, whole_cosine : float
        The same for all tokens of the passage, those of its title and heading included.
    """

    passage: Passage
    units: tuple[Unit, ...]
    best: NDArray[np.float32]
    alignments: NDArray[np.float32]
    cosines: NDArray[np.float32]
    whole_alignment: float
    whole_cosine: float


class Aligner:
    """Aligns questions with passages.

    Parameters
    ----------
    minilm : MiniLM
        Reads questions, whatever embedder built the index.
    idf : callable
        Returns how rare words are in the index.
    stored : callable
        Returns the stored tokens of chunks by id, of those that have any.
    """

    def __init__(self, minilm: MiniLM, idf: Idf, stored: Stored) -> None:
        self.minilm = minilm
        self._idf = idf
        self._stored = stored
        # The search and the reader ask about the same question, one after the other.
        self._read = lru_cache(maxsize=_N_REMEMBERED)(lambda question: minilm.embed_tokens([question])[0])

    def read(self, question: str) -> None:
        """Read a question, for `ask` to find it read."""
        self._read(question)

    def ask(self, question: str) -> AskedTokens:
        """Return a question, read."""
        tokens = self._read(question)
        idf = self._idf(words(question))
        weights, asking = _token_weights(question, tokens, idf)
        vectors, mean = reduced(tokens.vectors), reduced(tokens.mean)
        return AskedTokens(question, idf, vectors, tokens.mean, mean, weights, asking)

    def score(self, asked: AskedTokens, passages: Sequence[Passage]) -> list[Passage]:
        """Return passages with the score of late interaction in place of the fused one, and their best sentence."""
        found = _compare(asked, passages, map(decode, self._codes(passages)))
        words_asked = frozenset(asked.idf)
        return [
            _scored(passage, found.units[a:b], found.alignments[a:b], whole, heading_score(words_asked, passage))
            for passage, (a, b), whole in zip(
                passages, pairwise(found.bounds), found.whole_alignments.tolist(), strict=True
            )
        ]

    def align(self, asked: AskedTokens, passages: Sequence[Passage]) -> list[AlignedPassage]:
        """Return each passage, aligned."""
        tokens = [decode(codes) for codes in self._codes(passages)]
        found = _compare(asked, passages, tokens)
        vectors = np.concatenate([*(t.vectors for t in tokens), np.zeros((1, len(asked.mean)), np.float32)])
        cosines = _cosines(_reduced(np.add, vectors, found.ranges), asked.mean)
        whole_cosines = _cosines(_reduced(np.add, vectors, found.whole_ranges), asked.mean)
        wholes = zip(found.whole_alignments.tolist(), whole_cosines.tolist(), strict=True)
        return [
            AlignedPassage(passage, found.units[a:b], found.best[a:b], found.alignments[a:b], cosines[a:b], *whole)
            for passage, (a, b), whole in zip(passages, pairwise(found.bounds), wholes, strict=True)
        ]

    def _codes(self, passages: Sequence[Passage]) -> list[bytes]:
        stored = dict(self._stored([p.chunk_id for p in passages]))
        missing = [p for p in passages if p.chunk_id not in stored]
        if missing:
            read = self.minilm.read_passages([p.embedded_text for p in missing])
            stored |= {p.chunk_id: encode(tokens) for p, tokens in zip(missing, read, strict=True)}
        return [stored[p.chunk_id] for p in passages]


def heading_score(asked: frozenset[str], passage: Passage) -> float:
    """Return the words that a question shares with the heading right above a passage, as a share of the words of both.

    A question that asks why shares the word of a heading such as "Causes of mode collapse". Stop words do not count.

    Parameters
    ----------
    asked : frozenset of str
        The question's words in lower case.
    passage : Passage
        One without a heading shares none.
    """
    path = passage.locator.heading
    headed = frozenset(content_words(path[-1])) if path else frozenset()
    wanted = (asked - STOP_WORDS) | (headed & _CAUSES if "why" in asked else frozenset())
    return len(wanted & headed) / max(len(wanted | headed), 1)


def _scored(
    passage: Passage, units: Sequence[Unit], alignments: NDArray[np.float32], whole: float, heading: float
) -> Passage:
    """Return a passage with ``.21 · cosine + .17 · BM25 + .30 · best sentence + .23 · whole + .09 · heading``."""
    best = int(alignments.argmax()) if units else None
    alignment = 0.0 if best is None else max(float(alignments[best]), 0.0)
    parts = (passage.dense_score, passage.lexical_score, alignment, whole, heading)
    return replace(
        passage,
        score=sum(weight * max(part, 0.0) for weight, part in zip(_WEIGHTS, parts, strict=True)),
        alignment_score=alignment,
        evidence=None if best is None else units[best],
    )


class _Compared(NamedTuple):
    """The tokens of passages, laid end to end, compared with those of a question."""

    units: tuple[Unit, ...]  # that can be quoted and have tokens
    bounds: list[int]  # of passage i are the units from bounds[i] to bounds[i + 1]
    ranges: NDArray[np.int64]  # (n_units, 2): the first token of each, and the first one after it
    whole_ranges: NDArray[np.int64]  # (n_passages, 2): the same of the passages
    best: NDArray[np.float32]  # (n_units, n_question_tokens): the largest cosine to a token of the unit
    alignments: NDArray[np.float32]  # (n_units,)
    whole_alignments: NDArray[np.float32]  # (n_passages,)


def _compare(asked: AskedTokens, passages: Sequence[Passage], tokens: Iterable[ReducedTokens]) -> _Compared:
    """Compare one passage after the other.

    For a larger product the threads of the linear algebra would wait in busy loops, and what a passage needs stays in
    the processor's cache: fetching fresh memory for all of them would take longer than the arithmetic.
    """
    parts = [np.zeros((0, len(asked.vectors)), np.float32)]  # (n_tokens, n_question_tokens) of each
    starts = [np.zeros(0, np.int64)]
    for i, of_passage in enumerate(tokens):
        parts.append(of_passage.vectors @ asked.vectors.T)
        starts.append(of_passage.starts + np.int64(i * _APART))
    ends = np.cumsum([len(part) for part in parts])
    similarity = np.concatenate([*parts, np.zeros((1, len(asked.vectors)), np.float32)])
    owners, units, ranges = _read_units(passages, np.concatenate(starts))
    whole_ranges = np.stack([ends[:-1], ends[1:]], axis=1)
    best = _reduced(np.maximum, similarity, ranges)
    # A product of matrices would not give the same number for equal rows.
    alignments = (best * asked.weights).sum(axis=1)
    whole_alignments = (_reduced(np.maximum, similarity, whole_ranges) * asked.weights).sum(axis=1)
    bounds = np.searchsorted(owners, np.arange(len(passages) + 1)).tolist()
    return _Compared(units, bounds, ranges, whole_ranges, best, alignments, whole_alignments)


def _read_units(
    passages: Sequence[Passage], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], tuple[Unit, ...], NDArray[np.int64]]:
    """Return whose the quotable units are that have tokens, the units, and their ranges of tokens."""
    spans, owned = [], []
    for i, passage in enumerate(passages):
        before = len(passage.context) + 1 if passage.context else 0  # of what was embedded
        shift = i * _APART - passage.start + before
        quotable = [unit for unit in passage.units if unit.kind not in NOT_QUOTED]
        owned += [(i, unit) for unit in quotable]
        spans += [(unit.start + shift, unit.end + shift) for unit in quotable]
    ranges = np.searchsorted(starts, np.array(spans, np.int64).reshape(-1, 2))
    has_tokens = ranges[:, 0] < ranges[:, 1]
    read = [one for one, has in zip(owned, has_tokens.tolist(), strict=True) if has]
    return np.array([i for i, _ in read], np.int64), tuple(unit for _, unit in read), ranges[has_tokens]


def _reduced(function: np.ufunc, rows: NDArray[np.float32], ranges: NDArray[np.int64]) -> NDArray[np.float32]:
    """Reduce the rows of each range to one; those of an empty range to zeros. An end is at most the last row."""
    if not len(ranges):
        return np.zeros((0, rows.shape[1]), np.float32)
    found = np.asarray(function.reduceat(rows, ranges.ravel())[::2], np.float32)
    found[ranges[:, 0] == ranges[:, 1]] = 0
    return found


def _cosines(sums: NDArray[np.float32], mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosine of each row to a vector of unit length."""
    lengths = np.sqrt((sums * sums).sum(axis=1))
    return np.asarray((sums * mean).sum(axis=1) / np.maximum(lengths, 1e-12), np.float32)


def _token_weights(
    question: str, tokens: TokenVectors, idf: Mapping[str, float]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    lower = question.lower()
    weights, asking = np.zeros(len(tokens.offsets), np.float32), np.zeros(len(tokens.offsets), bool)
    position = 0
    for word in words(question):
        start = lower.find(word, position)
        position = start + len(word)
        inside = (tokens.offsets[:, 0] >= start) & (tokens.offsets[:, 1] <= position)
        weights[inside] = 0.0 if word in STOP_WORDS else idf[word]
        asking[inside] = _ASKING.fullmatch(word) is not None
    total = float(weights.sum())
    return (weights / total if total > 0 else np.full_like(weights, 1 / max(len(weights), 1))), asking
