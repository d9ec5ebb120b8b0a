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


def matching_chunks(library: Library, where: Where) -> list[str]:
    """Return the ids of the chunks that pass a filter.

    Parameters
    ----------
    library : Library
        The index.
    where : mapping of str to str or sequence of str
        ``source`` and ``title`` compare whole values; ``heading`` is found anywhere in the heading path; any other
        key compares front matter. A sequence means one of them; several keys mean all of them.

    Raises
    ------
    InvalidInputError
        If a value is not a string or a sequence of strings.
    """
    clauses, parameters = ["1"], []
    for key, value in where.items():
        wanted = [value] if isinstance(value, str) else list(value)
        if not isinstance(key, str) or not wanted or not all(isinstance(v, str) for v in wanted):
            msg = f"where[{key!r}] must be a string or a list of strings; got {value!r}."
            raise InvalidInputError(msg)
        if key == "heading":
            clauses.append("(" + " OR ".join(["instr(lower(c.heading), ?)"] * len(wanted)) + ")")
            parameters += [json.dumps(v.lower())[1:-1] for v in wanted]
        else:
            column = _COLUMNS.get(key, "json_extract(s.metadata, ?)")
            parameters += [] if key in _COLUMNS else [f'$."{key}"']
            clauses.append(f"{column} IN ({','.join('?' * len(wanted))})")
            parameters += wanted
    sql = "SELECT c.chunk_id FROM chunks c JOIN sources s ON s.id = c.source_id WHERE " + " AND ".join(clauses)  # noqa: S608  (only names of our own and question marks)
    return [row[0] for row in library.query(sql, parameters)]
