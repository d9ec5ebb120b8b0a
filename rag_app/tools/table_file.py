"""A CSV file as the arguments of a tool."""

from __future__ import annotations

import csv
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from rag_app.errors import InvalidInputError


def load_arguments(path: str | os.PathLike[str], parameters: Collection[str]) -> dict[str, Any]:
    """Return a tool's arguments from the columns of a CSV file.

    Parameters
    ----------
    path : path-like
        A CSV file in UTF-8 with a header.
    parameters : collection of str
        The names of the tool's parameters.

    Returns
    -------
    dict of str to list
        A column whose header is a parameter's name becomes that argument. The columns that are left become the rows of
        ``X``, if the tool has that parameter.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, its rows differ in length, or a column fits no parameter.
    """
    header, rows = _read(path)
    columns = {name: [_value(row[i]) for row in rows] for i, name in enumerate(header)}
    arguments: dict[str, Any] = {name: values for name, values in columns.items() if name in parameters and name != "X"}
    left = [name for name in header if name not in arguments]
    if left and "X" not in parameters:
        msg = f"The columns of {os.fspath(path)} must be named {', '.join(parameters)}; got {left[0]!r}."
        raise InvalidInputError(msg)
    if left:
        arguments["X"] = [list(row) for row in zip(*(columns[name] for name in left), strict=True)]
    return arguments


def _read(path: str | os.PathLike[str]) -> tuple[list[str], list[list[str]]]:
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        msg = f"{os.fspath(path)} must be a CSV file in UTF-8; it cannot be read: {reason}."
        raise InvalidInputError(msg) from exc
    if len(rows) <= 1:
        msg = f"{os.fspath(path)} must have a header and at least one row."
        raise InvalidInputError(msg)
    header, *body = rows
    for number, row in enumerate(body, start=2):
        if len(row) != len(header):
            msg = f"Row {number} of {os.fspath(path)} must have {len(header)} cells; got {len(row)}."
            raise InvalidInputError(msg)
    return [name.strip() for name in header], body


def _value(cell: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell
