"""Whether a short answer is the one that was expected, by the rules of SQuAD."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import as_texts
from rag_app.registry import register

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


@register("metric", "21.3")
def exact_match_score(answer: str | None, references: Sequence[str]) -> float:
    """Return 1 if an answer is one of those expected but for case, punctuation, articles and spaces, else 0.

    Parameters
    ----------
    answer : str or None
        The answer, or null for "no answer".
    references : list of str
        Every answer that is right; none for a question that has no answer.

    Returns
    -------
    float
        0 or 1. No answer is right where none is expected, and wrong elsewhere.

    Raises
    ------
    InvalidInputError
        If the answer is no text, or the references are no list of texts.

    Notes
    -----
    Rajpurkar, Jia & Liang, "Know what you don't know: unanswerable questions for SQuAD", ACL (2018), whose script takes
    the best of the references.

    Examples
    --------
    >>> exact_match_score("The Eiffel Tower.", ["Eiffel tower", "a tower in Paris"]), exact_match_score(None, [])
    (1.0, 1.0)
    """
    given, expected = _checked(answer, references)
    return float(given in expected)


@register("metric", "21.3")
def answer_f1_score(answer: str | None, references: Sequence[str]) -> float:
    """Return how far the words of an answer are those of an expected one: the F1 of common words, in [0, 1].

    Parameters
    ----------
    answer : str or None
        The answer, or null for "no answer".
    references : list of str
        Every answer that is right; none for a question that has no answer.

    Returns
    -------
    float
        The best over the references. No answer has 1 where none is expected, and 0 elsewhere.

    Raises
    ------
    InvalidInputError
        If the answer is no text, or the references are no list of texts.

    Notes
    -----
    ``F1 = 2c / (a + r)`` for c common words, counted as often as in both, of a in the answer and r in the reference,
    without case, punctuation and articles. Rajpurkar, Zhang, Lopyrev & Liang, "SQuAD: 100,000+ questions for machine
    comprehension of text", EMNLP (2016).

    Examples
    --------
    "eiffel tower" against "eiffel tower in paris": 2 · 2 / (2 + 4).

    >>> round(answer_f1_score("The Eiffel Tower", ["Eiffel Tower in Paris", "a tower"]), 4)
    0.6667
    """
    given, expected = _checked(answer, references)
    return max(_f1(given, reference) for reference in expected)


def _checked(answer: object, references: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return the words of the answer and of each reference; no answer, and no reference, is an empty text."""
    if not (answer is None or isinstance(answer, str)):
        msg = f"answer must be a text, or none; got {answer!r}."
        raise InvalidInputError(msg)
    expected = as_texts("references", references, min_length=0) or [""]
    return _words(answer or ""), [_words(text) for text in expected]


def _words(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def _f1(answer: list[str], reference: list[str]) -> float:
    if not answer or not reference:
        return float(answer == reference)
    return 2 * (Counter(answer) & Counter(reference)).total() / (len(answer) + len(reference))
