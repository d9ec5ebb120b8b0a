"""The tables of conversations and feedback, and how a database comes to have them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    inspect,
    select,
)

_METADATA = MetaData()
_KEY = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts rows by a key of this type alone
_ADD_OWNER = "ALTER TABLE conversations ADD COLUMN owner TEXT NOT NULL DEFAULT ''"
_LOCK = 0x7261675F617070  # of our own among the locks of a PostgreSQL database

CONVERSATIONS = Table(
    "conversations",
    _METADATA,
    Column("id", _KEY, primary_key=True),
    Column("began_s", Double, nullable=False),
    Column("owner", Text, nullable=False, server_default=""),
)
EXCHANGES = Table(
    "exchanges",
    _METADATA,
    Column("id", _KEY, primary_key=True),
    Column("conversation_id", _KEY, nullable=False),  # 0: of none
    Column("asked_s", Double, nullable=False),
    Column("question", Text, nullable=False),
    Column("standalone", Text, nullable=False),
    Column("answer", Text, nullable=False),  # JSON
    Index("exchanges_conversation", "conversation_id", "id"),
)
FEEDBACK = Table(
    "feedback",
    _METADATA,
    Column("exchange_id", _KEY, primary_key=True, autoincrement=False),
    Column("rating", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("rated_s", Double, nullable=False),
)
RECENT = Table(
    "recent_answers",
    _METADATA,
    Column("id", Text, primary_key=True),
    Column("answered_s", Double, nullable=False, index=True),
    Column("answer", Text, nullable=False),  # JSON
)


def are_there(connection: Connection) -> bool:
    """Return whether a database has the tables, as this version of the program has them."""
    inspector = inspect(connection)
    return set(_METADATA.tables) <= set(inspector.get_table_names()) and _has_owner(connection)


def create(connection: Connection) -> None:
    """Create what is missing; what there is stays as it is, that of an earlier version too.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction. Where another process does the same, one waits for the other.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    _METADATA.create_all(connection)
    if not _has_owner(connection):
        connection.exec_driver_sql(_ADD_OWNER)


def _has_owner(connection: Connection) -> bool:
    return any(column["name"] == "owner" for column in inspect(connection).get_columns("conversations"))
