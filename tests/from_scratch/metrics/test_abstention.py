"""The risk-coverage curve by hand and by its definition."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.abstention import risk_coverage_curve

ROWS = st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=1, max_size=25)


def test_by_hand():
    """Right, right, wrong, right in the order of confidence, given in another."""
    curve = risk_coverage_curve([0, 1, 1, 1], [0.6, 0.3, 0.9, 0.8])
    assert curve["coverages"] == [0.25, 0.5, 0.75, 1]
    assert curve["risks"] == pytest.approx([0, 0, 1 / 3, 1 / 4])
    assert curve["thresholds"] == [0.9, 0.8, 0.6, 0.3]
    assert curve["area"] == pytest.approx((1 / 3 + 1 / 4) / 4)
    assert curve["error_rate"] == 0.25


@settings(deadline=None)
@given(ROWS)
def test_it_equals_its_definition(rows):
    """At every threshold, coverage and risk are counted over the answers at least as sure."""
    curve = risk_coverage_curve(*zip(*rows, strict=True))
    area, before = 0.0, 0.0
    for coverage, risk, threshold in zip(curve["coverages"], curve["risks"], curve["thresholds"], strict=True):
        given_answers = [right for right, sure in rows if sure >= threshold]
        assert coverage == pytest.approx(len(given_answers) / len(rows))
        assert risk == pytest.approx(given_answers.count(False) / len(given_answers))
        area, before = area + (coverage - before) * risk, coverage
    assert curve["thresholds"] == sorted({sure for _, sure in rows}, reverse=True)
    assert curve["area"] == pytest.approx(area)
    assert 0 <= curve["area"] <= 1


@settings(deadline=None)
@given(ROWS)
def test_the_scale_of_confidence_does_not_matter(rows):
    """An increasing function of the confidences leaves the curve."""
    right, sure = (list(column) for column in zip(*rows, strict=True))
    before, after = risk_coverage_curve(right, sure), risk_coverage_curve(right, [math.exp(s) for s in sure])
    assert {**before, "thresholds": 0} == {**after, "thresholds": 0}


def test_extremes():
    """Always right: no risk. Equal confidences: one point, and the area is the error rate."""
    assert risk_coverage_curve([1, 1], [0.1, 0.2])["area"] == 0
    curve = risk_coverage_curve([1, 0, 0, 1], [0.5] * 4)
    assert (curve["coverages"], curve["area"], curve["error_rate"]) == ([1], 0.5, 0.5)


@pytest.mark.parametrize(
    ("right", "sure", "message"),
    [
        ([], [], "correct must be a list of labels, at least one; got []."),
        ([2], [0.5], "correct must hold only 0 and 1; got 2."),
        ([1], [math.inf], "confidences must be finite; got inf."),
        ([1], [0.5, 0.6], "correct and confidences must be of equal length; got 1 and 2."),
    ],
)
def test_wrong_input_is_refused(right, sure, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        risk_coverage_curve(right, sure)
