"""Group thresholds against a brute-force scan of every combination."""

from __future__ import annotations

import math
import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.fairness.thresholds import group_thresholds
from rag_app.from_scratch.metrics.fairness import disparate_impact, equal_opportunity

PEOPLE = st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.sampled_from("ab")), min_size=2, max_size=14)


def _accepted(found, scores, group):
    return [int(s >= found["thresholds"][g]) for s, g in zip(scores, group, strict=True)]


def _brute_force(scores, y, group, target):
    """Return the highest accuracy of any thresholds whose rates differ by at most one step of the smallest group."""
    names = sorted(set(group))
    rows = {g: [(s, t) for s, t, h in zip(scores, y, group, strict=True) if h == g] for g in names}
    counted = {g: [(s, t) for s, t in rows[g] if t or target == "selection_rate"] for g in names}
    tolerance = 1 / min(len(c) for c in counted.values())
    best = 0
    for cuts in product(*([math.inf, *{s for s, _ in rows[g]}] for g in names)):
        rates = [sum(s >= cut for s, _ in counted[g]) / len(counted[g]) for g, cut in zip(names, cuts, strict=True)]
        if max(rates) - min(rates) <= tolerance + 1e-9:
            right = sum((s >= cut) == t for g, cut in zip(names, cuts, strict=True) for s, t in rows[g])
            best = max(best, right)
    return best / len(scores)


@pytest.mark.parametrize("target", ["true_positive_rate", "selection_rate"])
@settings(deadline=None)
@given(PEOPLE)
def test_it_equals_a_brute_force_scan(target, people):
    """No combination of thresholds within the tolerance is more accurate, and the rates are within it."""
    scores, y, group = (list(column) for column in zip(*people, strict=True))
    if target == "true_positive_rate" and {g for _, t, g in people if t} != set(group):
        with pytest.raises(InvalidInputError, match=r"^y_true must hold 1 in every group; got none in '[ab]'\.$"):
            group_thresholds(scores, y, group, target)
        return
    found = group_thresholds(scores, y, group, target)
    assert found["accuracy"] == pytest.approx(_brute_force(scores, y, group, target))
    assert found["gap"] <= found["tolerance"] + 1e-9
    accepted = _accepted(found, scores, group)
    assert np.mean(np.array(accepted) == np.array(y)) == pytest.approx(found["accuracy"])
    if target == "selection_rate":
        assert found["rates"] == pytest.approx(disparate_impact(accepted, group)["rates"])
    else:
        assert found["rates"] == pytest.approx(equal_opportunity(y, accepted, group)["true_positive_rates"])


def test_the_course_example():
    """One threshold of 0.65 leaves true positive rates of 0.6 and 0.2; thresholds of 0.65 and 0.45 make both 0.6."""
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.7, 0.6, 0.5, 0.4, 0.3]
    y, group = [1] * 10, ["a"] * 5 + ["b"] * 5
    common = equal_opportunity(y, [int(s >= 0.65) for s in scores], group)
    assert common["true_positive_rates"] == {"a": 0.6, "b": 0.2}
    found = {"thresholds": {"a": 0.65, "b": 0.45}}
    assert equal_opportunity(y, _accepted(found, scores, group), group)["gap"] == 0
    assert group_thresholds(scores, y, group)["thresholds"] == {"a": 0.5, "b": 0.3}  # all of them deserve it


def test_planted_bias_is_removed():
    """Scores of one group are too low by 1: a common threshold fails its members, group thresholds do not."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, 600)
    merit = rng.normal(size=600)
    y, scores = (merit + 0.5 * rng.normal(size=600) > 0).astype(int), merit - group
    common = equal_opportunity(y, (scores >= -0.5).astype(int), group)["gap"]
    found = group_thresholds(scores, y, group)
    assert common > 0.3
    assert found["gap"] <= found["tolerance"] < 0.01
    assert found["thresholds"]["0"] - found["thresholds"]["1"] == pytest.approx(1, abs=0.3)


def test_nobody_is_accepted_where_nobody_deserves_it():
    """The threshold is then infinite."""
    found = group_thresholds([1, 2, 3], [0, 0, 0], ["a", "b", "b"], "selection_rate")
    assert found["thresholds"] == {"a": math.inf, "b": math.inf}
    assert (found["rates"], found["accuracy"]) == ({"a": 0, "b": 0}, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: group_thresholds([1], [1], ["a"], "tpr"),
            "target must be one of true_positive_rate, selection_rate; got 'tpr'.",
        ),
        (lambda: group_thresholds([], [], []), "scores must hold at least 1 number; got 0."),
        (
            lambda: group_thresholds([1], [1, 0], ["a"]),
            "scores, y_true and group must be of equal length; got 1, 2 and 1.",
        ),
        (lambda: group_thresholds([1], [3], ["a"]), "y_true must hold only 0 and 1; got 3."),
        (lambda: group_thresholds([math.nan], [1], ["a"]), "scores must be finite; got nan."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
