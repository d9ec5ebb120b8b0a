"""Tests of differences against scipy and the worked figures of the course."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest
from scipy import stats

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.statistics.significance import (
    binomial_test,
    mcnemar_test,
    permutation_test,
    two_proportion_z_test,
    two_sample_t_test,
)

A, B = [6, 8, 10, 12], [3, 5, 5, 7]


@pytest.mark.parametrize("equal", [False, True])
def test_the_t_tests_are_scipys(equal):
    """Student's and Welch's, for groups of different sizes."""
    rng = np.random.default_rng(2)
    for n, m in ((4, 4), (2, 30), (15, 8)):
        a, b = rng.normal(0.4, 2, n), rng.normal(0, 1, m)
        found, expected = two_sample_t_test(a, b, equal), stats.ttest_ind(a, b, equal_var=equal)
        assert found["statistic"] == pytest.approx(expected.statistic)
        assert found["df"] == pytest.approx(expected.df)
        assert found["p_value"] == pytest.approx(expected.pvalue, rel=1e-9)


def test_the_t_tests_of_the_course():
    """0.0397 by Student and 0.0466 by Welch; exchanging the groups changes the sign only."""
    assert round(two_sample_t_test(A, B, equal_variances=True)["p_value"], 4) == 0.0397
    assert round(two_sample_t_test(A, B)["p_value"], 4) == 0.0466
    assert two_sample_t_test(B, A)["statistic"] == -two_sample_t_test(A, B)["statistic"]


@pytest.mark.parametrize("equal", [False, True])
def test_groups_without_spread(equal):
    """Equal ones have p = 1, different ones p = 0 with an infinite statistic."""
    same, lower = two_sample_t_test([2, 2], [2, 2], equal), two_sample_t_test([1, 1], [2, 2, 2], equal)
    assert (same["statistic"], same["p_value"]) == (0, 1)
    assert (lower["statistic"], lower["p_value"]) == (-math.inf, 0)


def test_the_two_proportion_test():
    """90/100 against 80/100: z = 1.980295 and p = 0.047670, the chi-squared test without correction."""
    found = two_proportion_z_test(90, 100, 80, 100)
    assert (round(found["statistic"], 6), round(found["p_value"], 6)) == (1.980295, 0.047670)
    assert found["significant"]
    oracle = stats.chi2_contingency([[90, 10], [80, 20]], correction=False)
    assert found["p_value"] == pytest.approx(oracle.pvalue)
    assert found["statistic"] ** 2 == pytest.approx(oracle.statistic)
    for k, n in ((0, 5), (7, 7)):
        assert two_proportion_z_test(k, n, k, n)["p_value"] == 1


def test_mcnemars_test():
    """The three methods with 15 and 5 disagreements; the direction does not count; without disagreement p is 1."""
    found = {m: mcnemar_test(15, 5, m) for m in ("exact", "corrected", "uncorrected")}
    assert {m: round(f["p_value"], 4) for m, f in found.items()} == {
        "exact": 0.0414,
        "corrected": 0.0442,
        "uncorrected": 0.0253,
    }
    assert (found["corrected"]["statistic"], found["uncorrected"]["statistic"]) == (4.05, 5)
    assert found["exact"]["p_value"] == pytest.approx(stats.binomtest(5, 20).pvalue)
    for method, value in found.items():
        assert mcnemar_test(5, 15, method) == value
        assert mcnemar_test(0, 0, method)["p_value"] == 1
        assert mcnemar_test(3, 3, method)["p_value"] == pytest.approx(1)


def test_all_splits_are_counted():
    """4 of 70, as by a loop over all splits and by scipy."""
    found = permutation_test(A, B)
    gaps = [sum(c) / 4 - (sum(A + B) - sum(c)) / 4 for c in itertools.combinations(A + B, 4)]
    assert found["p_value"] == sum(abs(g) >= 4 for g in gaps) / 70 == 4 / 70
    assert (found["statistic"], found["n_splits"], found["exact"], found["significant"]) == (4, 70, True, False)
    oracle = stats.permutation_test((A, B), lambda x, y: np.mean(x) - np.mean(y))
    assert found["p_value"] == pytest.approx(oracle.pvalue)


def test_groups_of_different_sizes_and_ties():
    """Exact counting agrees with a loop where the groups differ in size, and rounding breaks no tie."""
    a, b = [0.1, 0.2, 0.3], [0.1, 0.2, 0.3, 0.1, 0.7]
    slow = [np.mean(c) - (sum(a + b) - sum(c)) / 5 for c in itertools.combinations(a + b, 3)]
    expected = np.mean([abs(s) >= abs(np.mean(a) - np.mean(b)) - 1e-12 for s in slow])
    assert permutation_test(a, b)["p_value"] == pytest.approx(expected)
    assert permutation_test([1, 1], [1, 1, 1])["p_value"] == 1


def test_drawn_permutations():
    """With too many splits some are drawn: near the exact value, never 0, the same for the same seed."""
    exact = permutation_test(A, B)["p_value"]
    drawn = permutation_test(A, B, n_permutations=60)
    assert not drawn["exact"]
    assert drawn["n_splits"] == 60
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.5, 1, 40).tolist(), rng.normal(0, 1, 40).tolist()
    found = permutation_test(a, b)
    assert found["p_value"] == pytest.approx(stats.ttest_ind(a, b).pvalue, abs=0.01)
    assert found == permutation_test(a, b)
    assert permutation_test(a, b, seed=1)["p_value"] != found["p_value"]
    assert permutation_test([100 + x for x in a], b, n_permutations=99)["p_value"] == 0.01
    assert abs(drawn["p_value"] - exact) < 0.1


def test_the_binomial_test():
    """4 defective items of 10 against 10 %: 0.0128; 3 of them: 0.0702; both directions are scipy's."""
    assert [round(binomial_test(k, 10, 0.1)["p_value"], 4) for k in (4, 3)] == [0.0128, 0.0702]
    for alternative in ("greater", "less"):
        for k, n, p in ((0, 5, 0.2), (5, 5, 0.2), (60, 100, 0.5), (3, 4, 0.0), (3, 4, 1.0)):
            oracle = stats.binomtest(k, n, p, alternative).pvalue
            assert binomial_test(k, n, p, alternative)["p_value"] == pytest.approx(oracle, rel=1e-8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: two_sample_t_test([1], [1, 2]), "a must hold at least 2 numbers; got 1."),
        (lambda: two_sample_t_test([1, 2], [1, math.inf]), "b must be finite; got inf."),
        (lambda: two_proportion_z_test(1, 0, 1, 1), "n1 must be a whole number of at least 1; got 0."),
        (lambda: two_proportion_z_test(1, 1, 3, 2), "k2 must be a whole number of at least 0 and at most 2; got 3."),
        (lambda: mcnemar_test(-1, 2), "only_a must be a whole number of at least 0; got -1."),
        (lambda: mcnemar_test(1, 2, "x"), "method must be one of exact, corrected, uncorrected; got 'x'."),
        (lambda: permutation_test([], [1]), "a must hold at least 1 number; got 0."),
        (
            lambda: permutation_test([1], [2], 0),
            "n_permutations must be a whole number of at least 1 and at most 10000000; got 0.",
        ),
        (
            lambda: binomial_test(1, 2, alternative="two-sided"),
            "alternative must be one of greater, less; got 'two-sided'.",
        ),
        (lambda: binomial_test(3, 2), "k must be a whole number of at least 0 and at most 2; got 3."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
