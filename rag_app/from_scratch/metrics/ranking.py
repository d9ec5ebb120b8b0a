"""How good a ranking is, given which items are relevant."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from rag_app.errors import InvalidInputError
from rag_app.registry import register


@register("metric", "21.2")
def recall_at_k(ranking: Sequence[str], relevant: Sequence[str], k: int = 10) -> float:
    """Return the share of the relevant items that are among the first k of a ranking, in [0, 1].

    Parameters
    ----------
    ranking : sequence of str
        Ids, best first, without repetition.
    relevant : sequence of str
        Ids of the relevant items, at least one.
    k : int, default=10
        Ranks to look at, at least 1.

    Returns
    -------
    float
        0 where none was found, 1 where all were; higher is better.

    Raises
    ------
    InvalidInputError
        If nothing is relevant, an id is repeated in the ranking, or k is below 1.

    Notes
    -----
    ``|top k ∩ relevant| / |relevant|``. Manning, Raghavan & Schütze, *Introduction to Information Retrieval* (2008),
    chapter 8.

    Examples
    --------
    Two relevant items, one of them within the first three ranks: 1 / 2.

    >>> recall_at_k(["a", "b", "c", "d"], ["b", "d"], k=3)
    0.5
    """
    _check(ranking, "relevant", relevant, k)
    wanted = set(relevant)
    return len(wanted & set(ranking[:k])) / len(wanted)


@register("metric", "21.2")
def reciprocal_rank(ranking: Sequence[str], relevant: Sequence[str], k: int = 10) -> float:
    """Return one over the rank of the first relevant item, 0 if none is among the first k.

    Parameters
    ----------
    ranking : sequence of str
        Ids, best first, without repetition.
    relevant : sequence of str
        Ids of the relevant items, at least one.
    k : int, default=10
        Ranks to look at, at least 1.

    Returns
    -------
    float
        In [0, 1]; the mean over questions is the MRR; higher is better.

    Raises
    ------
    InvalidInputError
        If nothing is relevant, an id is repeated in the ranking, or k is below 1.

    Notes
    -----
    ``1 / rank``. Voorhees, "The TREC-8 question answering track report", TREC (1999).

    Examples
    --------
    The first relevant item has rank 2: 1 / 2.

    >>> reciprocal_rank(["a", "b", "c"], ["c", "b"])
    0.5
    """
    _check(ranking, "relevant", relevant, k)
    wanted = set(relevant)
    return next((1 / rank for rank, item in enumerate(ranking[:k], start=1) if item in wanted), 0.0)


@register("metric", "21.2")
def ndcg(ranking: Sequence[str], relevance: Mapping[str, float], k: int = 10) -> float:
    """Return the normalised discounted cumulative gain of a ranking, in [0, 1].

    Parameters
    ----------
    ranking : sequence of str
        Ids, best first, without repetition.
    relevance : mapping of str to float
        Gain of each relevant item, finite and not negative; at least one is positive. Other items gain 0.
    k : int, default=10
        Ranks to look at, at least 1.

    Returns
    -------
    float
        1 for the best possible ranking; higher is better.

    Raises
    ------
    InvalidInputError
        If no item is relevant, a gain is negative or not finite, an id is repeated in the ranking, or k is below 1.

    Notes
    -----
    ``DCG = sum over ranks i of gain_i / log2(i + 1)``, divided by the DCG of the items in the best order.

    References
    ----------
    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002.

    Examples
    --------
    The one relevant item has rank 3: (1 / log2 4) / (1 / log2 2) = 1 / 2.

    >>> ndcg(["a", "b", "c"], {"c": 1})
    0.5
    """
    _check(ranking, "relevance", [i for i, gain in relevance.items() if gain > 0], k)
    wrong = [gain for gain in relevance.values() if not 0 <= gain < math.inf]
    if wrong:
        msg = f"relevance must be finite and not negative; got {wrong[0]}."
        raise InvalidInputError(msg)
    top = max(relevance.values())  # a common factor cancels; without it, sums of huge gains overflow
    best = _dcg(sorted((gain / top for gain in relevance.values()), reverse=True)[:k])
    return _dcg([relevance.get(item, 0.0) / top for item in ranking[:k]]) / best


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _check(ranking: Sequence[str], name: str, relevant: Sequence[str], k: int) -> None:
    if not relevant:
        msg = f"{name} must name at least one relevant item; got none."
        raise InvalidInputError(msg)
    if len(set(ranking)) < len(ranking):
        (item, n), *_ = Counter(ranking).most_common(1)
        msg = f"ranking must not repeat an id; got {item!r} {n} times."
        raise InvalidInputError(msg)
    if k < 1:
        msg = f"k must be at least 1; got {k}."
        raise InvalidInputError(msg)
