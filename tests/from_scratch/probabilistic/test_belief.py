"""Directed graphical models against enumeration and the sprinkler of the course."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from scipy import stats

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.probabilistic.belief import belief_joint, belief_query, belief_sample

CHAIN = {
    "C": {"parents": ["B"], "table": [0.3, 0.9]},
    "B": {"parents": ["A"], "table": [0.2, 0.7]},
    "A": {"table": 0.6},
}


def test_the_joint_distribution_sums_to_one():
    """Over all eight assignments; rain, no sprinkler and wet grass have 0.144."""
    names = ("Rain", "Sprinkler", "Wet")
    cells = {v: belief_joint(dict(zip(names, v, strict=True))) for v in itertools.product([False, True], repeat=3)}
    assert sum(cells.values()) == pytest.approx(1)
    assert cells[True, False, True] == pytest.approx(0.144)
    assert cells[True, True, True] == pytest.approx(0.0198)


def test_explaining_away():
    """0.2 before anything is known, 0.3443 with wet grass, 0.0643 when the sprinkler explains it."""
    assert belief_query("Rain")["probability"] == pytest.approx(0.2)
    wet = belief_query("Rain", {"Wet": True})
    assert (round(wet["probability"], 4), round(wet["evidence_probability"], 4)) == (0.3443, 0.4758)
    assert round(belief_query("Rain", {"Wet": True, "Sprinkler": True})["probability"], 4) == 0.0643


def test_a_chain_by_hand():
    """Parents may be listed after their children; what is known is certain; Bayes' theorem turns the arrow around."""
    p_b = 0.4 * 0.2 + 0.6 * 0.7
    assert belief_query("B", network=CHAIN)["probability"] == pytest.approx(p_b)
    assert belief_query("C", network=CHAIN)["probability"] == pytest.approx(0.3 * (1 - p_b) + 0.9 * p_b)
    assert belief_query("A", {"B": True}, CHAIN)["probability"] == pytest.approx(0.6 * 0.7 / p_b)
    assert belief_query("C", {"B": True, "A": False}, CHAIN)["probability"] == pytest.approx(0.9)
    assert belief_query("A", {"A": False}, CHAIN) == {"probability": 0, "evidence_probability": pytest.approx(0.4)}
    assert belief_joint({"A": True, "B": False, "C": True}, CHAIN) == pytest.approx(0.6 * 0.3 * 0.3)


def test_a_network_of_random_tables():
    """With three parents, the query is that of a loop over all assignments."""
    rng = np.random.default_rng(0)
    table = rng.random((2, 2, 2))
    roots = {name: {"parents": [], "table": p} for name, p in zip("abc", (0.2, 0.5, 0.9), strict=True)}
    network = {**roots, "d": {"parents": list("cab"), "table": table.tolist()}}
    top = bottom = 0
    for a, b, c in itertools.product([0, 1], repeat=3):
        p = np.prod([q if v else 1 - q for v, q in zip((a, b, c), (0.2, 0.5, 0.9), strict=True)]) * table[c, a, b]
        bottom, top = bottom + p, top + p * a
    assert belief_query("a", {"d": True}, network)["probability"] == pytest.approx(top / bottom)


def test_samples_follow_the_network():
    """Patterns come as often as they should, by the chi-squared test; the same seed draws the same."""
    found = belief_sample(50_000, seed=3)
    codes = sum(np.array(found["samples"][n]) << i for i, n in enumerate(("Rain", "Sprinkler", "Wet")))
    expected = [
        belief_joint({"Rain": bool(c & 1), "Sprinkler": bool(c & 2), "Wet": bool(c & 4)}) * 50_000 for c in range(8)
    ]
    assert stats.chisquare(np.bincount(codes, minlength=8), expected).pvalue > 0.001
    assert found["exact"] == pytest.approx({"Rain": 0.2, "Sprinkler": 0.34, "Wet": 0.4758})
    assert found["frequencies"] == pytest.approx(found["exact"], abs=0.01)
    assert found == belief_sample(50_000, seed=3)
    assert belief_sample(10, CHAIN)["samples"].keys() == {"A", "B", "C"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: belief_query("Snow"), "variable must be among Rain, Sprinkler, Wet; got 'Snow'."),
        (lambda: belief_query("Rain", {"Snow": True}), "evidence must be among Rain, Sprinkler, Wet; got 'Snow'."),
        (
            lambda: belief_query("a", {"b": True}, {"a": {"table": 0.5}, "b": {"table": 0}}),
            "evidence must be possible under the network; got {'b': True}.",
        ),
        (lambda: belief_query("a", network={}), "network must have 1 to 20 variables; got 0."),
        (lambda: belief_query("a", network={"a": {"parents": ["b"]}}), "parents must be among a; got 'b'."),
        (
            lambda: belief_query("a", network={"a": {"parents": ["a"], "table": [0, 1]}}),
            "network must have no cycle; got a → a.",
        ),
        (
            lambda: belief_sample(network={"a": {"table": 1.5}}),
            "The table of a must hold probabilities in shape (); got 1.5.",
        ),
        (lambda: belief_sample(network={"a": {}}), "The table of a must hold probabilities in shape (); got None."),
        (
            lambda: belief_sample(network={"a": {"table": "x"}}),
            "The table of a must hold probabilities in shape (); got 'x'.",
        ),
        (
            lambda: belief_sample(network={**CHAIN, "B": {"parents": ["A"], "table": 0.5}}),
            "The table of B must hold probabilities in shape (2,); got 0.5.",
        ),
        (
            lambda: belief_joint({"Rain": True}),
            "assignment must give a value to each of Rain, Sprinkler, Wet; got {'Rain': True}.",
        ),
        (lambda: belief_sample(0), "n must be a whole number of at least 1 and at most 1000000; got 0."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
