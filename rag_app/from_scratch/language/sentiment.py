"""Sentiment of a text: from a lexicon and rules, from counted examples, and from both together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, as_labels, as_texts, check_range, check_same_length
from rag_app.from_scratch.data.vectorisation import TextVectoriser
from rag_app.from_scratch.estimators.bayes import MultinomialNaiveBayes
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.language.words import words
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEXICON: dict[str, float] = {
    **dict.fromkeys(("excellent", "perfect", "wonderful", "love", "loved", "best", "outstanding"), 1.0),
    **dict.fromkeys(("great", "amazing", "delightful", "happy", "beautiful", "brilliant"), 0.8),
    **dict.fromkeys(("good", "nice", "pleasant", "helpful", "like", "liked", "easy", "fast", "reliable"), 0.5),
    **dict.fromkeys(("slow", "difficult", "expensive", "boring", "dull", "weak", "noisy", "problem", "late"), -0.5),
    **dict.fromkeys(("bad", "poor", "sad", "angry", "broken", "disappointing", "fails", "failed"), -0.8),
    **dict.fromkeys(("terrible", "awful", "horrible", "worst", "hate", "hated", "useless"), -1.0),
}
_INTENSIFIERS = {"very": 1.2, "really": 1.2, "so": 1.2, "extremely": 1.5, "quite": 0.9, "rather": 0.9, "slightly": 0.5}
_NEGATIONS = frozenset("not no never cannot neither nor without hardly".split())
_PASSED_OVER = frozenset("a an the that this at all".split())  # between a negation and what it negates
_TEXTS = ("great phone", "good camera great", "bad battery", "bad camera")
_LABELS = ("positive", "positive", "negative", "negative")
_CLASSES = ("negative", "positive")


@register("tool", "M125")
def lexicon_sentiment(text: str, lexicon: Mapping[str, float] = LEXICON, threshold: float = 0.05) -> dict[str, Any]:
    """Return whether a text is positive, neutral or negative by the scores of its opinion words (knowledge-based).

    Parameters
    ----------
    text : str
        Any text.
    lexicon : dict, optional
        Score from -1 to 1 of each opinion word; default: some fifty English words.
    threshold : float, default=0.05
        Mean score from which on a text is positive or, below 0, negative; at least 0.

    Returns
    -------
    dict
        ``label``; ``score``, the mean over opinion words, 0 without any; ``words``, what each of them contributes.

    Raises
    ------
    InvalidInputError
        If a score is not from -1 to 1, or the threshold is negative.

    Notes
    -----
    A negation just before a word turns its sign, an intensifier multiplies its score. Hutto & Gilbert, "VADER: a
    parsimonious rule-based model for sentiment analysis of social media text", ICWSM (2014).

    Examples
    --------
    0.8 for great and -1 × 1.2 × 0.5 for not very good: (0.8 - 0.6)/2.

    >>> found = lexicon_sentiment("The camera is great but the battery is not very good")
    >>> found["label"], round(found["score"], 6), [c for _, c in found["words"]]
    ('positive', 0.1, [0.8, -0.6])
    """
    check_range("threshold", threshold, 0)
    for score in lexicon.values():
        check_range("lexicon", score, -1, 1)
    found = words(text)
    opinions = [(n, lexicon[word]) for n, word in enumerate(found) if word in lexicon]
    contributions = [(found[n], score * _modifier(found[:n])) for n, score in opinions]
    mean = sum(c for _, c in contributions) / len(contributions) if contributions else 0.0
    return {"label": _label(mean, threshold), "score": mean, "words": contributions}


def _modifier(before: Sequence[str]) -> float:
    """Return what the words just before an opinion word make of its score."""
    factor = 1.0
    for word in reversed(before):
        if word in _NEGATIONS or word.endswith(("n't", "n’t")):
            return -factor
        if word not in _PASSED_OVER and word not in _INTENSIFIERS:
            return factor
        factor *= _INTENSIFIERS.get(word, 1.0)
    return factor


def _label(score: float, threshold: float) -> str:
    if abs(score) < threshold or score == 0:
        return "neutral"
    return "positive" if score > 0 else "negative"


@register("estimator", "M125")
class SentimentClassifier(Estimator):
    """Return positive or negative for each text, learnt from labelled ones by naive Bayes (statistical).

    Parameters
    ----------
    alpha : float, default=1.0
        What is added to the count of every word, above 0.

    Notes
    -----
    ``P(y | text) ∝ P(y) Π_w P(w | y)`` over the words of the training texts. Pang, Lee & Vaithyanathan, "Thumbs up?
    Sentiment classification using machine learning techniques", EMNLP (2002).

    Attributes
    ----------
    counter_ : TextVectoriser
        The dictionary.
    bayes_ : MultinomialNaiveBayes
        Distribution of words in each class.

    Examples
    --------
    1/2 · 3/11 · 1/11 = 0.012397 against 1/2 · 1/10 · 2/10 = 0.01: 0.5535 for positive.

    >>> texts = ["great phone", "good camera great", "bad battery", "bad camera"]
    >>> fitted = SentimentClassifier().fit(texts, ["positive", "positive", "negative", "negative"])
    >>> fitted.predict_proba(["great battery"]).round(4).tolist()
    [[0.4465, 0.5535]]
    """

    def __init__(self, *, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def fit(self, X: Sequence[str], y: Labels) -> Self:
        """Count.

        Parameters
        ----------
        X : list of str
            Training texts with at least one word.
        y : array-like of shape (n,)
            Label of each: positive or negative, both of them.
        """
        texts, labels = as_texts("X", X), as_labels("y", y)
        check_same_length(X=texts, y=labels)
        if set(labels.tolist()) != set(_CLASSES):
            msg = f"y must hold the labels positive and negative, and both; got {sorted(set(labels.tolist()))[:5]!r}."
            raise InvalidInputError(msg)
        self.counter_ = TextVectoriser(mode="count", reserve=0).fit(texts)
        if not self.counter_.vocabulary_:
            msg = f"X must hold at least one word; got {texts[:3]!r}."
            raise InvalidInputError(msg)
        self.bayes_ = MultinomialNaiveBayes(alpha=self.alpha).fit(self.counter_.transform(texts), labels)
        return self

    def predict_proba(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Return the probabilities of negative and positive for each text, shape (m, 2).

        Parameters
        ----------
        X : list of str
            Texts; words that training did not show say nothing.
        """
        self.check_fitted()
        return self.bayes_.predict_proba(self.counter_.transform(as_texts("X", X)))

    def predict(self, X: Sequence[str]) -> NDArray[Any]:
        """Return positive or negative for each text, shape (m,).

        Parameters
        ----------
        X : list of str
            Texts.
        """
        self.check_fitted()
        return self.bayes_.predict(self.counter_.transform(as_texts("X", X)))


