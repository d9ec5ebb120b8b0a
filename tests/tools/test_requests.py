"""Plain requests for calculations, and the questions that must not be taken for them."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from rag_app.registry import entries, get
from rag_app.tools.adapter import call_tool
from rag_app.tools.phrases import load_phrases, name_words
from rag_app.tools.requests import read_request

DATA = Path(__file__).resolve().parents[2] / "evals" / "data"


def lines(*path: str) -> list[dict]:
    """Return the objects of a JSON Lines file."""
    return [json.loads(line) for line in DATA.joinpath(*path).read_text(encoding="utf-8").splitlines()]


REQUESTS = lines("requests", "requests.jsonl")


@pytest.mark.parametrize("case", [c for c in REQUESTS if c["tool"]], ids=lambda c: c["id"])
def test_a_plain_request_becomes_a_call_that_works(case: dict) -> None:
    """Tool and arguments are those that the text stands for, in JSON's types."""
    request = read_request(case["text"])
    assert request is not None
    assert (request.call.name, request.call.arguments) == (case["tool"], case["arguments"])
    call_tool(get(case["tool"]), request.call.arguments)


@pytest.mark.parametrize("case", [c for c in REQUESTS if not c["tool"]], ids=lambda c: c["id"])
def test_what_only_looks_like_a_request_is_a_question(case: dict) -> None:
    """A word too many, a value too few, or words that ask what something is."""
    assert read_request(case["text"]) is None


def test_no_question_of_the_course_is_taken_for_a_request() -> None:
    """All of them, those without an answer too, with and without question mark and in capitals."""
    questions = [case["question"] for case in lines("course", "cases.jsonl")]
    assert len(questions) > 400
    spoken = [form for q in questions for form in (q, q.rstrip("?"), q.upper())]
    assert [q for q in spoken if read_request(q)] == []


def test_no_first_line_of_a_tool_is_taken_for_a_request() -> None:
    """Nor a question for it: they hold every name and many numbers."""
    asked = [
        form
        for e in entries()
        for form in (e.summary, f"What is {e.name}?", f"what is the {' '.join(name_words(e.name))}")
    ]
    assert [text for text in asked if read_request(text)] == []


def test_what_was_done_to_the_values_is_said() -> None:
    """Probabilities become logarithms, and logits are divided by the temperature."""
    cooled = read_request("softmax of 1,2,3 at temperature 0.5")
    assert cooled is not None
    assert cooled.note == "The logits were divided by the temperature 0.5."
    assert call_tool(get(cooled.call.name), cooled.call.arguments) == pytest.approx(
        [0.015876, 0.117310, 0.866813], abs=1e-6
    )
    surprised = read_request("perplexity of [0.5, 0.25]")
    assert surprised is not None
    assert surprised.note == "The numbers were taken for probabilities: the tool takes their logarithms."
    assert call_tool(get("perplexity"), surprised.call.arguments) == pytest.approx(8**0.5)


@pytest.mark.parametrize(
    "text",
    [
        "softmax of 1,2,3 at temperature 0",
        "f1 of [1,0,1 vs [1,1,1]",
        "f1 of 1,0,1 vs 1,1,1 vs 0,0,0",
        "f1 of y_true=1,0,1 y_true=1,1,1",
        "f1 of 1,0,1 vs 1,1,1 average",
        'accuracy of {"a": 1} vs {"a": 1}',
        "f1 of 1,0,1 vs 1,1,1 § 2",
    ],
)
def test_values_that_do_not_fit_leave_it_to_the_documents(text: str) -> None:
    """Unclosed brackets, values without a place, a parameter without a value, values of the wrong kind."""
    assert read_request(text) is None


@pytest.mark.parametrize(
    "text",
    [
        f"f1 of {'1234 ' * 500}x",
        f"f1 of {'1.5,' * 900}x",
        f"f1 of {' ' * 3000}x 1,2",
        f"f1 of {'a,' * 1500}",
        "f1 of " + "1, " * 100_000,
        "[" * 3000,
        "f1 of " + "[" * 3000,
        "?" * 3000 + "1,2",
    ],
)
def test_long_texts_are_read_in_no_time(text: str) -> None:
    """Patterns that try every way of reading a number would not come to an end."""
    assert read_request(text) is None


def test_a_parameter_takes_a_word() -> None:
    """Where it is named before it."""
    request = read_request("f1 of 1,0,1 vs 1,1,1 with average macro")
    assert request is not None
    assert request.call.arguments["average"] == "macro"


def test_every_tool_is_asked_for_by_its_own_name() -> None:
    """No wording takes the name of a tool away from it."""
    phrases = load_phrases()
    for entry in entries():
        assert phrases[name_words(entry.name)].tool == entry.name


def test_every_wording_names_a_tool() -> None:
    """And its fixed arguments are parameters of that tool."""
    for words, phrase in load_phrases().items():
        assert words == tuple(w.lower() for w in words)
        assert set(phrase.fixed) <= set(inspect.signature(get(phrase.tool).target).parameters)
