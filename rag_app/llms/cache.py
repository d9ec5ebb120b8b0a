"""Replies of language models that are kept, and given again to the same request."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from rag_app.errors import StoreError

_TABLE = "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply TEXT NOT NULL) WITHOUT ROWID"
_PATIENCE_S = 10  # for another process that writes


def request_key(request: Any) -> str:  # noqa: ANN401  (what JSON holds)
    """Return a hash of everything that a reply depends on.

    Examples
    --------
    >>> request_key({"seed": 1, "llm": "a"}) == request_key({"llm": "a", "seed": 1}) != request_key({"llm": "a"})
    True
    """
    text = json.dumps(request, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


class ReplyCache:
    """Replies in an SQLite file. Requests are kept as hashes alone.

    Parameters
    ----------
    path : pathlib.Path
        The file; it and its folder are made when the first reply is kept.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     cache = ReplyCache(Path(folder) / "replies.sqlite")
    ...     cache.put("key", {"content": "Paris."})
    ...     cache.get("key"), cache.get("another")
    ({'content': 'Paris.'}, None)
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, key: str) -> dict[str, Any] | None:
        """Return what is kept under a key, or None.

        Raises
        ------
        StoreError
            If the file cannot be read; so do the methods below.
        """
        if not self.path.is_file():
            return None
        with self._connection() as connection:
            row = connection.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        return dict(json.loads(row[0])) if row else None

    def put(self, key: str, reply: dict[str, Any]) -> None:
        """Keep a reply."""
        with self._connection() as connection:
            connection.execute("INSERT OR REPLACE INTO replies VALUES (?, ?)", (key, json.dumps(reply)))

    def clear(self) -> None:
        """Forget every reply: a reply may say in other words what a source said that is forgotten."""
        if not self.path.is_file():
            return
        with self._connection() as connection:
            connection.execute("DELETE FROM replies")
            connection.commit()
            connection.execute("VACUUM")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as connection:
                connection.execute("PRAGMA secure_delete = ON")
                connection.execute(_TABLE)
                yield connection
                connection.commit()
        except (sqlite3.Error, OSError) as exc:
            msg = f"The kept replies of language models in {self.path} cannot be used: {exc}."
            raise StoreError(msg, hint="Remove the file, or set RAG_LLM_CACHE=off.") from exc
