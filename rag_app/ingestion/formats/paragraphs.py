"""Paragraphs, lists and tables, rebuilt from the lines that they were broken into on printed pages."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from rag_app.ingestion.formats.extraction import ExtractedBlock, HeadingPath
from rag_app.ingestion.formats.layout import Line, continues_heading, is_wide
from rag_app.locator import Locator
from rag_app.types import BlockKind

_BULLET = re.compile(r"[•‣▪▫◦●○■□–—*\uf0b7\uf0a7·-]\s+(?=\S)")
_NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z])[.)]\s+(?=\S)")
_TERMINAL = tuple('.!?:;…"”»)\u3002\uff01\uff1f\uff1a\uff1b')  # the last five are those of CJK text
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_TOUCHES = re.compile(r"\w[-–/]$")  # what follows belongs to it, as in 2019-2020
_FIRST_PARTS = frozenset("half non quasi self well".split())  # of compounds that keep their hyphen
_SHORTEST_SECOND_PART = 4
_LOOSE = 1.3  # times the usual distance of lines
_WIDEST_LEADING = 2.4  # times the size: that of double-spaced text
_USUAL_LEADING = 1.2  # times the size, where no paragraph shows it
_INDENT = 0.8  # times the size
_ROWS = 3

_Gaps = list[tuple[float, float]]


def build_blocks(lines: Sequence[Line]) -> list[ExtractedBlock]:
    """Return the blocks that lines in reading order make up, each with its page and headings.

    Notes
    -----
    A paragraph ends where the distance to the next line is larger than usual, the next line is indented, an item or
    of another size, or the first word of the next line would have had room. It goes on across columns and pages if
    it did not end with a full stop and goes on in lower case. Three lines or more with gaps are a table.

    Examples
    --------
    >>> from rag_app.ingestion.formats.layout import Span
    >>> texts = ["Two networks play", "a game."]
    >>> lines = [Line((Span(text, 50, 130),), 1, 40 + 12 * i, 50 + 12 * i, 10, 800) for i, text in enumerate(texts)]
    >>> [(b.kind, b.text) for b in build_blocks(lines)]
    [('paragraph', 'Two networks play a game.')]
    """
    compounds = _Compounds(lines)
    path = HeadingPath()
    blocks: list[ExtractedBlock] = []
    leading = _leading(lines)
    rights = _right_ends(lines)
    start = 0
    while start < len(lines):
        end, gutters = _table_end(lines, start, 2 * leading)
        if gutters and not lines[start].level:
            blocks += _rows(lines[start:end], gutters, path.titles)
        else:
            end = _paragraph_end(lines, start, leading, rights)
            _add_text(blocks, path, lines[start], compounds.joined(lines[start:end]))
        start = end
    return blocks


def _add_text(blocks: list[ExtractedBlock], path: HeadingPath, first: Line, text: str) -> None:
    """Add a heading, a paragraph or an item; items that follow one another are lines of one list."""
    if first.level:
        path.enter(first.level, text)
    locator = Locator(path.titles, page=first.page)
    if first.level:
        blocks.append(ExtractedBlock("heading", text, locator))
    elif _BULLET.match(text) or _NUMBER.match(text):
        follows = bool(blocks) and blocks[-1].kind == "list"
        blocks.append(ExtractedBlock("list", _BULLET.sub("- ", text, count=1), locator, joined=follows))
    else:
        kind: BlockKind = "paragraph" if any(c.isalpha() for c in text) else "fragment"
        blocks.append(ExtractedBlock(kind, text, locator))


# -- tables -----------------------------------------------------------------------------------------------------------


def _table_end(lines: Sequence[Line], start: int, most: float) -> tuple[int, _Gaps]:
    """Return the end of the table that begins at a line, and the gutters between its columns.

    White space that goes down through three lines or more parts columns; that of justified text does not.
    """
    gutters = _gaps(lines[start])
    end = start + 1
    while end < len(lines) and len(lines[end].spans) > 1 and _is_below(lines[end - 1], lines[end], most):
        shared = _shared(gutters, _gaps(lines[end]))
        if len(shared) < len(gutters):
            break
        gutters = shared
        end += 1
    return (end, gutters) if end - start >= _ROWS and len(lines[start].spans) > 1 else (start, [])


def _gaps(line: Line) -> _Gaps:
    """Return where a line is white, on both sides of it too."""
    return [(-math.inf, line.left), *((a.right, b.left) for a, b in pairwise(line.spans)), (line.right, math.inf)]


def _shared(gutters: _Gaps, gaps: _Gaps) -> _Gaps:
    both = [(max(a, c), min(b, d)) for a, b in gutters for c, d in gaps]
    return [(a, b) for a, b in both if b - a > 1]


def _rows(group: Sequence[Line], gutters: _Gaps, heading: tuple[str, ...]) -> Iterator[ExtractedBlock]:
    begins = [right for _, right in gutters[:-1]]
    rows = []
    for line in group:
        cells = [""] * len(begins)
        for span in line.spans:
            column = max(i for i, x in enumerate(begins) if i == 0 or span.left >= x - 1)
            cells[column] = f"{cells[column]} {span.text}".strip()
        rows.append(" | ".join(cells))
    for i, (row, line) in enumerate(zip(rows, group, strict=True)):
        yield ExtractedBlock("table", row, Locator(heading, page=line.page), header=rows[0], joined=i > 0)


# -- paragraphs -------------------------------------------------------------------------------------------------------


def _paragraph_end(lines: Sequence[Line], start: int, leading: float, rights: Sequence[float]) -> int:
    end = start + 1
    while end < len(lines) and _continues(lines[end - 1], lines[end], leading, rights[end - 1], lines[start]):
        end += 1
    return end


def _leading(lines: Sequence[Line]) -> float:
    """Return the usual distance of lines in sizes: that between lines of which the first goes on."""
    rights = _right_ends(lines)
    found = [
        (after.top - line.top) / line.size
        for line, after, right in zip(lines, lines[1:], rights, strict=False)
        if _is_below(line, after, _WIDEST_LEADING) and _is_full(line, after, right) and abs(line.size - after.size) < 1
    ]
    return median(found) if found else _USUAL_LEADING


def _right_ends(lines: Sequence[Line]) -> list[float]:
    """Return for each line where the lines of its column end: the fifth that ends last does not count."""
    ends: list[float] = []
    start = 0
    for i, (line, after) in enumerate(pairwise([*lines, None])):
        if after is None or line is None or after.page != line.page or after.top < line.top - line.size:
            rights = sorted(other.right for other in lines[start : i + 1])
            ends += [rights[len(rights) * 4 // 5]] * len(rights)
            start = i + 1
    return ends


def _is_below(line: Line, after: Line, most: float) -> bool:
    return line.page == after.page and 0 < after.top - line.top <= most * line.size


def _is_full(line: Line, after: Line, right: float) -> bool:
    """Whether the first word of the next line had no room."""
    return line.hyphenated or line.right + line.size / 4 + after.first_width > right - 1


def _continues(line: Line, after: Line, leading: float, right: float, first: Line) -> bool:
    """Whether a paragraph or heading that began with `first` goes on from a line to the next."""
    if first.level or after.level:
        return first.level == after.level and continues_heading(line, after)
    if _BULLET.match(after.text) or _NUMBER.match(after.text) or not 1 / 1.2 < after.size / line.size < 1.2:  # noqa: PLR2004
        return False
    if not _is_below(line, after, _LOOSE * leading):
        return _goes_on(line, after) and not _is_below(line, after, 100)
    is_item = _BULLET.match(first.text) or _NUMBER.match(first.text)
    if not is_item and after.left - line.left > _INDENT * line.size:
        return False
    return _is_full(line, after, right) or not (line.text.endswith(_TERMINAL) or _begins(after.text))


def _goes_on(line: Line, after: Line) -> bool:
    """Whether a sentence goes on in the next column or page."""
    return line.hyphenated or not (line.text.endswith(_TERMINAL) or _begins(after.text))


def _begins(text: str) -> bool:
    """Whether a text does not look as if it were the second part of a sentence."""
    return not text[0].isalpha() or text[0].isupper()


# -- words ------------------------------------------------------------------------------------------------------------


class _Compounds:
    """Joins lines, and decides whether a hyphen at the end of one belongs to the word, by the rest of the document."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._words: set[str] = set()
        for line in lines:
            words = _WORD.findall(line.text.casefold())
            self._words.update(words[:-1] if line.hyphenated else words)

    def joined(self, lines: Sequence[Line]) -> str:
        """Return the text of lines on one line."""
        text = lines[0].text
        for line, after in pairwise(lines):
            if line.hyphenated:
                text += self._hyphen(text, after.text)
            elif not _TOUCHES.search(text) and not (is_wide(text[-1]) and is_wide(after.text[0])):
                text += " "
            text += after.text
        return f"{text}-" if lines[-1].hyphenated else text

    def _hyphen(self, text: str, after: str) -> str:
        ends, begins = re.search(r"[^\W_]+$", text), _WORD.match(after)
        if ends is None or begins is None or begins[0][0].isupper() or not ends[0].isalpha():
            return "-"
        first, second = ends[0].casefold(), begins[0].casefold()
        if first + second in self._words:
            return ""
        compound = first in _FIRST_PARTS and len(second) >= _SHORTEST_SECOND_PART
        known = first in self._words and second in self._words
        return "-" if compound or known or f"{first}-{second}" in self._words else ""
