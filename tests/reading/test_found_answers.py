"""The order of sentences where a network marks answers: a scorer that one can follow by hand, then a real network."""

from __future__ import annotations

import numpy as np
import pytest
from support.answers import passage_of
from support.span_network import save_span_network

from rag_app import build
from rag_app.embeddings.alignment import Aligner
from rag_app.errors import SettingsError
from rag_app.reading.evidence import Reader
from rag_app.reading.extract import choose_sentences

TOWER = passage_of(
    "The lamp burns oil. The tower was built in 1861. Its keeper is Ann. It has 95 steps.",
    source="tower.md",
    start=1000,
    context="Chapter 7 › The tower of 1850",
)
QUESTION = "When was the tower built?"


def digits(_question, texts, spans):
    """Return the number of digits in each span, less one: a single digit and none at all are no answers."""
    return [
        np.array([sum(c.isdigit() for c in text[a:b]) - 1.0 for a, b in of_text])
        for text, of_text in zip(texts, spans, strict=True)
    ]


@pytest.fixture(scope="module")
def aligner(minilm):
    """Compares tokens; every word is equally rare."""
    return Aligner(minilm, lambda words: dict.fromkeys(words, 1.0), lambda _ids: {})


def test_sentences_with_an_answer_come_first(aligner):
    """In the order of the scorer; the others follow in the learnt one, too far below to be quoted beside them."""
    found = Reader(aligner, digits).read(QUESTION, [TOWER]).sentences
    learnt = Reader(aligner).read(QUESTION, [TOWER]).sentences
    assert [(s.text, s.score) for s in found[:2]] == [("The tower was built in 1861.", 3.0), ("It has 95 steps.", 1.0)]
    held = {s.text for s in found[:2]}
    assert [s.text for s in found[2:]] == [s.text for s in learnt if s.text not in held]
    assert all(s.score <= -30 for s in found[2:])
    assert {(s.unit, s.text) for s in found} == {(s.unit, s.text) for s in learnt}
    assert [s.text for s in choose_sentences(Reader(aligner, digits).read(QUESTION, [TOWER]))] == [
        "The tower was built in 1861.",
        "It has 95 steps.",
    ]


def test_the_heading_is_read_but_holds_no_answer(aligner):
    """The scorer sees it before the text, and is asked about the sentences alone."""
    seen = []

    def watching(question, texts, spans):
        seen.append((question, [[text[a:b] for a, b in of_text] for text, of_text in zip(texts, spans, strict=True)]))
        assert texts == [f"{TOWER.context}\n{TOWER.text}", "No digits."]
        return digits(question, texts, spans)

    Reader(aligner, watching).read(QUESTION, [TOWER, passage_of("No digits.", source="b.md")])
    sentences = ["The lamp burns oil.", "The tower was built in 1861.", "Its keeper is Ann.", "It has 95 steps."]
    assert seen == [(QUESTION, [sentences, ["No digits."]])]


def test_the_learnt_order_holds_where_there_is_no_answer(aligner):
    """With its scores; so do spans without a token."""

    def none(_question, texts, spans):
        return [np.full(len(of_text), -np.inf) for _, of_text in zip(texts, spans, strict=True)]

    learnt = Reader(aligner).read(QUESTION, [TOWER])
    assert Reader(aligner, none).read(QUESTION, [TOWER]) == learnt
    for empty in (passage_of("", source="empty.md"), passage_of("***", source="stars.md")):
        assert Reader(aligner, none).read(QUESTION, [empty]) == Reader(aligner).read(QUESTION, [empty])


def test_a_sentence_that_repeats_the_question_is_not_its_answer(aligner):
    """Even if it is the only one that the scorer likes."""
    question = "Was the tower built in 1861?"
    page = passage_of("Was the tower built in 1861? The tower is very old. It is not certain.", source="quiz.md")
    found = Reader(aligner, digits).read(question, [page]).sentences
    assert found[-1].text == question
    assert found[0].score > found[-1].score + 30


def test_the_strength_of_the_evidence_does_not_depend_on_the_scorer(aligner):
    """One threshold holds with any network and with none."""
    assert Reader(aligner, digits).read(QUESTION, [TOWER]).strength == Reader(aligner).read(QUESTION, [TOWER]).strength
    assert Reader(aligner, digits).read(QUESTION, []) == Reader(aligner).read(QUESTION, [])


NOTES = """\
# The tower of 1850

Salt on the glass dims the lamp. The tower was built in 1861. Its keeper climbs 95 steps to the lamp.
"""


@pytest.fixture(scope="module")
def span_folder(tmp_path_factory):
    """The folder of a network that knows numbers."""
    return save_span_network(tmp_path_factory.mktemp("span_network"))


@pytest.fixture(scope="module")
def notes_dir(tmp_path_factory):
    """A data folder with a note."""
    folder = tmp_path_factory.mktemp("notes")
    (folder / "tower.md").write_text(NOTES, encoding="utf-8")
    build(data_dir=folder / "data").ingest([folder / "tower.md"])
    return folder / "data"


def test_a_network_that_the_settings_name_chooses_what_is_quoted(notes_dir, span_folder):
    """The sentence with a year first, not the year in the heading; whether there is an answer is decided as without."""
    question = "What dims the lamp?"
    own, learnt = build(data_dir=notes_dir, reader=f"transformers:{span_folder}"), build(data_dir=notes_dir)
    assert learnt.ask(question).citations[0].quote == "Salt on the glass dims the lamp."
    answer = own.ask(question)
    assert answer.citations[0].quote == "The tower was built in 1861."
    found = own.evidence(question)
    assert [s.text for s in found.sentences[:2]] == [
        "The tower was built in 1861.",
        "Its keeper climbs 95 steps to the lamp.",
    ]
    assert [s.score for s in found.sentences[:2]] == pytest.approx([15.0, 5.0], abs=1e-5)
    assert found == own.evidence(question)
    assert found.strength == learnt.evidence(question).strength
    elsewhere = "What is the capital of France?"
    assert own.ask(elsewhere).answered is learnt.ask(elsewhere).answered is False


@pytest.mark.usefixtures("span_folder")  # which skips where torch is not installed
def test_a_network_that_cannot_be_loaded(notes_dir):
    """One sentence where a question is asked; a search does without it."""
    app = build(data_dir=notes_dir, reader="transformers:none-such")
    assert app.search("What dims the lamp?")[0].source == "tower.md"
    with pytest.raises(SettingsError, match=r"^RAG_READER must name a question-answering network .* 'none-such' "):
        app.ask("What dims the lamp?")
