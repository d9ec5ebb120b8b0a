"""Conversations and ratings in PostgreSQL, as a user meets them."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from support.chroma_server import free_port
from support.command_line import CommandLine
from support.postgres import ESCAPED, PASSWORD, Server

from rag_app.chains.conversations import Conversations

CHAT = "What dims the lamp?\n/good\nWho is the keeper?\n"
SECRET = "s3cret-of-the-database"


def test_a_conversation_is_kept_rated_and_gone_on_with(rag_on_notes: CommandLine, postgres: Server) -> None:
    """In the database; no file is made, and no password is shown."""
    env = {"RAG_DATABASE_URL": postgres.url(postgres.new_database())}
    first = rag_on_notes.inside("chat", stdin=CHAT, env=env)
    second = rag_on_notes.inside("chat", "--continue", stdin="/bad the surname is missing\n", env=env)
    assert (first.code, second.code) == (0, 0)
    assert "> Who is the keeper?\nThe keeper of the lighthouse is Ann. [1]" in second.out
    rated = json.loads(rag_on_notes.inside("feedback", "list", "--json", env=env).out)
    assert [(r["rating"], r["why"]) for r in rated] == [("good", ""), ("bad", "the surname is missing")]
    assert not (rag_on_notes.data_dir / "conversations.sqlite").exists()
    doctor = rag_on_notes.inside("doctor", env=env)
    assert f"in postgresql://127.0.0.1:{postgres.port}/kept_" in doctor.out.replace("\n", "")
    assert not any(secret in doctor.out + first.out + second.out for secret in (PASSWORD, ESCAPED))


def test_a_forgotten_source_is_forgotten_in_the_database_too(rag_on_notes: CommandLine, postgres: Server) -> None:
    """And in the file from before the database was named; what cannot be looked into is said."""
    url = postgres.url(postgres.new_database())
    rag_on_notes.inside("chat", stdin=CHAT)
    rag_on_notes.inside("chat", stdin=CHAT, env={"RAG_DATABASE_URL": url})
    done = rag_on_notes.inside("index", "forget", "lighthouse.md", env={"RAG_DATABASE_URL": url})
    assert done.code == 0
    assert "deleted from the conversations: exchanges 4\n" in done.out
    assert "The files of the conversations' database cannot be looked into; its rows are deleted.\n" in done.out
    for where in (url, rag_on_notes.data_dir / "conversations.sqlite"):
        with closing(Conversations(where)) as kept:
            assert (kept.last(), kept.rated()) == (None, [])


@pytest.mark.parametrize("command", [["chat"], ["feedback", "list"], ["index", "forget", "lighthouse.md"], ["serve"]])
def test_a_database_that_is_away_is_one_sentence(rag_on_notes: CommandLine, command: list[str]) -> None:
    """Before anything is done, and without the password."""
    port = free_port()
    done = rag_on_notes.inside(*command, env={"RAG_DATABASE_URL": f"postgresql://ann:{SECRET}@127.0.0.1:{port}/talk"})
    assert done.code == 2
    assert done.out == ""
    assert done.err == (
        f"rag: The database postgresql://127.0.0.1:{port}/talk cannot be used: Connection refused. "
        "Check RAG_DATABASE_URL, and that the server runs.\n"
    )
    assert "lighthouse.md" in rag_on_notes.inside("index", "status").out
