"""What the lines of printed pages are: columns, running headers, tables of contents, headings, tables, paragraphs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import NamedTuple

_EDGE = 0.12  # of the page's height, at the top and at the bottom: where running headers and page numbers are
_REPEATS = 3
_CONTENTS = frozenset(
    "contents|table of contents|inhalt|inhaltsverzeichnis|sommaire|table des matières|índice|contenido|indice|"
    "sommario|sumário|inhoud|spis treści|содержание|оглавление|içindekiler|目次|目录|目錄|차례|목차".split("|")
)
_LEADER = r"(?:\.[ \t]?){4,}|(?:[…·_][ \t]?){3,}"
_LED_ENTRY = re.compile(rf"\S.*?(?:{_LEADER})\s*(?:\d{{1,4}}|[ivxlc]{{1,7}})", re.IGNORECASE)
_ENTRY = re.compile(r"\S.*[\s.…·_](\d{1,4}|[ivxlc]{1,7})", re.IGNORECASE)
_FRONT_PAGES = 50  # the most that printed page numbers are ahead of the count
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p\.)?\s*[-–—|]?\s*(?:\d{1,4}|[ivxlc]{1,7})\s*(?:[-–—|]|(?:/|of|von|de)\s*\d{1,4})?", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+")
_LARGER = 1.12  # times the body's size: a heading
_HEADING_LINES = 4
_HEADING_SHARE = 0.3  # of the characters of a document: a larger share is text
_PROSE = 0.3  # of the width of the text, on either side of a gutter; a narrower column is a table's


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a line that is parted from the next one by a gap: text, left and right end."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page, in points from its upper and left edge; from the right one where the script begins there.

    Parameters
    ----------
    spans : tuple of Span
        Its parts, from left to right.
    page : int
        Counted from 1.
    top, bottom : float
        Of its longest word.
    size : float
        Of the font of its longest word.
    page_height : float
        Of the page.
    first_width : float
        Of its first word: a line that has room for it was ended on purpose.
    hyphenated : bool
        Whether its last word goes on in the next line; the hyphen is not in the text.
    level : int
        Of a heading, from 1; 0 for other lines.
    """

    spans: tuple[Span, ...]
    page: int
    top: float
    bottom: float
    size: float
    page_height: float
    first_width: float = 0.0
    hyphenated: bool = False
    level: int = 0

    @property
    def text(self) -> str:
        """The text of its spans."""
        return " ".join(span.text for span in self.spans)

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.spans[0].left

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.spans[-1].right

    @property
    def at_edge(self) -> bool:
        """Whether it is at the top or the bottom of its page."""
        return self.bottom < _EDGE * self.page_height or self.top > (1 - _EDGE) * self.page_height


def is_wide(character: str) -> bool:
    """Return whether a character is of a script that has no spaces between words.

    Examples
    --------
    >>> [is_wide(character) for character in "生の가a"]
    [True, True, False, False]
    """
    return "\u2e80" <= character <= "\uff60" and not "\uac00" <= character <= "\ud7af"


def body_size(lines: Iterable[Line]) -> float:
    """Return the size that most characters have, to half a point.

    Examples
    --------
    >>> title, body = Span("GANs", 50, 90), Span("Two networks.", 50, 110)
    >>> body_size([Line((title,), 1, 40, 60, 20, 800), Line((body,), 1, 80, 90, 10, 800)])
    10.0
    """
    sizes = Counter[float]()
    for line in lines:
        sizes[round(2 * line.size) / 2] += len(line.text)
    return max(sizes, key=lambda size: (sizes[size], -size), default=0.0)


# -- columns ----------------------------------------------------------------------------------------------------------


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """Return the lines of a page, those that run across columns of prose divided and read column by column."""
    gutter = _gutter(lines)
    if gutter is None:
        return list(lines)
    ordered: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    for line in lines:
        sides = _divided(line, gutter)
        if sides is None:
            ordered += [*in_reading_order(left), *in_reading_order(right), line]
            left, right = [], []
        else:
            left += sides[0]
            right += sides[1]
    return [*ordered, *in_reading_order(left), *in_reading_order(right)]


