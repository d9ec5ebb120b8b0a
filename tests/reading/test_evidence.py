"""The evidence for a question, read by the real MiniLM. Scores are tuned elsewhere: what is tested is what they do."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.answers import passage_of

from rag_app.embeddings.alignment import Aligner
from rag_app.reading.evidence import Evidence, Reader, SentenceEvidence
from rag_app.types import Unit

WALTZ = passage_of(
    "The waltz is a dance in triple time. It came from Austria. Johann Strauss wrote many waltzes. "
    "A ballroom should have a floor of oak.",
    source="waltz.md",
    start=1000,
    context="Dances › The waltz",
)
RICE = passage_of(
    "Rice is boiled in twice its volume of water. It is done after eighteen minutes. Salt is added at the end.",
    source="rice.md",
)


@pytest.fixture(scope="module")
def reader(minilm):
    """A reader for which every word is equally rare."""
    return Reader(Aligner(minilm, lambda words: dict.fromkeys(words, 1.0), lambda _ids: {}))


def best(reader, question, *passages):
    """Return the text of the best sentence."""
    return reader.read(question, passages or [WALTZ, RICE]).sentences[0].text


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("What is the waltz?", "The waltz is a dance in triple time."),
        ("Who wrote many waltzes?", "Johann Strauss wrote many waltzes."),
        ("What should the floor of a ballroom be made of?", "A ballroom should have a floor of oak."),
        ("How much water is rice boiled in?", "Rice is boiled in twice its volume of water."),
        ("When is salt added?", "Salt is added at the end."),
    ],
)
def test_the_sentence_that_answers_is_the_best_one(reader, question, sentence):
    """On clear cases the right sentence is first, whichever passage it stands in and in whatever order they come."""
    assert best(reader, question) == sentence
    assert best(reader, question, RICE, WALTZ) == sentence


def test_sentences_come_best_first_with_their_places(reader):
    """Every sentence is there once, with the text at its offsets."""
    found = reader.read("What is the waltz?", [WALTZ, RICE]).sentences
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)
    assert len({(s.passage.source, s.unit.start) for s in found}) == len(found) == 7
    for s in found:
        assert s.text == s.passage.text[s.unit.start - s.passage.start : s.unit.end - s.passage.start]


@pytest.mark.parametrize("question", ["What is the waltz?", "Is rice boiled?"])
def test_evidence_is_stronger_for_what_the_passages_say(reader, question):
    """A question that the passages answer has stronger evidence than one from another field."""
    answered = reader.read(question, [WALTZ, RICE]).strength
    for other in ("Who won the cup final in 1966?", "How do I renew a passport?", "What is a futures contract?"):
        assert reader.read(other, [WALTZ, RICE]).strength < answered


def test_more_passages_never_weaken_the_evidence(reader):
    """The best passage counts, not the average."""
    alone = reader.read("What is the waltz?", [WALTZ]).strength
    assert reader.read("What is the waltz?", [WALTZ, RICE]).strength >= alone - 1e-6
    assert reader.read("What is the waltz?", [RICE]).strength < alone


def test_no_passages_are_no_evidence(reader):
    """Strength 0, no sentence."""
    assert reader.read("What is the waltz?", []) == Evidence("What is the waltz?", (), 0.0)


@pytest.mark.parametrize("kind", ["paragraph", "list", "code"])
def test_what_repeats_the_question_does_not_answer_it(reader, kind):
    """In a list of questions, or as an example of one; a row of a table may hold the answer beside it."""
    asked, answer = "What is salt added to rice for?", "Rice tastes of little without salt."
    units = (Unit(0, 31, kind), Unit(32, 67, "paragraph"))
    assert best(reader, asked, passage_of(f"{asked}\n{answer}", units=units)) == answer


@pytest.mark.parametrize("kind", ["paragraph", "list", "table"])
def test_what_says_more_than_the_question_may_answer_it(reader, kind):
    """Words that are searched for stand in the sentence about them; a row holds a question and its answer."""
    asked, answer = "johann strauss wrote many waltzes", "Johann Strauss wrote many waltzes for the balls of Vienna."
    text = f"{answer}\nIt rains."
    units = (Unit(0, len(answer), kind), Unit(len(answer) + 1, len(text), "paragraph"))
    assert best(reader, asked, passage_of(text, units=units)) == answer


def test_a_heading_is_read_and_never_quoted(reader):
    """Headings are no sentences, and a passage of nothing else offers none."""
    units = (Unit(0, 9, "heading"), Unit(11, 47, "paragraph"))
    passage = passage_of("The waltz\n\nThe waltz is a dance in triple time.", units=units)
    assert [s.text for s in reader.read("What is the waltz?", [passage]).sentences] == [
        "The waltz is a dance in triple time."
    ]
    bare = passage_of("The waltz", kind="heading")
    evidence = reader.read("What is the waltz?", [bare])
    assert evidence.sentences == ()
    assert 0 < evidence.strength <= 1


def test_prose_is_preferred_to_code_that_has_the_same_words(reader):
    """A program is quoted only where nothing else answers."""
    code = "waltz = dance(time=3)  # the waltz is a dance in triple time"
    prose = "The waltz is a dance in triple time."
    units = (Unit(0, len(code), "code"), Unit(len(code) + 1, len(code) + 1 + len(prose), "paragraph"))
    passage = passage_of(f"{code}\n{prose}", units=units)
    assert best(reader, "What is the waltz?", passage) == prose


def test_a_sentence_that_only_announces_is_not_preferred(reader):
    """What ends in a colon promises an answer and gives none."""
    said = passage_of("The causes of rust are the following: Water and air cause rust.")
    open_end = "The causes of rust are the following:"
    units = (Unit(0, len(open_end), "paragraph"), Unit(len(open_end) + 1, len(said.text), "paragraph"))
    assert best(reader, "What causes rust?", passage_of(said.text, units=units)) == "Water and air cause rust."


def test_rare_words_count_more(minilm):
    """With the idf of the index, the sentence that has a word gains on the one without it the more, the rarer it is."""
    passage = passage_of("The model is large. The zeugma is small.")
    question = "Is the model a zeugma?"

    def lead(**idf):
        aligner = Aligner(minilm, lambda words: {w: idf.get(w, 0.1) for w in words}, lambda _ids: {})
        scores = {s.text: s.score for s in Reader(aligner).read(question, [passage]).sentences}
        return scores["The zeugma is small."] - scores["The model is large."]

    assert lead(zeugma=9.0) > lead(zeugma=3.0, model=3.0) > lead(model=9.0)
    assert lead(zeugma=9.0) > 0


def test_the_same_question_gives_the_same_evidence(reader):
    """Reading is deterministic."""
    assert reader.read("What is rice?", [WALTZ, RICE]) == reader.read("What is rice?", [WALTZ, RICE])


@given(question=st.text(max_size=40), text=st.text(min_size=1, max_size=80))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_read(reader, question, text):
    """Whatever the question and the passage: a strength in [0, 1] and finite scores."""
    evidence = reader.read(question, [passage_of(text, context="İ")])
    assert 0 <= evidence.strength <= 1
    assert all(math.isfinite(s.score) for s in evidence.sentences)


@pytest.mark.parametrize("question", ["", "?", "the", "İİ waltz", "ﬁ ﬀ", "Straße 1.000,5", "what is " * 300])
def test_odd_questions_are_read(reader, question):
    """No content word, letters that change length in lower case, more than the embedder reads at once."""
    assert 0 <= reader.read(question, [WALTZ]).strength <= 1


def test_a_passage_longer_than_the_embedder_reads_is_read_to_its_end(reader):
    """The last sentence of a long passage can be the best one."""
    long = passage_of("Nothing of interest happened that day. " * 60 + "The waltz is a dance in triple time.")
    assert best(reader, "What is the waltz?", long) == "The waltz is a dance in triple time."


def test_sentences_are_found_again_in_merged_passages():
    """Each stands in the first passage that has it as a unit, with its own span; others stay where they are."""
    first, second = passage_of("One is red. Two are blue."), passage_of("Elsewhere.", source="b.md")
    longer = replace(first, text="One is red. Two are blue. Three.", units=(*first.units, Unit(26, 32, "paragraph")))
    sentences = tuple(SentenceEvidence(p, u, p.text[u.start : u.end], 0.0) for p in (first, second) for u in p.units)
    found = Evidence("Why?", sentences, 0.5).within([longer])
    assert [s.passage for s in found.sentences] == [longer, longer, second]
    assert [(s.unit, s.text, s.score) for s in found.sentences] == [(s.unit, s.text, s.score) for s in sentences]
    assert (found.question, found.strength) == ("Why?", 0.5)
