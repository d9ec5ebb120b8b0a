"""Blocks out of lines: where paragraphs, lists and tables begin and end."""

from __future__ import annotations

import pytest

from rag_app.ingestion.formats.layout import Line, Span
from rag_app.ingestion.formats.paragraphs import build_blocks


def _lines(*texts, left=50.0, size=10.0, level=0, page=1, top=100.0):
    """Return lines 12 points apart of letters 5 points wide; two bars are a gap of 20 points."""
    lines = []
    for i, text in enumerate(texts):
        x, spans = left, []
        for part in text.rstrip("~").split("||"):
            spans.append(Span(part, x, x + 5 * len(part)))
            x = spans[-1].right + 20
        y = top + 12 * i
        first_width = 5.0 * len(text.split()[0])
        lines.append(Line(tuple(spans), page, y, y + size, size, 800, first_width, text.endswith("~"), level))
    return lines


def _blocks(lines):
    return [(b.kind, b.text) for b in build_blocks(lines)]


_FULL = "these are the words of a full line in a page"


def test_no_lines_make_no_blocks():
    """Nothing comes out of nothing."""
    assert build_blocks([]) == []


@pytest.mark.parametrize(
    ("lines", "texts"),
    [
        (_lines(_FULL, _FULL, "and its end."), [f"{_FULL} {_FULL} and its end."]),
        (_lines(_FULL, "One ends.", "Another", _FULL), [f"{_FULL} One ends.", f"Another {_FULL}"]),
        ([*_lines(_FULL), *_lines(_FULL, top=130)], [_FULL, _FULL]),
        ([*_lines(_FULL), *_lines(_FULL, top=112, left=70)], [_FULL, _FULL]),
        ([*_lines(_FULL), *_lines(_FULL, top=112, size=8)], [_FULL, _FULL]),
        ([*_lines(_FULL, top=700), *_lines("goes on.", page=2)], [f"{_FULL} goes on."]),
        ([*_lines(_FULL, top=700), *_lines("Goes not.", page=2)], [_FULL, "Goes not."]),
        ([*_lines(f"{_FULL}.", top=700), *_lines("goes not.", page=2)], [f"{_FULL}.", "goes not."]),
    ],
)
def test_where_paragraphs_end(lines, texts):
    """A distance, an indentation, another size, room for the next word after a full stop, or a new page."""
    assert [text for _, text in _blocks(lines)] == texts


def test_hyphens_ask_the_rest_of_the_document():
    """The word as it stands elsewhere decides."""
    lines = _lines("a re-use of reuse and mini~", "batch, then a mini-batch of coop~", "eration and the re~", "use.")
    text = "a re-use of reuse and mini-batch, then a mini-batch of cooperation and the reuse."
    assert _blocks(lines) == [("paragraph", text)]


def test_items_make_a_list():
    """An item goes on in lines that are indented; text after it is no item."""
    lines = _lines("• one item of a list that is so long that it goes")
    lines += _lines("on", left=60, top=112)
    lines += _lines("• two", top=124)
    lines += _lines("After the list.", top=150)
    assert [(b.kind, b.text, b.joined) for b in build_blocks(lines)] == [
        ("list", "- one item of a list that is so long that it goes on", False),
        ("list", "- two", True),
        ("paragraph", "After the list.", False),
    ]


def test_headings_open_a_path():
    """Lines of one heading are one block; a heading of another level below it is another."""
    lines = [*_lines("One", "heading", level=1), *_lines("Below", level=2, top=124), *_lines("Text.", top=136)]
    assert [(b.text, b.locator.heading, b.locator.page) for b in build_blocks(lines)] == [
        ("One heading", ("One heading",), 1),
        ("Below", ("One heading", "Below"), 1),
        ("Text.", ("One heading", "Below"), 1),
    ]


def test_rows_keep_their_columns():
    """A cell that is missing leaves its column empty; two lines with a gap are no table."""
    rows = _lines("name||year||sum", "Ab||1999||12", "Cd||2001||1")
    missing = [*rows, *_lines("Of||2003", top=136)]
    assert [text for _, text in _blocks(missing)] == [
        "name | year | sum", "Ab | 1999 | 12", "Cd | 2001 | 1", "Of | 2003 | "
    ]  # fmt: skip
    assert {kind for kind, _ in _blocks(missing)} == {"table"}
    assert {kind for kind, _ in _blocks(rows[:2])} == {"paragraph"}


def test_text_without_letters_is_a_fragment():
    """The numbers of an axis are found, but are no answer."""
    assert _blocks(_lines("0.2 0.4 0.6")) == [("fragment", "0.2 0.4 0.6")]


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        (["机器学习模型学习", "数据"], "机器学习模型学习数据"),
        (["in the years 2019-", "2020 and on"], "in the years 2019-2020 and on"),
        (["기계 학습은", "데이터"], "기계 학습은 데이터"),
    ],
)
def test_what_stands_between_lines(texts, joined):
    """A space, but none in scripts without spaces nor after a dash inside a word."""
    assert [text for _, text in _blocks(_lines(*texts))] == [joined]


def test_long_documents_keep_every_line():
    """Twenty thousand lines, as many gaps, and one line of ten thousand words are read."""
    lines = _lines(*[f"line {i} of a||document" for i in range(20_000)], " ".join(["word"] * 10_000))
    assert sum(block.text.count("document") for block in build_blocks(lines)) == 20_000
