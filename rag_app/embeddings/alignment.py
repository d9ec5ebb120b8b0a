"""Late interaction: the tokens of a question aligned with those of passages, sentence by sentence.

For each token of the question the most similar token of a sentence counts, weighted by how rare its word is in the
index. The tokens of passages were stored when they were ingested; those that were not are read now.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from rag_app.embeddings.token_codes import ReducedTokens, decode, encode, reduced
from rag_app.from_scratch.language.words import STOP_WORDS, words
from rag_app.types import NOT_QUOTED, Passage, Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.embeddings.minilm import MiniLM, TokenVectors

Idf = Callable[[Sequence[str]], dict[str, float]]
Stored = Callable[[Sequence[str]], Mapping[str, bytes]]
_WEIGHTS = np.array([0.23, 0.19, 0.33, 0.25])  # they serve questions (SQuAD) and claims (SciFact)
_N_REMEMBERED = 64  # questions of users who ask at the same time
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

    @property
    def score(self) -> float:
        """How well the passage matches, in [0, 1]; the same whatever embedder or reranker found it."""
        return late_score(self, self.whole_cosine)


def late_score(page: AlignedPassage, cosine: float) -> float:
    """Return ``.23 · cosine + .19 · BM25 + .33 · alignment of the best sentence + .25 · alignment of the whole``."""
    parts = np.array([cosine, page.passage.lexical_score, page.alignments.max(initial=0), page.whole_alignment])
    return float(_WEIGHTS @ np.maximum(parts, 0))


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

    def ask(self, question: str) -> AskedTokens:
        """Return a question, read."""
        tokens = self._read(question)
        idf = self._idf(words(question))
        weights, asking = _token_weights(question, tokens, idf)
        vectors, mean = reduced(tokens.vectors), reduced(tokens.mean)
        return AskedTokens(question, idf, vectors, tokens.mean, mean, weights, asking)

    def align(self, asked: AskedTokens, passages: Sequence[Passage]) -> list[AlignedPassage]:
        """Return each passage, aligned."""
        return [_Page(p, t).align(asked) for p, t in zip(passages, self._tokens(passages), strict=True)]

    def _tokens(self, passages: Sequence[Passage]) -> list[ReducedTokens]:
        stored = dict(self._stored([p.chunk_id for p in passages]))
        missing = [p for p in passages if p.chunk_id not in stored]
        if missing:
            read = self.minilm.read_passages([p.embedded_text for p in missing])
            stored |= {p.chunk_id: encode(tokens) for p, tokens in zip(missing, read, strict=True)}
        return decode([stored[p.chunk_id] for p in passages])


class _Page:
    """The tokens of a passage, and which of them are whose."""

    def __init__(self, passage: Passage, tokens: ReducedTokens) -> None:
        self.passage = passage
        self.vectors = tokens.vectors
        first = passage.start - (len(passage.context) + 1 if passage.context else 0)  # of what was embedded
        quotable = [u for u in passage.units if u.kind not in NOT_QUOTED]
        spans = np.array([(u.start, u.end) for u in quotable], np.int64).reshape(-1, 2) - first
        ranges = np.searchsorted(tokens.starts, spans)
        read = ranges[:, 0] < ranges[:, 1]
        self.units = tuple(u for u, r in zip(quotable, read, strict=True) if r)
        self._ranges = ranges[read]  # (n_units, 2): first token, and the first one after it

    def align(self, asked: AskedTokens) -> AlignedPassage:
        # One passage at a time: for a larger product the threads of the linear algebra would wait in busy loops.
        similarity = self.vectors @ asked.vectors.T  # (n_tokens, n_question_tokens)
        best = self._reduce(np.maximum, similarity)
        means = self._reduce(np.add, self.vectors)
        lengths = np.maximum(np.linalg.norm(means, axis=1), 1e-12)
        whole = self.vectors.sum(axis=0)
        whole_best = similarity.max(axis=0) if len(similarity) else np.zeros(len(asked.weights), np.float32)
        return AlignedPassage(
            self.passage,
            self.units,
            best,
            best @ asked.weights,
            means @ asked.mean / lengths,
            float(whole_best @ asked.weights),
            float(whole @ asked.mean / max(float(np.linalg.norm(whole)), 1e-12)),
        )

    def _reduce(self, function: np.ufunc, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Reduce the rows of each unit to one."""
        if not self.units:
            return np.zeros((0, rows.shape[1]), np.float32)
        padded = np.concatenate([rows, rows[:1]])  # an end may be behind the last row
        return np.asarray(function.reduceat(padded, self._ranges.ravel())[::2], np.float32)


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
