"""Markers in a language model's answer become verified citations, while it streams.

A marker ``[n]`` names a passage. It is kept only if the passage exists and supports the sentence that the marker
stands in; it is then renumbered and tied to the sentence of the passage that supports it best. A marker that
fails is removed and counted. Nothing is shown before it is decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.reading.overlap import stems
from rag_app.types import Citation, CitationEvent, Passage, TokenEvent, Unit

Similarity = Callable[[str, Sequence[str]], Sequence[float]]
_MARKER = re.compile(r"[\[【]\s*\d{1,3}(?:\s*[,;]\s*\d{1,3})*\s*[\]】]")
_PARTIAL = re.compile(r"\s*[\[【][\s\d,;]{0,40}$|\s+$")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
MIN_COVERAGE = 0.5
MIN_SIMILARITY = 0.6


def cite(passage: Passage, unit: Unit) -> Citation:
    """Return the citation of a span of a passage."""
    quote = passage.text[unit.start - passage.start : unit.end - passage.start]
    return Citation(passage.source, passage.sha256, unit.start, unit.end, quote, passage.locator)


def verify(citation: Citation, text: str) -> bool:
    """Return whether a citation holds in the extracted text of its source.

    Examples
    --------
    >>> from rag_app.types import Locator
    >>> verify(Citation("a.md", "", 0, 4, "GANs", Locator()), "GANs pair two nets.")
    True
    """
    return text[citation.start : citation.end] == citation.quote


@dataclass(slots=True)
class MarkerReader:
    """Reads an answer piece by piece and yields what may be shown.

    Parameters
    ----------
    passages : sequence of Passage
        As they are numbered in the prompt, from 1.
    similarity : callable
        Similarity in [-1, 1] of a claim to each of several sentences.

    Examples
    --------
    >>> reader = MarkerReader([], lambda claim, sentences: [])
    >>> "".join(e.text for piece in ("It is s", "o [", "7].") for e in reader.feed(piece)), reader.n_removed
    ('It is so.', 1)
    """

    passages: Sequence[Passage]
    similarity: Similarity
    citations: list[Citation] = field(default_factory=list)
    n_removed: int = 0
    _held: str = ""
    _shown: str = ""

    def feed(self, piece: str) -> Iterator[TokenEvent | CitationEvent]:
        """Yield the events that a piece of the answer completes."""
        self._held += piece
        yield from self._drain()

    def close(self) -> Iterator[TokenEvent | CitationEvent]:
        """Yield what was still held back."""
        yield from self._drain()
        if self._held.strip():
            yield self._show(self._held.rstrip())
        self._held = ""

    def _drain(self) -> Iterator[TokenEvent | CitationEvent]:
        while match := _MARKER.search(self._held):
            before = self._held[: match.start()]
            self._held = self._held[match.end() :]
            gap = before[len(before.rstrip()) :]
            if before.rstrip():
                yield self._show(before.rstrip())
            yield from self._resolve(match.group(), gap)
        partial = _PARTIAL.search(self._held)
        ready = self._held[: partial.start()] if partial else self._held
        if ready:
            self._held = self._held[len(ready) :]
            yield self._show(ready)

    def _resolve(self, marker: str, gap: str) -> Iterator[TokenEvent | CitationEvent]:
        claim = self._claim()
        for number in dict.fromkeys(int(n) for n in re.findall(r"\d+", marker)):
            citation = self._support(claim, number)
            if citation is None:
                self.n_removed += 1
                continue
            if citation not in self.citations:
                self.citations.append(citation)
                yield CitationEvent(len(self.citations), citation)
            yield self._show(f"{gap}[{self.citations.index(citation) + 1}]")
            gap = ""

    def _show(self, text: str) -> TokenEvent:
        self._shown += text
        return TokenEvent(text)

    def _claim(self) -> str:
        """Return the sentence that the answer has reached, without markers."""
        text = _MARKER.sub("", self._shown)
        spans = split_sentences(text)
        return text[spans[-1][0] : spans[-1][1]] if spans else ""

    def _support(self, claim: str, number: int) -> Citation | None:
        if not 1 <= number <= len(self.passages) or not claim:
            return None
        passage = self.passages[number - 1]
        units = [u for u in passage.units if u.kind != "heading"]
        texts = [passage.text[u.start - passage.start : u.end - passage.start] for u in units]
        if not units or not set(_NUMBER.findall(claim)) <= set(_NUMBER.findall(passage.text)):
            return None
        wanted = stems(claim)
        similarities = self.similarity(claim, texts)
        coverages = [len(wanted & stems(t)) / max(len(wanted), 1) for t in texts]
        whole = len(wanted & stems(passage.text)) / max(len(wanted), 1)
        best = max(range(len(units)), key=lambda i: similarities[i] + coverages[i])
        if whole < MIN_COVERAGE and similarities[best] < MIN_SIMILARITY:
            return None
        return cite(passage, units[best])
