"""Metadata filters, resolved in SQLite so that both halves of the search obey the same rule."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from rag_app.errors import InvalidInputError, UnknownNameError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.index.library import Library

Where = Mapping[str, str | Sequence[str]]
_COLUMNS = {"source": "s.name", "title": "s.title"}
_METADATA = "(SELECT m.value FROM json_each(s.metadata) m WHERE m.key = ?)"
_AMONG = "IN (SELECT value FROM json_each(?))"


def matching_chunks(library: Library, where: Where | Sequence[Where]) -> NDArray[np.int64]:
    """Return the rows, in the table of chunks, that pass a filter.

    Parameters
    ----------
    library : Library
        The index.
    where : mapping of str to str or sequence of str, or several of them
        ``source`` and ``title`` compare whole values; ``file`` is a source's name, the end of its path or a glob, in
        any case; ``heading`` is found anywhere in the heading path, in any case; any other key compares front matter.
        A sequence of values means one of them; several keys mean all of them, and so do several mappings.

    Raises
    ------
    InvalidInputError
        If a value is not a string or a sequence of strings.
    UnknownNameError
        If the index has no such ``file``.
    """
    of_source: list[str] = []
    of_chunk: list[str] = []
    source_values: list[str] = []
    chunk_values: list[str] = []
    for key, wanted in _conditions(where):
        if key == "heading":
            of_chunk.append(f"({' OR '.join(['instr(folded_heading, ?)'] * len(wanted))})")
            chunk_values += [v.casefold() for v in wanted]
        elif key == "file":
            of_source.append(f"s.name {_AMONG}")
            source_values.append(json.dumps(matching_files(library, wanted)))
        else:
            of_source.append(f"{_COLUMNS.get(key, _METADATA)} {_AMONG}")
            source_values += [*([] if key in _COLUMNS else [key]), json.dumps(wanted)]
    if of_source:
        of_chunk.append(f"source_id IN (SELECT s.id FROM sources s WHERE {' AND '.join(of_source)})")  # noqa: S608  (only names of our own and question marks)
    # As one text: a hundred thousand rows would cost ten times as long one by one.
    sql = f"SELECT group_concat(id) FROM chunks WHERE {' AND '.join(of_chunk) or '1'}"  # noqa: S608  (the same)
    ((rows,),) = library.query(sql, [*chunk_values, *source_values])
    return np.fromstring(rows, np.int64, sep=",") if rows else np.empty(0, np.int64)


def matching_files(library: Library, wanted: Sequence[str]) -> list[str]:
    """Return the names of the sources that are meant by names, ends of paths or globs, in any case.

    Parameters
    ----------
    library : Library
        The index.
    wanted : sequence of str
        Such as ``09-gans.md``, ``notes/plan.md`` or ``*.pdf``. Where sources have a name as it was written, in any
        case, it means those, and no other whose path ends so.

    Raises
    ------
    UnknownNameError
        If one of them means no source.
    """
    rows = [(name, name.casefold(), uri.casefold()) for name, uri in library.query("SELECT name, uri FROM sources")]
    chosen: dict[str, None] = {}
    for text in wanted:
        path = text.casefold().removeprefix("./")
        found = [name for name, folded, uri in rows if path in {folded, uri}]
        found = found or [name for name, folded, uri in rows if _ends(folded, path) or _ends(uri, path)]
        if not found:
            kind = "file in the index"
            raise UnknownNameError(kind, text, (name for name, _, _ in rows))
        chosen |= dict.fromkeys(found)
    return list(chosen)


def _ends(name: str, path: str) -> bool:
    """Return whether a name ends in a path as it is written, or in what it stands for as a glob."""
    return name.endswith(f"/{path}") or (bool(PurePosixPath(path).parts) and PurePosixPath(name).match(path))


def _conditions(where: Where | Sequence[Where]) -> Iterator[tuple[str, list[str]]]:
    for each in [where] if isinstance(where, Mapping) else where:
        for key, value in each.items():
            yield key, _checked(key, value)


def _checked(key: object, value: object) -> list[str]:
    wanted = [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple | set) else []
    if not isinstance(key, str) or not wanted or not all(isinstance(v, str) for v in wanted):
        msg = f"where[{key!r}] must be a string or a list of strings; got {value!r}."
        raise InvalidInputError(msg)
    return wanted
