"""Ranking metrics against values worked by hand, slow definitions and a library."""

from __future__ import annotations

import math
import re
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.ranking import ndcg, recall_at_k, reciprocal_rank

IDS = list("abcdefgh")
RANKINGS = st.permutations(IDS).flatmap(lambda ids: st.integers(0, len(ids)).map(lambda n: ids[:n]))
RELEVANT = st.lists(st.sampled_from([*IDS, "absent"]), min_size=1)
GAINS = st.dictionaries(st.sampled_from([*IDS, "absent"]), st.floats(0, 1e6), min_size=1).filter(
    lambda g: max(g.values()) > 0
)
DEPTHS = st.integers(1, 12)


@pytest.mark.parametrize(
    ("ranking", "relevant", "k", "recall", "rr"),
    [
        ("abcd", "bd", 3, 1 / 2, 1 / 2),  # b at rank 2, d below the cut
        ("abcd", "bd", 4, 1.0, 1 / 2),
        ("abcd", "a", 1, 1.0, 1.0),
        ("abcd", "d", 3, 0.0, 0.0),
        ("abcd", "dx", 10, 1 / 2, 1 / 4),  # k beyond the end; x was never ranked
        ("abcd", "xy", 4, 0.0, 0.0),
        ("", "a", 5, 0.0, 0.0),
        ("abc", "bbb", 3, 1.0, 1 / 2),  # an id named three times is one relevant item
        ("abc", "abc", 2, 2 / 3, 1.0),
    ],
)
def test_recall_and_reciprocal_rank_by_hand(ranking, relevant, k, recall, rr):
    """Recall is the share found within k, reciprocal rank one over the first hit's rank."""
    assert recall_at_k(list(ranking), list(relevant), k=k) == pytest.approx(recall, abs=1e-15)
    assert reciprocal_rank(list(ranking), list(relevant), k=k) == pytest.approx(rr, abs=1e-15)


@pytest.mark.parametrize(
    ("ranking", "relevance", "k", "expected"),
    [
        ("abc", {"c": 1}, 10, 0.5),  # (1/log2 4) / (1/log2 2)
        ("abc", {"a": 1}, 10, 1.0),
        ("ab", {"b": 1}, 10, 1 / math.log2(3)),
        ("ab", {"b": 1}, 1, 0.0),
        ("ba", {"a": 1, "b": 3}, 10, 1.0),
        # DCG = 1/log2 2 + 3/log2 3 = 2.8928; ideal = 3/log2 2 + 1/log2 3 = 3.6309
        ("ab", {"a": 1, "b": 3}, 10, (1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3))),
        ("abc", {"a": 1, "b": 1, "c": 1}, 2, 1.0),  # all tied: any order is the best
        ("a", {"a": 1, "x": 1}, 10, 1 / (1 + 1 / math.log2(3))),  # a relevant item that was not ranked lowers it
        ("", {"a": 1}, 10, 0.0),
        ("abc", {"a": 0, "c": 2}, 10, 0.5),
        ("ab", {"a": 1e308, "b": 1e308, "x": 1e308}, 2, 1.0),  # sums of these overflow
        ("ab", {"b": 5e-324}, 10, 1 / math.log2(3)),  # quotients of this underflow
    ],
)
def test_ndcg_by_hand(ranking, relevance, k, expected):
    """NDCG is the discounted gain of the ranking over that of the best order."""
    assert ndcg(list(ranking), relevance, k=k) == pytest.approx(expected, abs=1e-12)


def test_default_depth_is_ten():
    """Without k, the eleventh rank does not count."""
    ranking = [str(i) for i in range(1, 12)]
    for metric, relevant in ((recall_at_k, ["11"]), (reciprocal_rank, ["11"]), (ndcg, {"11": 1})):
        assert metric(ranking, relevant) == 0
        assert metric(ranking[1:], relevant) > 0


