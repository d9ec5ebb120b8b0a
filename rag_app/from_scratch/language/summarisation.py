"""A summary made of a text's own sentences: those that share most words with the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.from_scratch.arrays import check_count, check_range
from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.from_scratch.language.words import content_words
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_ROUNDS = 1000
_SETTLED = 1e-12


@register("tool", "M092")
def textrank_summary(text: str, n_sentences: int = 2, damping: float = 0.85) -> dict[str, Any]:
    """Return the most important sentences of a text, unchanged and in their order (extractive summary).

    Parameters
    ----------
    text : str
        The text.
    n_sentences : int, default=2
        Most sentences of the summary, at least 1.
    damping : float, default=0.85
        How much of a sentence's score comes from similar ones, at least 0 and below 1.

    Returns
    -------
    dict
        ``summary``; ``sentences`` with ``start`` and ``end`` of each in the text; ``scores`` of all sentences. Of
        equally important sentences the earlier is taken. Empty for a text without sentences.

    Raises
    ------
    InvalidInputError
        If a parameter is out of range.

    Notes
    -----
    ``r_i = (1 - d)/N + d Σ_{j≠i} w_ji / Σ_k w_jk · r_j``, where w_ij counts the words that sentences i and j share,
    stop words left out; a sentence that shares none gets (1 - d)/N. Mihalcea & Tarau, "TextRank: bringing order into
    texts", EMNLP (2004).

    Examples
    --------
    >>> text = ("Solar panels turn sunlight into electricity. Solar electricity is stored in batteries. "
    ...     "Batteries release stored electricity at night. Clean panels work better.")
    >>> found = textrank_summary(text)
    >>> [round(score, 4) for score in found["scores"]]
    [0.294, 0.3351, 0.2709, 0.1]
    >>> found["summary"]
    'Solar panels turn sunlight into electricity. Solar electricity is stored in batteries.'
    """
    check_count("n_sentences", n_sentences)
    check_range("damping", damping, 0, 1, open_high=True)
    spans = split_sentences(text)
    scores = _page_rank(_shared_words([set(content_words(text[a:b])) for a, b in spans]), damping)
    chosen = sorted(np.argsort(-scores.round(12), kind="stable")[:n_sentences].tolist())
    return {
        "summary": " ".join(text[slice(*spans[n])] for n in chosen),
        "sentences": [{"start": spans[n][0], "end": spans[n][1]} for n in chosen],
        "scores": scores.tolist(),
    }


def _shared_words(bags: list[set[str]]) -> NDArray[np.float64]:
    column = {word: j for j, word in enumerate(sorted(set().union(*bags)))}
    present = np.zeros((len(bags), len(column)))
    for row, bag in zip(present, bags, strict=True):
        row[[column[word] for word in bag]] = 1
    shared: NDArray[np.float64] = present @ present.T
    np.fill_diagonal(shared, 0)
    return shared


def _page_rank(weights: NDArray[np.float64], damping: float) -> NDArray[np.float64]:
    n = len(weights)
    totals = weights.sum(axis=1, keepdims=True)
    steps = weights / np.where(totals > 0, totals, 1)  # rows sum to 1, or to 0 without neighbours
    scores = np.full(n, 1 / max(1, n))
    for _ in range(_MOST_ROUNDS):
        before, scores = scores, (1 - damping) / max(1, n) + damping * (scores @ steps)
        if np.abs(scores - before).sum() < _SETTLED:
            break
    return scores
