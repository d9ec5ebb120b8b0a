"""Answers cut out of a text, and the best span of scores against trying all."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.language.span_extraction import best_span, extract_answer

PASSAGE = (
    "Marie Curie was born in Warsaw on 7 November 1867. She discovered polonium and radium. "
    "The Nobel Prize in Physics was awarded to Marie Curie in 1903. Her laboratory had 12 assistants and 3 rooms. "
    "Radium glows because its decay excites the surrounding air."
)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Where was Marie Curie born?", "Warsaw"),
        ("When was Marie Curie born?", "7 November 1867"),
        ("Which year was the Nobel Prize awarded?", "1903"),
        ("Who was awarded the Nobel Prize in Physics?", "Marie Curie"),
        ("How many assistants worked in her laboratory?", "12 assistants"),
        ("Why does radium glow?", "Radium glows because its decay excites the surrounding air."),
        ("When was polonium discovered?", "She discovered polonium and radium."),
        ("Who discovered polonium?", "She discovered polonium and radium."),  # "She" tells nothing
    ],
)
def test_the_answer_is_a_span_of_the_wanted_kind(question, answer):
    """A person, place, date or quantity where it is asked for and there; the whole sentence otherwise."""
    found = extract_answer(question, PASSAGE)
    assert found["answer"] == PASSAGE[found["start"] : found["end"]]
    assert (found["answer"], found["answer"] in found["sentence"]) == (answer.rstrip(), True)
    assert 0 < found["score"] <= 1


@pytest.mark.parametrize("passage", ["", "   ", "Bread is baked in ovens."])
def test_no_shared_word_means_no_answer(passage):
    """The score is 0."""
    assert extract_answer("Who discovered radium?", passage) == {
        "answer": None,
        "start": None,
        "end": None,
        "sentence": None,
        "score": 0.0,
    }


def test_rare_words_decide_between_sentences():
    """The sentence with the one telling word wins over one with a common word."""
    text = "The network learns fast. The network learns well. Dropout silences units. The network learns."
    assert extract_answer("What does dropout do in the network?", text)["answer"] == "Dropout silences units."


@pytest.mark.parametrize("max_length", [1, 3, 99])
def test_the_best_span_agrees_with_trying_all(max_length):
    """For drawn scores, some of which abstain."""
    rng = np.random.default_rng(0)
    answered = set()
    for _ in range(30):
        start, end = rng.normal(size=(2, 7))
        spans = {(i, j): start[i] + end[j] for i in range(1, 7) for j in range(i, min(7, i + max_length))}
        found = best_span(start, end, max_length)
        assert (found["start"], found["end"]) == max(spans, key=spans.get)
        assert found["answered"] == (max(spans.values()) >= start[0] + end[0])
        answered.add(found["answered"])
    assert answered == {True, False}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: extract_answer("What is it?", PASSAGE),
            "question must have a word that tells something; got 'What is it?'.",
        ),
        (lambda: best_span([1], [1]), "start_scores must hold at least 2 numbers; got 1."),
        (lambda: best_span([1, 2], [1, 2, 3]), "start_scores and end_scores must be of equal length; got 2 and 3."),
        (lambda: best_span([1, 2], [1, 2], 0), "max_length must be a whole number of at least 1; got 0."),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
