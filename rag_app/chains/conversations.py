"""Conversations and what people thought of the answers, kept in a SQLite file beside the index."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.chains.feedback import RATINGS, RatedExchange
from rag_app.chains.messages import Message
from rag_app.errors import InvalidInputError, StoreError
from rag_app.types import Answer

if TYPE_CHECKING:
    from rag_app.index.traces import Finder

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (id INTEGER PRIMARY KEY, began_s REAL NOT NULL);
CREATE TABLE IF NOT EXISTS exchanges (
    id INTEGER PRIMARY KEY, conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    asked_s REAL NOT NULL, question TEXT NOT NULL, standalone TEXT NOT NULL, answer TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS feedback (
    exchange_id INTEGER PRIMARY KEY REFERENCES exchanges (id),
    rating TEXT NOT NULL, why TEXT NOT NULL, rated_s REAL NOT NULL
);
"""
_NO_CONVERSATION = 0
_LAST = "SELECT conversation_id FROM exchanges WHERE conversation_id > 0 ORDER BY id DESC LIMIT 1"
_ALL_TEXTS = """
SELECT id, coalesce(why, ''), question, standalone, answer
FROM exchanges LEFT JOIN feedback ON exchange_id = id
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
            row = self._db.execute(_LAST).fetchone()
        return None if row is None else int(row[0])

    def add(self, conversation_id: int, question: str, answer: Answer) -> int:
        """Keep an exchange, the question as typed and the whole answer, and return its id."""
        row = (conversation_id, time.time(), question, answer.question, json.dumps(answer.to_json()))
        with self._translated_errors():
            cursor = self._db.execute(
                "INSERT INTO exchanges (conversation_id, asked_s, question, standalone, answer) VALUES (?, ?, ?, ?, ?)",
                row,
            )
        return int(cursor.lastrowid or 0)

    def last_exchange(self, conversation_id: int) -> int | None:
        """Return the id of the latest exchange of a conversation, or None."""
        sql = "SELECT max(id) FROM exchanges WHERE conversation_id = ?"
        with self._translated_errors():
            (found,) = self._db.execute(sql, (conversation_id,)).fetchone()
        return None if found is None else int(found)

    def rate(self, exchange_id: int, rating: str, why: str = "") -> None:
        """Keep what a person thought of an answer, in place of what was said of it before.

        Parameters
        ----------
        exchange_id : int
            As `add` returned it.
        rating : {"good", "bad"}
            Thumbs up or down.
        why : str, default=""
            The reason, in any words.

        Raises
        ------
        InvalidInputError
            If there is no such exchange, or the rating is another word.
        """
        _check_rating(rating)
        sql = "INSERT OR REPLACE INTO feedback SELECT id, ?, ?, ? FROM exchanges WHERE id = ?"
        with self._translated_errors():
            kept = self._db.execute(sql, (rating, why.strip(), time.time(), exchange_id)).rowcount
        if not kept:
            msg = f"exchange_id must be that of an exchange that was kept; got {exchange_id!r}."
            raise InvalidInputError(msg)

    def add_rated(self, answer: Answer, rating: str, why: str = "") -> int:
        """Keep an answer that belongs to no conversation, with its rating, and return the id of the exchange."""
        _check_rating(rating)
        exchange_id = self.add(_NO_CONVERSATION, answer.question, answer)
        self.rate(exchange_id, rating, why)
        return exchange_id

    def rated(self) -> list[RatedExchange]:
        """Return the exchanges that were rated, in the order of their ratings."""
        sql = """SELECT exchange_id, rating, why, rated_s, question, answer FROM feedback
            JOIN exchanges ON exchanges.id = exchange_id ORDER BY rated_s, exchange_id"""
        with self._translated_errors():
            rows = self._db.execute(sql).fetchall()
        return [
            RatedExchange(number, rating, why, when, question, json.loads(answer))
            for number, rating, why, when, question, answer in rows
        ]

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
        """Delete the exchanges that rest on sources or hold their texts, with their ratings; return their number.

        Parameters
        ----------
        sources : set of str
            Names. An exchange goes with its question if one of them was quoted or looked at.
        texts : Finder
            Finds what was in them.
        """
        with self._translated_errors():
            rows = self._db.execute(_ALL_TEXTS).fetchall()
            ids = [(i,) for i, *said in rows if _rests_on(said[-1], sources) or texts.find("\n".join(said).encode())]
            self._db.executemany("DELETE FROM feedback WHERE exchange_id = ?", ids)
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


def _check_rating(rating: str) -> None:
    if rating not in RATINGS:
        msg = f"rating must be {' or '.join(RATINGS)}; got {rating!r}."
        raise InvalidInputError(msg)


def _rests_on(answer: str, sources: set[str]) -> bool:
    kept = json.loads(answer)
    places = [place for key in ("citations", "retrieved") for place in kept[key]]
    return any(p["source"] in sources for place in places for p in (place, *place.get("also_in", ())))
