"""A threshold for each group, so that the same share of every group passes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Vector, as_labels, as_vector, check_choice, check_same_length
from rag_app.from_scratch.metrics.labels import as_outcomes
from rag_app.registry import register

_TARGETS = ("true_positive_rate", "selection_rate")


@register("tool", "M133")
def group_thresholds(
    scores: Vector, y_true: Labels, group: Labels, target: str = "true_positive_rate"
) -> dict[str, Any]:
    """Return the threshold of each group that equalises a rate across groups at the highest accuracy.

    Parameters
    ----------
    scores : sequence of float
        A score for each person, shape (n,), higher for the favourable outcome.
    y_true : sequence of {0, 1}
        True outcomes, shape (n,); 1 in every group at least once where the target is the true positive rate.
    group : sequence of label
        Which group each person belongs to, shape (n,).
    target : {"true_positive_rate", "selection_rate"}, default="true_positive_rate"
        What is to be equal: the first gives equal opportunity, the second demographic parity.

    Returns
    -------
    dict
        ``thresholds`` by group (a score of at least the threshold is accepted; infinite where nobody is), ``rates`` by
        group, their ``gap``, which is at most ``tolerance``, and ``accuracy``, the highest that such thresholds reach.

    Raises
    ------
    InvalidInputError
        If there are no people, the lengths differ, the target is unknown, or a group has no actual positive.

    Notes
    -----
    A rate over m people moves in steps of 1/m, so ``tolerance`` is one step of the smallest group. Every distinct score
    of a group is tried; for every rate that one group reaches, each group takes its most accurate threshold among those
    with a rate from there to one tolerance above. Hardt, Price & Srebro, "Equality of opportunity in supervised
    learning", NeurIPS 2016.

    Examples
    --------
    One threshold of 0.5 finds both of group a and one of the two of group b.

    >>> result = group_thresholds([0.9, 0.6, 0.4, 0.7, 0.3, 0.2], [1, 1, 0, 1, 1, 0], ["a", "a", "a", "b", "b", "b"])
    >>> result["thresholds"], result["rates"], result["accuracy"]
    ({'a': 0.6, 'b': 0.3}, {'a': 1.0, 'b': 1.0}, 1.0)
    """
    check_choice("target", target, _TARGETS)
    values, actual, groups = as_vector("scores", scores), as_outcomes("y_true", y_true), as_labels("group", group)
    check_same_length(scores=values, y_true=actual, group=groups)
    counted = actual if target == "true_positive_rate" else np.ones_like(actual)
    names, codes = np.unique(groups, return_inverse=True)
    sizes = np.bincount(codes, counted)
    if not sizes.all():
        msg = f"y_true must hold 1 in every group; got none in {names[np.argmin(sizes)].item()!r}."
        raise InvalidInputError(msg)
    options = [_options(values[codes == g], actual[codes == g], counted[codes == g]) for g in range(len(names))]
    tolerance = float(1 / sizes.min())
    picks = _best(options, tolerance)
    rates = [float(o.rates[i]) for o, i in zip(options, picks, strict=True)]
    right = sum(int(o.right[i]) for o, i in zip(options, picks, strict=True))
    keys = [str(name) for name in names.tolist()]
    return {
        "thresholds": {k: float(o.thresholds[i]) for k, o, i in zip(keys, options, picks, strict=True)},
        "rates": dict(zip(keys, rates, strict=True)),
        "gap": max(rates) - min(rates),
        "tolerance": tolerance,
        "accuracy": right / len(values),
    }


class _Options(NamedTuple):
    """The thresholds of a group, from one that nobody passes to one that all pass, shape (t,)."""

    thresholds: NDArray[np.float64]
    rates: NDArray[np.float64]
    right: NDArray[np.int64]  # decisions that are correct


def _options(scores: NDArray[np.float64], actual: NDArray[np.bool_], counted: NDArray[np.bool_]) -> _Options:
    order = np.argsort(scores)[::-1]
    falling = scores[order]
    last = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)  # the last person of each score
    passed = np.append(0, np.cumsum(counted[order])[last])
    hits = np.append(0, np.cumsum(actual[order])[last])
    alarms = np.append(0, last + 1) - hits
    right = hits + (~actual).sum() - alarms
    return _Options(np.append(np.inf, falling[last]), passed / counted.sum(), right)


def _best(options: list[_Options], tolerance: float) -> list[int]:
    """Return the option of each group that make most decisions right among those with rates within the tolerance."""
    best: tuple[int, list[int]] = (-1, [])
    for low in np.unique(np.concatenate([o.rates for o in options])):
        inside = [(o.rates >= low) & (o.rates <= low + tolerance + 1e-12) for o in options]  # 1e-12: rounding of rates
        if all(mask.any() for mask in inside):
            picks = [int(np.argmax(np.where(mask, o.right, -1))) for o, mask in zip(options, inside, strict=True)]
            right = sum(int(o.right[i]) for o, i in zip(options, picks, strict=True))
            best = max(best, (right, picks), key=lambda found: found[0])
    return best[1]
