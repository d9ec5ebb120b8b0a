"""BLEU and chrF: by hand, and on texts that have nothing to count."""

from __future__ import annotations

import math

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.translation import bleu_score, chrf_score

REFERENCE = "the cat sat on the mat"


def test_bleu_by_hand():
    """Runs of 1, 2, 3 and 4 words: 5/6, 3/5, 1/4 and half of 1/3; as long as the reference."""
    found = bleu_score("the cat sat at the mat", [REFERENCE])
    assert found == pytest.approx((5 / 6 * 3 / 5 * 1 / 4 * 1 / 6) ** 0.25)


def test_a_short_text_is_punished():
    """All of its runs are there, but it has half the words: e^(1 - 6/3)."""
    assert bleu_score("the cat sat", [REFERENCE]) == pytest.approx(math.exp(1 - 6 / 3))


def test_a_word_counts_as_often_as_in_a_reference():
    """Twice: 2 of 7 words, and no pair; the reference has 6 words, the text 7."""
    found = bleu_score("the the the the the the the", [REFERENCE])
    assert found == pytest.approx((2 / 7 * 0.5 / 6 * 0.25 / 5 * 0.125 / 4) ** 0.25)


def test_several_references():
    """A run may be in any of them; the length is that of the nearest."""
    assert bleu_score("the dog sat", ["the cat sat", "a dog ran"]) == pytest.approx((1 * 0.5 / 2 * 0.25 / 1) ** (1 / 3))


def test_chrf_by_hand():
    """Of "abc" and "abd", 2/3, 1/2 and 0 are common; the mean is both precision and recall."""
    assert chrf_score("abc", ["abd"]) == pytest.approx((2 / 3 + 1 / 2) / 3)
    # "ab" against "abab": precisions 1 and 1, recalls 2/4 and 1/3; F2 of 1 and 5/12.
    assert chrf_score("ab", ["abab"]) == pytest.approx(5 * (5 / 12) / (4 + 5 / 12))
    assert chrf_score("a b", ["ab", "xy"]) == pytest.approx(1)


@pytest.mark.parametrize("metric", [bleu_score, chrf_score])
def test_equal_and_different(metric):
    """1 and 0."""
    assert metric(REFERENCE, [REFERENCE]) == pytest.approx(1)
    assert metric("xyz", [REFERENCE.replace("z", "")]) == 0


def test_case_and_marks_do_not_matter_to_bleu():
    """They are no words."""
    assert bleu_score("The CAT — sat; on the mat!", [REFERENCE]) == bleu_score("the cat sat on the mat", [REFERENCE])


@pytest.mark.parametrize("metric", [bleu_score, chrf_score])
@pytest.mark.parametrize(
    ("candidate", "references"), [("", ["a"]), ("…", ["a"]), ("a", []), ("a", [""]), ("a", ["a", " "])]
)
def test_texts_without_words_are_refused(metric, candidate, references):
    """There is nothing to count."""
    with pytest.raises(InvalidInputError, match="must"):
        metric(candidate, references)
