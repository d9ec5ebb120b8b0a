"""Human ratings: blind forms, means, intervals and agreement."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.rating import build_rating_form, score_ratings

OUTPUTS = {"old": ["o1", "o2"], "new": ["n1", "n2"], "real": ["r1"]}


def rated(**raters):
    """Return records of scores by rater, item by item; None is a rating that was not given."""
    return [
        {"rater": rater, "item": str(i), "score": s}
        for rater, own in raters.items()
        for i, s in enumerate(own)
        if s is not None
    ]


def test_a_form_is_blind_and_complete():
    """Every rater gets every text for every criterion once; no record names a system, the key does."""
    made = build_rating_form(OUTPUTS, ["Ada", "Bo"], ["realism", "coherence"])
    places = [(r["rater"], r["item"], r["criterion"]) for r in made["form"]]
    assert len(places) == len(set(places)) == 2 * 5 * 2
    assert all(set(r) == {"rater", "item", "criterion", "text", "score"} for r in made["form"])
    assert {r["score"] for r in made["form"]} == {None}
    assert all(r["text"][0] == made["key"][r["item"]][0] for r in made["form"])
    assert sorted(made["key"].values()) == ["new", "new", "old", "old", "real"]


def test_the_order_is_random_and_repeatable():
    """The same seed gives the same form, another one another; raters see different orders."""
    made = build_rating_form(OUTPUTS, ["Ada", "Bo"])
    assert made == build_rating_form(OUTPUTS, ["Ada", "Bo"])
    assert made != build_rating_form(OUTPUTS, ["Ada", "Bo"], seed=1)
    orders = [[r["item"] for r in made["form"] if r["rater"] == rater] for rater in ("Ada", "Bo")]
    assert orders[0] != orders[1]


def test_five_ratings():
    """Mean 4, from 3.12 to 4.88; of one rater there is no agreement to speak of."""
    found = score_ratings(rated(Ada=[4, 5, 3, 4, 4]))
    assert (found["n"], found["mean"], round(found["low"], 2), round(found["high"], 2)) == (5, 4, 3.12, 4.88)
    assert found["agreement"] is None


def test_two_raters():
    """0.5833 for 5 texts good together, 3 bad together, and one disagreement each way."""
    a, b = [1] * 5 + [0] * 3 + [1, 0], [1] * 5 + [0] * 3 + [0, 1]
    found = score_ratings(rated(Ada=a, Bo=b))
    assert found["agreement"] == pytest.approx(0.28 / 0.48)
    assert found["n"] == 20


def test_agreement_is_the_mean_of_pairwise_kappas():
    """Of three raters, by scikit-learn's kappa; items that one of two skipped do not count."""
    rng = np.random.default_rng(0)
    a, b, c = (rng.integers(1, 4, 12).tolist() for _ in range(3))
    expected = np.mean([cohen_kappa_score(x, y) for x, y in ((a, b), (a, c), (b, c))])
    assert score_ratings(rated(A=a, B=b, C=c))["agreement"] == pytest.approx(expected)
    skipped = [None, *b[1:]]
    assert score_ratings(rated(A=a, B=skipped))["agreement"] == pytest.approx(cohen_kappa_score(a[1:], b[1:]))


def test_the_interval_is_over_items():
    """Two raters that agree are no more certain than one."""
    scores = [4, 5, 3, 4, 4]
    one, two = score_ratings(rated(A=scores), 0.9), score_ratings(rated(A=scores, B=scores), 0.9)
    assert (one["low"], one["high"]) == (two["low"], two["high"])
    assert one["low"] == pytest.approx(stats.t.interval(0.9, 4, 4, stats.sem(scores))[0])
    assert two["agreement"] == pytest.approx(1)


def test_little_to_go_on():
    """One item has no interval; raters without a common item have no agreement; one and the same score is agreement."""
    assert score_ratings(rated(A=[3])) == {"n": 1, "mean": 3, "low": None, "high": None, "agreement": None}
    assert score_ratings(rated(A=[3, None], B=[None, 4]))["agreement"] is None
    assert score_ratings(rated(A=[3, 3], B=[3, 3]))["agreement"] == 1


RECORD = "ratings must be records of rater, item and score, a number; got "


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: score_ratings([]), "ratings must hold at least one record; got none."),
        (lambda: score_ratings([{"rater": "A", "item": "1"}]), f"{RECORD}{{'rater': 'A', 'item': '1'}}."),
        (lambda: score_ratings([{"item": "1", "score": 1}]), f"{RECORD}{{'item': '1', 'score': 1}}."),
        (
            lambda: score_ratings([{"rater": "A", "item": "1", "score": math.nan}]),
            f"{RECORD}{{'rater': 'A', 'item': '1', 'score': nan}}.",
        ),
        (
            lambda: score_ratings([{"rater": "A", "item": "1", "score": 1}] * 2),
            "ratings must hold one score for each rater and item; got two by 'A' of '1'.",
        ),
        (lambda: score_ratings(rated(A=[1, 2]), 1.0), "confidence must be above 0 and below 1; got 1.0."),
        (lambda: build_rating_form(OUTPUTS, []), "raters must be different names, at least one; got []."),
        (
            lambda: build_rating_form(OUTPUTS, ["A"], ["x", "x"]),
            "criteria must be different names, at least one; got ['x', 'x'].",
        ),
        (lambda: build_rating_form({"a": []}, ["A"]), "outputs must hold at least one text; got {'a': []}."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
