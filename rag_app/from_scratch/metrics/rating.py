"""Human judgement: a blind form for raters, and what their ratings say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import as_generator, check_range
from rag_app.from_scratch.metrics.agreement import cohen_kappa
from rag_app.from_scratch.statistics.intervals import mean_confidence_interval
from rag_app.registry import register


@register("tool", "X029")
def build_rating_form(
    outputs: Mapping[str, Sequence[str]], raters: Sequence[str], criteria: Sequence[str] = ("quality",), seed: int = 0
) -> dict[str, Any]:
    """Return a blind form: every rater gets every output, in random order and without the name of its system.

    Parameters
    ----------
    outputs : mapping of str to sequence of str
        The texts of each system; real examples may be one of them.
    raters : sequence of str
        Names of the raters, at least one.
    criteria : sequence of str, default=("quality",)
        What is rated, such as realism, coherence and creativity.
    seed : int, default=0
        Where the random order starts.

    Returns
    -------
    dict
        "form", a list of {"rater", "item", "criterion", "text", "score": None} whose scores are to be filled in, one
        JSON line each; and "key", the system of each item, which the raters do not see.

    Raises
    ------
    InvalidInputError
        If there are no outputs, raters or criteria, or a rater or a criterion is repeated.

    Notes
    -----
    van der Lee, Gatt, van Miltenburg, Wubben & Krahmer, "Best practices for the human evaluation of automatically
    generated text", INLG (2019).

    Examples
    --------
    >>> blind = build_rating_form({"a": ["one"], "b": ["two"]}, ["Ada"])
    >>> len(blind["form"]), sorted(blind["key"].values()), blind["form"][0]["score"]
    (2, ['a', 'b'], None)
    """
    for name, values in (("raters", raters), ("criteria", criteria)):
        if not values or len(set(values)) < len(values):
            msg = f"{name} must be different names, at least one; got {list(values)!r}."
            raise InvalidInputError(msg)
    texts = [(system, text) for system, own in outputs.items() for text in own]
    if not texts:
        msg = f"outputs must hold at least one text; got {dict(outputs)!r}."
        raise InvalidInputError(msg)
    rng = as_generator(seed)
    items = {f"item-{i + 1}": texts[j] for i, j in enumerate(rng.permutation(len(texts)))}
    form = [
        {"rater": rater, "item": name, "criterion": criterion, "text": items[name][1], "score": None}
        for rater in raters
        for name in rng.permutation(list(items)).tolist()
        for criterion in criteria
    ]
    return {"form": form, "key": {name: system for name, (system, _) in items.items()}}


@register("metric", "X029")
def score_ratings(ratings: Sequence[Mapping[str, Any]], confidence: float = 0.95) -> dict[str, Any]:
    """Return mean, confidence interval and agreement of human ratings of one criterion.

    Parameters
    ----------
    ratings : sequence of mapping
        Records with "rater", "item" and a "score" that is a number; other keys are ignored.
    confidence : float, default=0.95
        Of the interval for the mean, between 0 and 1.

    Returns
    -------
    dict
        "n" ratings, "mean", "low" and "high" of its confidence interval over items (None for a single item), and
        "agreement", the mean of Cohen's kappa over pairs of raters that share an item, 1 for perfect agreement and 0
        for chance (None without such a pair).

    Raises
    ------
    InvalidInputError
        If there are no ratings, a record lacks a key, a score is no number, or a rater scored an item twice.

    Notes
    -----
    ``κ = (p_o - p_e) / (1 - p_e)`` with observed and expected agreement; where both raters give one and the same score
    to all, it is 1. Scores of one item depend on each other: the interval is over the means of items. Cohen, "A
    coefficient of agreement for nominal scales" (1960).

    Examples
    --------
    4 ± 2.776 · 0.7071 / √5.

    >>> found = score_ratings([{"rater": "Ada", "item": i, "score": s} for i, s in enumerate([4, 5, 3, 4, 4])])
    >>> found["mean"], round(found["low"], 2), round(found["high"], 2)
    (4.0, 3.12, 4.88)
    """
    check_range("confidence", confidence, 0, 1, open_low=True, open_high=True)
    table = _table(ratings)  # (raters, items), NaN where a rater skipped an item
    means = np.nanmean(table, axis=0)
    found: dict[str, Any] = {"n": len(ratings), "mean": float(means.mean()), "low": None, "high": None}
    if len(means) > 1:
        interval = mean_confidence_interval(means, confidence)
        found |= {"low": interval["low"], "high": interval["high"]}
    kappas = [k for i in range(len(table)) for j in range(i) if (k := _kappa(table[i], table[j])) is not None]
    return found | {"agreement": float(np.mean(kappas)) if kappas else None}


def _table(ratings: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    scores: dict[tuple[str, str], float] = {}
    for record in ratings:
        score = record.get("score")
        complete = {"rater", "item"} <= record.keys() and isinstance(score, int | float) and np.isfinite(score)
        if not complete:
            msg = f"ratings must be records of rater, item and score, a number; got {dict(record)!r}."
            raise InvalidInputError(msg)
        place = (str(record["rater"]), str(record["item"]))
        if place in scores:
            msg = f"ratings must hold one score for each rater and item; got two by {place[0]!r} of {place[1]!r}."
            raise InvalidInputError(msg)
        scores[place] = float(record["score"])
    if not scores:
        msg = "ratings must hold at least one record; got none."
        raise InvalidInputError(msg)
    raters, items = (sorted({place[axis] for place in scores}) for axis in (0, 1))
    return np.array([[scores.get((rater, item), np.nan) for item in items] for rater in raters])


def _kappa(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    both = ~np.isnan(a) & ~np.isnan(b)
    return cohen_kappa(a[both], b[both]) if both.any() else None
