"""The database of the conversations: opened, shared by processes, lost and found again, and refused."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import traceback
from contextlib import closing

import pytest
from support.chroma_server import free_port
from support.postgres import PASSWORD

from rag_app.chains.conversations import Conversations, load_conversations, open_conversations
from rag_app.chains.database import Database
from rag_app.errors import MissingExtraError, SettingsError, StoreError
from rag_app.settings import Settings
from rag_app.types import Answer

SECRET = "s3cret-of-the-database"
EARLIER = """
CREATE TABLE IF NOT EXISTS conversations (id INTEGER PRIMARY KEY, began_s REAL NOT NULL);
CREATE TABLE IF NOT EXISTS exchanges (
    id INTEGER PRIMARY KEY, conversation_id INTEGER NOT NULL REFERENCES conversations (id),
    asked_s REAL NOT NULL, question TEXT NOT NULL, standalone TEXT NOT NULL, answer TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS feedback (
    exchange_id INTEGER PRIMARY KEY REFERENCES exchanges (id),
    rating TEXT NOT NULL, why TEXT NOT NULL, rated_s REAL NOT NULL
);
INSERT INTO conversations VALUES (1, 10.5), (2, 11.5);
INSERT INTO exchanges VALUES
    (1, 1, 12.5, 'And why?', 'Why is it so?', '{"question": "Why is it so?", "answer": "So.", "citations": []}'),
    (2, 2, 13.5, 'Who?', 'Who?', '{"question": "Who?", "answer": "Ann.", "citations": []}'),
    (3, 0, 14.5, 'What?', 'What?', '{"question": "What?", "answer": "日本語", "citations": []}');
INSERT INTO feedback VALUES (3, 'good', 'clear', 15.5), (1, 'bad', '', 16.5);
"""
WRITER = """
import sys
from pathlib import Path
from rag_app.chains.conversations import Conversations
from rag_app.types import Answer
where, name, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
kept = Conversations(where if "://" in where else Path(where))
print("open", flush=True)
conversation = int(sys.stdin.readline())
for i in range(n):
    exchange = kept.add(conversation, f"{name}-{i}", Answer(f"{name}-{i}", text="so"))
    kept.rate(exchange, "good", name)
    kept.rate(1, "bad", f"{name}-{i}")
kept.close()
"""
N_WRITERS, N_EXCHANGES = 3, 12


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """A file, or the URL of an empty database."""
    if request.param == "sqlite":
        return tmp_path / "conversations.sqlite"
    server = request.getfixturevalue("postgres")
    return server.url(server.new_database())


def said_of(error):
    """Return everything that a terminal or a log would show of an error."""
    return f"{error} {error!r} {error.hint} {''.join(traceback.format_exception(error))}"


# -- many processes ----------------------------------------------------------------------------------------------------


def _tell(writers, ready, line):
    """Wait until all are ready, then tell them all."""
    for writer in writers:
        assert writer.stdout.readline() == f"{ready}\n"
    for writer in writers:
        writer.stdin.write(f"{line}\n")
        writer.stdin.flush()


def test_processes_that_begin_at_once_lose_nothing_and_keep_the_order(where):
    """They create the tables, add to one conversation and rate one answer together; every exchange is there once."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", WRITER, str(where)]
    writers = [subprocess.Popen([*command, f"w{i}", str(N_EXCHANGES)], **pipes) for i in range(N_WRITERS)]
    _tell(writers, "ready", "go")
    with closing(Conversations(where)) as kept:
        conversation = kept.begin()
        _tell(writers, "open", conversation)
        assert [(writer.communicate(timeout=60)[1], writer.returncode) for writer in writers] == [("", 0)] * N_WRITERS
        asked = [message.text for message in kept.messages(conversation) if message.role == "user"]
        rated = kept.rated()
        with kept._database.reading() as connection:
            rows = connection.exec_driver_sql("SELECT id, asked_s FROM exchanges ORDER BY id").all()
    assert len(asked) == len(set(asked)) == len(rated) == N_WRITERS * N_EXCHANGES
    for i in range(N_WRITERS):
        assert [text for text in asked if text.startswith(f"w{i}-")] == [f"w{i}-{n}" for n in range(N_EXCHANGES)]
    assert [row.asked_s for row in rows] == sorted(row.asked_s for row in rows)
    assert {r.rating for r in rated if r.id == rows[0].id} == {"bad"}


