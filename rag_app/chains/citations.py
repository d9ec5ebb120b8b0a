"""Markers in a language model's answer become verified citations, while it streams.

A marker ``[n]`` names a passage. It is kept only if the passage exists and supports what the answer says before the
marker; it is then renumbered and tied to the sentence of the passage that supports it best. A marker that fails is
removed and counted. Nothing is shown before it is decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.reading.overlap import stems
from rag_app.types import NOT_QUOTED, Citation, CitationEvent, Passage, TokenEvent, Unit

Similarity = Callable[[str, Sequence[str]], Sequence[float]]
_MARKER = re.compile(  # passages are counted from 1: the interval [0, 1] is no marker
    r"[\[【]\s*(?:0|[1-9]\d{0,2}(?:\s*[,;]\s*[1-9]\d{0,2})*)\s*[\]】]"
)
_BEGUN_MARKER = re.compile(r"[\[【]\s*(?:\d{1,3}\s*[,;]\s*)*(?:\d{1,3}\s*)?$")
_CLOSING = re.compile(r"[.,;:!?)\]]")
_PIECE_END = re.compile(rf"{_MARKER.pattern}|\n")
_BULLET = re.compile(r"^(?:[-*•]|\d{1,2}[.)])\s+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"(?<=\d)(?:,|\{,\})(?=\d{3}(?!\d))")
MIN_COVERAGE = 0.7  # both from benchmarks/citation_support.py
MIN_SIMILARITY = 0.7


def cite(passage: Passage, unit: Unit) -> Citation:
    """Return the citation of a span of a passage."""
    quote = passage.text[unit.start - passage.start : unit.end - passage.start]
    return Citation(passage.source, passage.sha256, unit.start, unit.end, quote, unit.locator)


def verify(citation: Citation, text: str) -> bool:
    """Return whether a citation holds in the extracted text of its source.

    Examples
    --------
    >>> from rag_app.locator import Locator
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
    holds : callable
        Whether a citation is true of its source.

    Examples
    --------
    >>> reader = MarkerReader([], lambda claim, sentences: [], lambda citation: True)
    >>> "".join(e.text for piece in ("It is s", "o [", "7].") for e in reader.feed(piece)), reader.n_removed
    ('It is so.', 1)
    """

    passages: Sequence[Passage]
    similarity: Similarity
    holds: Callable[[Citation], bool]
    citations: list[Citation] = field(default_factory=list)
    n_removed: int = 0
    _held: str = ""
    _shown: str = ""
    _gap: str | None = None  # what stood before a marker that was removed, until it is known what follows

    def feed(self, piece: str) -> Iterator[TokenEvent | CitationEvent]:
        """Yield the events that a piece of the answer completes."""
        self._held += piece
        while match := _MARKER.search(self._held):
            before, self._held = self._held[: match.start()], self._held[match.end() :]
            said = _without_gap(before)
            yield from self._show(said)
            yield from self._resolve(match.group(), before[len(said) :])
        begun = _BEGUN_MARKER.search(self._held)
        ready = _without_gap(self._held[: begun.start()] if begun else self._held)
        self._held = self._held[len(ready) :]
        yield from self._show(ready)

    def close(self) -> Iterator[TokenEvent | CitationEvent]:
        """Yield what was still held back."""
        held, self._held = self._held.rstrip(), ""
        yield from self._show(held)

    def _resolve(self, marker: str, gap: str) -> Iterator[TokenEvent | CitationEvent]:
        claim = self._claim()
        gap = gap if self._gap is None else self._gap
        found = [self._support(claim, n) for n in dict.fromkeys(int(n) for n in re.findall(r"\d+", marker))]
        kept = [c for c in found if c is not None]
        self.n_removed += len(found) - len(kept)
        self._gap = None if kept else gap
        for citation in kept:
            if citation not in self.citations:
                self.citations.append(citation)
                yield CitationEvent(len(self.citations), citation)
            shown = f"[{self.citations.index(citation) + 1}]"
            if not self._shown.endswith(shown):
                yield from self._show(gap + shown)
            gap = ""

    def _show(self, text: str) -> Iterator[TokenEvent]:
        if text and self._gap is not None:
            text = _join(self._gap, text)
            self._gap = None
        if not self._shown:
            text = text.lstrip()
        if text:
            self._shown += text
            yield TokenEvent(text)

    def _claim(self) -> str:
        """Return what is said since the last marker or line; where that says nothing, the sentence it stands in."""
        since = _last_sentence(_PIECE_END.split(self._shown)[-1])
        claim = since if len(stems(since)) > 1 else _last_sentence(_MARKER.sub("", self._shown))
        return _BULLET.sub("", claim)

    def _support(self, claim: str, number: int) -> Citation | None:
        if not 1 <= number <= len(self.passages) or not claim:
            return None
        passage = self.passages[number - 1]
        units = [u for u in passage.units if u.kind not in NOT_QUOTED]
        if not units or not _numbers(claim) <= _numbers(passage.text):
            return None
        texts = [passage.text[u.start - passage.start : u.end - passage.start] for u in units]
        wanted = stems(claim)
        similarities = self.similarity(claim, texts)
        coverages = [len(wanted & stems(t)) / max(len(wanted), 1) for t in texts]
        whole = len(wanted & stems(passage.text)) / max(len(wanted), 1)
        best = max(range(len(units)), key=lambda i: similarities[i] + coverages[i])
        if whole < MIN_COVERAGE and similarities[best] < MIN_SIMILARITY:
            return None
        citation = cite(passage, units[best])
        return citation if self.holds(citation) else None


def _without_gap(text: str) -> str:
    """Return a text without what may stand between a statement and its marker: white space, a comma, a bracket."""
    text = text.rstrip()
    text = text.removesuffix("(").rstrip()
    return text[:-1].rstrip() if text.endswith((",", ";")) else text


def _join(gap: str, text: str) -> str:
    """Return the text after a removed marker as it follows the text before, from which a gap separated the marker."""
    body = text.lstrip()
    if gap.rstrip().endswith("("):
        return body[1:] if body.startswith(")") else gap + body.lstrip(",; ")
    if _CLOSING.match(body):
        return body
    space = gap.strip(",;") if "\n" in gap else text[: -len(body)] or gap.strip(",;") or " "
    return gap.strip() + space + body


def _last_sentence(text: str) -> str:
    spans = split_sentences(text)
    return text[spans[-1][0] : spans[-1][1]] if spans else ""


def _numbers(text: str) -> set[str]:
    return set(_NUMBER.findall(_THOUSANDS.sub("", text)))
