"""Plain text: paragraphs between blank lines, with the lists, tables and headings that they show."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from rag_app.ingestion.formats.cards import read_cards
from rag_app.ingestion.formats.extraction import Extraction
from rag_app.ingestion.formats.furniture import join_lines, with_fragments, without_furniture
from rag_app.ingestion.formats.markdown import extract_markdown
from rag_app.ingestion.formats.outline import (
    Draft,
    build_blocks,
    first_heading,
    has_headings,
    split_contents,
    with_headings,
)
from rag_app.ingestion.formats.tabbed import n_table_lines, split_row

_PARAGRAPH = re.compile(r"\S.*(?:\n[^\S\n]*\S.*)*")
_ITEM = re.compile(r"\s*(?:[-*•]|\d+[.)])\s")
_UNDERLINE = re.compile(r"([=~-])\1{2,}")
_MIN_KINDS_OF_MARKUP = 2
_WRAPPED = 50  # characters at least in the lines of a paragraph that was wrapped to a width
_WORD = re.compile(r"(?<!-\n)\b[^\W\d_]+")
_MARKUP = (
    re.compile(r"\A---\n(?:[\w-]+:.*\n)+---\n"),
    re.compile(r"^#{1,6}\s+\S.*\n(?:.*\n)*?#{1,6}\s+\S", re.MULTILINE),
    re.compile(r"^(?:```|~~~)", re.MULTILINE),
    re.compile(r"(?<![\w*])\*\*[^\s*][^*\n]*\*\*(?![\w*])"),
    re.compile(r"\[[^\[\]\n]+\]\((?:https?://|#)[^\s)]*\)"),
    re.compile(r"<https?://[^\s<>]+>"),
    re.compile(r"^<(?:details|div|p|ul|h[1-6]|table)\b", re.MULTILINE | re.IGNORECASE),
    re.compile(r"^\|?[ :]*-{3,}[ :]*\|", re.MULTILINE),
)


def extract_text(data: str) -> Extraction:
    r"""Return the blocks of a plain text; one that is written in Markdown is read as Markdown.

    Notes
    -----
    Markdown is what shows two kinds of its markup: front matter, several headings, fences, bold, links, tables, HTML.
    Lines that were wrapped to a width are joined.

    Examples
    --------
    >>> [(b.kind, b.text) for b in extract_text("One two.\n\n- a\n- b\n\n**Bold**, <https://example.org>").blocks]
    [('paragraph', 'One two.'), ('list', '- a'), ('list', '- b'), ('paragraph', 'Bold, https://example.org')]
    """
    deck = read_cards(data)
    if deck is not None:
        return deck
    if sum(bool(pattern.search(data)) for pattern in _MARKUP) >= _MIN_KINDS_OF_MARKUP:
        return extract_markdown(data)
    drafts, contents = split_contents(list(_drafts(data)))
    marked = has_headings(drafts)
    drafts = with_fragments(with_headings(without_furniture(drafts), contents))
    words = frozenset(_WORD.findall(data.casefold()))
    blocks = build_blocks([_unwrapped(draft, words) for draft in drafts])
    return Extraction(blocks, first_heading(drafts, marked=marked))


def _drafts(data: str) -> Iterator[Draft]:
    line, seen = 1, 0
    for match in _PARAGRAPH.finditer(data):
        line += data.count("\n", seen, match.start())
        seen = match.start()
        yield from _parts(match.group().rstrip().split("\n"), line)


def _parts(lines: Sequence[str], first: int) -> Iterator[Draft]:
    """Yield what the lines of a paragraph are: a heading over a rule, rows of tables, items of lists, or text."""
    start = i = 0
    while i < len(lines):
        n_rows = n_table_lines(lines[i : i + 2]) and _n_rows(lines, i)
        if n_rows:
            yield from _text(lines[start:i], first + start)
            yield from _table(lines[i : i + n_rows], first + i)
            start = i = i + n_rows
        elif i == start + 1 and _UNDERLINE.fullmatch(lines[i].strip()):
            yield Draft("heading", lines[start].strip(), first + start, 1 if "=" in lines[i] else 2)
            start = i = i + 1
        else:
            i += 1
    yield from _text(lines[start:], first + start)


def _n_rows(lines: Sequence[str], start: int) -> int:
    n_tabs = lines[start].count("\t")
    return next((i - start for i in range(start, len(lines)) if lines[i].count("\t") != n_tabs), len(lines) - start)


def _table(lines: Sequence[str], first: int) -> Iterator[Draft]:
    rows = [" | ".join(split_row(line)) for line in lines]
    for i, row in enumerate(rows):
        yield Draft("table", row, first + i, header=rows[0], joined=i > 0)


def _text(lines: Sequence[str], first: int) -> Iterator[Draft]:
    if not lines:
        return
    if not all(_ITEM.match(line) for line in lines):
        yield Draft("paragraph", "\n".join(lines), first)
        return
    for i, line in enumerate(lines):
        yield Draft("list", line, first + i, joined=i > 0)


def _unwrapped(draft: Draft, words: Collection[str]) -> Draft:
    """Join lines that are all long: short ones are verses, addresses or labels."""
    lines = [line.strip() for line in draft.text.split("\n")]
    is_wrapped = draft.kind == "paragraph" and all(len(line) >= _WRAPPED for line in lines[:-1])
    return replace(draft, text=join_lines("\n".join(lines), words)) if is_wrapped else draft
