"""JSON Lines: a record in each line, and the line that is broken."""

from __future__ import annotations

import json

import pytest

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.json_lines import extract_json_lines
from rag_app.ingestion.load import load_source


def _load(data, suffix=".jsonl"):
    return load_source(data, uri=f"/d{suffix}", name=f"d{suffix}", suffix=suffix)


def _blocks(*records):
    data = "\n".join(json.dumps(record) for record in records).encode()
    return [(b.kind, b.text, b.locator.line, b.locator.heading) for b in extract_json_lines(data).blocks]


def test_records_of_texts_are_paragraphs():
    """A text is a paragraph, the other fields are lines, and each knows its line."""
    assert _blocks({"id": 1, "text": "One."}, {"id": 2, "text": "Two."}) == [
        ("list", "id: 1", 1, ()),
        ("paragraph", "One.", 1, ()),
        ("list", "id: 2", 2, ()),
        ("paragraph", "Two.", 2, ()),
    ]


def test_flat_records_are_a_table():
    """Records with short fields alone are rows below the names of the fields."""
    assert _blocks({"name": "tea", "euro": 3}, {"name": "cup", "euro": 9}) == [
        ("table", "name | euro", None, ()),
        ("table", "tea | 3", 1, ()),
        ("table", "cup | 9", 2, ()),
    ]


def test_titles_of_records_are_headings():
    """If one record has a title, each has a heading: a text never stands below the title of another."""
    assert _blocks({"title": "GANs", "text": "Two nets."}, {"text": "One net."}) == [
        ("heading", "GANs", 1, ("GANs",)),
        ("list", "title: GANs", 1, ("GANs",)),
        ("paragraph", "Two nets.", 1, ("GANs",)),
        ("heading", "line 2", 2, ("line 2",)),
        ("paragraph", "One net.", 2, ("line 2",)),
    ]


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson"])
def test_empty_lines_count(suffix):
    """Empty lines are skipped and counted; a line separator within a text ends no line."""
    source = _load('\n{"text": "a\u2028b"}\r\n\r\n{"text": "c"}\n'.encode(), suffix)
    assert source.text == "a\nb\n\nc"
    assert [str(block.locator) for block in source.blocks] == ["$.text, line 2", "$.text, line 4"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "holds no text"),
        (b'{"a": 1}\n{"a": \n', "Line 2 must be JSON; column 7"),
        (b"prose\n", "Line 1 must be JSON; column 1"),
        (b'{"a": 1} {"a": 2}\n', "Line 1 must be JSON; column 10: extra data"),
        (b"PK\x03\x04\x00", "binary"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_broken_line_is_named(data, reason):
    """The reason says which line and which column."""
    with pytest.raises(IngestionError, match=reason):
        _load(data)


def test_hundred_thousand_records_are_read():
    """Every record of a long file is found with its line."""
    blocks = _blocks(*({"text": f"Record {i}."} for i in range(100_000)))
    assert (len(blocks), blocks[-1]) == (100_000, ("paragraph", "Record 99999.", 100_000, ()))
