"""The values that pass between the parts."""

from __future__ import annotations

import dataclasses
import inspect
import json
from functools import reduce
from operator import add

import pytest

from rag_app import receipts, types
from rag_app.types import (
    Answer,
    Chunk,
    Citation,
    Claim,
    Classification,
    Locator,
    Passage,
    Unit,
)

LOCATOR = Locator(("GANs", "Mode collapse"), line=41)
CITATION = Citation(source="a.md", sha256="0f", start=3, end=6, quote="abc", locator=LOCATOR)
PASSAGE = Passage(
    source="a.md", sha256="0f", chunk_id="c1", start=3, end=6, text="abc", locator=Locator(), score=0.123456789
)
VALUES = [
    c
    for module in (types, receipts)
    for _, c in inspect.getmembers(module, dataclasses.is_dataclass)
    if c.__module__ == module.__name__
]


@pytest.mark.parametrize("cls", VALUES, ids=lambda c: c.__name__)
def test_values_are_frozen_and_slotted(cls):
    """No value can be changed after it was made, nor grow attributes."""
    assert cls.__dataclass_params__.frozen
    assert "__slots__" in vars(cls)


@pytest.mark.parametrize(
    ("locator", "shown"),
    [
        (Locator(), ""),
        (Locator(("A",)), "A"),
        (Locator((), line=7), "line 7"),
        (Locator(("A", "B"), line=1), "A › B, line 1"),
        (Locator(("A", "", "Ü"), line=0), "A ›  › Ü, line 0"),
    ],
)
def test_locator_reads_as_a_path(locator, shown):
    """A locator shows headings from the outside in, then the line; what is unknown is left out."""
    assert str(locator) == shown


@pytest.mark.parametrize(("context", "embedded"), [("GANs › Loss", "GANs › Loss\nText."), ("", "Text.")])
def test_embedded_text_puts_the_context_in_front(context, embedded):
    """What is embedded is the context on a line of its own, then the text; without context the text alone."""
    chunk = Chunk("id", 0, 5, "Text.", context, Locator(), (Unit(0, 5, "paragraph"),), 4)
    assert chunk.embedded_text == embedded


def test_passage_json_is_the_documented_shape():
    """``rag search --json`` prints exactly these fields, the score to six digits."""
    assert PASSAGE.to_json() == {
        "source": "a.md",
        "chunk_id": "c1",
        "start": 3,
        "end": 6,
        "score": 0.123457,
        "text": "abc",
        "locator": {"heading": [], "line": None},
    }


def test_passage_json_names_where_the_same_is_said():
    """With the place of each copy, and without its text."""
    copy = dataclasses.replace(PASSAGE, source="b.md", chunk_id="c2")
    passage = dataclasses.replace(PASSAGE, also_in=(copy,))
    place = {"source": "b.md", "chunk_id": "c2", "start": 3, "end": 6, "locator": {"heading": [], "line": None}}
    assert passage.to_json() == {**PASSAGE.to_json(), "also_in": [place]}


def test_answer_json_is_the_documented_shape():
    """``rag ask --json`` prints exactly these fields, and JSON can hold them."""
    answer = Answer(
        "Why?",
        text="Because [1].",
        citations=(CITATION,),
        retrieved=(PASSAGE,),
        llm="extractive",
        prompt="answer@1",
        usage={"input_tokens": 3},
        cost_usd=0.25,
        timings_s={"read": 0.123456},
        notes=("n",),
        claims=(Claim("Because.", "weak", 0.65432, marker=2, citation=1),),
    )
    assert json.loads(json.dumps(answer.to_json())) == {
        "question": "Why?",
        "answer": "Because [1].",
        "answered": True,
        "citations": [
            {
                "source": "a.md",
                "sha256": "0f",
                "start": 3,
                "end": 6,
                "quote": "abc",
                "locator": {"heading": ["GANs", "Mode collapse"], "line": 41},
                "verdict": "supported",
                "support": 1.0,
            }
        ],
        "retrieved": [PASSAGE.to_json()],
        "llm": "extractive",
        "prompt": "answer@1",
        "usage": {"input_tokens": 3},
        "cost_usd": 0.25,
        "timings_s": {"read": 0.1235},
        "notes": ["n"],
        "tool_calls": [],
        "claims": [{"text": "Because.", "verdict": "weak", "support": 0.6543, "marker": 2, "citation": 1}],
    }


def test_sum_of_parts_is_the_answer():
    """Parts of a stream add up: texts and lists are joined, single values kept, mappings merged."""
    parts = [
        Answer("Why?", retrieved=(PASSAGE,), llm="m", timings_s={"retrieve": 1.0}),
        Answer("Why?", text="Be", citations=(CITATION,), notes=("one",), cost_usd=0.5),
        Answer(
            "",
            text="cause.",
            prompt="answer@1",
            usage={"output_tokens": 2},
            timings_s={"answer": 2.0},
            notes=("two",),
            cost_usd=0.25,
        ),
    ]
    assert reduce(add, parts) == Answer(
        "Why?",
        text="Because.",
        citations=(CITATION,),
        retrieved=(PASSAGE,),
        llm="m",
        prompt="answer@1",
        usage={"output_tokens": 2},
        timings_s={"retrieve": 1.0, "answer": 2.0},
        notes=("one", "two"),
        cost_usd=0.75,
    )


def test_unknown_cost_of_a_part_is_that_of_the_sum():
    """What is not known does not become zero."""
    assert (Answer("q", cost_usd=None) + Answer("q", cost_usd=0.5)).cost_usd is None
    assert (Answer("q") + Answer("q", cost_usd=None)).cost_usd is None


@pytest.mark.parametrize(("a", "b"), [(True, False), (False, True), (False, False), (True, True)])
def test_sum_is_answered_only_if_every_part_is(a, b):
    """One part that found nothing makes the whole unanswered."""
    assert (Answer("q", answered=a) + Answer("q", answered=b)).answered is (a and b)


def test_addition_is_associative():
    """It does not matter in which order parts of a stream are joined."""
    a, b, c = (Answer("q", text=t, usage={t: 1}, notes=(t,), llm=llm) for t, llm in [("x", "m"), ("y", ""), ("z", "n")])
    assert (a + b) + c == a + (b + c)


def test_classification_json_rounds():
    """Scores, margin and similarity are printed to six digits; what is not known is null."""
    scores = {"refund": 0.75000049, "billing": 0.5}
    body = Classification("refund", scores, 0.25000049, ("refund",), 0.30000049, notes=("Seen.",)).to_json()
    assert body == {
        "label": "refund",
        "labels": ["refund"],
        "scores": {"refund": 0.75, "billing": 0.5},
        "margin": 0.25,
        "similarity": 0.3,
        "reason": "",
        "notes": ["Seen."],
    }
    none = Classification(None, {}, 0.0, reason="No label fits.").to_json()
    assert (none["label"], none["labels"], none["similarity"], none["reason"]) == (None, [], None, "No label fits.")
