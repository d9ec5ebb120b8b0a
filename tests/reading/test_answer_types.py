"""The type of thing that a question asks for, and the sentences that offer one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.reading.answer_types import answer_type, offers


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many heads are there?", "number"),
        ("What is the population of Oslo?", "number"),
        ("At what speed?", "other"),
        ("What is the speed of light?", "number"),
        ("When did it begin?", "date"),
        ("In what year did it begin?", "date"),
        ("Which century was it?", "date"),
        ("Who wrote it?", "person"),
        ("By whom was it written?", "person"),
        ("Where is it?", "place"),
        ("In which city is it?", "place"),
        ("Why is it used?", "reason"),
        ("What is the purpose of a mask?", "reason"),
        ("How does it work?", "manner"),
        ("HOW MANY?", "number"),
        ("What is a GAN?", "other"),
        ("Is it possible?", "other"),
        ("Show the whole list", "other"),
        ("", "other"),
    ],
)
def test_the_type_of_a_question(question, kind):
    """Told by the words that ask, whatever their case."""
    assert answer_type(question) == kind


@pytest.mark.parametrize(
    ("kind", "question", "sentence", "expected"),
    [
        ("number", "How many heads are there?", "There are twelve heads.", True),
        ("number", "How many heads are there?", "There are 12.", True),
        ("number", "How many heads are there?", "There are many heads.", False),
        ("number", "How many games in 2014?", "The games were in 2014.", False),
        ("number", "How many of the 1,000 games?", "Of the 1,000 games, some.", False),
        ("number", "How many of the 1,000 games?", "Of the 1,000 games, 31.", True),
        ("date", "When was it found?", "It was found in 1928.", True),
        ("date", "When was it found?", "It was found in May.", True),
        ("date", "When was it found?", "It may be found.", False),
        ("date", "When in 1928 was it found?", "It was found in 1928.", False),
        ("date", "When in 1928 was it found?", "It was found in May 1928.", True),
        ("date", "When did the army march?", "The army did march in the 19th century.", True),
        ("person", "Who wrote Emma?", "Jane Austen wrote it.", True),
        ("person", "Who wrote Emma?", "Emma was written long ago.", False),
        ("place", "Where is Fram?", "Fram is in Oslo.", True),
        ("place", "Where is Fram?", "Fram is a ship.", False),
        ("place", "Where is Fram?", "It is near Fram.", False),
        ("reason", "Why?", "It fell because of the wind.", True),
        ("reason", "Why?", "It fell.", False),
        ("manner", "How?", "It is made by hand.", True),
        ("manner", "How?", "It is made.", False),
        ("other", "What?", "Everything is made by hand in Oslo because of 12 men.", False),
    ],
)
def test_a_sentence_offers_a_thing_that_the_question_does_not_name(kind, question, sentence, expected):
    """A number, date, person or place counts where it is new; a reason or a manner is told by its words."""
    assert offers(kind, question, sentence) is expected


@given(question=st.text(max_size=40), sentence=st.text(max_size=80))
@settings(deadline=None, max_examples=100)
def test_no_sentence_offers_what_its_own_words_ask(question, sentence):
    """Whatever the text: numbers, dates and names that are in the question too are not new."""
    for kind in ("number", "date", "person", "place"):
        assert not offers(kind, f"{question} {sentence}", sentence)