@register("tool", "M125")
def hybrid_sentiment(
    text: str,
    weight: float = 0.5,
    texts: Sequence[str] = _TEXTS,
    labels: Sequence[str] = _LABELS,
    threshold: float = 0.05,
) -> dict[str, Any]:
    """Return whether a text is positive, neutral or negative by a lexicon and a classifier together (hybrid).

    Parameters
    ----------
    text : str
        Any text.
    weight : float, default=0.5
        Weight of the lexicon, from 0 (statistical only) to 1 (knowledge-based only).
    texts : list of str, optional
        Texts that the classifier learns from; default: the four of the chapter.
    labels : list of str, optional
        Label of each, positive or negative.
    threshold : float, default=0.05
        Score from which on a text is positive or, below 0, negative.

    Returns
    -------
    dict
        ``label`` and ``score`` in [-1, 1]; ``lexicon_score``, of a text that the rules push beyond 1 set to 1; and
        ``positive_probability``.

    Raises
    ------
    InvalidInputError
        If the weight is out of range, or texts and labels do not fit each other.

    Notes
    -----
    ``s = α s_lex + (1 - α)(2 P₊ - 1)``. Prabowo & Thelwall, "Sentiment analysis: a combined approach", J. Informetrics
    3 (2009).

    Examples
    --------
    0.5 · 0.8 + 0.5 · (2 · 0.5535 - 1) = 0.4535.

    >>> round(hybrid_sentiment("great battery")["score"], 4)
    0.4535
    """
    check_range("weight", weight, 0, 1)
    known = max(-1.0, min(1.0, lexicon_sentiment(text, threshold=threshold)["score"]))
    positive = float(SentimentClassifier().fit(texts, labels).predict_proba([text])[0, 1])
    score = weight * known + (1 - weight) * (2 * positive - 1)
    return {
        "label": _label(score, threshold),
        "score": score,
        "lexicon_score": known,
        "positive_probability": positive,
    }
