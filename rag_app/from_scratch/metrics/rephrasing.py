"""Whether a text says the same as another in other words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import check_count
from rag_app.from_scratch.language.words import words
from rag_app.from_scratch.metrics.similarity import cosine_similarity
from rag_app.registry import register


@register("metric", "X028")
def rephrase_scores(original: str, rephrased: str, min_run: int = 3) -> dict[str, float]:
    """Return how similar a rephrased text is to its original, and how much of it is copied.

    Parameters
    ----------
    original : str
        A text with at least one word.
    rephrased : str
        Another version of it, with at least one word.
    min_run : int, default=3
        Words in a row that count as copied, at least 1.

    Returns
    -------
    dict
        Each in [0, 1]: "cosine" of the word counts, "rouge_l" of the word order, and "copied_fraction" of the rephrased
        words. Identical texts of at least `min_run` words score 1 three times, texts without a common word 0.

    Raises
    ------
    InvalidInputError
        If a text has no words, or the length of a run is below 1.

    Notes
    -----
    ROUGE-L is the harmonic mean of ``lcs / n_rephrased`` and ``lcs / n_original`` with the longest common subsequence.
    Lin, "ROUGE: a package for automatic evaluation of summaries" (2004).

    Examples
    --------
    "the heater the room" is common: 4/5. Counts: (2·2 + 1 + 1) / (√7 · √7) = 6/7. "the heater" and "the room" are
    copied.

    >>> found = rephrase_scores("the heater warms the room", "the heater heats the room", min_run=2)
    >>> {name: round(value, 4) for name, value in found.items()}
    {'cosine': 0.8571, 'rouge_l': 0.8, 'copied_fraction': 0.8}
    """
    check_count("min_run", min_run)
    a, b = _words("original", original), _words("rephrased", rephrased)
    vocabulary = sorted({*a, *b})
    counts = [[float(Counter(text)[word]) for word in vocabulary] for text in (a, b)]
    return {
        "cosine": cosine_similarity(counts[0], counts[1]),
        "rouge_l": 2 * _common_subsequence(a, b) / (len(a) + len(b)),
        "copied_fraction": _n_copied(a, b, min_run) / len(b),
    }


def _words(name: str, text: str) -> list[str]:
    found = words(text)
    if not found:
        msg = f"{name} must be a text with at least one word; got {text[:60]!r}."
        raise InvalidInputError(msg)
    return found


def _common_subsequence(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the length of the longest list of words that both have in the same order, by dynamic programming."""
    best = np.zeros(len(b) + 1, int)  # best[j]: of the words of `a` so far with the first j of `b`
    same = {word: np.array([word == other for other in b]) for word in set(a)}
    for word in a:
        extended = np.where(same[word], best[:-1] + 1, best[1:])
        best[1:] = np.maximum.accumulate(extended)
    return int(best[-1])


def _n_copied(a: Sequence[str], b: Sequence[str], min_run: int) -> int:
    """Return how many words of `b` lie in runs of at least so many consecutive words of `a`."""
    runs = {tuple(a[i : i + min_run]) for i in range(len(a) - min_run + 1)}
    starts = [i for i in range(len(b) - min_run + 1) if tuple(b[i : i + min_run]) in runs]
    return len({i + offset for i in starts for offset in range(min_run)})
