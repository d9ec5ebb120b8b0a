"""TextRank against the eigenvector of its matrix."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.from_scratch.language.summarisation import _shared_words, textrank_summary
from rag_app.from_scratch.language.words import content_words

SOLAR = (
    "Solar panels turn sunlight into electricity. Solar electricity is stored in batteries. "
    "Batteries release stored electricity at night. Clean panels work better."
)


@pytest.mark.parametrize("damping", [0.5, 0.85])
def test_scores_are_an_eigenvector(damping):
    """Of d Pᵀ + (1 - d)/N, to the eigenvalue 1."""
    bags = [set(content_words(SOLAR[a:b])) for a, b in split_sentences(SOLAR)]
    weights = _shared_words(bags)
    values, vectors = np.linalg.eig(damping * (weights / weights.sum(axis=1, keepdims=True)).T + (1 - damping) / 4)
    expected = vectors[:, values.real.argmax()].real
    np.testing.assert_allclose(textrank_summary(SOLAR, damping=damping)["scores"], expected / expected.sum())


def test_a_summary_is_made_of_sentences_in_their_order():
    """Copied, with the places that they have in the text."""
    found = textrank_summary(SOLAR, 3)
    assert found["summary"] == SOLAR[: SOLAR.index(" Clean")]
    assert [SOLAR[s["start"] : s["end"]] for s in found["sentences"]] == found["summary"].replace(". ", ".|").split("|")


def test_a_sentence_without_neighbours_gets_the_base_score():
    """(1 - 0.85)/3, and nothing is divided by zero; equal sentences keep their order."""
    found = textrank_summary("Cats purr softly. Cats purr loudly. Rain fell.", 1)
    assert found["scores"][2] == pytest.approx(0.05)
    assert found["summary"] == "Cats purr softly."


def test_scores_that_hardly_settle_stay_shares():
    """Near a damping of 1 they sum to 1 after the last round."""
    assert sum(textrank_summary(SOLAR, damping=0.9999999)["scores"]) == pytest.approx(1)
    assert sum(textrank_summary("Cats purr. Cats run.", damping=0.9999999)["scores"]) == pytest.approx(1)
    assert sum(textrank_summary("Cats purr. Cats run. Run home.", damping=0.999999)["scores"]) == pytest.approx(1)


@pytest.mark.parametrize(("text", "summary"), [("", ""), ("  \n", ""), ("One sentence", "One sentence")])
def test_short_texts(text, summary):
    """Nothing, or all of it."""
    assert textrank_summary(text, 5)["summary"] == summary


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_sentences": 0}, "n_sentences must be a whole number of at least 1; got 0."),
        ({"damping": 1}, "damping must be at least 0 and below 1; got 1."),
    ],
)
def test_what_is_refused(settings, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        textrank_summary("A.", **settings)
    assert str(caught.value) == message
