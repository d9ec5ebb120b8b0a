"""JSON Lines: a value in each line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rag_app.errors import IngestionError
from rag_app.ingestion.decode import decode
from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction
from rag_app.ingestion.formats.json_values import (
    Value,
    is_table,
    load_value,
    needs_heading,
    render_table,
    render_value,
    title_of,
)
from rag_app.locator import Locator


def extract_json_lines(data: bytes) -> Extraction:
    r"""Return the blocks of the records of a file, each with its line.

    Raises
    ------
    IngestionError
        If a line is no JSON.

    Examples
    --------
    >>> extraction = extract_json_lines(b'{"text": "Two nets."}\n\n{"text": "One game."}')
    >>> [(b.text, b.locator.line) for b in extraction.blocks]
    [('Two nets.', 1), ('One game.', 3)]
    """
    records = list(_records(decode(data)))
    if is_table([value for _, value in records]):
        return Extraction(tuple(render_table(records, Locator())))
    return Extraction(tuple(_blocks(records)))


def _records(text: str) -> Iterator[tuple[Locator, Value]]:
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines: JSON allows other line ends in a string
        if line.strip():
            try:
                yield Locator(line=number), load_value(line)
            except json.JSONDecodeError as exc:
                msg = f"Line {number} must be JSON; column {exc.colno}: {exc.msg.lower()}."
                raise IngestionError(msg, hint="Correct the line, or take it out.") from exc


def _blocks(records: Sequence[tuple[Locator, Value]]) -> Iterator[ExtractedBlock]:
    """Yield the blocks of records, below headings if one of them has a title or headings in it."""
    with_headings = any(needs_heading(value) for _, value in records)
    for place, value in records:
        title = (title_of(value) or f"line {place.line}") if with_headings else ""
        under = replace(place, heading=(title,) if title else ())
        if title:
            yield ExtractedBlock("heading", title, under)
        yield from render_value(value, replace(under, path="$"))