def test_a_conversation_is_continued_by_its_user_alone(where, monkeypatch):
    """Whoever shares the database has conversations of their own."""
    with closing(Conversations(where)) as kept:
        monkeypatch.setenv("LOGNAME", "ann")
        of_ann = kept.begin()
        kept.add(of_ann, "a", Answer("a"))
        monkeypatch.setenv("LOGNAME", "bob")
        assert kept.last() is None
        of_bob = kept.begin()
        kept.add(of_bob, "b", Answer("b"))
        kept.add(of_ann, "c", Answer("c"))
        assert kept.last() == of_bob
        monkeypatch.setenv("LOGNAME", "ann")
        assert kept.last() == of_ann


def test_recent_answers_are_rated_by_whoever_shares_the_database(where):
    """By the id of their request, once known, for a quarter of an hour."""
    with closing(Conversations(where)) as one, closing(Conversations(where)) as other:
        one.keep_recent("r1", Answer("old", text="so"))
        one.keep_recent("r1", Answer("new", text="so"))
        assert other.rate_recent("r2", "good") is None
        assert other.rate_recent("r1", "good", "clear") is not None
        assert [(r.question, r.why) for r in one.rated()] == [("new", "clear")]
        with one._database.writing() as connection:
            connection.exec_driver_sql("UPDATE recent_answers SET answered_s = answered_s - 1000")
        one.keep_recent("r3", Answer("later"))
        assert other.rate_recent("r1", "good") is None
        assert other.rate_recent("r3", "bad") is not None


def test_what_no_database_has_a_place_for_is_replaced(where):
    """A zero byte, and half of a character, which a terminal may give."""
    with closing(Conversations(where)) as kept:
        conversation = kept.begin()
        kept.rate(kept.add(conversation, "a\0b", Answer("half \ud800", text="\ud800\0")), "bad", "c\0d")
        assert [m.text for m in kept.messages(conversation)] == ["half ?", "\ud800\0"]
        assert [(r.question, r.why) for r in kept.rated()] == [
            ("a\N{REPLACEMENT CHARACTER}b", "c\N{REPLACEMENT CHARACTER}d")
        ]


# -- files of an earlier version ---------------------------------------------------------------------------------------


def test_a_file_of_an_earlier_version_goes_on(tmp_path):
    """Nothing of it is lost, it takes what is new, and the earlier version can still write to it."""
    path = tmp_path / "conversations.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(EARLIER)
        before = [db.execute(f"SELECT * FROM {name}").fetchall() for name in ("exchanges", "feedback")]
    with closing(Conversations(path)) as kept:
        assert kept.last() == 2
        assert [m.text for m in kept.messages(1)] == ["Why is it so?", "So."]
        assert [(r.id, r.rating, r.why, r.answer["answer"]) for r in kept.rated()] == [
            (3, "good", "clear", "日本語"),
            (1, "bad", "", "So."),
        ]
        kept.keep_recent("r1", Answer("q"))
    with closing(sqlite3.connect(path)) as db:
        after = [db.execute(f"SELECT * FROM {name}").fetchall() for name in ("exchanges", "feedback")]
        assert after == before
        assert db.execute("SELECT id, began_s, owner FROM conversations").fetchall() == [(1, 10.5, ""), (2, 11.5, "")]
        db.execute("INSERT INTO conversations (began_s) VALUES (?)", (17.5,))
        db.commit()
    with closing(Conversations(path)) as kept:
        assert kept.begin() == 4
        assert kept.add(3, "q", Answer("q")) == 4
        assert kept.last() == 3


