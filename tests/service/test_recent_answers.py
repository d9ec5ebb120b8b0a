"""Ratings of answers: at the service that gave them, and at another that shares its database."""

from __future__ import annotations

import logging
from contextlib import closing

import httpx
import pytest
from support.answers import app_on
from support.chroma_server import free_port
from support.service import running

from rag_app.chains.conversations import Conversations
from rag_app.errors import InvalidInputError
from rag_app.service.recent_answers import RecentAnswers
from rag_app.settings import Settings
from rag_app.tool_calls import ToolCall
from rag_app.types import Answer

QUESTION = "What is mode collapse?"


def test_an_answer_is_rated_at_another_replica(course_dir, postgres):
    """Also when the one that gave it is no more; what nobody gave is not found."""
    url = postgres.url(postgres.new_database())
    with running(app_on(course_dir, database_url=url)) as other:
        with running(app_on(course_dir, database_url=url)) as one:
            answers = [httpx.post(f"{one}/ask", json={"question": QUESTION}).json() for _ in range(2)]
            rating = {"id": answers[0]["id"], "rating": "bad", "why": "at the other"}
            assert httpx.post(f"{other}/feedback", json=rating).json() == {"status": "kept"}
        rating = {"id": answers[1]["id"], "rating": "good"}
        assert httpx.post(f"{other}/feedback", json=rating).json() == {"status": "kept"}
        assert httpx.post(f"{other}/feedback", json=rating | {"id": "unknown"}).status_code == 404
    with closing(Conversations(url)) as kept:
        rated = kept.rated()
    assert [(r.rating, r.why, r.question) for r in rated] == [("bad", "at the other", QUESTION), ("good", "", QUESTION)]
    assert rated[0].answer["citations"] == answers[0]["citations"] != []


def test_answers_do_not_wait_for_a_database_that_is_away(course_dir, caplog):
    """The log says so once; a rating is refused with the reason, without the password."""
    secret = "s3cret-of-the-database"
    url = f"postgresql://ann:{secret}@127.0.0.1:{free_port()}/talk"
    with caplog.at_level(logging.WARNING, "rag_app.service"), running(app_on(course_dir, database_url=url)) as service:
        answers = [httpx.post(f"{service}/ask", json={"question": QUESTION}) for _ in range(2)]
        refused = httpx.post(f"{service}/feedback", json={"id": answers[0].json()["id"], "rating": "good"})
    assert [answer.json()["answered"] for answer in answers] == [True, True]
    assert caplog.text.count("Answers cannot be rated at other replicas for 30 s: The database postgresql://") == 1
    assert refused.status_code == 503
    assert "Connection refused" in refused.json()["detail"]
    assert secret not in caplog.text + refused.text


def test_without_a_shared_database_the_last_thousand_are_known(tmp_path):
    """The one before them is not; nothing is written until one is rated."""
    recent = RecentAnswers(Settings.load(environ={}, data_dir=tmp_path / "data"))
    for i in range(1_001):
        recent.keep(str(i), Answer(f"q{i}"))
    assert not recent.rate("0", "good", "")
    assert not (tmp_path / "data").exists()
    with pytest.raises(InvalidInputError):
        recent.rate("1", "fine", "")
    assert recent.rate("1", "good", "why")
    recent.close()
    with closing(Conversations(tmp_path / "data" / "conversations.sqlite")) as kept:
        assert [r.question for r in kept.rated()] == ["q1"]


def test_long_answers_take_the_place_of_many(tmp_path):
    """Twenty million characters are kept, results of tools included, an id once; what is longer by itself is not."""

    def computed(n_characters: int) -> Answer:
        return Answer("identity matrix", tool_calls=(ToolCall("identity", {}, "1" * n_characters),))

    recent = RecentAnswers(Settings.load(environ={}, data_dir=tmp_path / "data"))
    for name in "0123456777":
        recent.keep(name, computed(3_000_000))
    recent.keep("too long", computed(20_000_000))
    kept = [name for name in (*map(str, range(8)), "too long") if recent.rate(name, "good", "")]
    recent.close()
    assert kept == ["2", "3", "4", "5", "6", "7"]
