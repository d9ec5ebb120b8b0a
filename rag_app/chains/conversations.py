"""Conversations and what people thought of the answers: in a SQLite file, or in a database that a URL names."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, func, insert, select

from rag_app.chains.database import Database
from rag_app.chains.feedback import RATINGS, RatedExchange
from rag_app.chains.messages import Message
from rag_app.chains.tables import CONVERSATIONS, EXCHANGES, FEEDBACK, RECENT
from rag_app.errors import InvalidInputError
from rag_app.settings import Settings
from rag_app.types import Answer

if TYPE_CHECKING:
    from rag_app.index.traces import Finder

_FILE = "conversations.sqlite"  # in the data folder
_NO_CONVERSATION = 0
_BATCH = 500
_RECENT_S = 900.0  # an answer is rated soon, or not at all


def load_conversations(settings: Settings) -> Conversations:
    """Return the conversations that settings name.

    Raises
    ------
    StoreError
        If their database cannot be opened.
    SettingsError
        If its address is none, or its driver is not installed.
    """
    return Conversations(settings.database_url or settings.data_dir / _FILE)


@contextmanager
def open_conversations(settings: Settings) -> Iterator[list[Conversations]]:
    """Give the conversations wherever there are some: in the file, and after it in the database where one is named.

    No file is made; the errors are those of `load_conversations`.
    """
    file = settings.data_dir / _FILE
    places: list[Path | str] = [file] if file.is_file() else []
    if settings.database_url:
        places.append(settings.database_url)
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Conversations(place))) for place in places]


class Conversations:
    """Conversations, and the ratings of their answers.

    Parameters
    ----------
    where : pathlib.Path or str
        A SQLite file, which is created if it is missing, or the URL of a database.

    Raises
    ------
    StoreError
        If it cannot be opened; so do the methods where it cannot be read or written.
    SettingsError
        If the URL is none, or its driver is not installed.

    Notes
    -----
    Several processes may write at once: those that add to one conversation take turns, so that the numbers of its
    exchanges are in the order in which they were kept.
    """

    def __init__(self, where: Path | str) -> None:
        self._database = Database(where)

    @property
    def place(self) -> str:
        """The file, or the address of the database without user and password."""
        return self._database.name

    @property
    def is_shared(self) -> bool:
        """Whether other machines may use them too."""
        return self._database.is_shared

    def begin(self) -> int:
        """Begin a conversation of the user who is logged in, and return its id."""
        row = insert(CONVERSATIONS).values(began_s=time.time(), owner=_user()).returning(CONVERSATIONS.c.id)
        with self._database.writing() as connection:
            return int(connection.execute(row).scalar_one())

    def last(self) -> int | None:
        """Return the id of this user's conversation with the latest exchange, or None."""
        query = (
            select(EXCHANGES.c.conversation_id)
            .join(CONVERSATIONS, CONVERSATIONS.c.id == EXCHANGES.c.conversation_id)
            .where(CONVERSATIONS.c.owner.in_({_user(), ""}))  # a file of an earlier version says nothing of owners
            .order_by(EXCHANGES.c.id.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else int(found)

    def add(self, conversation_id: int, question: str, answer: Answer) -> int:
        """Keep an exchange, the question as typed and the whole answer, and return its id."""
        with self._database.writing() as connection:
            mine = select(CONVERSATIONS.c.id).where(CONVERSATIONS.c.id == conversation_id)
            connection.execute(mine.with_for_update())
            return _add(connection, conversation_id, question, answer.question, json.dumps(answer.to_json()))

    def last_exchange(self, conversation_id: int) -> int | None:
        """Return the id of the latest exchange of a conversation, or None."""
        query = select(func.max(EXCHANGES.c.id)).where(EXCHANGES.c.conversation_id == conversation_id)
        with self._database.reading() as connection:
            found = connection.execute(query).scalar()
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
        with self._database.writing() as connection:
            rated = select(EXCHANGES.c.id).where(EXCHANGES.c.id == exchange_id).with_for_update()
            if connection.execute(rated).scalar() is None:
                msg = f"exchange_id must be that of an exchange that was kept; got {exchange_id!r}."
                raise InvalidInputError(msg)
            _rate(connection, exchange_id, rating, why)

    def add_rated(self, answer: Answer, rating: str, why: str = "") -> int:
        """Keep an answer that belongs to no conversation, with its rating, and return the id of the exchange."""
        _check_rating(rating)
        with self._database.writing() as connection:
            return _add_rated(connection, json.dumps(answer.to_json()), rating, why)

    def keep_recent(self, answer_id: str, answer: Answer) -> None:
        """Keep an answer for a quarter of an hour: whoever shares the database can rate it by its id."""
        now = time.time()
        old = select(RECENT.c.id).where(RECENT.c.answered_s < now - _RECENT_S).with_for_update(skip_locked=True)
        with self._database.writing() as connection:
            connection.execute(delete(RECENT).where(RECENT.c.id.in_(old)))
            connection.execute(delete(RECENT).where(RECENT.c.id == answer_id))
            kept = json.dumps(answer.to_json())
            connection.execute(insert(RECENT).values(id=answer_id, answered_s=now, answer=kept))

    def rate_recent(self, answer_id: str, rating: str, why: str = "") -> int | None:
        """Keep an answer of the last quarter of an hour with its rating; return its exchange's id, None without one."""
        _check_rating(rating)
        with self._database.writing() as connection:
            found = connection.execute(select(RECENT.c.answer).where(RECENT.c.id == answer_id)).scalar()
            return None if found is None else _add_rated(connection, found, rating, why)

    def rated(self) -> list[RatedExchange]:
        """Return the exchanges that were rated, in the order of their ratings."""
        query = (
            select(FEEDBACK, EXCHANGES.c.question, EXCHANGES.c.answer)
            .join(EXCHANGES, EXCHANGES.c.id == FEEDBACK.c.exchange_id)
            .order_by(FEEDBACK.c.rated_s, FEEDBACK.c.exchange_id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [
            RatedExchange(row.exchange_id, row.rating, row.why, row.rated_s, row.question, json.loads(row.answer))
            for row in rows
        ]

    def messages(self, conversation_id: int) -> list[Message]:
        """Return a conversation as messages, oldest first; questions in their standalone form."""
        query = (
            select(EXCHANGES.c.standalone, EXCHANGES.c.answer)
            .where(EXCHANGES.c.conversation_id == conversation_id)
            .order_by(EXCHANGES.c.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [
            message
            for row in rows
            for message in (Message("user", row.standalone), Message("assistant", json.loads(row.answer)["answer"]))
        ]

    def forget(self, sources: set[str], texts: Finder) -> int:
        """Delete the exchanges that rest on sources or hold their texts, with their ratings; return their number.

        It looks again until there are none: another process may add one meanwhile. Answers that are kept for their
        rating go all.

        Parameters
        ----------
        sources : set of str
            Names. An exchange goes with its question if one of them was quoted or looked at.
        texts : Finder
            Finds what was in them.
        """
        n_forgotten = 0
        while ids := list(self._resting_on(sources, texts)):
            with self._database.writing() as connection:
                _delete(connection, ids)
            n_forgotten += len(ids)
        with self._database.writing() as connection:
            connection.execute(delete(RECENT))
        self._database.shrink()
        return n_forgotten

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _resting_on(self, sources: set[str], texts: Finder) -> Iterator[int]:
        said = (func.coalesce(FEEDBACK.c.why, ""), EXCHANGES.c.question, EXCHANGES.c.standalone, EXCHANGES.c.answer)
        query = select(EXCHANGES.c.id, *said).outerjoin(FEEDBACK, FEEDBACK.c.exchange_id == EXCHANGES.c.id)
        with self._database.reading() as connection:
            for number, *texts_kept in connection.execution_options(yield_per=_BATCH).execute(query):
                if _rests_on(texts_kept[-1], sources) or texts.find("\n".join(texts_kept).encode()):
                    yield number


def _add(connection: Connection, conversation_id: int, question: str, standalone: str, answer: str) -> int:
    row = {
        "conversation_id": conversation_id,
        "asked_s": time.time(),
        "question": _storable(question),
        "standalone": _storable(standalone),
        "answer": answer,
    }
    return int(connection.execute(insert(EXCHANGES).values(row).returning(EXCHANGES.c.id)).scalar_one())


def _rate(connection: Connection, exchange_id: int, rating: str, why: str) -> None:
    """Rate an exchange that nobody else can rate meanwhile."""
    connection.execute(delete(FEEDBACK).where(FEEDBACK.c.exchange_id == exchange_id))
    row = {"exchange_id": exchange_id, "rating": rating, "why": _storable(why.strip()), "rated_s": time.time()}
    connection.execute(insert(FEEDBACK).values(row))


def _add_rated(connection: Connection, answer: str, rating: str, why: str) -> int:
    question = json.loads(answer)["question"]
    exchange_id = _add(connection, _NO_CONVERSATION, question, question, answer)
    _rate(connection, exchange_id, rating, why)
    return exchange_id


def _delete(connection: Connection, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), _BATCH):
        some = ids[start : start + _BATCH]
        connection.execute(delete(FEEDBACK).where(FEEDBACK.c.exchange_id.in_(some)))
        connection.execute(delete(EXCHANGES).where(EXCHANGES.c.id.in_(some)))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have a number alone
        return ""


def _storable(text: str) -> str:
    """Return a text without what PostgreSQL has no place for, and without halves of characters."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _check_rating(rating: str) -> None:
    if rating not in RATINGS:
        msg = f"rating must be {' or '.join(RATINGS)}; got {rating!r}."
        raise InvalidInputError(msg)


def _rests_on(answer: str, sources: set[str]) -> bool:
    kept = json.loads(answer)
    places = [place for key in ("citations", "retrieved") for place in kept[key]]
    return any(p["source"] in sources for place in places for p in (place, *place.get("also_in", ())))
