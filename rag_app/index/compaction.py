"""The files of an index, written anew without what was deleted from them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from rag_app.index.history import record_run
from rag_app.index.library import Library
from rag_app.index.rebuild import build_vectors_apart
from rag_app.index.swap import Progress, discard_library, library_aside, settle, take_over
from rag_app.index.vectors import ChromaVectors


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes on disk.

    Parameters
    ----------
    library, chroma : int
        Of the SQLite file with what belongs to it, and of Chroma's folder.
    """

    library: int
    chroma: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.library + self.chroma


def sizes(folder: Path) -> Sizes:
    """Return what the files of the index in a data folder take."""
    return Sizes(sum(map(_size, folder.glob("library*"))), sum(map(_size, folder.glob("chroma*/**/*"))))


def compact(library: Library, vectors: ChromaVectors, progress: Progress) -> tuple[Sizes, Sizes]:
    """Write the files of an index anew, and return what they took before and what they take now.

    Nothing that was deleted is left in them: neither in free pages of SQLite nor in what Chroma keeps of the past.
    Hold the write lock.

    Raises
    ------
    StoreError
        If there is no index, or no room for a second copy of its files.
    """
    began, before = time.perf_counter(), sizes(library.path.parent)
    settle(library, vectors)
    discard_library(library_aside(library))  # an interrupted run's: it may hold what was deleted since
    progress("writing the library anew", 0, library.count_chunks())
    with library.transaction() as db:
        db.execute("INSERT INTO lexical (lexical) VALUES ('rebuild')")
    _shrink(library)
    build_vectors_apart(library, vectors, progress)  # it reads pages of the library: there is nothing left in them
    take_over(library, vectors)
    with library.transaction() as db:
        db.execute("DELETE FROM meta WHERE key = 'forgetting'")
    record_run(library, "compact", time.perf_counter() - began, {"chunks": library.count_chunks()})
    _shrink(library)
    return before, sizes(library.path.parent)


def _shrink(library: Library) -> None:
    library.query("VACUUM")
    library.query("PRAGMA wal_checkpoint(TRUNCATE)")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:  # SQLite's own files come and go
        return 0
