"""Cases proposed from documents: what is asked, which sentence answers, and what the documents do not answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag_app.errors import InvalidInputError, LLMResponseError
from rag_app.evaluation.cases import load_cases
from rag_app.evaluation.deck import Card
from rag_app.evaluation.drafting import (
    Draft,
    Sentence,
    choose_drafts,
    draft_cases,
    draft_unanswerable,
    question_key,
    split_documents,
)
from rag_app.evaluation.drafting_llm import draft_with_llm
from rag_app.evaluation.verdicts import Judge
from rag_app.llms.scripted import ScriptedChat
from rag_app.reading.overlap import stems
from rag_app.settings import Settings
from rag_app.types import Source


@pytest.fixture(scope="module")
def documents(course_dir: Path):
    """Two chapters as the library holds them."""
    from rag_app import build

    library = build(data_dir=course_dir).library
    sources = [library.source(row.name) for row in library.sources()]
    return [(source, library.chunks(source)) for source in sources]


def sentences(*texts: str, name: str = "a.md") -> list[Sentence]:
    """Return sentences of one source."""
    whole = " ".join(texts)
    source = Source(name, "", "", whole, "0" * 64, "", ())
    return [Sentence(text, source, "Heading", whole.index(text), whole.index(text) + len(text)) for text in texts]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("A generator is a network that makes samples.", "What is a generator?"),
        ("The latent vector is the noise that a generator reads.", "What is the latent vector?"),
        ("A variational autoencoder, abbreviated VAE, is an autoencoder.", "What is a variational autoencoder?"),
    ],
)
def test_a_definition_becomes_a_question(text: str, question: str):
    """The sentence itself is answer and evidence."""
    (draft,) = draft_cases(sentences(text))
    assert (draft.question, draft.answer, draft.evidence, draft.kind) == (question, text, text, "definition")


@pytest.mark.parametrize(
    "text",
    [
        "This is a problem of many networks.",
        "The other one is a network too.",
        "A generator is often a network.",
        "It is a network.",
    ],
)
def test_what_is_no_definition_is_left_alone(text: str):
    """A sentence that points elsewhere, or says something in passing."""
    assert draft_cases(sentences(text)) == []


def test_a_section_is_asked_for_by_its_heading():
    """With its first sentence, if that is about the heading; a heading that is a question stays one."""
    text = "Mode collapse happens when a generator makes few kinds of sample."
    source = Source("a.md", "", "", text, "0" * 64, "", ())

    def asked(heading: str, *texts: str) -> list[str]:
        return [d.question for d in draft_cases([Sentence(t, source, heading, 0, len(t)) for t in texts])]

    assert asked("Mode collapse", text, text) == ["Explain mode collapse."]
    assert asked("GAN training", "GAN training is hard and slow, too.") == ["Explain GAN training."]
    assert asked("What is mode collapse?", text) == ["What is mode collapse?"]
    assert asked("Remedies", text) == asked("", text) == []


def test_marks_of_a_list_are_no_part_of_a_sentence(documents):
    """The evidence begins behind them."""
    assert not [s.text for s in split_documents(documents) if s.text[:2] in {"1.", "2.", "- ", "* "}]


def test_who_and_when():
    """From one sentence two questions, each with what it asks for."""
    text = "GANs were introduced by Ian Goodfellow and colleagues in 2014."
    found = {draft.question: draft.answer for draft in draft_cases(sentences(text))}
    assert found == {"When were GANs introduced?": "In 2014.", "Who introduced GANs?": text}


def test_a_card_finds_its_sentence():
    """The one of its chapter that holds most of its answer; without one, the card is left out."""
    own = sentences("The lamp burns paraffin oil.", "The keeper washes the glass.")

    def card(answer: str, source: str = "a.md") -> Card:
        return Card("1", "What burns?", answer, "1.1", "Heading", source, ())

    (draft,) = draft_cases(own, [card("Paraffin burns in the lamp.")])
    assert (draft.evidence, draft.answer, draft.kind) == (own[0].text, "Paraffin burns in the lamp.", "card")
    assert draft_cases(own, [card("Gas, from a pipe."), card("Paraffin burns.", "b.md")]) == []


def test_near_misses_ask_for_what_no_sentence_says():
    """When a thing came up, unless a sentence about it has a year."""
    own = sentences("A generator is a network.", "A critic is a network.", "The critic came up in 2017.")
    assert [d.question for d in draft_unanswerable(own) if d.kind == "near_miss"] == [
        "When was the generator introduced?"
    ]


def test_other_fields_are_those_without_a_word_in_the_documents():
    """Of a term that occurs, in any form, nothing is asked."""
    found = [
        d.question for d in draft_unanswerable(sentences("Plants photosynthesise.", "Volcanoes erupt now and then."))
    ]
    assert "What is a volcano?" not in found
    assert "What is osmosis?" in found


def test_spans_are_true(documents):
    """Of every draft of two chapters: the text of the source at the span is the evidence."""
    texts = {source.name: (source.text, source.sha256) for source, _ in documents}
    drafts = draft_cases(split_documents(documents))
    assert len(drafts) > 20
    for draft in drafts:
        text, sha256 = texts[draft.source]
        assert (text[draft.start : draft.end], sha256) == (draft.evidence, draft.sha256)


def test_unanswerable_questions_have_no_word_in_the_chapters(documents):
    """Those of another field; the others name what a chapter defines."""
    known = frozenset().union(*(stems(source.text) for source, _ in documents))
    drafts = draft_unanswerable(split_documents(documents))
    other = [d for d in drafts if d.kind == "other_field"]
    assert len(other) > 20
    assert all(not (stems(d.question) & known) for d in other)
    assert any(d.kind == "near_miss" for d in drafts)


def test_drafts_are_cases(documents, tmp_path: Path):
    """The lines are read as cases; the span of the evidence is kept."""
    found = split_documents(documents)
    drafts = choose_drafts(draft_cases(found), draft_unanswerable(found), 20, 0.25)
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(draft.to_json()) + "\n" for draft in drafts), encoding="utf-8")
    cases = load_cases(path)
    assert [case.question for case in cases] == [draft.question for draft in drafts]
    assert sum(case.answerable for case in cases) == 15
    span = next(case for case in cases if case.answerable).fields["spans"][0]
    assert set(span) == {"source", "sha256", "start", "end"}


def test_the_choice_is_spread_and_repeatable():
    """Documents in turn; the same seed gives the same choice, another one another."""
    many = [Draft(f"What is {name}{i}?", answerable=True, source=name) for name in "abc" for i in range(9)]
    chosen = choose_drafts(many, [], 6, 0)
    assert sorted(draft.source for draft in chosen) == ["a", "a", "b", "b", "c", "c"]
    assert chosen == choose_drafts(many, [], 6, 0)
    assert chosen != choose_drafts(many, [], 6, 0, seed=1)
    twice = [Draft("What is a?", answerable=True), Draft("what is  A ?", answerable=True)]
    assert len(choose_drafts(twice, [], 2, 0)) == 1


@pytest.mark.parametrize(("n", "share"), [(0, 0.5), (1, -0.1), (1, 1.1)])
def test_a_choice_of_nothing_is_refused(n: int, share: float):
    """And a share that is none."""
    with pytest.raises(InvalidInputError, match=f"got {n} and {share}"):
        choose_drafts([], [], n, share)


def test_questions_are_the_same_but_for_case_and_marks():
    """So that none is proposed that is there already."""
    assert question_key("What is a GAN ?") == question_key("what  is a gan")
    assert question_key("What is a GAN?") != question_key("What is a VAE?")


def proposal(quote: str, **fields: str) -> str:
    """Return what a language model might write."""
    return json.dumps({"question": "Who?", "answer": "He.", "quote": quote, "unanswerable": "When?", **fields})


def writer(*replies: str) -> Judge:
    return Judge(Settings.load(environ={}), llm=ScriptedChat(replies=list(replies)))


def one_passage(documents):
    """Return one long chunk of a chapter."""
    source, chunks = documents[1]
    chunk = next(c for c in chunks if "GANs were introduced by Ian" in c.text)
    return [(source, [chunk])], chunk


def test_a_language_model_proposes_with_a_quotation(documents):
    """The quotation is found in the passage, across its line breaks; the span is that of the source's text."""
    passages, chunk = one_passage(documents)
    quote = "GANs were introduced by Ian Goodfellow and colleagues in 2014."
    (draft,), (other,), failures = draft_with_llm(passages, writer(proposal(quote)), 5, lambda *_: None)
    assert failures == []
    assert passages[0][0].text[draft.start : draft.end] == draft.evidence == quote
    assert (draft.kind, other.question, other.answerable) == ("llm", "When?", False)
    assert chunk.locator.heading[-1] == draft.heading


@pytest.mark.parametrize(
    "bad",
    [proposal("It was introduced by somebody else."), proposal("GANs"), proposal("x " * 9, question=" "), "No."],
    ids=["not there", "too short", "no question", "no JSON"],
)
def test_an_invented_quotation_is_repaired_or_left_out(documents, bad: str):
    """Told what is wrong, the language model may try once more; then the passage is passed over."""
    passages, _ = one_passage(documents)
    good = proposal("GANs were introduced by Ian Goodfellow and colleagues in 2014.")
    assert len(draft_with_llm(passages, writer(bad, good), 1, lambda *_: None)[0]) == 1
    with pytest.raises(LLMResponseError, match="sent no reply that can be used"):
        draft_with_llm(passages, writer(bad), 1, lambda *_: None)