def test_a_file_that_cannot_be_written_to_can_be_read(tmp_path, monkeypatch):
    """As long as it has what this version reads; no folder is made of its address."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "conversations.sqlite"
    with closing(Conversations(path)) as kept:
        kept.add(kept.begin(), "a", Answer("a"))
    with closing(Database(f"sqlite:///file:{path}?mode=ro&uri=true")) as database, database.reading() as connection:
        assert connection.exec_driver_sql("SELECT question FROM exchanges").all() == [("a",)]
    assert not (tmp_path / "file:").exists()


def test_both_places_are_open_where_a_database_was_named_later(tmp_path, postgres):
    """The file from before it comes first, and is not made where there is none."""
    url = postgres.url(postgres.new_database())
    settings = Settings.load(environ={}, data_dir=tmp_path, database_url=url)
    with open_conversations(settings) as found:
        assert [kept.is_shared for kept in found] == [True]
    Conversations(tmp_path / "conversations.sqlite").close()
    with open_conversations(settings) as found:
        assert [kept.is_shared for kept in found] == [False, True]
    with open_conversations(Settings.load(environ={}, data_dir=tmp_path / "new")) as found:
        assert found == []
    assert not (tmp_path / "new").exists()


def test_a_file_may_be_named_by_a_url(tmp_path):
    """It is opened in its place, and made with its folder."""
    settings = Settings.load(environ={}, data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/other/talk.sqlite")
    with closing(load_conversations(settings)) as kept:
        assert (kept.place, kept.is_shared) == (f"{tmp_path}/other/talk.sqlite", False)
    assert (tmp_path / "other" / "talk.sqlite").is_file()


# -- a server that goes away -------------------------------------------------------------------------------------------


def test_a_server_that_was_started_anew_is_not_noticed(postgres):
    """Connections that broke meanwhile are replaced; while it is away, the message says so."""
    with closing(Conversations(postgres.url(postgres.new_database()))) as kept:
        conversation = kept.begin()
        kept.add(conversation, "a", Answer("a"))
        postgres.stop()
        try:
            with pytest.raises(StoreError, match=r"^The database postgresql://127\.0\.0\.1:\d+/\w+ cannot be used: "):
                kept.add(conversation, "b", Answer("b"))
        finally:
            postgres.start()
        kept.add(conversation, "c", Answer("c"))
        assert [m.text for m in kept.messages(conversation) if m.role == "user"] == ["a", "c"]


def _write_while_cut_off(database, postgres):
    with database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO conversations (began_s) VALUES (1)")
        (number,) = connection.exec_driver_sql("SELECT pg_backend_pid()").one()
        postgres.execute(f"SELECT pg_terminate_backend({number})")
        connection.exec_driver_sql("INSERT INTO conversations (began_s) VALUES (2)")


def test_a_connection_that_is_cut_off_in_a_transaction_keeps_nothing_of_it(postgres):
    """The error is that of the database, and the next use has another connection."""
    with closing(Database(postgres.url(postgres.new_database()))) as database:
        with pytest.raises(StoreError, match="cannot be used"):
            _write_while_cut_off(database, postgres)
        with database.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM conversations").scalar() == 0


# -- what users get wrong ----------------------------------------------------------------------------------------------


def test_a_refused_password_is_one_sentence_without_it(postgres):
    """Neither message, hint, representation nor traceback has a password, right or wrong."""
    with pytest.raises(StoreError) as caught:
        Conversations(postgres.url(password=SECRET))
    place = f"postgresql://127.0.0.1:{postgres.port}/postgres"
    assert str(caught.value) == (
        f'The database {place} cannot be used: password authentication failed for user "keeper". '
        "Check RAG_DATABASE_URL, and that the server runs."
    )
    assert SECRET not in said_of(caught.value)


def test_a_database_that_does_not_exist_is_named(postgres):
    """As the server says it."""
    with pytest.raises(StoreError, match=r'cannot be used: database "nowhere" does not exist\. Check') as caught:
        Conversations(postgres.url("nowhere"))
    assert PASSWORD not in said_of(caught.value)


def test_a_user_without_rights_is_told_what_to_grant(postgres):
    """The tables cannot be made; once somebody else has made them, using them is enough."""
    name = postgres.new_database()
    role = f"{name}_reader"
    postgres.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'")
    url = postgres.url(name, role, SECRET)
    with pytest.raises(StoreError) as caught:
        Conversations(url)
    assert str(caught.value) == (
        f"The database postgresql://127.0.0.1:{postgres.port}/{name} cannot be used: "
        "permission denied for schema public. "
        "Grant its user CREATE on the schema, or let a user who may run: rag feedback list"
    )
    Conversations(postgres.url(name)).close()
    postgres.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}", name)
    postgres.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}", name)
    with closing(Conversations(url)) as kept:
        kept.rate(kept.add(kept.begin(), "a", Answer("a")), "good")
        assert len(kept.rated()) == 1


@pytest.mark.parametrize(
    ("host", "reason"), [("127.0.0.1:{port}", "Connection refused"), ("localhost:{port}", "Connection refused")]
)
def test_a_server_that_is_not_there_is_one_sentence(host, reason):
    """With the address without user and password, at once."""
    host = host.format(port=free_port())
    with pytest.raises(StoreError) as caught:
        Conversations(f"postgresql+psycopg://ann:{SECRET}@{host}/talk?sslmode=disable")
    assert str(caught.value) == (
        f"The database postgresql://{host}/talk cannot be used: {reason}. "
        "Check RAG_DATABASE_URL, and that the server runs."
    )
    assert SECRET not in said_of(caught.value)


def test_a_server_that_is_none_of_postgresql_is_one_sentence():
    """A port where something else listens, and never answers, is given up after a few seconds."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://ann:{SECRET}@127.0.0.1:{silent.getsockname()[1]}/talk?connect_timeout=2"
        with pytest.raises(StoreError, match=r"cannot be used: connection timeout expired\. Check") as caught:
            Conversations(url)
    assert SECRET not in said_of(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ann:{SECRET}@host:port/talk",
        f"postgresql://ann:{SECRET}",
        f"postgresql://ann:{SECRET}@host",
        f"postgresql://ann:half@{SECRET}@host/talk",
        f"postgresql+psycopg://{SECRET}",
        "sqlite://",
    ],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(url):
    """What stands where the password should stand is not known: nothing of it is shown."""
    rule = "RAG_DATABASE_URL must be an address such as postgresql+psycopg://USER:PASSWORD@HOST/NAME; it is not. "
    with pytest.raises(SettingsError, match=f"^{re.escape(rule)}") as caught:
        Conversations(url)
    assert SECRET not in said_of(caught.value)


