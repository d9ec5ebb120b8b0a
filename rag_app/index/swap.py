"""An index is built aside and then takes the place of the one in use, which is whole until that moment.

What is built aside is a second store of vectors and, where chunks change too, a second library. One transaction of the
library makes them the ones in use and says so; the vectors are moved to their usual place afterwards. A process that
is killed before the transaction leaves the old index, one that is killed after it the new one, which is read where it
was built until the next writer has moved it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from rag_app.index.library import NEXT_GENERATION, Library
from rag_app.index.vectors import ChromaVectors

Progress = Callable[[str, int, int], None]
_BATCH = 1000
_COPIED = ("sources", "vectors", "token_codes", "chunks")
_COPY_LEXICAL = "INSERT INTO main.lexical (rowid, context, body) SELECT rowid, context, body FROM new.lexical"


def build_vectors(library: Library, vectors: ChromaVectors, progress: Progress) -> ChromaVectors:
    """Return a store of vectors, built aside from a library.

    Parameters
    ----------
    library : Library
        Where the chunks come from.
    vectors : ChromaVectors
        The store that is in use.
    progress : callable
        Called with what is done, chunks done and chunks in all.
    """
    aside, done, total = vectors.aside(), 0, library.count_chunks()
    for batch in library.stored_chunks(_BATCH):
        progress("storing vectors", done, total)
        aside.upsert(batch)
        done += len(batch)
    aside.upsert([])  # an index without a chunk has a store too
    aside.reopen()
    return aside


def take_over(library: Library, vectors: ChromaVectors, new: Library | None = None) -> None:
    """Make what was built aside the index in use.

    Parameters
    ----------
    library : Library
        The library in use.
    vectors : ChromaVectors
        The store in use; another one was built aside.
    new : Library, optional
        A library to take sources, chunks and fingerprint from.
    """
    if new is not None:
        library.query("ATTACH DATABASE ? AS new", (str(new.path),))
    try:
        with library.transaction() as db:
            if new is not None:
                _copy(db)
            db.execute("UPDATE chunks SET in_chroma = 1")
            db.execute("DELETE FROM chroma_deletes")
            for table in ("vectors", "token_codes"):
                db.execute(f"DELETE FROM {table} WHERE key NOT IN (SELECT vector_key FROM chunks)")  # noqa: S608  (names of our own)
            db.execute("DELETE FROM meta WHERE key = 'unfinished'")
            db.execute("INSERT OR REPLACE INTO meta VALUES ('vectors_aside', '')")
            db.execute(NEXT_GENERATION)
    finally:
        if new is not None:
            library.query("DETACH DATABASE new")
    settle(library, vectors)


def settle(library: Library, vectors: ChromaVectors) -> None:
    """Finish a change of index that was interrupted: call it with the write lock, before anything is written."""
    if library.vectors_aside:
        vectors.replace()
        with library.transaction() as db:
            db.execute("DELETE FROM meta WHERE key = 'vectors_aside'")
            db.execute(NEXT_GENERATION)
    vectors.discard_aside()


def _copy(db: sqlite3.Connection) -> None:
    for table in ("lexical", *reversed(_COPIED)):
        db.execute(f"DELETE FROM main.{table}")  # noqa: S608  (names of our own)
    for table in _COPIED:
        db.execute(f"INSERT INTO main.{table} SELECT * FROM new.{table}")  # noqa: S608  (names of our own)
    db.execute(_COPY_LEXICAL)
    db.execute("INSERT OR REPLACE INTO main.meta SELECT * FROM new.meta WHERE key = 'fingerprint'")


def library_aside(library: Library) -> Library:
    """Return the library that is built beside another one; it need not exist."""
    return Library(library.path.with_name(f"{library.path.stem}_next{library.path.suffix}"))


def discard_library(library: Library) -> None:
    """Remove the files of a library that was built aside."""
    library.close()
    for suffix in ("", "-wal", "-shm"):
        library.path.with_name(library.path.name + suffix).unlink(missing_ok=True)
