"""Rows of texts from files, into files, and lines of texts from a pipe, as many as there are at a time."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from rag_app.errors import InvalidInputError

_ENDINGS = (".csv", ".jsonl")
_MOST_BYTES = 1 << 16  # that are read at once
_SEPARATOR = ";"  # of the labels in a cell

Row = dict[str, Any]


def check_rows_file(option: str, path: str) -> None:
    """Raise an `InvalidInputError` where a file cannot hold rows of texts, by its name.

    Examples
    --------
    >>> check_rows_file("--in", "texts.csv")
    """
    if _ending(path) not in _ENDINGS:
        msg = f"{option} must be followed by a file that ends in {' or '.join(_ENDINGS)}; got {path!r}."
        raise InvalidInputError(msg)
    if not os.path.isdir(os.path.dirname(path) or "."):
        msg = f"{option} must be followed by a file in a folder that exists; got {path!r}."
        raise InvalidInputError(msg)


def load_rows(path: str, columns: Sequence[str]) -> list[Row]:
    """Return the rows of a CSV file with a header, or of a file with a JSON object on each line.

    Parameters
    ----------
    path : str
        A file that `check_rows_file` has let pass.
    columns : sequence of str
        What each row must have.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, has no rows, or one has not these columns.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"--in must name a text file in UTF-8; {path!r} cannot be read."
        raise InvalidInputError(msg) from exc
    rows = []
    for number, row in _read_csv(text, path) if _ending(path) == ".csv" else _read_json_lines(text, path):
        missing = [column for column in columns if column not in row]
        if missing:
            msg = f"Line {number} of {path} must have {missing[0]!r}; it has {', '.join(map(repr, row)) or 'nothing'}."
            raise InvalidInputError(msg, hint="Name the columns with --column and --gold.")
        rows.append(row)
    if not rows:
        msg = f"{path} must have at least one row."
        raise InvalidInputError(msg)
    return rows


def write_rows(path: str, rows: Iterator[Row], columns: Sequence[str]) -> None:
    """Write rows as they come.

    Parameters
    ----------
    path : str
        A file that `check_rows_file` has let pass.
    rows : iterator of dict
        Rows.
    columns : sequence of str
        The header of a CSV file.

    Raises
    ------
    InvalidInputError
        If the file cannot be written.
    """
    try:
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            if _ending(path) == ".csv":
                writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
                writer.writeheader()
                writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
            else:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    except OSError as exc:
        msg = f"--out must be followed by a file that can be written; got {path!r}: {exc.strerror}."
        raise InvalidInputError(msg) from exc


def read_labels_of(row: Mapping[str, Any], column: str, *, multi_label: bool) -> tuple[str, ...]:
    """Return the labels that a row has: a text, a list of them, or several in a cell with ``;`` between them.

    Examples
    --------
    >>> read_labels_of({"label": "billing; refund"}, "label", multi_label=True)
    ('billing', 'refund')
    >>> read_labels_of({"label": ""}, "label", multi_label=False)
    ()
    """
    value = row[column]
    parts = value if isinstance(value, list) else str(value or "").split(_SEPARATOR) if multi_label else [value or ""]
    return tuple(name for part in parts if (name := str(part).strip()))


def read_blocks() -> Iterator[list[str]]:
    """Yield the lines of standard input, without the space around them, as many as there are at a time.

    What is typed comes line by line, what is piped in hundreds.

    Raises
    ------
    InvalidInputError
        At the first line that is not UTF-8, after those before it.
    """
    if sys.stdin is None:
        return
    number, rest = 0, b""
    read = cast("io.BufferedReader", sys.stdin.buffer).read1
    while chunk := read(_MOST_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from _decoded(lines, number)
        number += len(lines)
    if rest:
        yield from _decoded([rest], number)


def _decoded(lines: list[bytes], number: int) -> Iterator[list[str]]:
    block: list[str] = []
    for i, line in enumerate(lines, start=number + 1):
        try:
            block.append(line.decode("utf-8-sig" if i == 1 else "utf-8").strip())
        except UnicodeDecodeError as exc:
            yield block
            msg = f"Standard input must be text in UTF-8; line {i} is not."
            raise InvalidInputError(msg, hint="Convert it, for example: iconv -f latin1 -t utf-8 FILE | rag …") from exc
    yield block


def _read_csv(text: str, path: str) -> Iterator[tuple[int, Row]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", restval=None)
    try:
        for row in reader:
            if "" in row or None in row.values():
                msg = f"Line {reader.line_num} of {path} must have {len(reader.fieldnames or ())} cells."
                raise InvalidInputError(msg, hint="Put a text with commas into double quotes.")
            yield reader.line_num, row
    except csv.Error as exc:
        msg = f"{path} must be CSV; line {reader.line_num + 1} does not parse: {exc}."
        raise InvalidInputError(msg) from exc


def _read_json_lines(text: str, path: str) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(text.split("\n"), start=1):  # JSON may hold other line ends
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            row = None
        if not isinstance(row, dict):
            msg = f"Line {number} of {path} must be a JSON object."
            raise InvalidInputError(msg, hint='Write, for example: {"text": "I was charged twice."}')
        yield number, row


def _cell(value: Any) -> Any:  # noqa: ANN401  (JSON)
    if isinstance(value, list):
        return _SEPARATOR.join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()
