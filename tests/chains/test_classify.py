"""Zero-shot classification with the real embedder."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rag_app.chains.classify import ZeroShotClassifier
from rag_app.errors import InvalidInputError

LABELS = ["cooking", "football", "computer programming"]
TEXTS = {
    "Stir the sauce until it thickens, then add the basil.": "cooking",
    "The goalkeeper saved a penalty in the last minute.": "football",
    "This Python script crashes with a syntax error.": "computer programming",
}


@pytest.mark.parametrize(("text", "label"), TEXTS.items())
def test_a_text_gets_the_label_that_it_is_about(minilm, text, label):
    """No example of a label is needed."""
    assert ZeroShotClassifier(minilm, LABELS).classify([text])[0].label == label


def test_scores_are_cosines_best_first(minilm):
    """The scores are those of the embedder, ordered; the margin is the distance of the first two."""
    text = next(iter(TEXTS))
    found = ZeroShotClassifier(minilm, LABELS).classify([text])[0]
    vectors = minilm.embed([text, *LABELS])
    expected = dict(zip(LABELS, (vectors[1:] @ vectors[0]).tolist(), strict=True))
    assert found.scores == pytest.approx(expected, abs=1e-5)
    assert list(found.scores.values()) == sorted(found.scores.values(), reverse=True)
    assert found.label == next(iter(found.scores))
    best, second, _ = found.scores.values()
    assert found.margin == pytest.approx(best - second)


def test_many_texts_are_classified_as_each_alone(minilm):
    """The order of the texts is kept, and none influences another."""
    classifier = ZeroShotClassifier(minilm, LABELS)
    together = classifier.classify(list(TEXTS))
    assert [c.label for c in together] == list(TEXTS.values())
    for text, found in zip(TEXTS, together, strict=True):
        assert found.scores == pytest.approx(classifier.classify([text])[0].scores, abs=1e-5)
    assert classifier.classify([]) == []


def test_a_description_sharpens_a_label(minilm):
    """A name that says little is understood through its description; an empty description changes nothing."""
    text = "I was charged twice for my subscription."
    described = {"A": "questions about invoices and payments", "B": "questions about the weather"}
    assert ZeroShotClassifier(minilm, described).classify([text])[0].label == "A"
    swapped = {"A": described["B"], "B": described["A"]}
    assert ZeroShotClassifier(minilm, swapped).classify([text])[0].label == "B"
    plain = ZeroShotClassifier(minilm, LABELS).classify([text])[0]
    empty = ZeroShotClassifier(minilm, dict.fromkeys(LABELS, "")).classify([text])[0]
    assert empty.scores == pytest.approx(plain.scores, abs=1e-5)


def test_a_described_label_lies_between_name_and_description(minilm):
    """The vector of a label is the normalised mean of both."""
    classifier = ZeroShotClassifier(minilm, {"cooking": "recipes", "football": "matches"})
    name, description = minilm.embed(["cooking", "recipes"])
    mean = (name + description) / np.linalg.norm(name + description)
    text = minilm.embed(["Add salt."])[0]
    assert classifier.classify(["Add salt."])[0].scores["cooking"] == pytest.approx(float(mean @ text), abs=1e-5)


@pytest.mark.parametrize(
    "labels", [[], ["one"], ["same", "same"], ["one", " "], ["one", ""], {}, {"one": "x"}, {"one": "x", "\t": "y"}]
)
def test_labels_must_be_two_different_names(minilm, labels):
    """The error shows what was given, with an example."""
    rule = f"labels must be at least two different names; got {list(labels)!r}. "
    with pytest.raises(InvalidInputError, match=f"^{re.escape(rule)}Pass, for example: "):
        ZeroShotClassifier(minilm, labels)


@pytest.mark.parametrize("texts", [[""], ["fine", " \n"]])
def test_a_blank_text_is_refused(minilm, texts):
    """A text without words has no label."""
    with pytest.raises(InvalidInputError, match=r"^A text to classify must not be empty\.$"):
        ZeroShotClassifier(minilm, LABELS).classify(texts)
