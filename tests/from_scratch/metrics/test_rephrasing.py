"""Similarity of rephrased texts by hand and against a slow longest common subsequence."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.rephrasing import rephrase_scores

X = "the heater warms the room"
TEXTS = st.lists(st.sampled_from("abc"), min_size=1, max_size=7)


def slow_lcs(a, b):
    """Return the length of the longest common subsequence by its recursive definition."""
    if not a or not b:
        return 0
    return slow_lcs(a[1:], b[1:]) + 1 if a[0] == b[0] else max(slow_lcs(a[1:], b), slow_lcs(a, b[1:]))


def test_the_heater():
    """6/7, 4/5 and 4/5 with runs of two words; no run of three is copied."""
    found = rephrase_scores(X, "The heater heats the room.", min_run=2)
    assert found == pytest.approx({"cosine": 6 / 7, "rouge_l": 0.8, "copied_fraction": 0.8})
    assert rephrase_scores(X, "the heater heats the room")["copied_fraction"] == 0


def test_a_negation_fools_the_counts():
    """10/11 and 7/√56 although the meaning is the opposite."""
    found = rephrase_scores(X, "the heater never warms the room")
    assert (found["rouge_l"], found["cosine"]) == pytest.approx((10 / 11, 7 / math.sqrt(56)))


def test_identical_and_disjoint_texts():
    """1 three times and 0 three times; a text shorter than a run is not copied."""
    assert rephrase_scores(X, X) == pytest.approx({"cosine": 1, "rouge_l": 1, "copied_fraction": 1})
    assert rephrase_scores(X, "my dog barks") == {"cosine": 0, "rouge_l": 0, "copied_fraction": 0}
    assert rephrase_scores("a b", "a b", min_run=3)["copied_fraction"] == 0
    assert rephrase_scores("one", "one", min_run=1) == {"cosine": 1, "rouge_l": 1, "copied_fraction": 1}


@given(TEXTS, TEXTS)
def test_rouge_l_by_definition(a, b):
    """The harmonic mean of precision and recall of the longest common subsequence, the same in both directions."""
    common = slow_lcs(a, b)
    precision, recall = common / len(b), common / len(a)
    expected = 2 * precision * recall / (precision + recall) if common else 0
    forward = rephrase_scores(" ".join(a), " ".join(b))
    assert forward["rouge_l"] == pytest.approx(expected)
    assert forward["rouge_l"] == rephrase_scores(" ".join(b), " ".join(a))["rouge_l"]
    assert all(0 <= value <= 1 for value in forward.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", "a"), "original must be a text with at least one word; got ''."),
        (("a", "?!"), "rephrased must be a text with at least one word; got '?!'."),
        (("a", "a", 0), "min_run must be a whole number of at least 1; got 0."),
    ],
)
def test_wrong_input_is_refused(arguments, message):
    """A text without words has no similarity."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        rephrase_scores(*arguments)
