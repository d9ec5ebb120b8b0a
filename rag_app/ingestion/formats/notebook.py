"""Jupyter notebooks: Markdown cells as Markdown, code and its text output as code; pictures are left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rag_app.errors import IngestionError
from rag_app.ingestion.decode import decode
from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction, HeadingPath
from rag_app.ingestion.formats.markdown import extract_markdown
from rag_app.locator import Locator

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_OBJECT = re.compile(r"<[^<>]*>")  # what Python shows of a figure: a name and an address
_HEADING = re.compile(r"\s*(?:(#{1,6})\s|<h([1-6])\b)", re.IGNORECASE)


def extract_notebook(data: bytes) -> Extraction:
    r"""Return the cells of a notebook, each block with the number of its cell, counted from 1.

    Raises
    ------
    IngestionError
        If it is no notebook.

    Examples
    --------
    >>> code = {"cell_type": "code", "source": "1 + 1", "outputs": [{"data": {"text/plain": "2"}}]}
    >>> cells = [{"cell_type": "markdown", "source": ["# Sums\n", "\n", "Two."]}, code]
    >>> [(b.kind, b.text, b.locator.cell) for b in extract_notebook(json.dumps({"cells": cells}).encode()).blocks]
    [('heading', 'Sums', 1), ('paragraph', 'Two.', 1), ('code', '1 + 1', 2), ('code', '2', 2)]
    """
    notebook = json.loads(decode(data), strict=False)
    blocks: list[ExtractedBlock] = []
    path = HeadingPath()
    for number, cell in enumerate(_cells(notebook), 1):
        blocks += [replace(b, locator=replace(b.locator, cell=number)) for b in _blocks(cell, path)]
    metadata = _dict(notebook.get("metadata"))
    first_heading = next((block.text for block in blocks if block.kind == "heading"), "")
    return Extraction(tuple(blocks), _string(metadata.get("title")).strip() or first_heading, _described(metadata))


def _cells(notebook: object) -> list[dict[str, Any]]:
    """Return the cells; before version 4 of the format they were parts of worksheets."""
    content = _dict(notebook)
    if "cells" not in content and "worksheets" not in content:
        msg = "The document must be a notebook; it has no cells."
        raise IngestionError(msg, hint="Open it in Jupyter, and save it again.")
    worksheets = [content] if "cells" in content else _dicts(content["worksheets"])
    return [cell for worksheet in worksheets for cell in _dicts(worksheet.get("cells"))]


def _blocks(cell: Mapping[str, Any], path: HeadingPath) -> Iterator[ExtractedBlock]:
    kind = cell.get("cell_type")
    source = _string(cell.get("source", cell.get("input"))).strip("\n")
    if kind == "heading":  # before version 4
        source = f"{'#' * int(cell.get('level', 1))} {source}"
    if kind in {"markdown", "heading"}:
        yield from _markdown_blocks(source, path)
        return
    yield ExtractedBlock("code" if kind == "code" else "paragraph", source, Locator(path.titles))
    for output in _dicts(cell.get("outputs")):
        yield ExtractedBlock("code", _output(output), Locator(path.titles))


def _markdown_blocks(source: str, path: HeadingPath) -> Iterator[ExtractedBlock]:
    """Yield the blocks of a cell under the headings that earlier cells have opened."""
    lines = source.split("\n")
    for block in extract_markdown(source).blocks:
        if block.kind == "heading":
            path.enter(_level(block.locator, lines), block.text)
        yield replace(block, locator=Locator(path.titles))


def _level(locator: Locator, lines: Sequence[str]) -> int:
    """Return the level of a heading: of the mark that begins its line, or of the line drawn below it."""
    here = (locator.line or 1) - 1
    if match := _HEADING.match(lines[here]):
        return len(match.group(1)) if match.group(1) else int(match.group(2))
    below = next((line.strip() for line in lines[here + 1 :] if re.fullmatch(r"\s*(?:=+|-+)\s*", line)), "")
    return {"=": 1, "-": 2}.get(below[:1], len(locator.heading))


def _output(output: Mapping[str, Any]) -> str:
    if "ename" in output:
        text = f"{_string(output['ename'])}: {_string(output.get('evalue'))}"
    else:
        text = _string(_dict(output.get("data")).get("text/plain", output.get("text")))
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in _COLOUR.sub("", text).split("\n"))
    text = "\n".join(lines).strip("\n")  # of a progress bar, what stood there last
    return "" if _OBJECT.fullmatch(text.strip()) else text


def _described(metadata: Mapping[str, Any]) -> dict[str, str]:
    authors = ", ".join(_string(author.get("name")) for author in _dicts(metadata.get("authors")))
    language = _string(_dict(metadata.get("language_info")).get("name"))
    return {name: text for name, text in (("author", authors), ("language", language)) if text}


def _string(value: object) -> str:
    """Return a text, which notebooks also write as a list of lines."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
