"""Correctness against a reference, without a judge."""

from __future__ import annotations

import pytest

from rag_app.evaluation.metrics.correctness import answer_correctness, answer_f1, exact_match, semantic_similarity
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import ScoreFunction

_QUESTION = "What is the capital of France?"


def _example(answer: str, reference: str = "The capital of France is Paris.", *, answered: bool = True) -> Example:
    return Example(_QUESTION, answer, reference=reference, answered=answered)


def _value(score_of: ScoreFunction, example: Example) -> float:
    value = score_of(example).value
    assert value is not None
    return float(value)


def test_the_reference_itself_is_correct() -> None:
    """Every word is in the other, citation markers aside."""
    assert _value(answer_correctness, _example("The capital of France is Paris [1].")) == pytest.approx(1)


def test_words_of_the_question_count_a_tenth() -> None:
    """Capital and France count 0.1 each, the wrong number 1: both shares are 0.2 / 1.2, and so is their F1."""
    score = answer_correctness(_example("The capital of France is 7.", "The capital of France is 8."))
    assert score.value == pytest.approx(1 / 6)
    assert score.details == {"precision": 0.1667, "recall": 0.1667}


def test_another_number_is_wrong() -> None:
    """Numbers are the same or not: similar ones do not count in part."""
    assert _value(answer_correctness, _example("1793", "1794")) == 0
    assert _value(answer_correctness, _example("1,793", "1793")) == 1


def test_a_paraphrase_is_better_than_another_answer() -> None:
    """Words of like meaning count in part."""
    reference = "Doctors advise drinking plenty of water."
    near = _value(answer_correctness, _example("Physicians recommend to drink much water.", reference))
    far = _value(answer_correctness, _example("Bank interest rates rose sharply.", reference))
    assert near > far


def test_a_refusal_is_not_correct() -> None:
    """Where there is a reference, a refusal says nothing of it."""
    refused = _example("No answer found.", answered=False)
    assert [_value(m, refused) for m in (answer_correctness, answer_f1, exact_match, semantic_similarity)] == [
        0,
        0,
        0,
        0,
    ]


@pytest.mark.parametrize("metric", [answer_correctness, semantic_similarity, exact_match, answer_f1])
def test_a_reference_is_needed(metric: ScoreFunction) -> None:
    """Without one the metrics do not apply."""
    score = metric(_example("Paris", ""))
    assert (score.status, score.why) == ("not-applicable", "The case has no reference answer.")


def test_a_reference_of_function_words_meets_nothing() -> None:
    """There is no content to meet, and no division by zero."""
    assert _value(answer_correctness, _example("Paris", "It is.")) == 0


def test_exact_match_and_f1_follow_squad() -> None:
    """Articles, case and points do not count; "in paris" against "paris" has F1 2 · 1 / (2 + 1)."""
    assert _value(exact_match, _example("The paris. [1]", "Paris")) == 1
    assert _value(answer_f1, _example("in Paris", "Paris")) == pytest.approx(2 / 3)


def test_similarity_is_higher_for_the_same_matter() -> None:
    """The cosine of the same text is 1."""
    assert _value(semantic_similarity, _example("Paris", "Paris")) == pytest.approx(1, abs=1e-5)
    assert _value(semantic_similarity, _example("Paris", "A recipe for soup")) < 0.5
