"""Confidence intervals against scipy and the worked figures of the course."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import stats

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.statistics.intervals import (
    bootstrap_confidence_interval,
    mean_confidence_interval,
    proportion_confidence_interval,
)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_the_interval_of_a_mean_is_scipys(confidence):
    """For small and larger samples."""
    rng = np.random.default_rng(4)
    for n in (2, 4, 50):
        x = rng.exponential(3, n)
        found = mean_confidence_interval(x, confidence)
        low, high = stats.t.interval(confidence, n - 1, x.mean(), stats.sem(x))
        assert (found["low"], found["high"]) == pytest.approx((low, high), rel=1e-9)
        assert (found["mean"], found["standard_error"]) == pytest.approx((x.mean(), stats.sem(x)))


def test_equal_numbers_leave_no_doubt():
    """The interval has no width."""
    assert mean_confidence_interval([3, 3, 3]) == {"mean": 3, "low": 3, "high": 3, "standard_error": 0}


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("wald", (0.841201, 0.958799)),
        ("wilson", (0.825634, 0.944771)),
        ("clopper-pearson", (0.823777, 0.950995)),
    ],
)
def test_ninety_of_a_hundred(method, expected):
    """The figures of the course, for each method."""
    found = proportion_confidence_interval(90, 100, method)
    assert (round(found["low"], 6), round(found["high"], 6)) == expected
    assert found["rate"] == 0.9


@pytest.mark.parametrize(("method", "name"), [("wilson", "wilson"), ("clopper-pearson", "exact")])
@pytest.mark.parametrize(("k", "n"), [(0, 10), (10, 10), (1, 3), (500, 1000)])
def test_intervals_of_a_rate_are_scipys(method, name, k, n):
    """Also where no trial or every trial succeeds."""
    for confidence in (0.8, 0.95):
        found = proportion_confidence_interval(k, n, method, confidence)
        oracle = stats.binomtest(k, n).proportion_ci(confidence, name)
        assert (found["low"], found["high"]) == pytest.approx((oracle.low, oracle.high), abs=1e-12)
        assert 0 <= found["low"] <= k / n <= found["high"] <= 1


def test_walds_interval_collapses():
    """For 10 of 10 it is a point."""
    found = proportion_confidence_interval(10, 10, "wald")
    assert (found["low"], found["high"]) == (1, 1)


@pytest.mark.parametrize("statistic", ["mean", "median", "std"])
def test_the_bootstrap_interval_is_near_scipys(statistic):
    """Percentiles of resamples, for each statistic."""
    x = np.random.default_rng(0).gamma(2, 2, 80)
    found = bootstrap_confidence_interval(x, statistic)
    function = {"mean": np.mean, "median": np.median, "std": np.std}[statistic]
    oracle = stats.bootstrap((x,), function, method="percentile", rng=np.random.default_rng(1))
    width = oracle.confidence_interval.high - oracle.confidence_interval.low
    assert found["low"] == pytest.approx(oracle.confidence_interval.low, abs=0.05 * width)
    assert found["high"] == pytest.approx(oracle.confidence_interval.high, abs=0.05 * width)
    assert found["standard_error"] == pytest.approx(oracle.standard_error, rel=0.05)
    assert found["estimate"] == function(x)


def test_the_bootstrap_depends_on_its_seed_alone():
    """The same seed draws the same resamples; more confidence is wider."""
    x = list(range(20))
    assert bootstrap_confidence_interval(x) == bootstrap_confidence_interval(x)
    assert bootstrap_confidence_interval(x, seed=1) != bootstrap_confidence_interval(x)
    wide, narrow = (bootstrap_confidence_interval(x, confidence=c) for c in (0.99, 0.5))
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_confidence_interval([1]), "values must hold at least 2 numbers; got 1."),
        (lambda: mean_confidence_interval([1, 2], 1), "confidence must be above 0 and below 1; got 1."),
        (lambda: proportion_confidence_interval(0, 0), "n must be a whole number of at least 1; got 0."),
        (lambda: proportion_confidence_interval(3, 2), "k must be a whole number of at least 0 and at most 2; got 3."),
        (
            lambda: proportion_confidence_interval(1, 2, "normal"),
            "method must be one of wilson, clopper-pearson, wald; got 'normal'.",
        ),
        (
            lambda: bootstrap_confidence_interval([1, 2], "max"),
            "statistic must be one of mean, median, std; got 'max'.",
        ),
        (
            lambda: bootstrap_confidence_interval([1, 2], n_resamples=0),
            "n_resamples must be a whole number of at least 1 and at most 1000000; got 0.",
        ),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
