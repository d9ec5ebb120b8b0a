"""Exact match and F1 of short answers, by the rules of SQuAD's script."""

from __future__ import annotations

import itertools
import re

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.answers import answer_f1_score, exact_match_score
from rag_app.from_scratch.metrics.classification import f1_score


@pytest.mark.parametrize(
    ("answer", "references", "exact", "f1"),
    [
        ("Denver Broncos", ["Denver Broncos", "The Denver Broncos"], 1, 1),
        ("the Denver Broncos!", ["Denver  Broncos"], 1, 1),
        ("Broncos", ["Denver Broncos"], 0, 2 / 3),  # 2 · 1 / (1 + 2)
        ("Broncos Denver", ["Denver Broncos"], 0, 1),  # the order does not count for F1
        ("in 1843 and 1844", ["1843"], 0, 0.4),  # 2 · 1 / (4 + 1)
        ("in 1843", ["1844", "1843"], 0, 2 / 3),  # the best of both
        ("New New York", ["New York New Jersey"], 0, 6 / 7),  # New twice and York: 2 · 3 / (3 + 4)
        ("no", ["yes"], 0, 0),
        ("U.S.", ["US"], 1, 1),
        ("an apple", ["Apple"], 1, 1),
        ("theatre", ["atre"], 0, 0),  # an article is a whole word
    ],
)
def test_worked_values(answer, references, exact, f1):
    """Case, punctuation, articles and spaces do not count."""
    assert exact_match_score(answer, references) == exact
    assert answer_f1_score(answer, references) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("answer", "references", "value"),
    [(None, [], 1), ("", [], 1), (None, ["yes"], 0), ("yes", [], 0), ("the", [], 1), (None, ["The"], 1)],
)
def test_no_answer(answer, references, value):
    """It is right where none is expected; what is left empty counts as none, as in the script."""
    assert exact_match_score(answer, references) == answer_f1_score(answer, references) == value


def test_the_harmonic_mean_of_precision_and_recall():
    """Of different words: that of the classification of each word as one of the reference."""
    texts = [" ".join(words) for n in (1, 2, 3) for words in itertools.combinations("red green blue grey".split(), n)]
    vocabulary = "red green blue grey".split()
    for answer, reference in itertools.product(texts, texts):
        right, said = ([word in text.split() for word in vocabulary] for text in (reference, answer))
        assert answer_f1_score(answer, [reference]) == pytest.approx(f1_score(right, said, positive=True))
        assert answer_f1_score(answer, [reference]) == answer_f1_score(reference, [answer])
        assert exact_match_score(answer, [reference]) <= answer_f1_score(answer, [reference])


@pytest.mark.parametrize("metric", [exact_match_score, answer_f1_score])
@pytest.mark.parametrize(
    ("answer", "references", "message"),
    [
        (3, ["3"], "answer must be a text, or none; got 3."),
        ("3", "3", "references must be a list of texts, at least 0; got '3'."),
        ("3", [3], "references must be a list of texts, at least 0; got [3]."),
    ],
)
def test_wrong_input_is_refused(metric, answer, references, message):
    """The sentence names the argument, its rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        metric(answer, references)