@given(RANKINGS, RELEVANT, DEPTHS)
def test_recall_and_reciprocal_rank_equal_their_definitions(ranking, relevant, k):
    """On any input the values are those of the definition, written out."""
    hits = [i for i, item in enumerate(ranking, start=1) if i <= k and item in relevant]
    assert recall_at_k(ranking, relevant, k=k) == len(hits) / len(set(relevant))
    assert reciprocal_rank(ranking, relevant, k=k) == (1 / hits[0] if hits else 0)


@given(RANKINGS, GAINS, DEPTHS)
def test_ndcg_is_within_bounds_and_best_for_the_best_order(ranking, gains, k):
    """NDCG is in [0, 1], and 1 for the items in the order of their gains."""
    assert 0 <= ndcg(ranking, gains, k=k) <= 1 + 1e-12
    assert ndcg(sorted(gains, key=gains.get, reverse=True), gains, k=k) == pytest.approx(1)


@given(RANKINGS, GAINS, DEPTHS, st.sampled_from([1e-6, 3.0, 1e6]))
def test_ndcg_ignores_the_unit_of_gain(ranking, gains, k, factor):
    """Multiplying every gain by a factor changes nothing."""
    scaled = {item: gain * factor for item, gain in gains.items()}
    if max(scaled.values()) > 0:
        assert ndcg(ranking, scaled, k=k) == pytest.approx(ndcg(ranking, gains, k=k), rel=1e-6, abs=1e-9)


def test_ideal_is_the_maximum_over_all_orders():
    """No permutation beats the order that the denominator assumes, at any depth."""
    gains = {"a": 3.0, "b": 1.0, "c": 0.0, "d": 2.0}
    for k in (1, 2, 3, 4):
        assert max(ndcg(p, gains, k=k) for p in permutations(gains)) == pytest.approx(1)


def test_ndcg_agrees_with_scikit_learn():
    """On random gains of whole rankings the value is that of sklearn.metrics.ndcg_score."""
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    for _ in range(30):
        n, k = int(rng.integers(2, 15)), int(rng.integers(1, 20))
        gains = rng.integers(0, 4, n).astype(float) + np.eye(n)[0]  # never all zero
        ids, scores = [str(i) for i in range(n)], np.arange(n, 0, -1, dtype=float)
        expected = metrics.ndcg_score([gains], [scores], k=k)
        assert ndcg(ids, dict(zip(ids, gains.tolist(), strict=True)), k=k) == pytest.approx(expected)


@pytest.mark.parametrize("metric", [recall_at_k, reciprocal_rank, ndcg])
@pytest.mark.parametrize(
    ("ranking", "relevant", "k", "message"),
    [
        ("ab", "", 5, "{} must name at least one relevant item; got none."),
        ("abab", "a", 5, "ranking must not repeat an id; got 'a' 2 times."),
        ("ab", "a", 0, "k must be at least 1; got 0."),
        ("ab", "a", -3, "k must be at least 1; got -3."),
    ],
)
def test_wrong_input_is_refused(metric, ranking, relevant, k, message):
    """Nothing relevant, a repeated id and a depth below 1 have no value: they are errors."""
    wanted = dict.fromkeys(relevant, 1) if metric is ndcg else list(relevant)
    named = message.format("relevance" if metric is ndcg else "relevant")
    with pytest.raises(InvalidInputError, match=f"^{re.escape(named)}$"):
        metric(list(ranking), wanted, k=k)


@pytest.mark.parametrize("gain", [-1, -0.5, math.nan, math.inf])
def test_wrong_gain_is_refused(gain):
    """A gain that is negative or not finite is an error, never a NaN in a table."""
    message = f"relevance must be finite and not negative; got {gain}."
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        ndcg(["a"], {"a": 1, "b": gain})


def test_gains_of_zero_are_not_relevant():
    """If every gain is 0, nothing is relevant."""
    with pytest.raises(InvalidInputError, match=re.escape("relevance must name at least one relevant item; got none.")):
        ndcg(["a"], {"a": 0, "b": 0.0})
