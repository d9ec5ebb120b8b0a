"""Conversations, kept in a SQLite file beside the index."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.chains.messages import Message
from rag_app.errors import StoreError
from rag_app.types import Answer

if TYPE_CHECKING:
    from rag_app.index.traces import Finder

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (id INTEGER PRIMARY KEY, began_s REAL NOT NULL);
CREATE TABLE IF NOT EXISTS exchanges (
    id INTEGER PRIMARY KEY, conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    asked_s REAL NOT NULL, question TEXT NOT NULL, standalone TEXT NOT NULL, answer TEXT NOT NULL
);
"""


class Conversations:
    """The conversations of one data folder.

    Parameters
    ----------
    path : pathlib.Path
        The SQLite file; created if it is missing.

    Raises
    ------
    StoreError
        If it cannot be opened; so do the methods where it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._translated_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None)
        try:
            with self._translated_errors():
                self._db.executescript(_SCHEMA)
        except StoreError:
            self.close()
            raise

    def begin(self) -> int:
        """Begin a conversation and return its id."""
        with self._translated_errors():
            cursor = self._db.execute("INSERT INTO conversations (began_s) VALUES (?)", (time.time(),))
        return int(cursor.lastrowid or 0)

    def last(self) -> int | None:
        """Return the id of the conversation with the latest exchange, or None."""
        with self._translated_errors():
            row = self._db.execute("SELECT conversation_id FROM exchanges ORDER BY id DESC LIMIT 1").fetchone()
        return None if row is None else int(row[0])

    def add(self, conversation_id: int, question: str, answer: Answer) -> None:
        """Keep an exchange: the question as typed, and the whole answer."""
        row = (conversation_id, time.time(), question, answer.question, json.dumps(answer.to_json()))
        with self._translated_errors():
            self._db.execute(
                "INSERT INTO exchanges (conversation_id, asked_s, question, standalone, answer) VALUES (?, ?, ?, ?, ?)",
                row,
            )

    def messages(self, conversation_id: int) -> list[Message]:
        """Return a conversation as messages, oldest first; questions in their standalone form."""
        sql = "SELECT standalone, answer FROM exchanges WHERE conversation_id = ? ORDER BY id"
        with self._translated_errors():
            rows = self._db.execute(sql, (conversation_id,)).fetchall()
        return [
            message
            for standalone, answer in rows
            for message in (Message("user", standalone), Message("assistant", json.loads(answer)["answer"]))
        ]

    def forget(self, sources: set[str], texts: Finder) -> int:
        """Delete the exchanges that rest on sources or hold their texts, and return how many those were.

        Parameters
        ----------
        sources : set of str
            Names. An exchange goes with its question if one of them was quoted or looked at.
        texts : Finder
            Finds what was in them.
        """
        with self._translated_errors():
            rows = self._db.execute("SELECT id, question, standalone, answer FROM exchanges").fetchall()
            ids = [(i,) for i, *said in rows if _rests_on(said[-1], sources) or texts.find("\n".join(said).encode())]
            self._db.executemany("DELETE FROM exchanges WHERE id = ?", ids)
            self._db.execute("VACUUM")
        return len(ids)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as exc:
            msg = f"The conversations in {self._path} cannot be opened: {exc}."
            raise StoreError(msg, hint="Set RAG_DATA_DIR to a folder of your own.") from exc


def _rests_on(answer: str, sources: set[str]) -> bool:
    kept = json.loads(answer)
    places = [place for key in ("citations", "retrieved") for place in kept[key]]
    return any(p["source"] in sources for place in places for p in (place, *place.get("also_in", ())))
