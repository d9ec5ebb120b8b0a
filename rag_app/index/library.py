"""The library: a SQLite file that is the source of truth.

It holds the extracted texts, the chunks, the lexical index, the embedding of every chunk and the identity of
the index. Chroma holds the same vectors and can be rebuilt from here: what it has yet to store or to delete is
recorded in the same transaction as the change itself, so a run killed at any point is finished by the next one.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import StoreError
from rag_app.index.rows import chroma_metadata, chunk, dump_source, dump_units, lexical_context, load_source, passage
from rag_app.index.schema import SCHEMA, VERSION
from rag_app.locator import Locator
from rag_app.types import Chunk, Passage, Source

_BEGIN_CHANGE = "REPLACE INTO meta SELECT 'unfinished', 1 + ifnull(max(value), 0) FROM meta WHERE key = 'unfinished'"
NEXT_GENERATION = (
    "INSERT OR REPLACE INTO meta SELECT 'generation', "
    "CAST(coalesce(max(CAST(value AS INTEGER)), 0) + 1 AS TEXT) FROM meta WHERE key = 'generation'"
)
_FOR_CHROMA = (
    "SELECT c.chunk_id, v.vector, l.body, s.metadata, s.name, s.title, "
    'c.heading, c.place, c.start, c."end", s.sha256 FROM chunks c JOIN sources s ON s.id = c.source_id '
    "JOIN vectors v ON v.key = c.vector_key JOIN lexical l ON l.rowid = c.id WHERE {} ORDER BY c.id LIMIT ?"
)
_FREE_SPACE = "Free some space on its disk, then run this again."
_ELSEWHERE = "Set RAG_DATA_DIR to another folder, or move this one away."
_WRITABLE = "Make its folder writable, or copy it to one of your own: SQLite writes beside a file that it reads."


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source as the library lists it."""

    uri: str
    name: str
    title: str
    bytes_sha256: str
    n_chunks: int
    n_tokens: int


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """One chunk as Chroma is to store it."""

    chunk_id: str
    vector: NDArray[np.float32]
    text: str
    metadata: Mapping[str, str | int | float]


