"""Reweighing against the course's table and independence itself."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.fairness.reweighing import reweighing

GROUP = ["a"] * 60 + ["b"] * 40
LABEL = [1] * 30 + [0] * 30 + [1] * 8 + [0] * 32


def test_the_course_table():
    """Weights 0.76, 1.24, 1.9 and 0.775; weighted counts 22.8, 37.2, 15.2 and 24.8."""
    found = reweighing(GROUP, LABEL)
    table = {(row["group"], row["label"]): (row["count"], row["weight"]) for row in found["table"]}
    expected = {("a", 1): (30, 0.76), ("a", 0): (30, 1.24), ("b", 1): (8, 1.9), ("b", 0): (32, 0.775)}
    assert table == {key: (count, pytest.approx(weight)) for key, (count, weight) in expected.items()}
    assert [count * weight for count, weight in table.values()] == pytest.approx([37.2, 22.8, 24.8, 15.2])


def test_group_and_label_become_independent():
    """With weights, every group has the same share of every label, its old size, and labels their old frequency."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 3, 300)
    label = np.where(rng.random(300) < 0.2 + 0.25 * group, "yes", "no")
    weights = np.array(reweighing(group, label)["weights"])
    assert weights.sum() == pytest.approx(300)
    share = (label == "yes").mean()
    for g in range(3):
        inside = group == g
        assert weights[inside].sum() == pytest.approx(inside.sum())
        assert weights[inside & (label == "yes")].sum() / inside.sum() == pytest.approx(share)


def test_what_is_independent_already_keeps_weight_one():
    """Equal shares need no weights, and neither does a single group."""
    assert reweighing([1, 1, 2, 2], [0, 1, 0, 1])["weights"] == [1, 1, 1, 1]
    assert reweighing(["a"] * 3, [1, 0, 0])["weights"] == pytest.approx([1, 1, 1])


def test_a_combination_that_does_not_occur_has_no_row():
    """It cannot be weighted up."""
    found = reweighing(["a", "a", "b"], [0, 1, 0])
    assert [(row["group"], row["label"]) for row in found["table"]] == [("a", 0), ("a", 1), ("b", 0)]


@pytest.mark.parametrize(
    ("group", "label", "message"),
    [
        ([], [], "group must be a list of labels, at least one; got []."),
        (["a"], [1, 0], "group and y must be of equal length; got 1 and 2."),
        (["a", "b"], [1, float("nan")], "y must be finite; got nan."),
    ],
)
def test_wrong_input_is_refused(group, label, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        reweighing(group, label)
