"""Relevance of an answer to its question, without a judge."""

from __future__ import annotations

from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.relevance import answer_relevance
from rag_app.evaluation.metrics.table import card_of

_QUESTION = "How do automotive technicians get paid?"


def test_an_answer_to_another_question_is_less_relevant() -> None:
    """Markers aside, the answer nearer to the question scores higher."""
    own = answer_relevance(Example(_QUESTION, "Technicians are paid by the hour or by commission [1]."))
    other = answer_relevance(Example(_QUESTION, "Essential amino acids are obtained from food."))
    assert own.value is not None
    assert other.value is not None
    assert own.value > 0.5 > other.value


def test_a_refusal_is_not_scored() -> None:
    """A right refusal would be punished for its words."""
    assert answer_relevance(Example(_QUESTION, "No answer found.", answered=False)).status == "not-applicable"


def test_the_card_says_that_it_is_a_hint() -> None:
    """The metric is too weak for a gate."""
    assert card_of("answer_relevance").advisory
