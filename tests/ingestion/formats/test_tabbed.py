"""Tables whose cells are parted by tabs."""

from __future__ import annotations

import pytest

from rag_app.ingestion.formats.markdown import extract_markdown
from rag_app.ingestion.formats.tabbed import n_table_lines, split_row


@pytest.mark.parametrize(
    ("lines", "n_rows"),
    [
        ([], 0),
        (["text"], 0),
        (["a\tb"], 0),
        (["a\tb", "c\td"], 2),
        (["a\tb", "c\td", "e\tf\tg"], 2),
        (["a\tb", "text", "c\td"], 0),
        (["-\ta", "-\tb"], 0),
        (["1.\ta", "2.\tb"], 0),
        (["\tcode", "\tcode"], 0),
        (["a\t\tb", "c\td\t"], 2),
    ],
)
def test_rows_have_the_same_number_of_tabs(lines, n_rows):
    """Two rows are needed; items of lists and indented code are none."""
    assert n_table_lines(lines) == n_rows


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("a\t b  c \td", ["a", "b c", "d"]),
        ("<b>a</b>\tb<br>c", ["a", "b c"]),
        ("1 < 2\ta>b", ["1 < 2", "a>b"]),
        ("cut <file>\tx", ["cut <file>", "x"]),
        ("<ul>Low: 1 to 10High: 10 to 20\tx", ["Low: 1 to 10; High: 10 to 20", "x"]),
        ("<ul><li>PyTorch, myCat\tx", ["PyTorch, myCat", "x"]),
        ("PyTorch: a\tx", ["PyTorch: a", "x"]),
    ],
)
def test_cells_lose_their_tags(line, cells):
    """Items that lost their tags are parted in front of a label; other words are left whole."""
    assert split_row(line) == cells


def test_rows_stand_on_their_lines_and_carry_their_header():
    """A table may interrupt a paragraph, and text may follow it; marks and formulas in cells are read."""
    blocks = extract_markdown("Ages:\nname\tage\n*Ada*\t36\nBob\t$x_1$\nThat is all.").blocks
    assert [(b.kind, b.text, b.locator.line, b.header, b.joined) for b in blocks] == [
        ("paragraph", "Ages:", 1, "", False),
        ("table", "name | age", 2, "name | age", False),
        ("table", "Ada | 36", 3, "name | age", True),
        ("table", "Bob | $x_1$", 4, "name | age", True),
        ("paragraph", "That is all.", 5, "", False),
    ]


def test_code_with_tabs_is_code():
    """Neither a fence nor indented code is a table."""
    assert [b.kind for b in extract_markdown("```\na\tb\nc\td\n```\n\n\tx\ty\n\tz\tw").blocks] == ["code", "code"]


def test_many_rows_are_read_in_linear_time():
    """Ten thousand rows are that many blocks, and rows of changing width are text."""
    assert len(extract_markdown("a\tb\n" * 10_000).blocks) == 10_000
    assert len(extract_markdown("".join(f"a{chr(9) * (1 + i % 5)}b\n" for i in range(10_000))).blocks) == 1
