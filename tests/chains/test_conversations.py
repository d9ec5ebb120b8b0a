"""Conversations in a SQLite file and in PostgreSQL: every behaviour is that of both."""

from __future__ import annotations

import json
import re
import sqlite3

import pytest

from rag_app.chains.conversations import Conversations
from rag_app.chains.messages import Message
from rag_app.errors import InvalidInputError, StoreError
from rag_app.index.traces import Finder
from rag_app.locator import Locator
from rag_app.types import Answer, Citation, Passage

CITED = Answer(
    "How is mode collapse avoided?",
    text="By “minibatch discrimination” [1].\nUnd mehr: 日本語.",
    citations=(Citation("09-gans.md", "abc", 1, 5, "mini", Locator(("GANs",), line=3)),),
    usage={"input_tokens": 3},
    timings_s={"read": 0.123456},
    notes=("A note.",),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """A file in a folder that does not exist yet, or the URL of an empty database."""
    if request.param == "sqlite":
        return tmp_path / "deep" / "conversations.sqlite"
    server = request.getfixturevalue("postgres")
    return server.url(server.new_database())


@pytest.fixture
def kept(where):
    """An empty store."""
    made = Conversations(where)
    yield made
    made.close()


@pytest.fixture
def kept_in_file(tmp_path):
    """An empty store in a file."""
    made = Conversations(tmp_path / "deep" / "conversations.sqlite")
    yield made
    made.close()


def test_an_exchange_is_kept_with_its_standalone_question(kept):
    """What is read back is what the next question is understood by."""
    conversation = kept.begin()
    kept.add(conversation, "And how is it avoided?", CITED)
    assert kept.messages(conversation) == [
        Message("user", "How is mode collapse avoided?"),
        Message("assistant", "By “minibatch discrimination” [1].\nUnd mehr: 日本語."),
    ]


def test_conversations_are_kept_apart_and_in_order(kept):
    """Exchanges belong to one conversation, oldest first."""
    first, second = kept.begin(), kept.begin()
    assert first != second
    for i in range(3):
        kept.add(first, f"a{i}", Answer(f"a{i}", text=f"A{i}"))
        kept.add(second, f"b{i}", Answer(f"b{i}", text=f"B{i}"))
    assert [m.text for m in kept.messages(first)] == ["a0", "A0", "a1", "A1", "a2", "A2"]
    assert [m.text for m in kept.messages(second)] == ["b0", "B0", "b1", "B1", "b2", "B2"]
    assert kept.messages(99) == []


def test_the_last_conversation_is_the_one_that_was_spoken_in_last(kept):
    """A conversation that was begun and left empty is not the last one."""
    assert kept.last() is None
    first, second = kept.begin(), kept.begin()
    kept.begin()
    assert kept.last() is None
    kept.add(second, "b", Answer("b"))
    kept.add(first, "a", Answer("a"))
    assert kept.last() == first


def test_conversations_outlive_the_program(kept, where):
    """A store that is opened again, even while another is open, holds everything."""
    conversation = kept.begin()
    kept.add(conversation, "q", CITED)
    again = Conversations(where)
    assert again.last() == conversation
    assert len(again.messages(conversation)) == 2
    assert again.begin() != conversation
    again.close()


def test_the_typed_question_and_the_whole_answer_are_in_the_file(kept_in_file, tmp_path):
    """A log that is read a month later has the citations, the notes and the question as it was typed."""
    kept_in_file.add(kept_in_file.begin(), "And how is it avoided?", CITED)
    db = sqlite3.connect(tmp_path / "deep" / "conversations.sqlite")
    question, answer = db.execute("SELECT question, json(answer) FROM exchanges").fetchone()
    quote = db.execute("SELECT answer ->> '$.citations[0].quote' FROM exchanges").fetchone()[0]
    db.close()
    assert (question, quote) == ("And how is it avoided?", "mini")
    assert '"notes":["A note."]' in answer


def test_a_file_that_is_no_database_is_an_error_of_one_sentence(tmp_path):
    """The file is named and left as it is."""
    path = tmp_path / "conversations.sqlite"
    path.write_bytes(b"This is a letter, not a database. " * 50)
    message = f"The conversations in {path} cannot be opened: file is not a database. "
    with pytest.raises(StoreError, match=f"^{re.escape(message)}Set RAG_DATA_DIR to a folder of your own.$"):
        Conversations(path)
    assert path.read_bytes().startswith(b"This is a letter")


def test_a_folder_that_cannot_be_made_is_an_error_of_one_sentence(tmp_path):
    """A file in the place of the data folder is reported."""
    (tmp_path / "data").write_text("")
    path = tmp_path / "data" / "conversations.sqlite"
    with pytest.raises(StoreError, match=f"^{re.escape(f'The conversations in {path} cannot be opened: ')}"):
        Conversations(path)


@pytest.mark.parametrize(
    "use",
    [
        lambda kept: kept.begin(),
        lambda kept: kept.last(),
        lambda kept: kept.messages(1),
        lambda kept: kept.add(1, "q", CITED),
        lambda kept: kept.rate(1, "good"),
        lambda kept: kept.rated(),
        lambda kept: kept.last_exchange(1),
    ],
)
def test_a_file_that_another_program_damages_is_an_error_of_one_sentence(kept_in_file, tmp_path, use):
    """What SQLite says is passed on as a store's error, so that a chat shows it and goes on."""
    path = tmp_path / "deep" / "conversations.sqlite"
    other = sqlite3.connect(path)
    other.executescript("DROP TABLE exchanges; DROP TABLE conversations;")
    other.close()
    with pytest.raises(
        StoreError, match=rf"^{re.escape(f'The conversations in {path} cannot be opened: no such table')}"
    ):
        use(kept_in_file)


@pytest.mark.parametrize(("forgotten", "n_left"), [("a.md", 0), ("copy.md", 0), ("other.md", 1)])
def test_what_names_a_forgotten_source_is_forgotten(kept, forgotten, n_left):
    """Where it was quoted or looked at, and where it was only named as a place that says the same."""
    copy = Passage("copy.md", "", "c2", 0, 4, "mini", Locator())
    looked_at = Passage("a.md", "", "c1", 0, 4, "mini", Locator(), also_in=(copy,))
    conversation = kept.begin()
    kept.add(conversation, "Why?", Answer("Why?", text="So.", retrieved=(looked_at,)))
    assert kept.forget({forgotten}, Finder([])) == 1 - n_left
    assert len(kept.messages(conversation)) == 2 * n_left


# -- ratings -----------------------------------------------------------------------------------------------------------


def test_an_answer_is_rated_and_rated_anew(kept):
    """The later rating takes the place of the earlier one; the exchange comes with its whole answer."""
    exchange = kept.add(kept.begin(), "And how is it avoided?", CITED)
    assert kept.rated() == []
    kept.rate(exchange, "bad", "too short")
    kept.rate(exchange, "good", "  on second thought ")
    (found,) = kept.rated()
    assert (found.id, found.rating, found.why, found.question) == (
        exchange,
        "good",
        "on second thought",
        "And how is it avoided?",
    )
    assert found.answer == json.loads(json.dumps(CITED.to_json()))


def test_ratings_come_in_the_order_in_which_they_were_given(kept):
    """Whatever the order of the exchanges."""
    conversation = kept.begin()
    ids = [kept.add(conversation, text, Answer(text)) for text in "abc"]
    for exchange in (ids[2], ids[0]):
        kept.rate(exchange, "good")
    assert [found.question for found in kept.rated()] == ["c", "a"]


def test_an_answer_outside_of_a_conversation_is_kept_with_its_rating(kept):
    """It is not gone on from: the last conversation is still the one before."""
    conversation = kept.begin()
    kept.add(conversation, "a", Answer("a"))
    exchange = kept.add_rated(CITED, "bad", "wrong")
    assert kept.last() == conversation
    assert [(found.id, found.why) for found in kept.rated()] == [(exchange, "wrong")]
    assert kept.last_exchange(conversation) != exchange


def test_the_latest_exchange_of_a_conversation(kept):
    """None where there is none."""
    first, second = kept.begin(), kept.begin()
    kept.add(first, "a", Answer("a"))
    latest = kept.add(first, "b", Answer("b"))
    assert (kept.last_exchange(first), kept.last_exchange(second)) == (latest, None)


def test_a_rating_that_breaks_a_rule_is_refused(kept):
    """Another word, and an exchange that does not exist; nothing is kept then."""
    exchange = kept.add(kept.begin(), "a", Answer("a"))
    with pytest.raises(InvalidInputError, match=r"^rating must be good or bad; got 'great'\.$"):
        kept.rate(exchange, "great")
    with pytest.raises(InvalidInputError, match=r"^rating must be good or bad; got ''\.$"):
        kept.add_rated(CITED, "")
    with pytest.raises(InvalidInputError, match=r"^exchange_id must be that of an exchange that was kept; got 99\.$"):
        kept.rate(99, "good")
    assert kept.rated() == []
    assert kept.messages(0) == []


def test_a_rating_is_forgotten_with_its_exchange(kept):
    """By its source, and by a reason that quotes the source."""
    conversation = kept.begin()
    kept.rate(kept.add(conversation, "a", CITED), "good")
    kept.rate(kept.add(conversation, "b", Answer("b")), "bad", "It says: the secret recipe of the house")
    kept.rate(kept.add(conversation, "c", Answer("c")), "good")
    assert kept.forget({"09-gans.md"}, Finder(["the secret recipe of the house"])) == 2
    assert [found.question for found in kept.rated()] == ["c"]


def test_a_store_of_an_earlier_version_takes_ratings(tmp_path):
    """Its table of ratings is made when it is opened."""
    path = tmp_path / "conversations.sqlite"
    Conversations(path).close()
    db = sqlite3.connect(path)
    db.execute("DROP TABLE feedback")
    db.close()
    again = Conversations(path)
    exchange = again.add(again.begin(), "a", Answer("a"))
    again.rate(exchange, "good")
    assert len(again.rated()) == 1
    again.close()