class Library:
    """The SQLite file of an index.

    Parameters
    ----------
    path : pathlib.Path
        The file. It is created on the first write.

    Notes
    -----
    Each thread has its own connection. Only a process that holds the write lock may call the methods that write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()

    # -- reading ---------------------------------------------------------------------------------------------------

    def exists(self) -> bool:
        """Return whether the index has been created."""
        return self.path.is_file() and self.path.stat().st_size > 0 and self._version(self._connect()) == VERSION

    @property
    def generation(self) -> int:
        """A number that grows with each finished change; readers reopen Chroma when it moves."""
        return int(self.get_meta("generation") or 0)

    @property
    def unfinished(self) -> bool:
        """Whether something was changed that `finish` has not been called for."""
        return self.get_meta("unfinished") is not None

    def state(self) -> list[tuple[str, str]]:
        """Return what tells the library as it is now from what it was before any change, by any process."""
        return self.query("SELECT key, value FROM meta WHERE key IN ('generation', 'unfinished') ORDER BY key")

    @property
    def vectors_aside(self) -> bool:
        """Whether the vectors are those that were built aside: see `rag_app.index.swap`."""
        return self.exists() and self.get_meta("vectors_aside") is not None

    def get_meta(self, key: str) -> str | None:
        """Return a value of the index's identity, or None."""
        rows = self.query("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else None

    def sources(self) -> list[SourceRow]:
        """Return every source in the order of names."""
        rows = self.query(
            "SELECT s.uri, s.name, s.title, s.bytes_sha256, count(c.id), coalesce(sum(c.n_tokens), 0) "
            "FROM sources s LEFT JOIN chunks c ON c.source_id = s.id GROUP BY s.id ORDER BY s.name"
        )
        return [SourceRow(*row) for row in rows]

    def source(self, name: str) -> Source | None:
        """Return a source with its text, or None."""
        rows = self.query(
            "SELECT name, uri, title, text, sha256, bytes_sha256, blocks, metadata FROM sources WHERE name = ?", (name,)
        )
        return load_source(rows[0]) if rows else None

    def text(self, name: str) -> str | None:
        """Return the extracted text of a source alone, or None: what else is known of it takes longer to read."""
        rows = self.query("SELECT text FROM sources WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def chunks(self, source: Source) -> list[Chunk]:
        """Return the chunks of a source as they are stored, in reading order."""
        rows = self.query(
            'SELECT c.chunk_id, c.start, c."end", c.context, c.heading, c.place, c.units, c.n_tokens FROM chunks c '
            "JOIN sources s ON s.id = c.source_id WHERE s.name = ? ORDER BY c.id",
            (source.name,),
        )
        return [chunk(row, source.text) for row in rows]

    def count_chunks(self) -> int:
        """Return the number of chunks."""
        return int(self.query("SELECT count(*) FROM chunks")[0][0])

    def count_tokens(self) -> int:
        """Return the number of tokens of all chunks."""
        return int(self.query("SELECT coalesce(sum(n_tokens), 0) FROM chunks")[0][0])

    def count_longer_than(self, n_tokens: int) -> int:
        """Return the number of chunks with more than `n_tokens` tokens."""
        return int(self.query("SELECT count(*) FROM chunks WHERE n_tokens > ?", (n_tokens,))[0][0])

    def passages(self, chunk_ids: Sequence[str]) -> dict[str, Passage]:
        """Return the passages of chunks that exist, by chunk id."""
        rows = self._select_in(
            # The text stands in the lexical index too: the source's own is long to cut where the source is a book.
            'SELECT s.name, s.sha256, c.chunk_id, c.start, c."end", l.body, '
            "c.heading, c.place, s.title, c.context, c.units FROM chunks c JOIN sources s ON s.id = c.source_id "
            "JOIN lexical l ON l.rowid = c.id WHERE c.chunk_id IN ({})",
            chunk_ids,
        )
        return {r[2]: passage(r) for r in rows}

    def chunk_vectors(self, chunk_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the embeddings of chunks, by chunk id."""
        rows = self._select_in(
            "SELECT c.chunk_id, v.vector FROM chunks c JOIN vectors v ON v.key = c.vector_key WHERE c.chunk_id IN ({})",
            chunk_ids,
        )
        return {chunk_id: np.frombuffer(blob, np.float32) for chunk_id, blob in rows}

    def cached_vectors(self, keys: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the embeddings that are known already, by key."""
        rows = self._select_in("SELECT key, vector FROM vectors WHERE key IN ({})", keys)
        return {key: np.frombuffer(blob, np.float32) for key, blob in rows}

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query: for the lexical index and the filters too."""
        if not self.exists():
            msg = f"There is no index in {self.path.parent}."
            raise StoreError(msg, hint="Run: rag ingest")
        with self._translated():
            return self._connect().execute(sql, parameters).fetchall()

    # -- writing ---------------------------------------------------------------------------------------------------

    def create(self) -> None:
        """Create the file and its tables where they are missing.

        Raises
        ------
        StoreError
            If the folder cannot be written to, or the file is not an index of this version of the program.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connect().execute("PRAGMA journal_mode = WAL")
            with self.transaction() as db:
                if self._version(db) == 0:
                    for statement in SCHEMA.split(";\n"):
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version = {VERSION}")
        except (OSError, sqlite3.OperationalError) as exc:
            msg = f"The data folder {self.path.parent} must be writable; {_reason(exc)}."
            raise StoreError(msg, hint="Set RAG_DATA_DIR to a folder of your own.") from exc

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit everything in the block, or nothing."""
        db = self._connect()
        with self._translated():
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.rollback()
                raise
            db.commit()

    def set_meta(self, key: str, value: str) -> None:
        """Record a value of the index's identity."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def replace_source(
        self, source: Source, chunks: Sequence[Chunk], vectors: Mapping[str, NDArray[np.float32]], keys: Sequence[str]
    ) -> None:
        """Store a source with its chunks, in place of what its uri held before.

        Parameters
        ----------
        source : Source
            The document.
        chunks : sequence of Chunk
            Its chunks.
        vectors : mapping of str to ndarray
            Embeddings that are not in the library yet, by key.
        keys : sequence of str
            The key of each chunk's embedding.
        """
        with self.transaction() as db:
            self._delete(db, source.uri)
            db.executemany(
                "INSERT OR IGNORE INTO vectors VALUES (?, ?)",
                [(key, np.asarray(vector, np.float32).tobytes()) for key, vector in vectors.items()],
            )
            cursor = db.execute(
                "INSERT INTO sources (uri, name, title, bytes_sha256, sha256, text, blocks, metadata) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                dump_source(source),
            )
            for chunk, key in zip(chunks, keys, strict=True):
                self._insert_chunk(db, int(cursor.lastrowid or 0), chunk, key, lexical_context(source, chunk))

    def remove_source(self, uri: str) -> None:
        """Remove a source, its chunks and their lexical rows."""
        with self.transaction() as db:
            self._delete(db, uri)

    def pending(self, limit: int) -> list[StoredChunk]:
        """Return chunks that Chroma does not hold yet."""
        return self._stored("c.in_chroma = 0", (limit,))

    def stored_chunks(self, size: int) -> Iterator[list[StoredChunk]]:
        """Yield all chunks as Chroma is to store them, `size` at a time, in the order of reading."""
        last = -1
        while batch := self._stored("c.id > ?", (last, size)):
            yield batch
            (last,) = self.query("SELECT id FROM chunks WHERE chunk_id = ?", (batch[-1].chunk_id,))[0]

    def mark_stored(self, chunk_ids: Iterable[str]) -> None:
        """Record that Chroma holds chunks."""
        with self.transaction() as db:
            db.executemany("UPDATE chunks SET in_chroma = 1 WHERE chunk_id = ?", [(i,) for i in chunk_ids])

    def mark_all_missing(self) -> None:
        """Record that Chroma holds nothing: its folder has gone, and is written anew from here."""
        with self.transaction() as db:
            if db.execute("UPDATE chunks SET in_chroma = 0 WHERE in_chroma = 1").rowcount:
                db.execute(_BEGIN_CHANGE)

    def pending_deletes(self) -> list[str]:
        """Return the ids that Chroma must delete: removed here, and not written again since."""
        return [
            r[0]
            for r in self.query(
                "SELECT chunk_id FROM chroma_deletes WHERE chunk_id NOT IN (SELECT chunk_id FROM chunks)"
            )
        ]

    def finish(self) -> None:
        """Forget embeddings without a chunk and what Chroma has deleted; move the generation on."""
        with self.transaction() as db:
            db.execute("DELETE FROM meta WHERE key IN ('unfinished', 'first_paths')")
            db.execute("DELETE FROM chroma_deletes")
            for table in ("vectors", "token_codes"):
                db.execute(f"DELETE FROM {table} WHERE key NOT IN (SELECT vector_key FROM chunks)")  # noqa: S608  (names of our own)
            db.execute(NEXT_GENERATION)

    def close(self) -> None:
        """Close this thread's connection; the next call opens another."""
        connection: sqlite3.Connection | None = self._local.__dict__.pop("connection", None)
        if connection is not None:
            connection.close()

    # -- inside ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn trouble with the file, such as damage or a full disk, into a `StoreError`."""
        try:
            yield
        except sqlite3.DatabaseError as exc:
            if getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in {
                sqlite3.SQLITE_ERROR,
                sqlite3.SQLITE_CONSTRAINT,
            }:
                raise  # a mistake of our own
            msg = f"The index {self.path} cannot be used: {exc}."
            is_full = getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
            raise StoreError(msg, hint=_FREE_SPACE if is_full else _ELSEWHERE) from exc

    def _connect(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            try:
                connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("PRAGMA foreign_keys = ON")
                version = self._version(connection)
            except sqlite3.DatabaseError as exc:
                msg = f"The index {self.path} cannot be opened: {exc}."
                is_closed = exc.sqlite_errorcode == sqlite3.SQLITE_CANTOPEN and self.path.is_file()
                raise StoreError(msg, hint=_WRITABLE if is_closed else _ELSEWHERE) from exc
            if version not in {0, VERSION}:
                connection.close()
                msg = f"The index {self.path} must be of version {VERSION}; got {version}."
                raise StoreError(msg, hint=_ELSEWHERE)
            self._local.connection = connection
        return connection

    @staticmethod
    def _version(db: sqlite3.Connection) -> int:
        return int(db.execute("PRAGMA user_version").fetchone()[0])

    def _stored(self, where: str, parameters: Sequence[Any]) -> list[StoredChunk]:
        rows = self.query(_FOR_CHROMA.format(where), parameters)
        return [
            StoredChunk(
                r[0],
                np.frombuffer(r[1], np.float32),
                r[2],
                chroma_metadata(r[3], r[4], r[5], Locator.load(json.loads(r[6]), json.loads(r[7])), r[8:]),
            )
            for r in rows
        ]

    def _select_in(self, sql: str, values: Sequence[str]) -> Iterator[Any]:
        for i in range(0, len(values), 500):
            part = values[i : i + 500]
            yield from self.query(sql.format(",".join("?" * len(part))), part)

    @staticmethod
    def _delete(db: sqlite3.Connection, uri: str) -> None:
        of_source = "SELECT {} FROM chunks WHERE source_id = (SELECT id FROM sources WHERE uri = ?)"
        db.execute(_BEGIN_CHANGE)
        db.execute(f"INSERT OR IGNORE INTO chroma_deletes {of_source.format('chunk_id')}", (uri,))
        db.execute(f"DELETE FROM lexical WHERE rowid IN ({of_source.format('id')})", (uri,))  # noqa: S608  (no input in it)
        db.execute("DELETE FROM sources WHERE uri = ?", (uri,))

    @staticmethod
    def _insert_chunk(db: sqlite3.Connection, source_id: int, chunk: Chunk, key: str, lexical_context: str) -> None:
        cursor = db.execute(
            'INSERT INTO chunks (chunk_id, source_id, start, "end", context, heading, folded_heading, place, units, '
            "n_tokens, vector_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                chunk.id,
                source_id,
                chunk.start,
                chunk.end,
                chunk.context,
                json.dumps(chunk.locator.heading),
                " › ".join(chunk.locator.heading).casefold(),
                json.dumps(chunk.locator.place),
                dump_units(chunk.units),
                chunk.n_tokens,
                key,
            ),
        )
        db.execute(
            "INSERT INTO lexical (rowid, context, body) VALUES (?, ?, ?)",
            (cursor.lastrowid, lexical_context, chunk.text),
        )


def _reason(exc: BaseException) -> str:
    return (exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)).lower()
