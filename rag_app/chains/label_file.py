"""Files of labels: lines of text, JSON, or CSV."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rag_app.chains.labels import Label, as_labels
from rag_app.errors import InvalidInputError

_COLUMNS = {"name", "description", "example"}


def load_labels(path: str | os.PathLike[str]) -> tuple[Label, ...]:
    """Return the labels of a file.

    Parameters
    ----------
    path : path-like
        ``.json``: a list of names, or of objects with ``name`` and perhaps ``description`` and ``examples``; or one
        object with a description for each name. ``.csv``: a header with ``name`` and perhaps ``description`` and
        ``example``, and a row for each label, or for each example of it. Any other: a name on each line, and perhaps,
        after a tab, its description.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, or holds no labels.
    """
    shown = os.fspath(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"--labels must name a text file; {shown!r} cannot be read."
        raise InvalidInputError(msg, hint="Write a label on each line of a file, in UTF-8.") from exc
    read = _READERS.get(Path(path).suffix.lower(), _read_lines)
    labels = read(text, shown)
    named = [label.get("name") if isinstance(label, dict) else label for label in labels]
    names = [name for name in named if isinstance(name, str)]
    if len(set(names)) < len(names):
        msg = f"The labels in {shown} must differ from one another."
        raise InvalidInputError(msg, hint="Remove the repeated line.")
    return as_labels(labels)


def _read_lines(text: str, _: str) -> list[Any]:
    pairs = [line.strip().partition("\t")[::2] for line in text.splitlines() if line.strip()]
    return [{"name": name.strip(), "description": description.strip()} for name, description in pairs]


def _read_json(text: str, shown: str) -> list[Any]:
    try:
        labels = json.loads(text)
    except json.JSONDecodeError as exc:
        msg = f"{shown} must be JSON; line {exc.lineno} does not parse: {exc.msg}."
        raise InvalidInputError(msg) from exc
    if isinstance(labels, dict):
        return [{"name": name, "description": description} for name, description in labels.items()]
    if not isinstance(labels, list):
        msg = f"{shown} must hold a list of labels; got {type(labels).__name__}."
        raise InvalidInputError(msg, hint='Write, for example: ["billing", {"name": "refund", "description": "…"}]')
    return labels


def _read_csv(text: str, shown: str) -> list[Any]:
    labels: dict[str, dict[str, Any]] = {}
    for row in _rows(text, shown):
        cells = {column: (cell or "").strip() for column, cell in row.items()}
        label = labels.setdefault(cells["name"], {"name": cells["name"], "description": "", "examples": []})
        label["description"] = label["description"] or cells.get("description", "")
        label["examples"] += [cells["example"]] if cells.get("example") else []
    return list(labels.values())


def _rows(text: str, shown: str) -> Iterator[dict[str, str | None]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="")
    try:
        columns = set(reader.fieldnames or ())
        if "name" not in columns or not columns <= _COLUMNS:
            msg = f"The columns of {shown} must be name and perhaps description and example; got {sorted(columns)!r}."
            raise InvalidInputError(msg)
        for row in reader:
            if "" in row:
                msg = f"Line {reader.line_num} of {shown} must have {len(columns)} cells; it has more."
                raise InvalidInputError(msg, hint="Put a text with commas into double quotes.")
            yield row
    except csv.Error as exc:
        msg = f"{shown} must be CSV; line {reader.line_num + 1} does not parse: {exc}."
        raise InvalidInputError(msg) from exc


_READERS: dict[str, Callable[[str, str], list[Any]]] = {".json": _read_json, ".csv": _read_csv}
