"""How well each sentence of the passages answers a question, and how strong the evidence is altogether.

MiniLM's own token vectors are aligned with the question's: for each question token the most similar token of
the sentence, weighted by how rare the word is. No weights are learnt here; see `docs/decisions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag_app.from_scratch.language.words import STOP_WORDS, words
from rag_app.reading.overlap import stems
from rag_app.reading.questions import defined_term, fits, form_of
from rag_app.types import NOT_QUOTED, Passage, Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.embeddings.minilm import MiniLM, TokenVectors

Idf = Callable[[Sequence[str]], dict[str, float]]
_COVERAGE_WEIGHT, _PASSAGE_WEIGHT, _FORM_WEIGHT = 0.5, 0.25, 0.3
_OPEN_END_PENALTY = 0.2
_ENDS = (".", "!", "?", "…", "。", "！", "？")  # noqa: RUF001  (full-width marks are meant)
_KIND_PENALTY = {"code": 0.3, "table": 0.15}


@dataclass(frozen=True, slots=True)
class SentenceEvidence:
    """A quotable span and how well it answers.

    Parameters
    ----------
    passage : Passage
        Where it stands.
    unit : Unit
        Its span in the source.
    text : str
        ``source.text[unit.start:unit.end]``.
    score : float
        Higher is better; comparable within one question only.
    """

    passage: Passage
    unit: Unit
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the passages offer for a question.

    Parameters
    ----------
    sentences : tuple of SentenceEvidence
        Best first.
    strength : float
        In [0, 1]: the mean of four similarities, each the best over the passages: question to passage and to
        sentence, by embedding and by token alignment.
    """

    sentences: tuple[SentenceEvidence, ...]
    strength: float


class Reader:
    """Reads passages with a question in mind.

    Parameters
    ----------
    minilm : MiniLM
        Reads questions and passages, whatever embedder built the index, so that one threshold holds for all.
    idf : callable
        Returns how rare words are in the index.
    """

    def __init__(self, minilm: MiniLM, idf: Idf) -> None:
        self._minilm = minilm
        self._idf = idf

    def read(self, question: str, passages: Sequence[Passage]) -> Evidence:
        """Return the evidence in passages for a question.

        Parameters
        ----------
        question : str
            A standalone question.
        passages : sequence of Passage
            Best first.

        Returns
        -------
        Evidence
            Without sentences and of strength 0 where there are no passages.
        """
        if not passages:
            return Evidence((), 0.0)
        texts = [f"{p.context}\n{p.text}" if p.context else p.text for p in passages]
        asked, *read = self._minilm.embed_tokens([question, *texts])
        idf = self._idf(words(question))
        weights = _token_weights(question, asked, idf)
        pages = [_Page(p, t, asked, weights) for p, t in zip(passages, read, strict=True)]
        strengths = np.array([page.similarities() for page in pages])  # (n_passages, 4)
        sentences = _rank(question, pages, idf)
        return Evidence(tuple(sentences), float(np.clip(strengths.max(axis=0).mean(), 0, 1)))


def _token_weights(question: str, asked: TokenVectors, idf: Mapping[str, float]) -> NDArray[np.float32]:
    """Return the weight of each question token: the idf of its word, 0 for stop words and punctuation."""
    lower = question.lower()
    weights = np.zeros(len(asked.offsets), np.float32)
    position = 0
    for word in words(question):
        start = lower.find(word, position)
        position = start + len(word)
        inside = (asked.offsets[:, 0] >= start) & (asked.offsets[:, 1] <= position)
        weights[inside] = 0.0 if word in STOP_WORDS else idf[word]
    return weights / weights.sum() if weights.sum() > 0 else np.full_like(weights, 1 / max(len(weights), 1))


def _rank(question: str, pages: Sequence[_Page], idf: Mapping[str, float]) -> list[SentenceEvidence]:
    form, term = form_of(question), defined_term(question)
    asked_stems = stems(question)
    rarity = {s: max((v for w, v in idf.items() if s in stems(w)), default=0.0) for s in asked_stems}
    total = sum(rarity.values()) or 1.0
    ranked = []
    for page in pages:
        before: frozenset[str] = stems(" ".join(page.passage.locator.heading))
        for unit, text, alignment in page.sentences():
            own = stems(text)
            covered = sum(rarity[s] for s in asked_stems & (own | before)) / total
            score = alignment + _COVERAGE_WEIGHT * covered + _PASSAGE_WEIGHT * page.passage.score
            score += _FORM_WEIGHT * fits(form, term, text) - _KIND_PENALTY.get(unit.kind, 0.0)
            score -= _OPEN_END_PENALTY * _is_open_ended(unit, text)
            ranked.append(SentenceEvidence(page.passage, unit, text, float(score)))
            before = own
    return sorted(ranked, key=lambda s: -s.score)


class _Page:
    """One passage with its tokens aligned to the question's."""

    def __init__(
        self, passage: Passage, tokens: TokenVectors, asked: TokenVectors, weights: NDArray[np.float32]
    ) -> None:
        self.passage = passage
        self._tokens = tokens
        self._asked = asked
        self._weights = weights
        self._similarity = asked.vectors @ tokens.vectors.T  # (n_question_tokens, n_passage_tokens)
        shift = len(passage.context) + 1 if passage.context else 0
        self._starts = tokens.offsets[:, 0] - shift + passage.start

    def sentences(self) -> list[tuple[Unit, str, float]]:
        """Return each quotable unit with its text and its alignment in [-1, 1]."""
        result = []
        for unit in self.passage.units:
            if unit.kind in NOT_QUOTED:
                continue
            columns = self._columns(unit)
            if len(columns):
                alignment = float(self._weights @ self._similarity[:, columns].max(axis=1))
                text = self.passage.text[unit.start - self.passage.start : unit.end - self.passage.start]
                result.append((unit, text, alignment))
        return result

    def similarities(self) -> tuple[float, float, float, float]:
        """Return cosine and alignment of the whole passage, and the best of its sentences."""
        cosines, alignments = [0.0], [0.0]
        for unit, _, alignment in self.sentences():
            mean = self._tokens.vectors[self._columns(unit)].mean(axis=0)
            cosines.append(float(self._asked.mean @ mean / max(float(np.linalg.norm(mean)), 1e-12)))
            alignments.append(alignment)
        whole = float(self._weights @ self._similarity.max(axis=1)) if self._similarity.size else 0.0
        return float(self._asked.mean @ self._tokens.mean), max(cosines), whole, max(alignments)

    def _columns(self, unit: Unit) -> NDArray[np.int64]:
        return np.flatnonzero((self._starts >= unit.start) & (self._starts < unit.end))


def _is_open_ended(unit: Unit, text: str) -> bool:
    """Return whether a sentence announces what comes after it: a list, a table or a displayed formula."""
    return unit.kind == "paragraph" and not text.rstrip("\"'”’)]*$").endswith(_ENDS)