@pytest.mark.parametrize(
    ("url", "got"),
    [
        (f"mysql://ann:{SECRET}@host/talk", "mysql://…"),
        (f"postgresql+psycopg2://ann:{SECRET}@host/talk", "postgresql+psycopg2://…"),
        (f"ann:{SECRET}@host/talk", "something else"),
        (f"{SECRET}://x", "something else"),
    ],
)
def test_a_database_of_another_kind_is_refused_by_the_settings(url, got):
    """With what would be right."""
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ={"RAG_DATABASE_URL": url})
    assert str(caught.value) == (
        f"RAG_DATABASE_URL must be sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME; got {got}."
    )
    assert SECRET not in said_of(caught.value)


def test_the_settings_do_not_show_the_address():
    """Wherever they are printed or logged."""
    settings = Settings.load(environ={}, database_url=f"postgresql://ann:{SECRET}@host/talk")
    assert SECRET not in f"{settings} {settings!r}"


def test_a_missing_driver_is_named():
    """With what to install; nothing else is said of the address."""
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from rag_app.chains.conversations import Conversations\n"
        "from rag_app.errors import MissingExtraError\n"
        "try: Conversations(sys.argv[1])\n"
        "except MissingExtraError as exc: print(exc)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, f"postgresql://ann:{SECRET}@host/talk"], capture_output=True, text=True, check=True
    )
    assert issubclass(MissingExtraError, SettingsError)
    assert done.stdout == (
        'RAG_DATABASE_URL with PostgreSQL needs the package rag-app[postgres]. Run: pip install "rag-app[postgres]"\n'
    )
