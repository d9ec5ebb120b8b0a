"""Spam both ways, against scikit-learn and the chapter's corpus of four e-mails."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.spam import SpamDiscriminative, SpamGenerative, classify_spam

MAILS = ["win cash now", "cash prize", "meeting now", "lunch meeting today"]
LABELS = ["spam", "spam", "ham", "ham"]
MORE = [*MAILS, "win win win", "cash lunch today", "now now prize"]
MORE_LABELS = [*LABELS, "spam", "ham", "spam"]


@pytest.fixture
def counts():
    """The e-mails as counts, as scikit-learn has them."""
    return CountVectorizer().fit(MORE)


def test_the_generative_filter_agrees_with_scikit_learn(counts):
    """Probabilities of known and new e-mails."""
    ours = SpamGenerative(alpha=0.5).fit(MORE, MORE_LABELS)
    theirs = MultinomialNB(alpha=0.5).fit(counts.transform(MORE), MORE_LABELS)
    texts = [*MORE, "cash now", "prize lunch tomorrow", ""]
    assert ours.vocabulary_ == sorted(counts.vocabulary_)
    assert ours.predict_proba(texts) == pytest.approx(theirs.predict_proba(counts.transform(texts)))
    assert ours.predict(texts).tolist() == theirs.predict(counts.transform(texts)).tolist()


def test_the_discriminative_filter_agrees_with_scikit_learn(counts):
    """Probabilities, labels, and the distance as the score over the length of the weights."""
    ours = SpamDiscriminative(alpha=0.02).fit(MORE, MORE_LABELS)
    theirs = LogisticRegression(C=1 / (2 * len(MORE) * 0.02), tol=1e-10).fit(counts.transform(MORE), MORE_LABELS)
    texts = [*MORE, "cash now", "prize lunch tomorrow", ""]
    rows = counts.transform(texts)
    assert ours.predict_proba(texts) == pytest.approx(theirs.predict_proba(rows), abs=1e-5)
    assert ours.predict(texts).tolist() == theirs.predict(rows).tolist()
    distances = theirs.decision_function(rows) / np.linalg.norm(theirs.coef_)
    assert [ours.side(text) for text in texts] == pytest.approx(distances.tolist(), abs=1e-4)


def test_the_corpus_of_the_chapter():
    """Likelihoods 1/24 and 1/72, so 3/4 for spam; and the discriminative filter is on the same side."""
    found = classify_spam("Cash NOW!")
    assert (found["label"], found["spam_probability"]) == ("spam", pytest.approx(0.75))
    assert found["log_likelihoods"] == pytest.approx({"ham": math.log(1 / 72), "spam": math.log(1 / 24)})
    other = classify_spam("cash now", "discriminative")
    assert (other["label"], other["signed_distance"] > 0) == ("spam", True)
    assert classify_spam("lunch meeting", "discriminative")["signed_distance"] < 0


def test_words_that_training_did_not_show_say_nothing():
    """The prior is left, and of an e-mail without words too."""
    assert classify_spam("")["spam_probability"] == pytest.approx(0.5)
    assert classify_spam("tomorrow")["spam_probability"] == pytest.approx(0.5)


def test_the_generative_filter_writes():
    """Words as often as the class has them: cash 3/12 in spam; the same seed writes the same."""
    writer = SpamGenerative().fit(MAILS, LABELS)
    text = writer.generate("spam", 6000, seed=1).split()
    assert text.count("cash") / 6000 == pytest.approx(3 / 12, abs=0.02)
    assert text.count("prize") / 6000 == pytest.approx(2 / 12, abs=0.02)
    assert writer.generate("ham", 4, seed=2) == writer.generate("ham", 4, seed=2)
    assert set(writer.generate("ham").split()) <= set(writer.vocabulary_)


def test_own_mails_are_learnt():
    """With the corpus turned round, so is the answer."""
    turned = ["ham", "ham", "spam", "spam"]
    assert classify_spam("cash now", mails=MAILS, labels=turned)["label"] == "ham"


def test_words_that_do_not_separate():
    """Both classes alike: no weights, and the distance is 0."""
    assert SpamDiscriminative().fit(["a", "a"], ["spam", "ham"]).side("a") == pytest.approx(0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: classify_spam("a", "rules"),
            "approach must be one of generative, discriminative; got 'rules'.",
        ),
        (lambda: classify_spam("a", mails=MAILS), "mails and labels must be given together; got one of them."),
        (
            lambda: SpamGenerative().fit(["a"], ["spam"]),
            "y must hold the labels spam and ham, and both; got ['spam'].",
        ),
        (lambda: SpamGenerative().fit(["a"], LABELS), "X and y must be of equal length; got 1 and 4."),
        (lambda: SpamGenerative().fit(["", "!"], LABELS[1:3]), "X must hold at least one word; got ['', '!']."),
        (lambda: SpamGenerative().fit("abc", LABELS), "X must be a list of texts, at least 1; got 'abc'."),
        (lambda: SpamGenerative().fit([], []), "X must be a list of texts, at least 1; got []."),
        (lambda: SpamGenerative().fit(3, LABELS), "X must be a list of texts, at least 1; got 3."),
        (lambda: SpamDiscriminative(alpha=0).fit(MAILS, LABELS), "alpha must be above 0; got 0."),
        (
            lambda: SpamGenerative().fit(MAILS, LABELS).generate("eggs"),
            "label must be one of ham, spam; got 'eggs'.",
        ),
        (
            lambda: SpamGenerative().fit(MAILS, LABELS).generate("ham", 0),
            "n_words must be a whole number of at least 1; got 0.",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the argument, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
