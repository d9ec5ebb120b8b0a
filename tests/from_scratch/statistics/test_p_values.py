"""p-values from known and from simulated null distributions."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy import stats

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.statistics.p_values import empirical_p_value, p_value

NULLS = [("normal", [], stats.norm), ("t", [5.07], stats.t), ("chi2", [3], stats.chi2), ("f", [2, 9], stats.f)]


@pytest.mark.parametrize(("null", "df", "oracle"), NULLS, ids=[n[0] for n in NULLS])
@pytest.mark.parametrize("statistic", [0.01, 0.7, 1.98, 6.5])
def test_every_null_and_alternative_is_scipys(null, df, oracle, statistic):
    """The upper tail, the lower tail, and twice the smaller one."""
    above, below = oracle.sf(statistic, *df), oracle.cdf(statistic, *df)
    expected = {"greater": above, "less": below, "two-sided": 2 * min(above, below)}
    for alternative, p in expected.items():
        assert p_value(statistic, null, df, alternative)["p_value"] == pytest.approx(p, rel=1e-8)


def test_the_verdict_compares_with_alpha():
    """At most alpha is significant, and not rejecting proves nothing."""
    assert p_value(1.980295)["significant"]
    assert p_value(1.980295)["verdict"] == "The null hypothesis is rejected: p = 0.04767 ≤ 0.05."
    strict = p_value(1.980295, alpha=0.01)
    assert not strict["significant"]
    assert strict["verdict"] == (
        "The null hypothesis is not rejected: p = 0.04767 > 0.01. This does not show that it is true."
    )
    assert p_value(0)["p_value"] == 1


def test_p_values_are_uniform_under_the_null():
    """Of statistics drawn from the null distribution, by the Kolmogorov–Smirnov test."""
    drawn = np.random.default_rng(5).normal(size=2000)
    assert stats.kstest([p_value(z)["p_value"] for z in drawn.tolist()], "uniform").pvalue > 0.01


def test_simulated_statistics():
    """The observation counts as one of them: (1 + 2) / (1 + 4), (1 + 3) / 5, and twice the smaller, at most 1."""
    nulls = [0, 1, 2, 3]
    found = {a: empirical_p_value(2, nulls, a)["p_value"] for a in ("greater", "less", "two-sided")}
    assert found == {"greater": 0.6, "less": 0.8, "two-sided": 1.0}
    assert empirical_p_value(9, nulls)["p_value"] == 0.2
    assert empirical_p_value(9, nulls, alpha=0.2)["significant"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: p_value(1, "gamma"), "null must be one of normal, t, chi2, f; got 'gamma'."),
        (lambda: p_value(1, "t"), "df must hold 1 positive numbers for t; got []."),
        (lambda: p_value(1, "f", [1, 0]), "df must hold 2 positive numbers for f; got [1, 0]."),
        (lambda: p_value(math.nan), "statistic must be a number; got nan."),
        (lambda: p_value(math.inf), "statistic must be a number; got inf."),
        (lambda: p_value(1, alternative="both"), "alternative must be one of two-sided, greater, less; got 'both'."),
        (lambda: p_value(1, alpha=0), "alpha must be above 0 and below 1; got 0."),
        (lambda: empirical_p_value(1, []), "null_statistics must hold at least 1 number; got 0."),
        (lambda: empirical_p_value(math.nan, [1]), "statistic must be a number; got nan."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
