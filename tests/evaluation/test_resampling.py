"""Intervals and p-values against their definitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from rag_app.evaluation.resampling import clustered_interval, holm, sign_flip_p_value, split_clusters


def test_the_interval_of_independent_values_is_that_of_scipy():
    """Each value its own cluster: the percentile bootstrap of the mean, up to what drawing varies."""
    values = np.random.default_rng(1).normal(0.6, 0.2, 80)
    found = clustered_interval(values.tolist(), [str(i) for i in range(80)])
    rng = np.random.default_rng(2)
    other = stats.bootstrap((values,), np.mean, n_resamples=2000, method="percentile", random_state=rng)
    assert found.mean == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(tuple(other.confidence_interval), abs=0.006)
    assert found.standard_error == pytest.approx(other.standard_error, abs=0.0015)


def test_clusters_widen_the_interval():
    """Ten documents of eight equal answers tell as much as ten answers."""
    documents = [1.0, 0.0] * 5
    values = [value for value in documents for _ in range(8)]
    together = clustered_interval(values, [str(i) for i in range(10) for _ in range(8)])
    alone = clustered_interval(documents, [str(i) for i in range(10)])
    apart = clustered_interval(values, [str(i) for i in range(80)])
    assert (together.low, together.high) == (alone.low, alone.high)
    assert apart.high - apart.low < 0.5 * (together.high - together.low)
    assert (together.n, together.n_clusters) == (80, 10)


def test_the_mean_weighs_values_not_clusters():
    """Three answers about one document, one about another: (1 + 1 + 1 + 0) / 4."""
    assert clustered_interval([1, 1, 1, 0], ["a", "a", "a", "b"]).mean == 0.75


def test_the_same_seed_gives_the_same_bits():
    """And the order of clusters does not change the estimate."""
    values, clusters = [0.1, 0.7, 0.3, 0.9], list("abcd")
    assert clustered_interval(values, clusters, 3) == clustered_interval(values, clusters, 3)
    assert clustered_interval(values, clusters, 3) != clustered_interval(values, clusters, 4)
    draws = [0.3, -0.1] * 12
    assert sign_flip_p_value(draws, [str(i) for i in range(24)], 5) == sign_flip_p_value(
        draws, [str(i) for i in range(24)], 5
    )


def test_a_single_value_has_an_interval_without_width():
    """Nothing can be drawn but itself."""
    found = clustered_interval([0.4], ["a"])
    assert (found.low, found.high) == (0.4, 0.4)
    assert (found.standard_error, found.detectable) == (pytest.approx(0.0, abs=1e-12), None)


def test_few_clusters_are_not_drawn():
    """Nine documents tell nothing of others, so cases count; ten are drawn as they are."""
    documents, cases = [str(i % 9) for i in range(18)], [f"c-{i}" for i in range(18)]
    assert split_clusters(documents, cases) == cases
    documents[0] = "9"
    assert split_clusters(documents, cases) == documents


def test_what_can_be_detected():
    """(1.96 + 0.8416) standard errors."""
    found = clustered_interval([0.0, 1.0] * 30, [str(i) for i in range(60)])
    assert found.detectable == pytest.approx((1.959964 + 0.841621) * found.standard_error, rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_the_exact_p_value_is_the_share_of_all_sign_changes(seed):
    """Counted one by one, for clusters of several cases."""
    rng = np.random.default_rng(seed)
    differences, clusters = rng.normal(0.2, 1, 16).tolist(), [str(i // 2) for i in range(16)]
    sums = [differences[2 * i] + differences[2 * i + 1] for i in range(8)]
    observed = abs(sum(sums))
    flips = [
        abs(sum(s * x for s, x in zip(signs, sums, strict=True))) for signs in itertools.product((1, -1), repeat=8)
    ]
    expected = sum(flip >= observed - 1e-12 for flip in flips) / 256
    assert sign_flip_p_value(differences, clusters) == expected


def test_the_drawn_p_value_is_near_that_of_scipy():
    """Thirty cases, far more sign changes than are drawn."""
    differences = np.random.default_rng(7).normal(0.35, 1, 30)
    other = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=9999, rng=np.random.default_rng(1)
    )
    found = sign_flip_p_value(differences.tolist(), [str(i) for i in range(30)])
    assert found == pytest.approx(other.pvalue, abs=0.02)


def test_no_difference_at_all():
    """Cannot surprise; nor do cases that are equal count among those whose signs change."""
    assert sign_flip_p_value([0.0, 0.0], ["a", "b"]) == 1.0
    assert sign_flip_p_value([1.0, 0.0, 1.0, 0.0], list("abcd")) == sign_flip_p_value([1.0, 1.0], list("ab")) == 0.5


def test_holm_by_its_definition():
    """Rejected at α where the adjusted value is at most α, step by step; the order of the input is kept."""
    p_values = [0.011, 0.02, 0.3, 0.001, 0.02]
    adjusted = holm(p_values)
    assert adjusted == pytest.approx([0.044, 0.06, 0.3, 0.005, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
