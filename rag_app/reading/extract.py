"""What of the passages is quoted to answer a question: sentences, a list with its announcement, a table, code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from rag_app.reading.definitions import names_of
from rag_app.reading.evidence import Evidence, SentenceEvidence
from rag_app.reading.overlap import stems
from rag_app.reading.questions import asks_for_several, compared_terms
from rag_app.types import Passage, Unit

_MAX_QUOTES = 3
_MAX_DROP = 3.0  # log-odds: what is twenty times less likely to answer than the best is not quoted
_MAX_CHARACTERS = 450  # of sentences quoted together
_SAME = 0.6
_MAX_ROWS = 12  # a longer table is quoted by its row
_MAX_ITEMS = 12
_ANNOUNCING = re.compile(r"[:：]\W*$")  # noqa: RUF001  (the full-width one is meant)


def choose_sentences(evidence: Evidence) -> list[SentenceEvidence]:
    """Return what to quote, best first.

    Parameters
    ----------
    evidence : Evidence
        Of the question's passages.

    Returns
    -------
    list of SentenceEvidence
        The best sentence, and up to two more that are nearly as likely to answer and say something else; of those that
        follow each other in a paragraph one quote is made. A row is quoted with the whole of its table, unless that is
        long; an item of a list with all of the list and the sentence that announces it, where the question asks for
        several things. Of two things that are compared, each is named.
    """
    chosen: list[SentenceEvidence] = []
    is_list = asks_for_several(evidence.question)
    for sentence in _candidates(evidence):
        whole = _whole(sentence, is_list=is_list)
        if _repeats(whole, chosen):
            continue
        beside = next((i for i, quote in enumerate(chosen) if _are_together(quote, whole)), None)
        if beside is not None:
            chosen[beside] = _joined(chosen[beside], whole)
        elif len(chosen) < _MAX_QUOTES:
            chosen.append(whole)
    return chosen


def _are_together(one: SentenceEvidence, other: SentenceEvidence) -> bool:
    """Return whether two spans follow each other in a paragraph, and are short enough to be read as one."""
    if one.passage is not other.passage or {one.unit.kind, other.unit.kind} != {"paragraph"}:
        return False
    first, second = sorted((one.unit, other.unit), key=lambda unit: unit.start)
    between = one.passage.text[first.end - one.passage.start : second.start - one.passage.start]
    is_near = not between.strip() and between.count("\n") <= 1
    return first.end <= second.start and is_near and second.end - first.start <= _MAX_CHARACTERS


def _joined(best: SentenceEvidence, other: SentenceEvidence) -> SentenceEvidence:
    first, second = sorted((best.unit, other.unit), key=lambda unit: unit.start)
    return _spanned(best, first, second)


def _candidates(evidence: Evidence) -> Iterator[SentenceEvidence]:
    """Yield the sentences that may be quoted, those that a comparison cannot do without right after the best."""
    if not evidence.sentences:
        return
    best = evidence.sentences[0]
    yield best
    for term in compared_terms(evidence.question):
        if not _names(best, term):
            yield from islice((s for s in evidence.sentences if _names(s, term)), 1)
    yield from (s for s in evidence.sentences[1:] if s.score >= best.score - _MAX_DROP)


def _names(sentence: SentenceEvidence, term: str) -> bool:
    """Return whether a sentence has all words of one of a term's names."""
    said = stems(sentence.text)
    return any(stems(name) <= said for name in names_of(term))


def _whole(sentence: SentenceEvidence, *, is_list: bool) -> SentenceEvidence:
    """Return the table or the list that a row, an item or an announcement belongs to."""
    units = sentence.passage.units
    position = units.index(sentence.unit)
    if sentence.unit.kind == "table":
        first, last = _run(units, position, "table")
        return _spanned(sentence, units[first], units[last]) if last - first < _MAX_ROWS else sentence
    announces = bool(_ANNOUNCING.search(sentence.text)) and position + 1 < len(units)
    item = position + 1 if announces else position
    if units[item].kind != "list" or not (is_list or announces):
        return sentence
    first, last = _run(units, item, "list")
    if last - first >= _MAX_ITEMS:
        return sentence
    is_announced = first > 0 and bool(_ANNOUNCING.search(_text(sentence.passage, units[first - 1])))
    return _spanned(sentence, units[first - 1 if is_announced else first], units[last])


def _run(units: Sequence[Unit], position: int, kind: str) -> tuple[int, int]:
    """Return the first and the last of the units of one kind around one of them."""
    first = last = position
    while first > 0 and units[first - 1].kind == kind:
        first -= 1
    while last + 1 < len(units) and units[last + 1].kind == kind:
        last += 1
    return first, last


def _spanned(sentence: SentenceEvidence, first: Unit, last: Unit) -> SentenceEvidence:
    unit = replace(first, end=last.end, kind=last.kind)
    return replace(sentence, unit=unit, text=_text(sentence.passage, unit))


def _text(passage: Passage, unit: Unit) -> str:
    return passage.text[unit.start - passage.start : unit.end - passage.start]


def _repeats(sentence: SentenceEvidence, chosen: Sequence[SentenceEvidence]) -> bool:
    own = stems(sentence.text)
    return any(len(own & stems(c.text)) > _SAME * max(min(len(own), len(stems(c.text))), 1) for c in chosen)