def _gutter(lines: Sequence[Line]) -> float | None:
    """Return where most gaps of a page are one above the other, if there is prose on both sides."""
    gaps = [(a.right, b.left) for line in lines for a, b in pairwise(line.spans)]
    if len(gaps) < 2 * _REPEATS:
        return None
    width = max(line.right for line in lines) - min(line.left for line in lines)
    # The gaps of one gutter have its right end, where the lines of a column begin, in common.
    begins = Counter(round(right) for _, right in gaps).most_common(1)[0][0]
    gutter = max(left for left, right in gaps if round(right) == begins) / 2 + begins / 2
    divided = [line for line in lines if len(line.spans) > 1 and _divided(line, gutter)]
    crossing = sum(_divided(line, gutter) is None for line in lines)
    if len(divided) < max(2 * _REPEATS, 2 * crossing):
        return None
    lefts = [
        max(s.right for s in line.spans if s.right <= gutter) - line.left for line in divided if line.left < gutter
    ]
    rights = [line.right - min(s.left for s in line.spans if s.left >= gutter) for line in divided]
    return gutter if lefts and min(median(lefts), median(rights)) >= _PROSE * width else None


def _divided(line: Line, x: float) -> tuple[list[Line], list[Line]] | None:
    """Return what of a line is on the left and on the right of `x`, or None if it runs across."""
    if any(span.left < x < span.right for span in line.spans):
        return None
    left = tuple(span for span in line.spans if span.right <= x)
    right = tuple(span for span in line.spans if span.left >= x)
    first_width = 0.0 if left else line.first_width
    return (
        [replace(line, spans=left, hyphenated=line.hyphenated and not right)] if left else [],
        [replace(line, spans=right, first_width=first_width)] if right else [],
    )


# -- furniture --------------------------------------------------------------------------------------------------------


def without_furniture(lines: Sequence[Line]) -> list[Line]:
    """Return lines without page numbers, and without what stands at the same place of three pages, digits apart.

    What is larger than the body is a heading, such as the title of several slides, unless it is on most pages.

    Examples
    --------
    >>> lines = [Line((Span(f"Report, page {n}", 50, 90),), n, 20, 30, 10, 800) for n in (1, 2, 3)]
    >>> without_furniture(lines)
    []
    """
    larger = _LARGER * body_size(lines)
    seen: dict[_Place, set[int]] = {}
    for line in lines:
        if line.at_edge:
            seen.setdefault(_place(line, larger), set()).add(line.page)
    half = lines[-1].page / 2 if lines else 0
    furniture = {
        place
        for place, pages in seen.items()
        if len(pages) >= _REPEATS and (place.size < round(larger) or len(pages) > half)
    }
    return [
        line
        for line in lines
        if not line.at_edge or (_place(line, larger) not in furniture and not _PAGE_NUMBER.fullmatch(line.text))
    ]


class _Place(NamedTuple):
    text: str
    top: int
    size: int


def _place(line: Line, larger: float) -> _Place:
    """Return where a line stands and what it says, digits apart except in headings: "Chapter 1" is not "Chapter 2"."""
    text = line.text if line.size >= larger else _DIGITS.sub("#", line.text)
    return _Place(text, round(line.top / 4), round(line.size))


def without_contents(lines: Sequence[Line]) -> list[Line]:
    """Return lines without tables of contents: entries with leaders, or with page numbers below such a heading.

    Examples
    --------
    >>> texts = ["Contents", "GANs 1", "VAEs ..... 9", "Two nets."]
    >>> lines = [Line((Span(text, 50, 90),), 1, 40, 50, 10, 800) for text in texts]
    >>> [line.text for line in without_contents(lines)]
    ['Two nets.']
    """
    highest = lines[-1].page + _FRONT_PAGES if lines else 0
    led = [bool(_LED_ENTRY.fullmatch(line.text)) for line in lines]
    kept: list[Line] = []
    reached: int | None = None  # by the page numbers of the table of contents that a line is in
    for i, line in enumerate(lines):
        if line.text.strip(" :").casefold() in _CONTENTS:
            reached = _next_number(lines[i + 1 : i + 4], 0, highest)
        elif reached is not None:
            reached = _next_number(lines[i : i + 3], reached, highest)
        between = any(led[max(i - 1, 0) : i]) and any(led[i + 1 : i + 2])  # the first line of an entry of two
        if reached is None and not led[i] and not between:
            kept.append(line)
    return kept


