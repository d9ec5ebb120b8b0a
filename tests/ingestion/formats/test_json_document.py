"""JSON documents: what is read, and what is refused with a line."""

from __future__ import annotations

import pytest

from rag_app.errors import IngestionError
from rag_app.ingestion.load import load_source


def _load(data):
    return load_source(data, uri="/d.json", name="d.json", suffix=".json")


def test_document_is_read_with_its_paths():
    """The title is a field of the outermost object; the place of a block is a path."""
    source = _load(b'{"title": "Shop", "items": [{"name": "tea", "euro": 3}, {"name": "cup", "euro": 9}]}')
    assert source.title == "Shop"
    assert source.text == "title: Shop\n\nitems\n\nname | euro\ntea | 3\ncup | 9"
    assert str(source.blocks[-1].locator) == "items, $.items[1]"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ('{"text": "größe 名前 مرحبا 😀"}'.encode(), "größe 名前 مرحبا 😀"),
        ('{"text": "a"}'.encode("utf-16"), "a"),
        (b'\xef\xbb\xbf{"text": "a"}', "a"),
        (b'{"text": "a\\u0000b\\ud800c\\u00a0d"}', "abc d"),
        ('{"text": "a\u2028b"}'.encode(), "a\nb"),
        (b'{"text": "a\nb"}', "a\nb"),
    ],
)
def test_characters_are_those_of_the_text(data, text):
    """Encodings and escapes are undone, halves of characters and control characters are removed."""
    assert _load(data).text == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "line 1, column 1: expecting value"),
        (b"{}", "holds no text"),
        (b'{"a": 1,\n "b" 2}', "line 2, column 6"),
        (b'{"a": "cut o', "line 1, column 7"),
        (b'{"a": 1}\n{"a": 2}\n', "line 2, column 1: extra data.*name it .jsonl"),
        (b"PK\x03\x04\x00", "binary"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused(data, reason):
    """The reason says where; nothing is too deep to be refused."""
    with pytest.raises(IngestionError, match=reason):
        _load(data)


def test_deep_document_is_read():
    """A hundred levels are no reason to refuse."""
    assert _load(b'{"a":' * 100 + b'"deep"' + b"}" * 100).text.endswith("a: deep")
