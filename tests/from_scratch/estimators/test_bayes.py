"""Naive Bayes against scikit-learn's log-probabilities and the chapter's worked figures."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import naive_bayes

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.bayes import BernoulliNaiveBayes, GaussianNaiveBayes, MultinomialNaiveBayes

RNG = np.random.default_rng(0)
Y = RNG.integers(3, size=60)
COUNTS = RNG.poisson(1 + Y[:, None] * RNG.random(5))
KINDS = [
    (GaussianNaiveBayes(), naive_bayes.GaussianNB(), RNG.normal(size=(60, 4)) * [1, 10, 0.1, 1] + Y[:, None]),
    (BernoulliNaiveBayes(), naive_bayes.BernoulliNB(), (COUNTS > 1).astype(float)),
    (BernoulliNaiveBayes(alpha=0.3), naive_bayes.BernoulliNB(alpha=0.3), (COUNTS > 1).astype(float)),
    (MultinomialNaiveBayes(), naive_bayes.MultinomialNB(), COUNTS),
    (MultinomialNaiveBayes(alpha=0.3), naive_bayes.MultinomialNB(alpha=0.3), COUNTS),
]


@pytest.mark.parametrize(("ours", "theirs", "X"), KINDS)
def test_log_probabilities_agree_with_scikit_learn(ours, theirs, X):
    """To nine digits, and so do the predictions."""
    ours.fit(X, Y)
    theirs.fit(X, Y)
    assert ours.predict_log_proba(X) == pytest.approx(theirs.predict_log_proba(X), abs=1e-9)
    assert ours.predict(X).tolist() == theirs.predict(X).tolist()
    assert ours.predict_proba(X).sum(axis=1) == pytest.approx(np.ones(len(X)))


def test_bernoulli_by_hand():
    """Cash alone: 3/4 · 3/4 = 9/16 under spam and 1/16 under ham; nothing at all: 3/16 under both."""
    bayes = BernoulliNaiveBayes().fit([[1, 0], [1, 0], [0, 1], [0, 1]], ["spam", "spam", "ham", "ham"])
    assert np.exp(bayes.log_likelihoods([[1, 0]])) == pytest.approx(np.array([[1 / 16, 9 / 16]]))
    assert bayes.predict_proba([[1, 0], [0, 0]]) == pytest.approx(np.array([[0.1, 0.9], [0.5, 0.5]]))


def test_gaussian_by_hand():
    """The chapter's log odds of 3 at 3.5: σ(3) = 0.953."""
    bayes = GaussianNaiveBayes().fit([[1], [2], [3], [5], [6], [7]], ["A", "A", "A", "B", "B", "B"])
    assert bayes.variances_ == pytest.approx(np.full((2, 1), 2 / 3))
    assert bayes.predict_proba([[3.5]])[0, 0] == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-6)


def test_priors_are_shares():
    """Three of four examples: a row that both classes explain alike is three times as likely of the larger one."""
    bayes = MultinomialNaiveBayes().fit([[1, 1], [1, 1], [1, 1], [1, 1]], ["a", "a", "a", "b"])
    assert bayes.predict_proba([[0, 0]]) == pytest.approx(np.array([[0.75, 0.25]]))


@pytest.mark.parametrize(
    ("bayes", "X", "expected"),
    [
        (GaussianNaiveBayes(), [[0, 5], [2, 5], [10, -5], [12, -5]], [1, 5]),  # means of the first class
        (BernoulliNaiveBayes(alpha=0.5), [[1, 0], [1, 1], [0, 0], [0, 1]], [2.5 / 3, 1.5 / 3]),
        (MultinomialNaiveBayes(alpha=0.5), [[3, 0], [1, 1], [0, 2], [0, 1]], [4.5 / 6, 1.5 / 6]),
    ],
)
def test_samples_have_the_means_of_their_class(bayes, X, expected):
    """Over many draws, within four standard errors; the same seed draws the same rows."""
    bayes.fit(X, ["a", "a", "b", "b"])
    rows = bayes.sample("a", 4000, seed=1)
    assert (np.abs(rows.mean(axis=0) - expected) <= 4 * rows.std(axis=0) / np.sqrt(4000) + 1e-3).all()
    assert bayes.sample("a", 5, seed=2).tolist() == bayes.sample("a", 5, seed=2).tolist()


def test_samples_are_of_the_kind_that_was_learnt():
    """Bernoulli rows hold zeros and ones, multinomial ones a single word each."""
    bits = BernoulliNaiveBayes().fit([[1, 0], [0, 1]], [0, 1]).sample(0, 50)
    assert set(bits.ravel()) == {0.0, 1.0}
    assert (MultinomialNaiveBayes().fit([[1, 0], [0, 1]], [0, 1]).sample(1, 50).sum(axis=1) == 1).all()


def test_constant_columns_and_a_single_class():
    """A column without variance divides by no zero, all equal rows neither; one class is certain."""
    bayes = GaussianNaiveBayes().fit([[1, 0], [1, 1], [1, 5], [1, 6]], [0, 0, 1, 1])
    assert bayes.predict([[1, 0], [1, 6]]).tolist() == [0, 1]
    assert GaussianNaiveBayes().fit([[1], [1]], [0, 1]).predict_proba([[1]]) == pytest.approx(np.array([[0.5, 0.5]]))
    assert GaussianNaiveBayes().fit([[1], [2]], ["a", "a"]).predict_proba([[9]]).tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: BernoulliNaiveBayes(alpha=0).fit([[1]], [0]), "alpha must be above 0; got 0."),
        (lambda: MultinomialNaiveBayes(alpha=0).fit([[1]], [0]), "alpha must be above 0; got 0."),
        (lambda: BernoulliNaiveBayes().fit([[2]], [0]), "X must hold zeros and ones alone; got 2.0."),
        (lambda: MultinomialNaiveBayes().fit([[-1]], [0]), "X must hold counts of at least 0; got -1.0."),
        (
            lambda: MultinomialNaiveBayes().fit([[1]], [0]).predict([[-1]]),
            "X must hold counts of at least 0; got -1.0.",
        ),
        (lambda: GaussianNaiveBayes().fit([[1]], [0]).sample(1), "label must be one of 0; got 1."),
        (lambda: GaussianNaiveBayes().fit([[1]], [0]).sample(0, 0), "n must be a whole number of at least 1; got 0."),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the argument, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
