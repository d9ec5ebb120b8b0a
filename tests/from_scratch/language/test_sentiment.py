"""Sentiment by rules, by counts and by both: the chapter's figures, negation, and scikit-learn's naive Bayes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.language.sentiment import SentimentClassifier, hybrid_sentiment, lexicon_sentiment

TEXTS = ["great phone", "good camera great", "bad battery", "bad camera"]
LABELS = ["positive", "positive", "negative", "negative"]


@pytest.mark.parametrize(
    ("text", "label", "score"),
    [
        ("good", "positive", 0.5),
        ("not good", "negative", -0.5),
        ("It isn't a good idea", "negative", -0.5),
        ("never very bad", "positive", 0.96),
        ("very very good", "positive", 0.72),
        ("extremely good, slightly bad", "positive", 0.175),
        ("not cheap but good", "positive", 0.5),
        ("The box is blue", "neutral", 0),
        ("", "neutral", 0),
        ("good and slow", "neutral", 0),
    ],
)
def test_rules_turn_and_multiply_scores(text, label, score):
    """A negation reaches the opinion word over intensifiers and articles, and no farther."""
    found = lexicon_sentiment(text)
    assert (found["label"], found["score"]) == (label, pytest.approx(score))


def test_without_the_negation_rule_the_chapter_would_say_0_7():
    """(0.8 + 0.6)/2; with it 0.1."""
    assert lexicon_sentiment("The camera is great and the battery is very good")["score"] == pytest.approx(0.7)
    assert lexicon_sentiment("meh", {"meh": -0.04})["label"] == "neutral"
    assert lexicon_sentiment("meh", {"meh": -0.04}, threshold=0)["label"] == "negative"


def test_counts_agree_with_scikit_learn():
    """On texts with unseen words too."""
    new = ["great battery", "camera camera bad", "something else", "good good phone"]
    vectoriser = CountVectorizer().fit(TEXTS)
    for alpha in (0.5, 1.0):
        theirs = MultinomialNB(alpha=alpha).fit(vectoriser.transform(TEXTS), LABELS)
        ours = SentimentClassifier(alpha=alpha).fit(TEXTS, LABELS)
        np.testing.assert_allclose(ours.predict_proba(new), theirs.predict_proba(vectoriser.transform(new)))
        assert ours.predict(new[:2]).tolist() == ["positive", "negative"]


@pytest.mark.parametrize("weight", [0, 0.3, 1])
def test_the_hybrid_is_a_weighted_mean(weight):
    """At 1 only the lexicon speaks, at 0 only the classifier; 0.8 and 2 · 0.5535 - 1."""
    positive = (3 / 242) / (3 / 242 + 1 / 100)
    found = hybrid_sentiment("great battery", weight)
    assert found["score"] == pytest.approx(weight * 0.8 + (1 - weight) * (2 * positive - 1))
    assert (found["label"], found["lexicon_score"]) == ("positive", 0.8)


def test_the_hybrid_covers_what_either_lacks():
    """A word of the lexicon that no training text has, and one of the training texts that the lexicon lacks."""
    assert hybrid_sentiment("terrible")["label"] == "negative"
    assert hybrid_sentiment("battery")["label"] == "negative"
    assert hybrid_sentiment("extremely excellent")["lexicon_score"] == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lexicon_sentiment("a", {"a": 2}), "lexicon must be at least -1 and at most 1; got 2."),
        (lambda: lexicon_sentiment("a", threshold=-1), "threshold must be at least 0; got -1."),
        (lambda: hybrid_sentiment("a", 1.5), "weight must be at least 0 and at most 1; got 1.5."),
        (lambda: hybrid_sentiment("a", texts=["a"]), "X and y must be of equal length; got 1 and 4."),
        (
            lambda: SentimentClassifier().fit(["a", "b"], ["positive", "neutral"]),
            "y must hold the labels positive and negative, and both; got ['neutral', 'positive'].",
        ),
        (
            lambda: SentimentClassifier().fit(["!", "?"], ["positive", "negative"]),
            "X must hold at least one word; got ['!', '?'].",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
