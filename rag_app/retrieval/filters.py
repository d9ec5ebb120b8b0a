"""Metadata filters, resolved in SQLite so that both halves of the search obey the same rule."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rag_app.errors import InvalidInputError

if TYPE_CHECKING:
    from rag_app.index.library import Library

Where = Mapping[str, str | Sequence[str]]
_COLUMNS = {"source": "s.name", "title": "s.title"}
_METADATA = "(SELECT m.value FROM json_each(s.metadata) m WHERE m.key = ?)"


def matching_chunks(library: Library, where: Where) -> list[str]:
    """Return the ids of the chunks that pass a filter.

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
    clauses, parameters, headings = ["1"], [], []
    for key, value in where.items():
        wanted = _checked(key, value)
        if key == "heading":
            headings.append([v.casefold() for v in wanted])
            continue
        parameters += wanted if key in _COLUMNS else [key, *wanted]
        clauses.append(f"{_COLUMNS.get(key, _METADATA)} IN ({','.join('?' * len(wanted))})")
    where_sql = " AND ".join(clauses)
    sql = f"SELECT c.chunk_id, c.heading FROM chunks c JOIN sources s ON s.id = c.source_id WHERE {where_sql}"  # noqa: S608  (only names of our own and question marks)
    return [chunk_id for chunk_id, heading in library.query(sql, parameters) if _has_all(heading, headings)]


def _checked(key: object, value: object) -> list[str]:
    wanted = [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple | set) else []
    if not isinstance(key, str) or not wanted or not all(isinstance(v, str) for v in wanted):
        msg = f"where[{key!r}] must be a string or a list of strings; got {value!r}."
        raise InvalidInputError(msg)
    return wanted


def _has_all(heading: str, wanted: Sequence[Sequence[str]]) -> bool:
    path = " › ".join(json.loads(heading)).casefold()
    return all(any(v in path for v in values) for values in wanted)
