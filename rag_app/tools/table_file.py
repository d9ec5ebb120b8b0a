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
        ``X``, if the tool has that parameter; a single column of text becomes ``X`` itself. A column in which every
        cell is a number or empty holds numbers, and None for an empty cell; any other holds text.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, its rows differ in length, two columns have the same name, or one fits no parameter.
    """
    header, cells = _read(path)
    columns = {name: _values([row[i] for row in cells]) for i, name in enumerate(header)}
    arguments: dict[str, Any] = {name: values for name, values in columns.items() if name in parameters and name != "X"}
    left = [name for name in header if name not in arguments]
    if left and "X" not in parameters:
        msg = f"The columns of {os.fspath(path)} must be named {', '.join(parameters)}; got {left[0]!r}."
        raise InvalidInputError(msg)
    if left:
        rows = [list(row) for row in zip(*(columns[name] for name in left), strict=True)]
        texts = len(left) == 1 and isinstance(columns[left[0]][0], str)
        arguments["X"] = columns[left[0]] if texts else rows
    return arguments


def _read(path: str | os.PathLike[str]) -> tuple[list[str], list[list[str]]]:
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            lines = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        msg = f"{os.fspath(path)} must be a CSV file in UTF-8; it cannot be read: {reason}."
        raise InvalidInputError(msg) from exc
    if len(lines) <= 1:
        msg = f"{os.fspath(path)} must have a header and at least one row."
        raise InvalidInputError(msg)
    header = [name.strip() for name in lines[0][1]]
    repeated = [name for i, name in enumerate(header) if name in header[:i]]
    if repeated:
        msg = f"The columns of {os.fspath(path)} must have different names; got {repeated[0]!r} twice."
        raise InvalidInputError(msg)
    for number, row in lines[1:]:
        if len(row) != len(header):
            msg = f"Line {number} of {os.fspath(path)} must have {len(header)} cells; got {len(row)}."
            raise InvalidInputError(msg)
    return header, [row for _, row in lines[1:]]


def _values(cells: list[str]) -> list[Any]:
    """Return the cells of a column as whole numbers, as numbers, or, where one is neither, as they stand."""
    if any("_" in cell for cell in cells):  # 1_000 is a number in Python only
        return cells
    for kind in (int, float):
        try:
            return [kind(cell) if cell.strip() else None for cell in cells]
        except ValueError:
            continue
    return cells
