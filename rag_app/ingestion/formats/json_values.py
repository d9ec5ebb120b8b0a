"""JSON values as text that a person can read: tables, lists of fields, paragraphs, with the keys as headings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rag_app.ingestion.formats.extraction import ExtractedBlock
from rag_app.locator import Locator

# An object is a tuple of pairs, which keeps keys that are there twice; numbers stay as they are written.
Value = str | bool | None | list["Value"] | tuple[tuple[str, "Value"], ...]
Record = tuple[tuple[str, Value], ...]

_BODY_KEYS = frozenset(("text", "content", "body", "page_content"))
_TITLE_KEYS = ("title", "name", "heading")
_LONG = 200  # characters of a string that is a text of its own
_MAX_DEPTH = 4  # of headings
_MAX_COLUMNS = 50
_NAME = re.compile(r"[^\W\d]\w*")
_BREAK = re.compile(r"\n[^\S\n]*\n\s*")


def load_value(text: str) -> Value:
    """Return the value of a JSON text.

    Raises
    ------
    json.JSONDecodeError
        If it is no JSON.

    Examples
    --------
    >>> load_value('{"a": 1.50, "a": [NaN, true]}')
    (('a', '1.50'), ('a', ['NaN', True]))
    """
    value: Value = json.loads(
        text, strict=False, object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=str
    )
    return value


def title_of(value: Value) -> str:
    """Return the title or name of an object, empty if it has none."""
    fields = dict(value) if isinstance(value, tuple) else {}
    named = (fields[key] for key in _TITLE_KEYS if key in fields)
    return next((" ".join(text.split()) for text in named if isinstance(text, str) and _is_short(text)), "")


def needs_heading(value: Value) -> bool:
    """Return whether a value has a title, or headings in it."""
    fields = value if isinstance(value, tuple) else ()
    return bool(title_of(value)) or any(not _is_short(v) and not _is_body(key, v) for key, v in fields)


def render_value(value: Value, place: Locator) -> Iterator[ExtractedBlock]:
    """Yield the blocks of a value.

    Parameters
    ----------
    value : Value
        What `load_value` returned.
    place : Locator
        Where it stands; its path is that of the value.

    Yields
    ------
    ExtractedBlock
        Short fields of an object are the lines of a list; long ones, and those named "text", "content" or "body",
        are paragraphs; objects and arrays in it stand below their key as a heading, down to the fourth. An array of
        objects with short fields alone is a table. Empty values and null are left out.

    Examples
    --------
    >>> order = load_value('{"id": 7, "items": [{"name": "tea", "euro": 3}, {"name": "cup", "euro": 9}]}')
    >>> [(b.kind, b.text, b.locator.path) for b in render_value(order, Locator(path="$"))][:4]
    [('list', 'id: 7', '$'), ('heading', 'items', '$.items'), ('table', 'name | euro', '$.items'),
     ('table', 'tea | 3', '$.items[0]')]
    """
    if isinstance(value, tuple):
        yield from _object(value, place)
    elif isinstance(value, list) and (table := list(_numbered(value, place))) and is_table([v for _, v in table]):
        yield from render_table(table, place)
    elif isinstance(value, list):
        yield from _array(value, place)
    else:
        yield from _paragraphs(_scalar(value), place)


def is_table(values: Sequence[Value]) -> bool:
    """Return whether values are several objects that have short fields alone, and few names of fields."""
    records = [value for value in values if isinstance(value, tuple)]
    names = {key for record in records for key, _ in record}
    return (
        1 < len(values) == len(records)
        and 0 < len(names) <= _MAX_COLUMNS
        and names.isdisjoint(_BODY_KEYS)
        and all(len(dict(record)) == len(record) and all(_is_short(v) for _, v in record) for record in records)
    )


def render_table(rows: Sequence[tuple[Locator, Value]], place: Locator) -> Iterator[ExtractedBlock]:
    """Yield the names of the fields, and a row for each of the objects, which `is_table` has found to be one."""
    records = [(where, dict(value)) for where, value in rows if isinstance(value, tuple)]
    names = list(dict.fromkeys(key for _, record in records for key in record))
    header = _row(names)
    yield ExtractedBlock("table", header, place, header)
    for where, record in records:
        yield ExtractedBlock("table", _row(_inline(record.get(name)) for name in names), where, header, joined=True)


def _row(cells: Iterable[str]) -> str:
    return " | ".join(" ".join(cell.split()) for cell in cells).rstrip(" |")


def _object(record: Record, place: Locator) -> Iterator[ExtractedBlock]:
    """Yield what needs no heading first: whatever followed a heading would stand below it."""
    lines = [f"{key}: {text}" for key, value in record if not _is_body(key, value) and (text := _inline(value))]
    if lines:
        yield ExtractedBlock("list", "\n".join(lines), place)
    for key, value in record:
        if _is_body(key, value):
            yield from _paragraphs(_scalar(value), _below(place, key))
    for key, value in record:
        if not _is_short(value) and not _is_body(key, value):
            yield from _under_heading(key, value, _below(place, key))


def _array(values: Sequence[Value], place: Locator) -> Iterator[ExtractedBlock]:
    if all(_is_short(value) for value in values):
        lines = [f"- {text}" for value in values if (text := _inline(value))]
        if lines:
            yield ExtractedBlock("list", "\n".join(lines), place)
        return
    # One heading calls for others: what followed it without one would stand below it.
    with_headings = any(map(needs_heading, values))
    for i, (where, value) in enumerate(_numbered(values, place)):
        if with_headings:
            yield from _under_heading(title_of(value) or f"{''.join(place.heading[-1:])}[{i}]", value, where)
        else:
            yield from render_value(value, where)


def _under_heading(title: str, value: Value, place: Locator) -> Iterator[ExtractedBlock]:
    heading = place.heading if len(place.heading) >= _MAX_DEPTH else (*place.heading, title)
    place = replace(place, heading=heading)
    blocks = render_value(value, place)
    first = next(blocks, None)
    if first is not None:
        yield ExtractedBlock("heading", title, place)
        yield first
        yield from blocks


def _paragraphs(text: str, place: Locator) -> Iterator[ExtractedBlock]:
    for paragraph in _BREAK.split(text.strip()):
        if paragraph:
            yield ExtractedBlock("paragraph", paragraph, place)


def _numbered(values: Sequence[Value], place: Locator) -> Iterator[tuple[Locator, Value]]:
    for i, value in enumerate(values):
        yield replace(place, path=f"{place.path}[{i}]"), value


def _below(place: Locator, key: str) -> Locator:
    step = f".{key}" if _NAME.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"
    return replace(place, path=f"{place.path}{step}")


def _is_body(key: str, value: Value) -> bool:
    return isinstance(value, str) and key.lower() in _BODY_KEYS


def _is_short(value: Value) -> bool:
    """Return whether a value fits on a line: a scalar, or a few of them."""
    if isinstance(value, list):
        return not any(isinstance(v, (list, tuple)) for v in value) and _is_short(", ".join(map(_scalar, value)))
    if isinstance(value, str):
        return len(value) <= _LONG and "\n" not in value.strip()
    return not value or isinstance(value, bool)


def _inline(value: Value) -> str:
    """Return a short value on one line, empty for others."""
    if not _is_short(value):
        return ""
    return ", ".join(map(_scalar, value)) if isinstance(value, list) else _scalar(value)


def _scalar(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else ""
