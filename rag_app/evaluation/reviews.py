"""When a card is asked again: boxes of a card index, kept in a SQLite file beside the index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from rag_app.errors import StoreError
from rag_app.evaluation.deck import Card

N_BOXES = 6
_SCHEMA = """
CREATE TABLE IF NOT EXISTS reviews (
    card_id TEXT PRIMARY KEY, box INTEGER NOT NULL, due TEXT NOT NULL, n_replies INTEGER NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Review:
    """Where a card lies.

    Parameters
    ----------
    box : int
        From 1 to 6.
    due : datetime.date
        The day from which it is asked again.
    n_replies : int
        How often it was answered.
    """

    box: int
    due: date
    n_replies: int


class Reviews:
    """The boxes of one data folder. What was replied is not kept, only how well.

    Parameters
    ----------
    path : pathlib.Path
        The SQLite file; created if it is missing.

    Raises
    ------
    StoreError
        If it cannot be opened, and wherever it cannot be read or written.

    Notes
    -----
    A card that is answered rightly moves to the next box, any other falls back to the first. From box b it comes again
    after 2^(b-1) days: 1, 2, 4, 8, 16 and 32. Leitner, "So lernt man lernen" (1972).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._database() as db:
            db.executescript(_SCHEMA)

    def load(self) -> dict[str, Review]:
        """Return every card that was answered, by its id."""
        with self._database() as db:
            rows = db.execute("SELECT card_id, box, due, n_replies FROM reviews").fetchall()
        return {card_id: Review(box, date.fromisoformat(due), n) for card_id, box, due, n in rows}

    def add(self, card_id: str, today: date, *, is_right: bool) -> Review:
        """Record an answer and return where the card lies now."""
        review = _moved(self.load().get(card_id), today, is_right=is_right)
        with self._database() as db:
            row = (card_id, review.box, review.due.isoformat(), review.n_replies)
            db.execute("REPLACE INTO reviews (card_id, box, due, n_replies) VALUES (?, ?, ?, ?)", row)
        return review

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self._path, timeout=10)
            try:
                with db:
                    yield db
            finally:
                db.close()
        except (OSError, ValueError, sqlite3.Error) as exc:
            msg = f"The boxes of the quiz in {self._path} cannot be used: {exc}."
            raise StoreError(msg, hint="Set RAG_DATA_DIR to a folder of your own, or move the file away.") from exc


def due_cards(cards: Sequence[Card], reviews: dict[str, Review], today: date) -> list[Card]:
    """Return the cards to ask today: those that are due, longest overdue first, then those never asked, in order.

    Parameters
    ----------
    cards : sequence of Card
        In the order of the course.
    reviews : dict of str to Review
        Where the cards lie that were answered.
    today : datetime.date
        The day.
    """
    seen = [card for card in cards if card.id in reviews and reviews[card.id].due <= today]
    return [*sorted(seen, key=lambda card: reviews[card.id].due), *(c for c in cards if c.id not in reviews)]


def _moved(before: Review | None, today: date, *, is_right: bool) -> Review:
    box = min((before.box if before else 1) + 1, N_BOXES) if is_right else 1
    return Review(box, today + timedelta(days=2 ** (box - 1)), before.n_replies + 1 if before else 1)
