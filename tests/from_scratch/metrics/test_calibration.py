"""Brier, calibration error and the reliability table by hand and against scikit-learn."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.calibration import brier_loss, expected_calibration_error, reliability_table

METRICS = [brier_loss, expected_calibration_error, reliability_table]
CASES = st.lists(st.tuples(st.booleans(), st.integers(0, 100)), min_size=1, max_size=40)


def test_by_hand():
    """Ten things called 70 % probable, of which seven happen, are calibrated; of which three, off by 0.4."""
    chances = [0.7] * 10
    good, bad = [1] * 7 + [0] * 3, [1] * 3 + [0] * 7
    assert expected_calibration_error(good, chances) == pytest.approx(0)
    assert expected_calibration_error(bad, chances) == pytest.approx(0.4)
    assert brier_loss(good, chances) == pytest.approx(0.7 * 0.09 + 0.3 * 0.49)
    row = reliability_table(good, chances)[0]
    assert row == {"low": 0.7, "high": 0.8, "count": 10, "mean_probability": pytest.approx(0.7), "observed_rate": 0.7}


@settings(deadline=None, max_examples=25)
@given(CASES)
def test_they_agree_with_scikit_learn(rows):
    """Brier is the library's; so is the reliability diagram, away from the edges of bins."""
    happened, percent = (list(column) for column in zip(*rows, strict=True))
    chances = [(p + 0.5) / 101 for p in percent]  # no multiple of 1/5
    assert brier_loss(happened, chances) == pytest.approx(brier_score_loss(happened, chances, pos_label=True))
    rates, means = calibration_curve(happened, chances, n_bins=5)
    table = reliability_table(happened, chances, n_bins=5)
    assert [r["observed_rate"] for r in table] == pytest.approx(rates.tolist())
    assert [r["mean_probability"] for r in table] == pytest.approx(means.tolist())


@settings(deadline=None)
@given(CASES, st.integers(1, 12))
def test_the_error_is_the_mean_gap_of_the_table(rows, n_bins):
    """Weighted by counts, the gaps of the table add up to the error, and the counts to the number of examples."""
    happened, percent = (list(column) for column in zip(*rows, strict=True))
    chances = [p / 100 for p in percent]
    table = reliability_table(happened, chances, n_bins)
    gaps = [r["count"] * abs(r["observed_rate"] - r["mean_probability"]) for r in table]
    assert sum(r["count"] for r in table) == len(rows)
    assert all(r["low"] <= r["mean_probability"] + 1e-12 and r["mean_probability"] <= r["high"] + 1e-12 for r in table)
    assert expected_calibration_error(happened, chances, n_bins) == pytest.approx(sum(gaps) / len(rows))


@pytest.mark.parametrize("n_bins", [10, 100])
def test_a_probability_on_an_edge_belongs_to_the_upper_bin(n_bins):
    """Decimal fractions that are not exact in binary, such as 0.29 of 100 bins, are on their edge all the same."""
    for k in range(n_bins):
        assert reliability_table([1], [k / n_bins], n_bins)[0]["low"] == k / n_bins
    assert reliability_table([1], [1.0], n_bins)[0]["high"] == 1


def test_one_bin_compares_the_means():
    """With one bin, only the overall rate and the mean probability count."""
    rng = np.random.default_rng(0)
    happened, chances = rng.integers(0, 2, 50), rng.random(50)
    assert expected_calibration_error(happened, chances, 1) == pytest.approx(abs(happened.mean() - chances.mean()))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("happened", "chances", "message"),
    [
        ([], [], "y_true must be a list of labels, at least one; got []."),
        ([1, 2], [0.5, 0.5], "y_true must hold only 0 and 1; got 2."),
        ([1], [-0.5], "probabilities must lie in [0, 1]; got -0.5."),
        ([1], [math.nan], "probabilities must be finite; got nan."),
        ([1], [0.5, 0.6], "y_true and probabilities must be of equal length; got 1 and 2."),
    ],
)
def test_wrong_input_is_refused(metric, happened, chances, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        metric(happened, chances)


@pytest.mark.parametrize("metric", METRICS[1:])
def test_at_least_one_bin(metric):
    """No bins are refused."""
    with pytest.raises(InvalidInputError, match=r"^n_bins must be a whole number of at least 1; got 0\.$"):
        metric([1], [0.5], 0)
