"""What a language model writes, cut into text, code, markers and links while it comes.

However a reply is cut into pieces, the items are the same up to where text is cut. Markdown links and images lose the
syntax that makes them links, tags are taken out, and code is passed on as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag_app.chains.sanitising import BEGUN_URL, URL, match_url, may_begin_link, visible


@dataclass(frozen=True, slots=True)
class Text:
    """Text to be shown."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Text between backticks or in a fence, with them; brackets and addresses in it mean nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """An address, in whatever syntax it stood."""

    text: str


@dataclass(frozen=True, slots=True)
class Marker:
    """One or more numbers of passages in brackets."""

    text: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers, each once."""
        return tuple(dict.fromkeys(int(n) for n in re.findall(r"\d+", self.text)))


Item = Text | Code | Link | Marker
_Taken = tuple[int, Item | None] | None  # how many characters, and what they are; None: the next piece will tell

MARKER = re.compile(  # passages are counted from 1: the interval [0, 1] is no marker
    r"[\[【［]\s*(?:0|[1-9]\d{0,2}(?:\s*[,;]\s*[1-9]\d{0,2})*)\s*[\]】］]"  # noqa: RUF001  (full-width brackets are meant)
)
_BEGUN_MARKER = re.compile(r"[\[【［]\s*(?:\d{1,3}\s*[,;]\s*)*(?:\d{1,3}\s*)?\Z")  # noqa: RUF001
_START = re.compile(rf"[\[【［`<~\n]|(?<=[\]】］])\(|{URL.pattern}|{BEGUN_URL.pattern}", re.IGNORECASE)  # noqa: RUF001
_FENCE = re.compile(r"(`{3,}(?=[^`\n]*\n)|~{3,}(?=[^\n]*\n))[^\n]*\n")
_BEGUN_FENCE = re.compile(r"(?:`{1,2}|`{3,}[^`\n]*|~{1,2}|~{3,}[^\n]*)\Z")
_BLOCK = re.compile(r"<!--.*?-->|<(script|style)(?=[\s>])[^<>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TAGS = (
    "a abbr address area article aside audio b base bdi bdo blockquote body br button canvas caption center cite col "
    "colgroup data datalist dd del details dfn dialog div dl dt em embed fieldset figcaption figure font footer form "
    "frame frameset h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins kbd label legend li link main map "
    "mark marquee math menu meta meter nav noscript object ol optgroup option output p param picture pre progress q s "
    "samp section select slot small source span strike strong style script sub summary sup svg table tbody td template "
    "textarea tfoot th thead time title tr track u ul var video wbr"
)
_NAMES = "|".join(_TAGS.split())
_TAG = re.compile(rf"(?!<(?:script|style)[\s>])</?(?:{_NAMES})(?:[\s/][^<>]*)?>", re.IGNORECASE)
_BEGUN_TAG = re.compile(
    rf"<(?:!(?:-(?:-.*)?)?|/?(?:[a-z][a-z0-9]{{0,9}})?|/?(?:{_NAMES})[\s/][^<>]*|(?:script|style)[\s>].*"
    r"|[a-z][a-z0-9+.-]*:[^\s<>]*)?\Z",
    re.DOTALL | re.IGNORECASE,
)
_LONGEST_TAG = 2000  # characters; what is longer is broken up, so that a reply is not held back for ever


class Scanner:
    """Cuts a reply into items.

    Examples
    --------
    >>> scanner = Scanner()
    >>> [item for piece in ("It is s", "o [", "7], as `x[1", "]` ") for item in scanner.feed(piece)]
    [Text(text='It is s'), Text(text='o '), Marker(text='[7]'), Text(text=', as '), Code(text='`x[1]`'), Text(text=' ')]
    """

    def __init__(self) -> None:
        self.n_tags = 0
        self._held = ""
        self._line = ""  # what was given out of the line that is being read
        self._fence = ""

    def feed(self, piece: str) -> Iterator[Item]:
        """Yield the items that a piece completes."""
        self._held += visible(piece)
        yield from self._scan(final=False)

    def close(self) -> Iterator[Item]:
        """Yield what was still held back."""
        yield from self._scan(final=True)

    def _scan(self, *, final: bool) -> Iterator[Item]:
        while self._held:
            taken = self._code_line(final=final) if self._fence else self._next(final=final)
            if taken is None:
                return
            length, item = taken
            self._held = self._held[length:]
            if item is not None:
                self._line = (self._line + item.text).rpartition("\n")[2]
                yield item

    def _next(self, *, final: bool) -> _Taken:
        before = self._line[-1:]
        match = _START.search(before + self._held, len(before))
        at = len(self._held) if match is None else match.start() - len(before)
        if match is None or at:
            return at, Text(self._held[:at])
        first = self._held[0]
        if first in "`~":
            return self._code(final=final)
        if first in "[【［":  # noqa: RUF001
            return self._marker(final=final)
        if first == "<":
            return self._tag(final=final)
        if first in "(\n":
            return 1, Text(" (" if first == "(" else first)  # with a space, "](" makes no link
        return self._link(before, final=final)

    def _code_line(self, *, final: bool) -> _Taken:
        line, end, _ = self._held.partition("\n")
        if not end and not final:
            return None
        if set(line.strip()) == {self._fence[0]} and len(line.strip()) >= len(self._fence):
            self._fence = ""
        return len(line + end), Code(line + end)

    def _code(self, *, final: bool) -> _Taken:
        held = self._held
        if not self._line.strip():
            fence = _FENCE.match(held)
            if fence:
                self._fence = fence.group(1)
                return fence.end(), Code(fence.group())
            if _BEGUN_FENCE.match(held) and not final:
                return None
        run = re.match(r"`+|~+", held)
        n = run.end() if run else 1
        if held[0] == "~" or (n == len(held) and final):
            return n, Text(held[:n])
        closed = re.compile(rf"(?<!`)`{{{n}}}(?!`)").search(held, n)
        newline = held.find("\n")
        if closed and (newline < 0 or closed.start() < newline):
            undecided = closed.end() == len(held) and not final  # the run of backticks may go on
            return None if undecided else (closed.end(), Code(held[: closed.end()]))
        return (n, Text(held[:n])) if newline >= 0 or final else None

    def _marker(self, *, final: bool) -> _Taken:
        match = MARKER.match(self._held)
        if match:
            return match.end(), Marker(match.group())
        if _BEGUN_MARKER.match(self._held) and not final:
            return None
        return 1, Text(self._held[0])

    def _tag(self, *, final: bool) -> _Taken:
        held = self._held
        match = _BLOCK.match(held, 0, _LONGEST_TAG) or _TAG.match(held, 0, _LONGEST_TAG)
        if match:
            self.n_tags += 1
            return match.end(), Text(" ") if may_begin_link(self._line) else None
        url = match_url(held, 1)
        if url and held[len(url) + 1 : len(url) + 2] == ">":
            return len(url) + 2, Link(url)
        if len(held) < _LONGEST_TAG and _BEGUN_TAG.match(held) and not final:
            return None
        return 1, Text("< " if re.match(r"<[a-z/!?]", held, re.IGNORECASE) else "<")

    def _link(self, before: str, *, final: bool) -> _Taken:
        url = match_url(before + self._held, len(before))
        match = URL.match(before + self._held, len(before))
        if not final and (match is None or match.end() == len(before + self._held)):
            return None
        return (len(url), Link(url)) if url else (1, Text(self._held[0]))
