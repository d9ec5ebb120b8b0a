"""Plain text: paragraphs, lists and the lines they begin on."""

from __future__ import annotations

import pytest

from rag_app.ingestion.formats.text import extract_text


def _blocks(text):
    found = []
    for b in extract_text(text).blocks:
        if b.joined:
            found[-1] = (b.kind, f"{found[-1][1]}\n{b.text}", found[-1][2])
        else:
            found.append((b.kind, b.text, b.locator.line))
    return found


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


@pytest.mark.parametrize(
    ("text", "title", "headings"),
    [
        ("It begins with a sentence.\n\nIt goes on.", "", set()),
        ("Field Notes\n\nMarch 2024\n\nIt rained on every one of the days.", "Field Notes", {"Field Notes"}),
        ("Setup\n=====\n\ntext\n\nUse\n---\ntext", "Setup", {"Setup", "Use"}),
        ("What To Pack\n\n- a tent\n- a map", "What To Pack", {"What To Pack"}),
        ("what to pack\n\n- a tent", "", set()),
        ("We met.\n\nTHE WEEK AFTER THAT\n\nwe did not", "", {"THE WEEK AFTER THAT"}),
    ],
)
def test_headings_are_underlined_in_capitals_or_stand_above_a_list(text, title, headings):
    """Lines that look like headings are; one at the very beginning, or an underlined one, is the title."""
    extraction = extract_text(text)
    assert (extraction.title, dict(extraction.metadata)) == (title, {})
    assert {b.text for b in extraction.blocks if b.kind == "heading"} == headings


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        (f"{'word ' * 12}end-\ning {'word ' * 12}", f"{'word ' * 12}ending {'word ' * 11}word"),
        (f"{'word ' * 12}self-\ntaught{' word' * 12} taught", f"{'word ' * 12}self-taught{' word' * 12} taught"),
        ("Roses are red,\nviolets are blue.", "Roses are red,\nviolets are blue."),
    ],
)
def test_wrapped_lines_are_joined(text, joined):
    """Long lines are one paragraph and divided words are whole; short lines are verses."""
    assert _blocks(text)[0][1] == joined


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("name\tage\nAda\t36\nBob\t40", [("table", "name | age\nAda | 36\nBob | 40", 1)]),
        (
            "Ages of all of us:\nname\tage\nAda\t36\nas of now",
            [
                ("paragraph", "Ages of all of us:", 1),
                ("table", "name | age\nAda | 36", 2),
                ("paragraph", "as of now", 4),
            ],
        ),
        ("one\ttab", [("paragraph", "one\ttab", 1)]),
    ],
)
def test_lines_of_cells_are_tables(text, blocks):
    """Two lines or more with the same number of tabs are a table; its first row is repeated with every row."""
    assert _blocks(text) == blocks
    assert {b.header for b in extract_text(text).blocks if b.kind == "table"} <= {"name | age"}


def test_markdown_under_the_name_of_text_is_read_as_markdown():
    """Two kinds of markup show that a text is Markdown; a single one does not."""
    assert _blocks("# A\n\n**b** c")[0] == ("paragraph", "# A", 1)
    assert _blocks("# A\n\n**b** c\n\n# D\n\ne")[0] == ("heading", "A", 1)


def test_flash_cards_are_read_as_such():
    """Questions and answers that take turns are cards."""
    blocks = _blocks("What is a GAN?\n\nTwo nets.\n\nWhat is a VAE?\n\nAn autoencoder.\n\nWhy anneal?\n\nTo explore.")
    assert [kind for kind, _, _ in blocks] == ["heading", "paragraph"] * 3
