"""Ratings become cases and preference pairs."""

from __future__ import annotations

import json
from pathlib import Path

from rag_app.chains.feedback import RatedExchange, feedback_cases, preference_pairs
from rag_app.evaluation.cases import load_cases
from rag_app.locator import Locator
from rag_app.tool_calls import ToolCall
from rag_app.types import Answer, Citation


def quote(source: str, text: str) -> Citation:
    """Return a citation of a source."""
    return Citation(source, "abc", 0, len(text), text, Locator())


def rated(number: int, rating: str, answer: Answer, question: str = "typed") -> RatedExchange:
    """Return an exchange as the store returns it."""
    return RatedExchange(number, rating, "", float(number), question, answer.to_json())


GOOD = Answer(
    "Who keeps the light?",
    text="Ann does [1], with a cat [2].",
    citations=(quote("a.md", "The keeper is Ann."), quote("b.md", "Ann has a cat.")),
)
REFUSED = Answer("What is the capital of France?", text="No answer found.", answered=False)


def test_a_good_answer_becomes_a_case_with_its_quotations() -> None:
    """The standalone question, the text without markers, and the evidence of each source."""
    (case,) = feedback_cases([rated(7, "good", GOOD, "And who keeps it?")])
    assert case == {
        "id": "feedback-7",
        "question": "Who keeps the light?",
        "answerable": True,
        "kind": "feedback",
        "answer": "Ann does, with a cat.",
        "source": "a.md",
        "evidence": ["The keeper is Ann."],
        "also": [{"source": "b.md", "evidence": ["Ann has a cat."]}],
    }


def test_a_refusal_becomes_a_case_of_one_kind_or_the_other() -> None:
    """A good one means that there is no answer, a bad one that there is."""
    good, bad = feedback_cases([rated(1, "good", REFUSED)]), feedback_cases([rated(1, "bad", REFUSED)])
    assert [case["answerable"] for case in good + bad] == [False, True]
    assert all("answer" not in case and "evidence" not in case for case in good + bad)


def test_what_says_nothing_of_the_documents_becomes_no_case() -> None:
    """A bad answer, and a figure of a tool."""
    figure = Answer("f1 of 1,0 vs 1,1", text="0.67", tool_calls=(ToolCall("f1_score", {}, 0.67),))
    assert feedback_cases([rated(1, "bad", GOOD), rated(2, "good", figure)]) == []


def test_of_two_ratings_of_a_question_the_later_one_counts() -> None:
    """However the question is spaced and capitalised: a case file must not hold it twice."""
    again = Answer("who  keeps the LIGHT?", text="Bob.")
    assert feedback_cases([rated(1, "good", GOOD), rated(2, "bad", again)]) == []
    (case,) = feedback_cases([rated(1, "bad", GOOD), rated(2, "good", again)])
    assert case["answer"] == "Bob."


def test_the_cases_are_read_by_the_evaluation(tmp_path: Path) -> None:
    """As they are printed."""
    path = tmp_path / "cases.jsonl"
    cases = feedback_cases([rated(1, "good", GOOD), rated(2, "good", REFUSED)])
    path.write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
    first, second = load_cases(path)
    assert (first.answerable, first.source, first.evidence) == (True, "a.md", ("The keeper is Ann.", "Ann has a cat."))
    assert (second.answerable, second.kind) == (False, "feedback")


def test_every_good_answer_is_preferred_to_every_bad_one() -> None:
    """Of the same question alone; an answer that was rated twice counts by its later rating."""
    texts = [("bad", "Bob."), ("good", "Ann."), ("bad", "Eve."), ("bad", "Zoe."), ("good", "Zoe.")]
    exchanges = [rated(i, rating, Answer("Who?", text=text)) for i, (rating, text) in enumerate(texts)]
    other = rated(9, "good", Answer("Where?", text="Here."))
    pairs = [(p["prompt"], p["chosen"], p["rejected"]) for p in preference_pairs([*exchanges, other])]
    assert sorted(pairs) == [
        ("Who?", "Ann.", "Bob."),
        ("Who?", "Ann.", "Eve."),
        ("Who?", "Zoe.", "Bob."),
        ("Who?", "Zoe.", "Eve."),
    ]


def test_ratings_of_one_kind_make_no_pair() -> None:
    """Two good answers are not compared; nothing makes nothing."""
    exchanges = [rated(i, "good", Answer("Who?", text=text)) for i, text in enumerate("ab")]
    assert preference_pairs(exchanges) == preference_pairs([]) == feedback_cases([]) == []
