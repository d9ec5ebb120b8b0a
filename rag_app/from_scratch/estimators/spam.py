"""Spam or ham, both ways: learn how each kind of e-mail is written, or learn what tells them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import (
    Labels,
    as_labels,
    as_texts,
    check_choice,
    check_count,
    check_range,
    check_same_length,
)
from rag_app.from_scratch.estimators.bayes import MultinomialNaiveBayes
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.estimators.logistic import LogisticRegression
from rag_app.from_scratch.language.words import words
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CLASSES = ("ham", "spam")
_MAILS = ("win cash now", "cash prize", "meeting now", "lunch meeting today")
_LABELS = ("spam", "spam", "ham", "ham")


class _SpamFilter(Estimator):
    """What both filters share: a vocabulary and counts of its words."""

    vocabulary_: list[str]

    def _read(self, X: Sequence[str], y: Labels) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Return counts of words, shape (n, n_words), and labels."""
        texts, labels = as_texts("X", X), as_labels("y", y)
        check_same_length(X=texts, y=labels)
        if set(labels.tolist()) != set(_CLASSES):
            msg = f"y must hold the labels spam and ham, and both; got {sorted(set(labels.tolist()))[:5]!r}."
            raise InvalidInputError(msg)
        self.vocabulary_ = sorted({word for text in texts for word in words(text)})
        if not self.vocabulary_:
            msg = f"X must hold at least one word; got {texts[:3]!r}."
            raise InvalidInputError(msg)
        return self._count(texts), labels

    def _count(self, texts: Sequence[str]) -> NDArray[np.float64]:
        column = {word: j for j, word in enumerate(self.vocabulary_)}
        counts = np.zeros((len(texts), len(column)))
        for row, text in zip(counts, texts, strict=True):
            known = [column[word] for word in words(text) if word in column]  # a new word says nothing
            np.add.at(row, known, 1)
        return counts


