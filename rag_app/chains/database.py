"""The database that conversations are kept in: a SQLite file of one's own, or PostgreSQL for several machines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from rag_app.chains.tables import are_there, create
from rag_app.errors import MissingExtraError, SettingsError, StoreError

_WAIT_S = 10  # for another writer, or for a connection to be free
_CONNECT_S = 5  # for each address of the server
_STATEMENT_S = 30
_RECYCLE_S = 1800  # what stands between may close connections that are idle
_BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": f"SET LOCAL statement_timeout = {_STATEMENT_S * 1000}"}
_POOL = {
    "pool_size": 2,
    "max_overflow": 8,
    "pool_timeout": _WAIT_S,
    "pool_recycle": _RECYCLE_S,
    "pool_pre_ping": True,
}
_CONNECTION = {
    "connect_timeout": _CONNECT_S,
    "tcp_user_timeout": _STATEMENT_S * 1000,  # a server that is switched off is noticed
    "application_name": "rag_app",
    "prepare_threshold": None,  # a pool of connections in between may know nothing of prepared statements
}
_PREFIX = re.compile(r"^.*(?:failed:|FATAL:)\s+")  # libpq repeats host, port and user before it says what is wrong


class Database:
    """Conversations' tables in a database, and transactions on them.

    Parameters
    ----------
    where : pathlib.Path or str
        A SQLite file, which is created if it is missing, or a URL.

    Raises
    ------
    StoreError
        If it cannot be opened; so do the methods where it cannot be read or written.
    SettingsError
        If the URL is none, or its driver is not installed.

    Notes
    -----
    SQLite is opened anew for each transaction. PostgreSQL has two connections at hand and ten at most; each is tried
    before it is used, so that a server which was started anew is not noticed.
    """

    def __init__(self, where: Path | str) -> None:
        url = URL.create("sqlite", database=str(where)) if isinstance(where, Path) else _read_url(where)
        self.url = url
        setting, what = ("RAG_DATA_DIR", "folder") if isinstance(where, Path) else ("RAG_DATABASE_URL", "file")
        self._file_hint = f"Set {setting} to a {what} of your own."
        with self._translated():
            if url.database and url.drivername == "sqlite" and "uri" not in url.query:  # which is an address, no path
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine = _load_engine(url)
        try:
            with self.reading() as connection:
                is_ready = are_there(connection)
            if not is_ready:
                with self.writing() as connection:
                    create(connection)
        except StoreError:
            self.close()
            raise

    @property
    def is_shared(self) -> bool:
        """Whether other machines may use it too."""
        return self.url.drivername != "sqlite"

    @property
    def name(self) -> str:
        """What it is called in messages: without user and password."""
        if not self.is_shared:
            return str(self.url.database)
        return self.url._replace(drivername="postgresql", username=None, password=None, query={}).render_as_string()  # type: ignore[arg-type]  # an empty query

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection to read with."""
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes are all made at the end, or none."""
        with self._translated(), self._engine.connect() as connection:
            connection.exec_driver_sql(_BEGIN[connection.dialect.name])
            yield connection
            connection.commit()

    def shrink(self) -> None:
        """Write a SQLite file anew, without what was deleted. A server's files are its own affair."""
        if not self.is_shared:
            with self.reading() as connection:
                connection.exec_driver_sql("VACUUM")

    def close(self) -> None:
        """Close what is open."""
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OSError, SQLAlchemyError) as exc:
            reason = _reason(exc, str(self.url.password or ""))
            if not self.is_shared:
                msg = f"The conversations in {self.name} cannot be opened: {reason}."
                raise StoreError(msg, hint=self._file_hint) from exc
            msg = f"The database {self.name} cannot be used: {reason}."
            # What SQLAlchemy raises has statements and their values, which are questions and answers, in its text.
            raise StoreError(msg, hint=_hint(reason)) from None


def _read_url(text: str) -> URL:
    try:
        url = make_url(text)
    except (SQLAlchemyError, ValueError):  # a port that is no number
        url = None
    if url is None or not url.database or "@" in (url.host or ""):
        msg = "RAG_DATABASE_URL must be an address such as postgresql+psycopg://USER:PASSWORD@HOST/NAME; it is not."
        hint = "Write what is not a letter or a digit in name and password as %XX, such as %40 for @."
        raise SettingsError(msg, hint=hint)
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _load_engine(url: URL) -> Engine:
    given: dict[str, Any]
    if url.drivername == "sqlite":
        # Transactions are begun by `Database.writing`: the module sqlite3 would begin them late.
        given = {"timeout": _WAIT_S, "isolation_level": None}
        return create_engine(url, poolclass=NullPool, connect_args=given, hide_parameters=True)
    given = {key: value for key, value in _CONNECTION.items() if key not in url.query}
    try:
        return create_engine(url, connect_args=given, hide_parameters=True, **_POOL)
    except ImportError as exc:
        feature, package = "RAG_DATABASE_URL with PostgreSQL", "rag-app[postgres]"
        raise MissingExtraError(feature, package) from exc


def _reason(exc: Exception, password: str) -> str:
    """Return what is wrong, in the driver's words, as a part of a sentence."""
    cause = exc.orig if isinstance(exc, DBAPIError) and exc.orig is not None else exc
    line = next((line for line in str(cause).splitlines() if line.strip()), type(cause).__name__)
    text = _PREFIX.sub("", line).strip().rstrip(".")
    return text.replace(password, "…") if password else text


def _hint(reason: str) -> str:
    if "permission denied" in reason:
        return "Grant its user CREATE on the schema, or let a user who may run: rag feedback list"
    return "Check RAG_DATABASE_URL, and that the server runs."
