"""How close a text comes to reference texts, by runs of words (BLEU) and of characters (chrF)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import as_texts
from rag_app.from_scratch.language.words import words
from rag_app.registry import register

_LONGEST_WORDS, _LONGEST_CHARACTERS = 4, 6
_BETA = 2.0  # recall counts twice as much as precision

Grams = Counter[tuple[str, ...]]


@register("metric", "21.3")
def bleu_score(candidate: str, references: Sequence[str]) -> float:
    """Return how many runs of one to four words of a text are in reference texts (BLEU of a sentence), in [0, 1].

    Parameters
    ----------
    candidate : str
        The text, with at least one word.
    references : sequence of str
        Texts it should resemble, at least one.

    Returns
    -------
    float
        1 for a text that is one of the references, 0 for one without a common word; higher is better.

    Raises
    ------
    InvalidInputError
        If a text has no word, or there is no reference.

    Notes
    -----
    ``BLEU = min(1, e^(1 - r/c)) · (Π p_n)^(1/N)`` with the length c of the text, the nearest length r of a reference,
    and the share p_n of its runs of n words that are in a reference, each as often as there. N is 4, or the number of
    words of a shorter text. The k-th p_n without a hit counts as half a hit, a quarter, …, 2^-k, so that one missing
    run of four words does not make it 0. Words are in lower case. Papineni, Roukos, Ward & Zhu, "BLEU: a method for
    automatic evaluation of machine translation", ACL (2002).

    Examples
    --------
    p = 3/4, 2/3, 1/2, and for runs of four half of 1/1; the reference is as long.

    >>> round(bleu_score("the cat sat down", ["the cat sat up"]), 4)
    0.5946
    """
    given = _tokens("candidate", candidate)
    wanted = [_tokens("references", text) for text in as_texts("references", references)]
    logs: list[float] = []
    n_missed = 0
    for n in range(1, min(_LONGEST_WORDS, len(given)) + 1):
        own = _grams(given, n)
        best: Grams = Counter()
        for text in wanted:
            best |= _grams(text, n)
        hits = (own & best).total()
        if n == 1 and not hits:
            return 0.0
        n_missed += not hits
        logs.append(math.log((hits or 0.5**n_missed) / own.total()))
    nearest = min((len(text) for text in wanted), key=lambda length: (abs(length - len(given)), length))
    return math.exp(min(0.0, 1 - nearest / len(given)) + sum(logs) / len(logs))


@register("metric", "21.3")
def chrf_score(candidate: str, references: Sequence[str]) -> float:
    """Return how many runs of one to six characters a text shares with a reference text (chrF2), in [0, 1].

    Parameters
    ----------
    candidate : str
        The text, with at least one word.
    references : sequence of str
        Texts it should resemble, at least one; the best of them counts.

    Returns
    -------
    float
        1 for a text that is one of the references, 0 for one without a common character; higher is better.

    Raises
    ------
    InvalidInputError
        If a text has no word, or there is no reference.

    Notes
    -----
    ``chrF = (1 + 2²) P R / (2² P + R)`` with the means P and R, over the lengths n that both texts have, of the shares
    of common runs of n characters; white space does not count. It needs no words, so that endings cost little. Popović,
    "chrF: character n-gram F-score for automatic MT evaluation", WMT (2015).

    Examples
    --------
    One character of "ab" and "ac" is common, and no pair: P = R = (1/2 + 0) / 2.

    >>> chrf_score("ab", ["ac"])
    0.25
    """
    _tokens("candidate", candidate)
    for text in as_texts("references", references):
        _tokens("references", text)
    return max(_chrf("".join(candidate.split()), "".join(text.split())) for text in references)


def _chrf(candidate: str, reference: str) -> float:
    precisions: list[float] = []
    recalls: list[float] = []
    for n in range(1, min(_LONGEST_CHARACTERS, len(candidate), len(reference)) + 1):
        own, wanted = _grams(candidate, n), _grams(reference, n)
        hits = (own & wanted).total()
        precisions.append(hits / own.total())
        recalls.append(hits / wanted.total())
    p, r = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return (1 + _BETA**2) * p * r / (_BETA**2 * p + r) if p + r else 0.0


def _tokens(name: str, text: str) -> list[str]:
    found = words(text)
    if not found:
        msg = f"{name} must be a text with at least one word; got {text[:60]!r}."
        raise InvalidInputError(msg)
    return found


def _grams(items: Sequence[str], n: int) -> Grams:
    return Counter(tuple(items[i : i + n]) for i in range(len(items) - n + 1))