@register("estimator", "M005")
class SpamGenerative(_SpamFilter):
    """Return spam or ham for each e-mail, from how probable its words are in each of the two.

    Parameters
    ----------
    alpha : float, default=1.0
        What is added to the count of every word, above 0.

    Notes
    -----
    Multinomial naive Bayes over counts of words: ``p(spam | x) ∝ p(spam) Π_w p(w | spam)``. It can also write:
    `generate` draws words from a class. Sahami, Dumais, Heckerman & Horvitz, "A Bayesian approach to filtering junk
    e-mail", AAAI workshop on learning for text categorization (1998).

    Attributes
    ----------
    vocabulary_ : list of str
        Words of the training e-mails, in alphabetical order.
    bayes_ : MultinomialNaiveBayes
        Distribution of words in each class.

    Examples
    --------
    Twelfths: cash 3 and now 2 in spam, 1 and 2 in ham; so 6/144 against 2/144, and 3/4 for spam.

    >>> mails, y = ["win cash now", "cash prize", "meeting now", "lunch meeting today"], ["spam", "spam", "ham", "ham"]
    >>> SpamGenerative().fit(mails, y).predict_proba(["cash now"]).round(6).tolist()
    [[0.25, 0.75]]
    """

    def __init__(self, *, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def fit(self, X: Sequence[str], y: Labels) -> Self:
        """Learn the distribution of words in each class.

        Parameters
        ----------
        X : list of str
            E-mails.
        y : array-like of shape (n,)
            The label of each: spam or ham.
        """
        counts, labels = self._read(X, y)
        self.bayes_ = MultinomialNaiveBayes(alpha=self.alpha).fit(counts, labels)
        return self

    def log_likelihoods(self, text: str) -> dict[str, float]:
        """Return the log-likelihood of an e-mail under each class, by name.

        Parameters
        ----------
        text : str
            An e-mail; words that training did not show are left out.
        """
        self.check_fitted()
        values = self.bayes_.log_likelihoods(self._count(as_texts("text", [text])))[0]
        return {label: float(v) for label, v in zip(_CLASSES, values, strict=True)}

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Return the probabilities of ham and spam for each e-mail, shape (m, 2).

        Parameters
        ----------
        X : list of str
            E-mails.
        """
        self.check_fitted()
        return self.bayes_.predict_proba(self._count(as_texts("X", X)))

    def predict(self, X: Sequence[str]) -> NDArray[Any]:
        """Return spam or ham for each e-mail, shape (m,).

        Parameters
        ----------
        X : list of str
            E-mails.
        """
        self.check_fitted()
        return self.bayes_.predict(self._count(as_texts("X", X)))

    def generate(self, label: Literal["spam", "ham"], n_words: int = 5, *, seed: int = 0) -> str:
        """Return words drawn from a class, in no order that means anything.

        Parameters
        ----------
        label : {"spam", "ham"}
            The class.
        n_words : int, default=5
            Number of words.
        seed : int, default=0
            Seed of the generator.
        """
        self.check_fitted()
        check_choice("label", label, _CLASSES)
        check_count("n_words", n_words)
        drawn = self.bayes_.sample(label, n_words, seed=seed).argmax(axis=1)
        return " ".join(self.vocabulary_[j] for j in drawn)


@register("estimator", "M005")
class SpamDiscriminative(_SpamFilter):
    """Return spam or ham for each e-mail, from the side of a learnt boundary on which its words put it.

    Parameters
    ----------
    alpha : float, default=0.01
        Price of squared weights, above 0: few e-mails can be separated without error, and then weights would have no
        end.

    Notes
    -----
    Logistic regression over counts of words: one weight for each word, spam where ``w·x + b > 0``. Ng & Jordan, "On
    discriminative vs. generative classifiers: a comparison of logistic regression and naive Bayes", NeurIPS (2002).

    Attributes
    ----------
    vocabulary_ : list of str
        Words of the training e-mails, in alphabetical order.
    logistic_ : LogisticRegression
        Weight of each word.

    Examples
    --------
    >>> mails, y = ["win cash now", "cash prize", "meeting now", "lunch meeting today"], ["spam", "spam", "ham", "ham"]
    >>> boundary = SpamDiscriminative().fit(mails, y)
    >>> boundary.side("cash now") > 0 > boundary.side("meeting")
    True
    """

    def __init__(self, *, alpha: float = 0.01) -> None:
        self.alpha = alpha

    def fit(self, X: Sequence[str], y: Labels) -> Self:
        """Learn the boundary.

        Parameters
        ----------
        X : list of str
            E-mails.
        y : array-like of shape (n,)
            The label of each: spam or ham.
        """
        check_range("alpha", self.alpha, 0, open_low=True)
        counts, labels = self._read(X, y)
        self.logistic_ = LogisticRegression(alpha=self.alpha).fit(counts, labels)
        return self

    def side(self, text: str) -> float:
        """Return the signed distance of an e-mail from the boundary: above 0 for spam.

        Parameters
        ----------
        text : str
            An e-mail; words that training did not show are left out.
        """
        self.check_fitted()
        score = float(self.logistic_.decision_function(self._count(as_texts("text", [text])))[0])
        return score / (float(np.linalg.norm(self.logistic_.weights_)) or 1.0)

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Return the probabilities of ham and spam for each e-mail, shape (m, 2).

        Parameters
        ----------
        X : list of str
            E-mails.
        """
        self.check_fitted()
        return self.logistic_.predict_proba(self._count(as_texts("X", X)))

    def predict(self, X: Sequence[str]) -> NDArray[Any]:
        """Return spam or ham for each e-mail, shape (m,).

        Parameters
        ----------
        X : list of str
            E-mails.
        """
        self.check_fitted()
        return self.logistic_.predict(self._count(as_texts("X", X)))


@register("tool", "M005")
def classify_spam(
    text: str,
    approach: Literal["generative", "discriminative"] = "generative",
    mails: list[str] | None = None,
    labels: list[str] | None = None,
) -> dict[str, Any]:
    """Return whether an e-mail is spam or ham, and why: likelihoods, or the side of a boundary.

    Parameters
    ----------
    text : str
        The e-mail.
    approach : {"generative", "discriminative"}, default="generative"
        Compare how likely it is under each class, or see on which side of the learnt boundary it lies.
    mails : list of str, optional
        E-mails to learn from; default: the four of the chapter.
    labels : list of str, optional
        The label of each, spam or ham.

    Returns
    -------
    dict
        ``label`` and ``spam_probability``; with the generative approach ``log_likelihoods`` of ham and spam, with the
        discriminative one ``signed_distance``, above 0 for spam.

    Raises
    ------
    InvalidInputError
        If only one of mails and labels is given, they do not fit each other, or hold no word.

    Notes
    -----
    Generative: ``p(y | x) ∝ p(y) Π_w p(w | y)``. Discriminative: ``d(x) = (w·x + b) / ‖w‖``. Ng & Jordan, "On
    discriminative vs. generative classifiers: a comparison of logistic regression and naive Bayes", NeurIPS (2002).

    Examples
    --------
    (6/144) / (6/144 + 2/144) = 3/4.

    >>> found = classify_spam("cash now")
    >>> found["label"], round(found["spam_probability"], 6)
    ('spam', 0.75)
    """
    check_choice("approach", approach, ("generative", "discriminative"))
    if (mails is None) != (labels is None):
        msg = "mails and labels must be given together; got one of them."
        raise InvalidInputError(msg)
    known, y = (_MAILS, _LABELS) if mails is None or labels is None else (mails, labels)
    if approach == "generative":
        writer = SpamGenerative().fit(known, y)
        return _verdict(writer, text) | {"log_likelihoods": writer.log_likelihoods(text)}
    boundary = SpamDiscriminative().fit(known, y)
    return _verdict(boundary, text) | {"signed_distance": boundary.side(text)}


def _verdict(fitted: SpamGenerative | SpamDiscriminative, text: str) -> dict[str, Any]:
    return {"label": str(fitted.predict([text])[0]), "spam_probability": float(fitted.predict_proba([text])[0, 1])}
