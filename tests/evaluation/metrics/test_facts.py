"""Metrics that count facts: refusals, labels, time, tokens, money."""

from __future__ import annotations

import pytest

from rag_app.evaluation.cases import Case
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import load_metrics


def score(metric, **fields):
    """The score of an example."""
    (found,) = load_metrics([metric])
    return found.score(Example("?", fields.pop("answer", ""), **fields))


@pytest.mark.parametrize(
    ("answerable", "answered", "false_answer", "false_refusal"),
    [(True, True, None, 0.0), (True, False, None, 1.0), (False, True, 1.0, None), (False, False, 0.0, None)],
)
def test_abstention(answerable, answered, false_answer, false_refusal):
    """Each of the four corners of the table belongs to one metric."""
    assert score("false_answer", answerable=answerable, answered=answered).value == false_answer
    assert score("false_refusal", answerable=answerable, answered=answered).value == false_refusal


def test_strength():
    """Where it was recorded."""
    assert score("evidence_strength", strength=0.25).value == 0.25
    assert score("evidence_strength").status == "not-applicable"


@pytest.mark.parametrize(
    ("label", "answer", "value"), [("a", "a", 1.0), ("a", "b", 0.0), ("a", "", 0.0), (None, "a", None)]
)
def test_labels(label, answer, value):
    """Right, wrong, none given, none known."""
    fields = {} if label is None else {"label": label}
    assert score("label_accuracy", answer=answer, case=Case("?", answerable=True, fields=fields)).value == value


def test_what_an_answer_took():
    """What is not known has no score: neither tokens nor money are zero then."""
    assert score("latency_s", latency_s=1.5).value == 1.5
    assert score("input_tokens", usage={"input_tokens": 12}).value == 12.0
    assert score("output_tokens", usage={"input_tokens": 12}).status == "not-applicable"
    assert score("cost", cost=0.002).value == 0.002
    assert score("cost", cost=None).why == "The price is unknown."
