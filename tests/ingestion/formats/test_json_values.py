"""JSON values: fields, tables, texts and headings, and the path of each."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.ingestion.formats.json_values import is_table, load_value, needs_heading, render_value, title_of
from rag_app.locator import Locator

_LONG = "A long text. " * 20


def _render(value):
    text = value if isinstance(value, str) else json.dumps(value)
    return list(render_value(load_value(text), Locator(path="$")))


def _blocks(value):
    return [(b.kind, b.text, b.locator.path) for b in _render(value)]


@pytest.mark.parametrize(
    ("value", "blocks"),
    [
        ("{}", []),
        ("[]", []),
        ("null", []),
        ('""', []),
        ("[null, [], {}, [[]]]", []),
        ("true", [("paragraph", "true", "$")]),
        ("12345678901234567890123", [("paragraph", "12345678901234567890123", "$")]),
        ("1.50", [("paragraph", "1.50", "$")]),
        ("NaN", [("paragraph", "NaN", "$")]),
        ('{"a": 1, "b": null, "c": false, "d": "x"}', [("list", "a: 1\nc: false\nd: x", "$")]),
        ('{"a": 1, "a": 2}', [("list", "a: 1\na: 2", "$")]),
        ('{"a": -Infinity, "b": 1e999}', [("list", "a: -Infinity\nb: 1e999", "$")]),
        ('["x", 2, true]', [("list", "- x\n- 2\n- true", "$")]),
        ('{"tags": ["a", "b", null]}', [("list", "tags: a, b, ", "$")]),
        ("[[1, 2], [3, 4]]", [("list", "- 1, 2\n- 3, 4", "$")]),
        ('{"text": "One.\\n\\nTwo."}', [("paragraph", "One.", "$.text"), ("paragraph", "Two.", "$.text")]),
        ('{"id": 1, "body": "One.", "year": 2}', [("list", "id: 1\nyear: 2", "$"), ("paragraph", "One.", "$.body")]),
        ('{"a": {"b": 1}}', [("heading", "a", "$.a"), ("list", "b: 1", "$.a")]),
        ('{"a b": {"c": 1}}', [("heading", "a b", '$["a b"]'), ("list", "c: 1", '$["a b"]')]),
        ('{"a": {"b": []}, "c": 1}', [("list", "c: 1", "$")]),
        ('{"größe": {"x": 1}}', [("heading", "größe", "$.größe"), ("list", "x: 1", "$.größe")]),
    ],
)  # fmt: skip
def test_value_is_lines_and_paragraphs(value, blocks):
    """Short fields are lines, texts are paragraphs, objects stand below their key; what is empty is left out."""
    assert _blocks(value) == blocks


def test_array_of_flat_objects_is_a_table():
    """Each object is a row below the names of all fields; a field that is missing is empty."""
    value = {"items": [{"name": "tea", "euro": 3}, {"name": "cup", "old": True}, {"euro": 1}]}
    assert [(b.kind, b.text, b.locator.path, b.header, b.joined) for b in _render(value)] == [
        ("heading", "items", "$.items", "", False),
        ("table", "name | euro | old", "$.items", "name | euro | old", False),
        ("table", "tea | 3", "$.items[0]", "name | euro | old", True),
        ("table", "cup |  | true", "$.items[1]", "name | euro | old", True),
        ("table", " | 1", "$.items[2]", "name | euro | old", True),
    ]


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ([{"a": 1}, {"a": 2}], True),
        ([{"a": [1, 2]}, {"a": "x"}], True),
        ([{"a": 1}], False),
        ([{"a": 1}, 2], False),
        ([{}, {}], False),
        ([{"a": 1}, {"text": "x"}], False),
        ([{"a": 1}, {"a": _LONG}], False),
        ([{"a": 1}, {"a": "two\nlines"}], False),
        ([{"a": 1}, {"a": {"b": 1}}], False),
        ([{str(i): i} for i in range(51)], False),
    ],
)
def test_table_has_short_fields_of_few_names(values, answer):
    """Several objects with short fields alone are a table; one of texts, or with objects in it, is not."""
    assert is_table(load_value(json.dumps(values))) is answer


def test_repeated_field_is_no_column():
    """An object that has a key twice keeps both, so that it is no row of a table."""
    assert _blocks('[{"a": 1, "a": 2}, {"a": 3}]') == [("list", "a: 1\na: 2", "$[0]"), ("list", "a: 3", "$[1]")]


def test_objects_with_a_title_stand_below_it():
    """The title or name of an object in an array is the heading over it; one without has its place as heading."""
    value = {"parts": [{"title": "GANs", "text": "Two nets."}, {"text": "One net."}]}
    assert [(b.kind, b.text, b.locator.heading, b.locator.path) for b in _render(value)] == [
        ("heading", "parts", ("parts",), "$.parts"),
        ("heading", "GANs", ("parts", "GANs"), "$.parts[0]"),
        ("list", "title: GANs", ("parts", "GANs"), "$.parts[0]"),
        ("paragraph", "Two nets.", ("parts", "GANs"), "$.parts[0].text"),
        ("heading", "parts[1]", ("parts", "parts[1]"), "$.parts[1]"),
        ("paragraph", "One net.", ("parts", "parts[1]"), "$.parts[1].text"),
    ]


def test_long_field_has_its_key_as_heading():
    """A field too long for a line is a paragraph below its key, after the short fields."""
    assert _blocks({"story": _LONG, "id": 3}) == [
        ("list", "id: 3", "$"),
        ("heading", "story", "$.story"),
        ("paragraph", _LONG.strip(), "$.story"),
    ]


def test_headings_end_at_the_fourth():
    """Further down, keys are shown as headings but make the path no longer."""
    value = {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}
    blocks = _render(value)
    assert [b.text for b in blocks] == ["a", "b", "c", "d", "e", "f: 1"]
    assert blocks[-1].locator == Locator(("a", "b", "c", "d"), path="$.a.b.c.d.e")


@pytest.mark.parametrize(
    ("value", "title"),
    [
        ({"title": " A\tb "}, "A b"),
        ({"name": "N", "title": "T"}, "T"),
        ({"name": "N"}, "N"),
        ({"title": _LONG}, ""),
        ({"title": {"en": "A"}}, ""),
        ({"a": 1}, ""),
        (["title"], ""),
        ("title", ""),
    ],
)
def test_title_is_a_short_field(value, title):
    """A field named title, otherwise one named name, if it is a short text."""
    assert title_of(load_value(json.dumps(value))) == title


@pytest.mark.parametrize(
    ("value", "answer"),
    [({"title": "A"}, True), ({"a": {"b": 1}}, True), ({"text": _LONG}, False), ({"a": 1}, False), ([1], False)],
)
def test_heading_is_needed_by_titles_and_objects_in_objects(value, answer):
    """A value with a title, or with something that stands below a heading, needs one itself."""
    assert needs_heading(load_value(json.dumps(value))) is answer


_LEAVES = st.one_of(st.text("abc é界\n", max_size=12), st.integers(), st.booleans(), st.just("long " * 60))


@settings(max_examples=150)
@given(
    st.recursive(
        _LEAVES,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abtexné", max_size=4), inner, max_size=4),
        max_leaves=15,
    )
)
def test_every_word_of_a_value_is_kept(value):
    """Whatever the shape, each word of each string, number and boolean is in a block."""
    found = {word for block in _render(json.dumps(value)) for word in re.findall(r"\w+", block.text)}
    assert {word for leaf in _leaves(value) for word in re.findall(r"\w+", leaf)} <= found


def _leaves(value):
    if isinstance(value, (list, dict)):
        return [leaf for inner in (value.values() if isinstance(value, dict) else value) for leaf in _leaves(inner)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def test_hundred_thousand_objects_are_read():
    """Each object of a long array is a row with its path."""
    blocks = _render([{"id": i, "word": f"w{i}"} for i in range(100_000)])
    assert (len(blocks), blocks[-1].text, blocks[-1].locator.path) == (100_001, "99999 | w99999", "$[99999]")
