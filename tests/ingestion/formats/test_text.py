"""Plain text: paragraphs, lists and the lines they begin on."""

from __future__ import annotations

import pytest

from rag_app.ingestion.formats.text import extract_text


def _blocks(text):
    return [(b.kind, b.text, b.locator.line) for b in extract_text(text).blocks]


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("", []),
        ("\n \n\t\n", []),
        ("one", [("paragraph", "one", 1)]),
        ("\n\n  one\ntwo  \n", [("paragraph", "one\ntwo", 3)]),
        ("one\n   \t \ntwo", [("paragraph", "one", 1), ("paragraph", "two", 3)]),
        ("a\n\n\n\nb\nc\n\nd", [("paragraph", "a", 1), ("paragraph", "b\nc", 5), ("paragraph", "d", 8)]),
        (
            "- a\n  - b\n\n1. c\n2) d\n\n• e\n* f",
            [("list", "- a\n  - b", 1), ("list", "1. c\n2) d", 4), ("list", "• e\n* f", 7)],
        ),
        ("- a\nwrapped", [("paragraph", "- a\nwrapped", 1)]),
        ("-not a list", [("paragraph", "-not a list", 1)]),
        ("# no heading", [("paragraph", "# no heading", 1)]),
    ],
)
def test_paragraphs_end_at_blank_lines(text, blocks):
    """Blank lines part paragraphs, a paragraph of items is a list, and lines are counted from 1."""
    assert _blocks(text) == blocks


def test_line_of_every_block_is_where_its_text_stands():
    """In a long file with uneven gaps, the line of a block is the line that its text begins on."""
    text = "".join(f"word{i}\n" + "\n" * (i % 4) for i in range(1, 2000))
    lines = text.split("\n")
    for _, block, line in _blocks(text):
        assert lines[line - 1] == block.split("\n")[0]


def test_text_has_neither_title_nor_headings():
    """The title is left to the file's name."""
    extraction = extract_text("Title\n\nBody")
    assert (extraction.title, dict(extraction.metadata)) == ("", {})
    assert {b.locator.heading for b in extraction.blocks} == {()}
