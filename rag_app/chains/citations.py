"""Markers in a language model's answer become verified citations, while it streams.

A marker ``[n]`` names a passage. It is kept only if the passage exists and supports the statement that the marker
belongs to: what stands before it or, where that says nothing ("According to [1], …"), the sentence that follows. It is
then renumbered and tied to the sentence of the passage that supports it best. A marker that fails is removed. So is a
link that no passage cited so far, or in the same sentence, holds. Nothing is shown before it is decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from rag_app.chains.sanitising import REMOVED_LINK, may_begin_link, urls_in
from rag_app.chains.scanner import Code, Item, Link, Marker, Scanner, Text
from rag_app.chains.verification import Finding, Verifier, is_statement, says_something, without_lead_in
from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.reading.overlap import stems
from rag_app.types import Citation, CitationEvent, Claim, Passage, TokenEvent, Unit, Verdict

_CLOSING = re.compile(r"[.,;:!?)\]]")
_ENDS_SENTENCE = re.compile(r"[.!?…。！？][\"'”’)]*\s*\Z")  # noqa: RUF001  (full-width marks are meant)
_BULLET = re.compile(r"^(?:[-*•]|\d{1,2}[.)])\s+")

_ADDRESS = "\1"  # in place of an address, in the text of statements

_Shown = TokenEvent | CitationEvent


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


def read_quote(text: str, allowed: frozenset[str]) -> str:
    """Return a quotation as an answer shows it: its own markers, tags and links do not act as the answer's.

    Parameters
    ----------
    text : str
        Part of a source.
    allowed : frozenset of str
        Addresses that stay.

    Examples
    --------
    >>> read_quote("Shown in [3] ![x](http://a.org/x.png)", frozenset())
    'Shown in (3) ![x] (*link removed*)'
    """
    scanner = Scanner()
    items = [*scanner.feed(text), *scanner.close()]
    return "".join(_quoted(item, allowed) for item in items)


def _quoted(item: Item, allowed: frozenset[str]) -> str:
    if isinstance(item, Marker):
        return f"({item.text[1:-1].strip()})"
    return REMOVED_LINK if isinstance(item, Link) and item.text not in allowed else item.text


@dataclass(slots=True)
class MarkerReader:
    """Reads an answer piece by piece and yields what may be shown.

    Parameters
    ----------
    verifier : Verifier
        Knows the passages as they are numbered in the prompt.
    holds : callable
        Whether a citation is true of its source.

    Examples
    --------
    >>> reader = MarkerReader(Verifier([], lambda claim, passage: ...), lambda citation: True)
    >>> "".join(e.text for piece in ("Nets l", "earn [", "7].") for e in reader.feed(piece)), reader.claims[0].verdict
    ('Nets learn.', 'fabricated')
    """

    verifier: Verifier
    holds: Callable[[Citation], bool]
    citations: list[Citation] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    n_links: int = 0  # that were removed
    _scanner: Scanner = field(default_factory=Scanner)
    _queue: list[Item] = field(default_factory=list)  # from a marker before its statement, or a link, on
    _allowed: set[str] = field(default_factory=set)
    _tail: str = ""  # not shown yet, as it may stand between a statement and its marker
    _gap: str | None = None  # what stood before a marker that was removed, until it is known what follows
    _shown: str = ""
    _said: str = ""  # since the last marker or line
    _line: str = ""  # without markers
    _n_claimed: int = 0  # characters of the line that markers before them speak for
    _lines: list[str] = field(default_factory=list)

    @property
    def n_tags(self) -> int:
        """How many tags were taken out."""
        return self._scanner.n_tags

    def feed(self, piece: str) -> Iterator[_Shown]:
        """Yield the events that a piece of the answer completes."""
        for item in self._scanner.feed(piece):
            yield from self._read(item)

    def close(self) -> Iterator[_Shown]:
        """Yield what was still held back; then every statement of the answer has its verdict."""
        for item in self._scanner.close():
            yield from self._read(item)
        while self._queue:
            yield from self._release(len(self._line + _text_of(self._queue)))
        self._tail = self._tail.rstrip()
        yield from self._show(self._tail)
        self._lines.append(self._line)
        self._judge_the_rest()

    # -- items in order --------------------------------------------------------------------------------------------

    def _read(self, item: Item) -> Iterator[_Shown]:
        if self._queue:
            yield from self._wait(item)
        elif isinstance(item, Link) or (isinstance(item, Marker) and self._leads("")):
            self._queue.append(item)
        else:
            yield from self._place(item)

    def _wait(self, item: Item) -> Iterator[_Shown]:
        """Take one more item until the sentence is complete that a marker before it, or a link in it, waits for."""
        if isinstance(item, Marker) and self._begins_anew():
            yield from self._release(len(self._line + _text_of(self._queue)))
            yield from self._read(item)
            return
        self._queue.append(item)
        end = self._end_of_sentence()
        if end is not None:
            yield from self._release(end)

    def _begins_anew(self) -> bool:
        """Return whether a marker, after a sentence that one before it speaks for, speaks for the next sentence."""
        waiting = _text_of(self._queue)
        return isinstance(self._queue[0], Marker) and says_something(waiting) and bool(_ENDS_SENTENCE.search(waiting))

    def _end_of_sentence(self) -> int | None:
        """Return where the sentence ends that is waited for, in the line with what waits; None where that is open."""
        text = _filled(self._line, self._queue)
        newline = text.find("\n", len(self._line))
        line = text if newline < 0 else text[:newline]
        spans = split_sentences(line)
        after = [start for (start, _), (_, end) in zip(spans[1:], spans, strict=False) if end > len(self._line)]
        if after:
            return after[0]
        return newline if newline >= 0 else None

    def _release(self, end: int) -> Iterator[_Shown]:
        """Settle what waits up to a place in the line; what stands behind it is read again."""
        items, rest = _split(self._queue, end - len(self._line))
        self._queue = []
        events: list[_Shown | Link] = []
        leading = _n_leading(items, self._leads)
        for i, item in enumerate(items):
            if isinstance(item, Link):
                for shown in self._show(self._tail + item.text):
                    events += [TokenEvent(shown.text.removesuffix(item.text)), item]
                self._tail = ""
                self._add(item)
            elif isinstance(item, Marker) and i < leading:
                claim = without_lead_in(_text_until_marker(items[leading:]))
                events += self._settle(item, claim if says_something(claim) else self._claim())
            else:
                events += self._place(item)
        if leading:
            self._n_claimed = len(self._line)
        for event in events:
            decided = self._decided(event) if isinstance(event, Link) else event
            if not isinstance(decided, TokenEvent) or decided.text:
                yield decided
        for item in rest:
            yield from self._read(item)

    # -- one item --------------------------------------------------------------------------------------------------

    def _place(self, item: Item) -> Iterator[_Shown]:
        if isinstance(item, Marker):
            yield from self._settle(item, self._claim())
            return
        self._add(item)
        text = self._tail + item.text
        ready = _without_gap(text)
        self._tail = text[len(ready) :]
        yield from self._show(ready)

    def _settle(self, marker: Marker, claim: str) -> Iterator[_Shown]:
        """Show what is left of a marker, and keep the verdicts on its statement."""
        gap = self._tail if self._gap is None else self._gap
        self._tail, self._said, self._line = "", "", self._line.rstrip()
        kept: list[int] = []
        n_known = len(self.citations)
        for number in marker.numbers:
            finding = self.verifier.judge(claim, number)
            citation = self._cited(finding)
            if citation is None:
                verdict: Verdict = "fabricated" if finding.verdict == "fabricated" else "unsupported"
                self.claims.append(Claim(claim, verdict, finding.score, number))
                continue
            kept.append(self._number(citation))
            self.claims.append(Claim(claim, finding.verdict, finding.score, number, kept[-1]))
        self._gap = None if kept else gap
        for number in kept:
            if number > n_known:
                n_known = number
                yield CitationEvent(number, self.citations[number - 1])
            if not self._shown.endswith(f"[{number}]"):
                yield from self._show(f"{gap}[{number}]")
            gap = ""

    def _cited(self, finding: Finding) -> Citation | None:
        if finding.passage is None or finding.unit is None:
            return None
        citation = cite(finding.passage, finding.unit)
        if not self.holds(citation):
            return None
        self._allowed |= urls_in(finding.passage.text)
        return replace(citation, verdict=finding.verdict, support=finding.score)

    def _number(self, citation: Citation) -> int:
        """Return the number of a quotation, which is the same for every statement that rests on it."""
        places = [(c.source, c.start, c.end) for c in self.citations]
        place = citation.source, citation.start, citation.end
        if place not in places:
            self.citations.append(citation)
            return len(self.citations)
        return places.index(place) + 1

    def _decided(self, link: Link) -> TokenEvent:
        allowed = link.text in self._allowed
        self.n_links += not allowed
        return TokenEvent(link.text if allowed else REMOVED_LINK)

    def _show(self, text: str) -> Iterator[TokenEvent]:
        if self._gap is not None and self._gap.rstrip().endswith("(") and text.lstrip().startswith(")"):
            self._gap, text = self._gap.rstrip()[:-1], text.lstrip()[1:]  # nothing is left in these brackets
        if text and self._gap is not None:
            text = _join(self._gap, text)
            if may_begin_link(self._shown) and not text[:1].isspace():
                text = f" {text}"
            self._gap = None
        if text.startswith("(") and self._shown.endswith("]"):
            text = f" {text}"
        if not self._shown:
            text = text.lstrip()
        if text:
            self._shown += text
            yield TokenEvent(text)

    # -- statements ------------------------------------------------------------------------------------------------

    def _add(self, item: Item) -> None:
        """Take what an item says into account."""
        *before, text = _text_of([item]).split("\n")
        for line in before:
            self._lines.append(self._line + line)
            self._line, self._said, self._n_claimed = "", "", 0
        self._line += text
        self._said += text

    def _leads(self, text: str) -> bool:
        """Return whether a marker stands before its statement, with some text between it and the line so far."""
        before = _last_sentence(self._line[self._n_claimed :] + text)
        return not says_something(before) or before.rstrip("*_ ").endswith(":")

    def _claim(self) -> str:
        """Return what is said since the last marker or line; where that says nothing, the sentence it stands in."""
        since = _last_sentence(self._said)
        return _stated(since if len(stems(since)) > 1 else _last_sentence(self._line))

    def _judge_the_rest(self) -> None:
        """Give a verdict to each statement without a marker, and put all in the order of the answer."""
        said = [_stated(line[a:b]) for line in self._lines for a, b in split_sentences(line)]
        known = [claim.text for claim in self.claims]
        for sentence in dict.fromkeys(said):
            if is_statement(sentence) and not any(text and (text in sentence or sentence in text) for text in known):
                finding = self.verifier.best(sentence)
                self.claims.append(Claim(sentence, finding.verdict, finding.score))
        text = "\n".join(self._lines).replace(_ADDRESS, "…")
        self.claims.sort(key=lambda claim: text.find(claim.text))


def _text_of(items: list[Item]) -> str:
    """Return what items say: a marker says nothing, and a line of a fenced block ends the line."""
    return "".join(_said_by(item) for item in items)


def _said_by(item: Item) -> str:
    if isinstance(item, Marker | Link):
        return "" if isinstance(item, Marker) else _ADDRESS
    return "\n" if isinstance(item, Code) and "\n" in item.text else item.text


def _filled(text: str, items: list[Item]) -> str:
    """Return a text with what items say behind it; the space before markers is filled: a sentence may end there."""
    for item in items:
        if isinstance(item, Marker):
            said = text.rstrip(" ")
            text = said + "\0" * (len(text) - len(said))
        else:
            text += _said_by(item)
    return text


def _text_until_marker(items: list[Item]) -> str:
    n = next((i for i, item in enumerate(items) if isinstance(item, Marker)), len(items))
    return _text_of(items[:n])


def _n_leading(items: list[Item], leads: Callable[[str], bool]) -> int:
    """Return how many items there are up to the last marker that stands before its statement."""
    n = 0
    for i, item in enumerate(items):
        if isinstance(item, Marker):
            if not leads(_text_of(items[:i])):
                break
            n = i + 1
    return n


def _split(items: list[Item], length: int) -> tuple[list[Item], list[Item]]:
    """Return the items that say the first characters, with markers right behind them, and the others."""
    for i, item in enumerate(items):
        said = _said_by(item)
        if len(said) > length:
            if length and isinstance(item, Text):
                return [*items[:i], Text(said[:length])], [Text(said[length:]), *items[i + 1 :]]
            return items[:i], items[i:]
        length -= len(said)
    return items, []


def _without_gap(text: str) -> str:
    """Return a text without what may stand between a statement and its marker: white space, a comma, a bracket."""
    text = text.rstrip()
    text = text.removesuffix("(").rstrip()
    return text[:-1].rstrip() if text.endswith((",", ";")) else text


def _join(gap: str, text: str) -> str:
    """Return the text after a removed marker as it follows the text before, from which a gap separated the marker."""
    body = text.lstrip()
    if gap.rstrip().endswith("("):
        return gap + body.lstrip(",; ")
    if _CLOSING.match(body):
        return body
    space = gap.strip(",;") if "\n" in gap else text[: -len(body)] or gap.strip(",;") or " "
    return gap.strip() + space + body


def _stated(text: str) -> str:
    return _BULLET.sub("", _without_gap(text.lstrip(" ,;:.)"))).replace(_ADDRESS, "…")


def _last_sentence(text: str) -> str:
    spans = split_sentences(text)
    return text[spans[-1][0] : spans[-1][1]] if spans else ""
