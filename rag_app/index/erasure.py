"""A source is forgotten: everything that the index holds of it goes, and so do the traces in its files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag_app.errors import UnknownNameError
from rag_app.index.compaction import compact
from rag_app.index.history import record_run
from rag_app.index.library import Library, SourceRow
from rag_app.index.swap import Progress
from rag_app.index.traces import Search, distinctive_texts
from rag_app.index.vectors import ChromaVectors


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was forgotten, and the proof of it.

    Parameters
    ----------
    sources : tuple of str
        Names.
    still_there : tuple of str
        Paths of those whose files exist, so that an ingestion of their folder would read them again.
    n_exchanges : int
        Questions and answers of conversations that went with them.
    search : Search
        The search for their texts in the files of the data folder.
    """

    sources: tuple[str, ...]
    still_there: tuple[str, ...]
    n_exchanges: int
    search: Search

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag index forget --json`` prints."""
        return {
            "sources": list(self.sources),
            "still_there": list(self.still_there),
            "exchanges": self.n_exchanges,
            "texts": self.search.n_texts,
            "files": self.search.n_files,
            "bytes": self.search.n_bytes,
            "found_in": list(self.search.found),
        }


def named_sources(library: Library, given: Sequence[str]) -> list[SourceRow]:
    """Return the sources that are meant by names, paths or URLs.

    Raises
    ------
    UnknownNameError
        If the index has no source of that name or path.
    """
    rows = library.sources()
    chosen: dict[str, SourceRow] = {}
    for text in given:
        path = str(Path(text).expanduser().absolute())
        found = [row for row in rows if row.name == text] or [row for row in rows if row.uri in {text, path}]
        if not found:
            kind = "source"
            raise UnknownNameError(kind, text, (row.name for row in rows))
        chosen |= {row.uri: row for row in found}
    return list(chosen.values())


def erase(library: Library, vectors: ChromaVectors, rows: Sequence[SourceRow], progress: Progress) -> list[str]:
    """Remove sources from an index, write its files anew, and return the texts that must not be found any more.

    Hold the write lock.

    Parameters
    ----------
    library, vectors : Library, ChromaVectors
        The index.
    rows : sequence of SourceRow
        The sources.
    progress : callable
        Called with what is at work, what is done and what there is in all.
    """
    began, gone = time.perf_counter(), {row.name for row in rows}
    loaded = (library.source(row.name) for row in library.sources() if row.name in gone)
    others = (library.source(row.name) for row in library.sources() if row.name not in gone)
    texts = distinctive_texts((s for s in loaded if s is not None), (s for s in others if s is not None))
    library.set_meta("forgetting", "")  # an interruption is seen by `rag index status`: the files must be compacted
    for row in rows:
        library.remove_source(row.uri)
    compact(library, vectors, progress)
    record_run(library, "forget", time.perf_counter() - began, {"sources": len(rows)})
    library.query("PRAGMA wal_checkpoint(TRUNCATE)")
    return texts