def _next_number(lines: Sequence[Line], reached: int, highest: int) -> int | None:
    """Return the page number of the next entry, whose title may have several lines."""
    for line in lines:
        entry = _ENTRY.fullmatch(line.text)
        if entry:
            number = int(entry[1]) if entry[1].isdecimal() else reached
            return number if reached <= number <= highest else None
    return None


# -- headings ---------------------------------------------------------------------------------------------------------


def with_headings_by_size(lines: Sequence[Line]) -> list[Line]:
    """Return lines, those headings that are larger than the body; the larger, the higher.

    Examples
    --------
    >>> title, body = Span("GANs", 50, 90), Span("Two networks.", 50, 110)
    >>> lines = [Line((title,), 1, 40, 60, 20, 800), Line((body,), 1, 80, 90, 10, 800)]
    >>> [line.level for line in with_headings_by_size(lines)]
    [1, 0]
    """
    larger = _LARGER * body_size(lines)
    total = sum(len(line.text) for line in lines)
    shares = Counter[int]()
    for line in lines:
        shares[round(line.size)] += len(line.text)
    wanted = [line.size >= larger and shares[round(line.size)] <= _HEADING_SHARE * total for line in lines]
    is_heading = [False] * len(lines)
    for start, end in _runs(lines, wanted):
        text = " ".join(line.text for line in lines[start:end])
        if end - start <= _HEADING_LINES and any(c.isalpha() for c in text):
            is_heading[start:end] = [True] * (end - start)
    sizes = sorted({round(line.size) for line, heading in zip(lines, is_heading, strict=True) if heading}, reverse=True)
    levels = {size: level for level, size in enumerate(sizes, 1)}
    return [
        replace(line, level=levels[round(line.size)]) if heading else line
        for line, heading in zip(lines, is_heading, strict=True)
    ]


def _runs(lines: Sequence[Line], wanted: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield start and end of wanted lines that stand together."""
    start = 0
    while start < len(lines):
        end = start + 1
        while end < len(lines) and wanted[start] and wanted[end] and continues_heading(lines[end - 1], lines[end]):
            end += 1
        if wanted[start]:
            yield start, end
        start = end


def continues_heading(line: Line, after: Line) -> bool:
    """Whether a line of a heading goes on with the next one."""
    below = 0 < after.top - line.top < 2 * line.size
    return line.page == after.page and below and abs(line.size - after.size) < 1


def with_headings_by_outline(lines: Sequence[Line], outline: Sequence[tuple[int, int, str]]) -> list[Line]:
    """Return lines, those headings whose text is that of an entry (page, level, title) of the outline.

    Examples
    --------
    >>> lines = [Line((Span("1. GANs", 50, 90),), 1, 40, 50, 10, 800)]
    >>> [line.level for line in with_headings_by_outline(lines, [(1, 2, "GANs")])]
    [2]
    """
    marked = list(lines)
    first: dict[int, int] = {}
    for i, line in enumerate(lines):
        first.setdefault(line.page, i)
    for page, level, title in outline:
        found = _find(lines, first.get(page, len(lines)), _letters(title))
        for i in range(*found):
            marked[i] = replace(marked[i], level=level)
    return marked


def _find(lines: Sequence[Line], start: int, title: str) -> tuple[int, int]:
    """Return start and end of the lines that make up a title, a number before it apart."""
    page = lines[start].page if start < len(lines) else 0
    while title and start < len(lines) and lines[start].page == page:
        text = ""
        for end in range(start + 1, min(start + _HEADING_LINES, len(lines)) + 1):
            text += _letters(lines[end - 1].text)
            if text == title:
                return start, end
            if not title.startswith(text):
                break
        start += 1
    return 0, 0


def _letters(text: str) -> str:
    return "".join(c for c in re.sub(r"^[\s\d.]+", "", text).casefold() if c.isalnum())
