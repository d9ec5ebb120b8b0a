"""Answers and judged scores of earlier runs, found again only where nothing that they depend on has changed."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag_app.errors import EvaluationError
from rag_app.evaluation.scores import Score
from rag_app.evaluation.subjects import Reply, hash_json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (key TEXT, prompts TEXT, made_by TEXT, reply TEXT, PRIMARY KEY (key, prompts));
CREATE TABLE IF NOT EXISTS scores (key TEXT PRIMARY KEY, made_by TEXT, score TEXT);
"""


class Cache:
    """A SQLite file of answers and judged scores.

    Parameters
    ----------
    path : pathlib.Path
        The file; it holds what was retrieved, so it is as private as the documents.

    Raises
    ------
    EvaluationError
        If the file cannot be written or is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False)
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as exc:
            msg = f"The cache {path} must be a SQLite file that can be written; got another one."
            raise EvaluationError(msg, hint="Remove it, or run with --no-cache.") from exc

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def find_reply(self, made_by: Mapping[str, Any], prompts: Mapping[str, str]) -> Reply | None:
        """Return the reply that was made by the same, with the prompts that it was sent as they are now.

        Parameters
        ----------
        made_by : mapping
            What a reply depends on besides prompts.
        prompts : mapping of str to str
            Hashes of all prompts of today. Those that were not sent may have changed.
        """
        with self._lock:
            sql = "SELECT prompts, made_by, reply FROM replies WHERE key = ?"
            rows = self._db.execute(sql, (hash_json(made_by),)).fetchall()
        for sent, stored, reply in rows:
            hashes = json.loads(sent)
            if stored == _dump(made_by) and all(prompts.get(name) == found for name, found in hashes.items()):
                return Reply(**json.loads(reply), prompts=hashes)
        return None

    def add_reply(self, made_by: Mapping[str, Any], reply: Reply) -> None:
        """Keep a reply."""
        value = {name: getattr(reply, name) for name in ("answer", "latency_s", "cost", "strength")}
        row = (hash_json(made_by), _dump(reply.prompts), _dump(made_by), _dump(value))
        with self._lock, self._db:
            self._db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?)", row)

    def find_score(self, made_by: Mapping[str, Any]) -> Score | None:
        """Return the score that a judge gave to the same."""
        with self._lock:
            sql = "SELECT made_by, score FROM scores WHERE key = ?"
            row = self._db.execute(sql, (hash_json(made_by),)).fetchone()
        return Score.from_json(json.loads(row[1])) if row and row[0] == _dump(made_by) else None

    def add_score(self, made_by: Mapping[str, Any], score: Score) -> None:
        """Keep a score; one that failed is asked for again next time."""
        if score.status != "error":
            with self._lock, self._db:
                row = (hash_json(made_by), _dump(made_by), _dump(score.to_json()))
                self._db.execute("INSERT OR REPLACE INTO scores VALUES (?, ?, ?)", row)


def _dump(value: Any) -> str:  # noqa: ANN401  (anything that JSON holds)
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
