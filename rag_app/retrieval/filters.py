"""Metadata filters, resolved in SQLite so that both halves of the search obey the same rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag_app.errors import InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.index.library import Library

Where = Mapping[str, str | Sequence[str]]
_COLUMNS = {"source": "s.name", "title": "s.title"}
_METADATA = "(SELECT m.value FROM json_each(s.metadata) m WHERE m.key = ?)"


def matching_chunks(library: Library, where: Where) -> NDArray[np.int64]:
    """Return the rows, in the table of chunks, that pass a filter.

    Parameters
    ----------
    library : Library
        The index.
    where : mapping of str to str or sequence of str
        ``source`` and ``title`` compare whole values; ``heading`` is found anywhere in the heading path, in any
        case; any other key compares front matter. A sequence means one of them; several keys mean all of them.

    Raises
    ------
    InvalidInputError
        If a value is not a string or a sequence of strings.
    """
    of_source: list[str] = []
    of_chunk: list[str] = []
    source_values: list[str] = []
    chunk_values: list[str] = []
    for key, value in where.items():
        wanted = _checked(key, value)
        if key == "heading":
            of_chunk.append(f"({' OR '.join(['instr(folded_heading, ?)'] * len(wanted))})")
            chunk_values += [v.casefold() for v in wanted]
        else:
            of_source.append(f"{_COLUMNS.get(key, _METADATA)} IN ({','.join('?' * len(wanted))})")
            source_values += wanted if key in _COLUMNS else [key, *wanted]
    if of_source:
        of_chunk.append(f"source_id IN (SELECT s.id FROM sources s WHERE {' AND '.join(of_source)})")  # noqa: S608  (only names of our own and question marks)
    # As one text: a hundred thousand rows would cost ten times as long one by one.
    sql = f"SELECT group_concat(id) FROM chunks WHERE {' AND '.join(of_chunk) or '1'}"  # noqa: S608  (the same)
    ((rows,),) = library.query(sql, [*chunk_values, *source_values])
    return np.fromstring(rows, np.int64, sep=",") if rows else np.empty(0, np.int64)


def _checked(key: object, value: object) -> list[str]:
    wanted = [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple | set) else []
    if not isinstance(key, str) or not wanted or not all(isinstance(v, str) for v in wanted):
        msg = f"where[{key!r}] must be a string or a list of strings; got {value!r}."
        raise InvalidInputError(msg)
    return wanted
