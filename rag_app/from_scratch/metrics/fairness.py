"""How differently groups of people are treated: by rates of selection, and by rates of error."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, as_labels, check_same_length
from rag_app.from_scratch.metrics.labels import as_outcomes
from rag_app.registry import register

_FOUR_FIFTHS = Fraction(4, 5)


@register("metric", "X042")
def disparate_impact(selected: Labels, group: Labels) -> dict[str, Any]:
    """Return the selection rate of each group, its ratio to the highest one, and the groups below 80 % of it.

    Parameters
    ----------
    selected : sequence of {0, 1}
        Whether each person was selected, shape (n,).
    group : sequence of label
        Which group each person belongs to, shape (n,).

    Returns
    -------
    dict
        ``rates`` and ``ratios`` by group; ``flagged``, the groups whose ratio is less than 0.8; ``parity_gap``, the
        highest rate minus the lowest. Where nobody was selected every ratio is 1.

    Raises
    ------
    InvalidInputError
        If there are no people, the lengths differ, or a selection is neither 0 nor 1.

    Notes
    -----
    ``DI_g = (s_g / n_g) / max_h (s_h / n_h)``. The rule says "less than" four fifths, and binary fractions miss it:
    ``(4/100) / (5/100)`` is below 0.8 in floating point. Fractions of integers are exact. Equal Employment Opportunity
    Commission, Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4 D (1978).

    Examples
    --------
    5 of 10 against 3 of 10: 0.3 / 0.5.

    >>> result = disparate_impact([1] * 5 + [0] * 5 + [1] * 3 + [0] * 7, ["A"] * 10 + ["B"] * 10)
    >>> result["rates"], result["ratios"], result["flagged"], result["parity_gap"]
    ({'A': 0.5, 'B': 0.3}, {'A': 1.0, 'B': 0.6}, ['B'], 0.2)
    """
    chosen, groups = as_outcomes("selected", selected), as_labels("group", group)
    check_same_length(selected=chosen, group=groups)
    rates = _rates(chosen, groups)
    best = max(rates.values())
    ratios = {g: rate / best if best else Fraction(1) for g, rate in rates.items()}
    return {
        "rates": _floats(rates),
        "ratios": _floats(ratios),
        "flagged": [g for g, ratio in ratios.items() if ratio < _FOUR_FIFTHS],
        "parity_gap": float(best - min(rates.values())),
    }


@register("metric", "X043")
def equal_opportunity(y_true: Labels, y_pred: Labels, group: Labels) -> dict[str, Any]:
    """Return the true positive rate of each group, and the gap between the highest and the lowest.

    Parameters
    ----------
    y_true : sequence of {0, 1}
        True outcomes, shape (n,); 1 in every group at least once.
    y_pred : sequence of {0, 1}
        Predictions, shape (n,).
    group : sequence of label
        Which group each person belongs to, shape (n,).

    Returns
    -------
    dict
        ``true_positive_rates`` by group, and ``gap``, 0 where opportunity is equal; lower is better.

    Raises
    ------
    InvalidInputError
        If there are no people, the lengths differ, an outcome is neither 0 nor 1, or a group has no actual positive.

    Notes
    -----
    ``P(ŷ=1 | y=1, g=a) = P(ŷ=1 | y=1, g=b)``. Hardt, Price & Srebro, "Equality of opportunity in supervised learning",
    NeurIPS 2016.

    Examples
    --------
    Two of two who deserve it against one of two.

    >>> equal_opportunity([1, 1, 0, 1, 1, 0], [1, 1, 0, 1, 0, 1], ["A", "A", "A", "B", "B", "B"])
    {'true_positive_rates': {'A': 1.0, 'B': 0.5}, 'gap': 0.5}
    """
    actual, predicted, groups = _checked(y_true, y_pred, group)
    rates = _rates_where(actual, predicted, groups, 1)
    return {"true_positive_rates": _floats(rates), "gap": float(max(rates.values()) - min(rates.values()))}


@register("metric", "22.2")
def equalised_odds(y_true: Labels, y_pred: Labels, group: Labels) -> dict[str, Any]:
    """Return the true and the false positive rate of each group, and the larger of the two gaps.

    Parameters
    ----------
    y_true : sequence of {0, 1}
        True outcomes, shape (n,); 0 and 1 in every group at least once.
    y_pred : sequence of {0, 1}
        Predictions, shape (n,).
    group : sequence of label
        Which group each person belongs to, shape (n,).

    Returns
    -------
    dict
        ``true_positive_rates`` and ``false_positive_rates`` by group, and ``gap``, the larger difference between the
        highest and the lowest rate of one kind; lower is better.

    Raises
    ------
    InvalidInputError
        If there are no people, the lengths differ, an outcome is neither 0 nor 1, or a group has only one outcome.

    Notes
    -----
    ``P(ŷ=1 | y, g=a) = P(ŷ=1 | y, g=b)`` for y = 1 and y = 0. Hardt, Price & Srebro, "Equality of opportunity in
    supervised learning", NeurIPS 2016.

    Examples
    --------
    True positive rates 1 and 1/2, false positive rates 0 and 1.

    >>> equalised_odds([1, 1, 0, 1, 1, 0], [1, 1, 0, 1, 0, 1], ["A", "A", "A", "B", "B", "B"])["gap"]
    1.0
    """
    actual, predicted, groups = _checked(y_true, y_pred, group)
    kinds = {
        "true_positive_rates": _rates_where(actual, predicted, groups, 1),
        "false_positive_rates": _rates_where(actual, predicted, groups, 0),
    }
    gap = max(max(rates.values()) - min(rates.values()) for rates in kinds.values())
    return {**{kind: _floats(rates) for kind, rates in kinds.items()}, "gap": float(gap)}


def _checked(
    y_true: Labels, y_pred: Labels, group: Labels
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[Any]]:
    actual, predicted, groups = as_outcomes("y_true", y_true), as_outcomes("y_pred", y_pred), as_labels("group", group)
    check_same_length(y_true=actual, y_pred=predicted, group=groups)
    return actual, predicted, groups


def _rates_where(
    actual: NDArray[np.bool_], predicted: NDArray[np.bool_], groups: NDArray[Any], outcome: int
) -> dict[str, Fraction]:
    rows = actual == bool(outcome)
    missing = np.setdiff1d(groups, groups[rows]).tolist()
    if missing:
        msg = f"y_true must hold {outcome} in every group; got none in {missing[0]!r}."
        raise InvalidInputError(msg)
    return _rates(predicted[rows], groups[rows])


def _rates(chosen: NDArray[np.bool_], groups: NDArray[Any]) -> dict[str, Fraction]:
    """Return the share that is chosen of each group, exactly."""
    names, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    counts = np.bincount(codes, chosen, minlength=len(names)).astype(int)
    return {str(g): Fraction(int(s), int(n)) for g, s, n in zip(names.tolist(), counts, sizes, strict=True)}


def _floats(values: dict[str, Fraction]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}
