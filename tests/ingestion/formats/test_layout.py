"""Lines of printed pages: columns, furniture, tables of contents and headings."""

from __future__ import annotations

import pytest

from rag_app.ingestion.formats.layout import (
    Line,
    Span,
    body_size,
    in_reading_order,
    with_headings_by_outline,
    with_headings_by_size,
    without_contents,
    without_furniture,
)


def _line(text, top=400.0, *, page=1, size=10.0, left=50.0):
    """Return a line; two bars in the text are a gap of 20 points, letters are 5 points wide."""
    spans = []
    for part in text.split("||"):
        spans.append(Span(part, left, left + 5 * len(part)))
        left = spans[-1].right + 20
    return Line(tuple(spans), page, top, top + size, size, page_height=800)


def _texts(lines):
    return [line.text for line in lines]


def test_there_may_be_no_lines():
    """Nothing comes out of nothing."""
    for step in (in_reading_order, without_furniture, without_contents, with_headings_by_size):
        assert step([]) == []
    assert body_size([]) == 0
    assert with_headings_by_outline([], [(1, 1, "A")]) == []


def test_the_body_is_what_most_characters_are():
    """Characters count, not lines."""
    assert body_size([_line("a", size=20), _line("b", size=20), _line("longer", size=10.1)]) == 10


def test_columns_are_divided_at_the_gutter():
    """Lines across the page come in their place; a line of one column may stand alone."""
    prose = "some words of prose here"
    lines = [_line(f"l{i} {prose}||r{i} {prose}", 100 + 12 * i) for i in range(8)]
    across = _line("a line that runs across both of the columns on", 200)
    alone = _line(f"l9 {prose}", 212)
    expected = [f"l{i} {prose}" for i in range(8)] + [f"r{i} {prose}" for i in range(8)]
    assert _texts(in_reading_order([*lines, across, alone])) == [*expected, across.text, alone.text]


@pytest.mark.parametrize(
    "rows",
    [
        ["a name||12"] * 10,
        ["some words of prose here||and some more of it here"] * 4,
        [f"{'x' * i}||{'some words of prose here'}" for i in range(1, 12)],
    ],
)
def test_tables_and_stray_gaps_are_no_columns(rows):
    """Narrow columns, few lines, and gaps at different places leave a page as it is."""
    lines = [_line(row, 100 + 12 * i) for i, row in enumerate(rows)]
    assert in_reading_order(lines) == lines


@pytest.mark.parametrize(
    ("text", "top", "kept"),
    [
        ("Report, page {}", 20, False),
        ("Report, page {}", 780, False),
        ("Report, page {}", 400, True),
        ("{}", 780, False),
        ("- {} -", 780, False),
        ("Seite {} von 9", 780, False),
    ],
)
def test_furniture_repeats_at_the_edge_of_pages(text, top, kept):
    """Digits apart, at the top or the bottom; in the middle of a page, repetition is no reason."""
    lines = [_line(text.format(number), top, page=number) for number in range(1, 4)]
    assert without_furniture(lines) == (lines if kept else [])


def test_two_pages_do_not_make_furniture():
    """Twice the same line at the edge may be chance; at different heights it is text."""
    twice = [_line("Report", 20, page=number) for number in (1, 2)]
    moving = [_line("Report", 20 + 20 * number, page=number) for number in (1, 2, 3)]
    assert without_furniture(twice) == twice
    assert without_furniture(moving) == moving


def test_large_lines_are_furniture_on_most_pages_only():
    """The title of four slides of ten is none; the name of the firm on all of them is."""
    title = [_line("GANs", 40, page=number, size=30) for number in (1, 2, 3, 4)]
    firm = [_line("The firm", 760, page=number, size=30) for number in range(1, 11)]
    text = [_line(f"Some words of slide {number}", page=number) for number in range(1, 11)]
    lines = sorted([*title, *firm, *text], key=lambda line: (line.page, line.top))
    assert without_furniture(lines) == sorted([*title, *text], key=lambda line: (line.page, line.top))


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["Contents", "One 1", "Two 2", "Text."], ["Text."]),
        (["Table of Contents:", "Preface ix", "A long", "title 3", "Text."], ["Text."]),
        (["Contents", "Text.", "More.", "Still."], ["Contents", "Text.", "More.", "Still."]),
        (["One ........ 1", "Two", "words . . . . . 2", "Text."], ["Text."]),
        (["Contents", "One 7", "Chapter 1", "Text."], ["Chapter 1", "Text."]),
        (["Contents", "One 1", "Text.", "In the year 2019"], ["Text.", "In the year 2019"]),
        (["It has 3 … and 4", "Wait....", "See Figure 2"], ["It has 3 … and 4", "Wait....", "See Figure 2"]),
        (["目次", "序論 1", "Text."], ["Text."]),
    ],
)
def test_tables_of_contents_end_where_text_begins(lines, kept):
    """Page numbers go up and are those of the document; leaders alone are enough for a single entry."""
    assert _texts(without_contents([_line(text) for text in lines])) == kept


def test_sizes_make_levels():
    """A heading is larger than the body, of few lines, with a letter in it, and rare."""
    body = [_line("some words of the text", 100 + 12 * i) for i in range(20)]
    lines = [_line("A", 10, size=20), _line("B", 40, size=14), _line("1 2 3", 70, size=14), *body]
    large = [_line("a quotation", 500 + 14 * i, size=13) for i in range(5)]
    marked = with_headings_by_size([*lines, *large])
    assert [line.level for line in marked] == [1, 2, *[0] * 26]


@pytest.mark.parametrize(
    ("title", "levels"),
    [
        ("Two words", [0, 1, 0, 0]),
        ("2. TWO  WORDS", [0, 1, 0, 0]),
        ("A heading of two lines", [0, 0, 1, 1]),
        ("Two", [0, 0, 0, 0]),
        ("2", [0, 0, 0, 0]),
        ("", [0, 0, 0, 0]),
    ],
)
def test_the_outline_is_matched_by_its_letters(title, levels):
    """Numbers, case and punctuation apart; a title may go over several lines, but not be a part of one."""
    lines = [_line("Text."), _line("2 Two words"), _line("A heading of"), _line("two lines")]
    assert [line.level for line in with_headings_by_outline(lines, [(1, 1, title), (9, 1, "Text.")])] == levels
