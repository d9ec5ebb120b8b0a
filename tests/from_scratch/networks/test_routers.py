"""Routing by clusters, by assignment and by hashing."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.stats import chi2
from sklearn.cluster import KMeans

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.routers import assignment_routing, hash_routing, kmeans_routing

RNG = np.random.default_rng(0)


def test_tokens_go_to_the_nearest_centre():
    """As scikit-learn predicts with the same centres; new tokens too."""
    X, new = RNG.normal(size=(60, 3)), RNG.normal(size=(40, 3))
    found = kmeans_routing(X, 4, new)
    theirs = KMeans(4, init=np.array(found["centres"]), n_init=1).fit(X)
    assert found["experts"] == theirs.predict(new).tolist()
    assert found["loads"] == [found["experts"].count(i) for i in range(4)]
    assert sum(kmeans_routing(X, 4)["loads"]) == 60


def test_the_assignment_of_the_course():
    """1.6 in all where greedy routing sends both to expert 0."""
    found = assignment_routing([[0.9, 0.1], [0.8, 0.7]])
    assert (found["experts"], found["greedy_experts"], found["greedy_loads"]) == ([0, 1], [0, 0], [2, 0])
    assert found["total"] == pytest.approx(1.6)


@pytest.mark.parametrize(("n_tokens", "n_experts"), [(1, 1), (5, 5), (12, 3), (13, 4), (3, 7), (40, 8)])
def test_the_total_is_the_best(n_tokens, n_experts):
    """As scipy finds it with the places of each expert as equal columns; ties and negative numbers included."""
    for affinity in (RNG.normal(size=(n_tokens, n_experts)), RNG.integers(-2, 3, (n_tokens, n_experts)).astype(float)):
        found = assignment_routing(affinity)
        places = -(-n_tokens // n_experts)
        repeated = np.repeat(affinity, places, axis=1)
        expected = repeated[linear_sum_assignment(repeated, maximize=True)].sum()
        assert found["total"] == pytest.approx(expected)
        assert max(found["loads"]) <= places
        assert found["total"] == pytest.approx(sum(affinity[t, e] for t, e in enumerate(found["experts"])))


def test_the_total_is_that_of_all_tries():
    """Every way of three tokens with one place each."""
    A = RNG.normal(size=(3, 4))
    best = max(sum(A[t, e] for t, e in enumerate(p)) for p in itertools.permutations(range(4), 3))
    assert assignment_routing(A, capacity=1)["total"] == pytest.approx(best)


def test_room_for_all_is_greedy_routing():
    """Where nothing is scarce."""
    A = RNG.normal(size=(6, 2))
    found = assignment_routing(A, capacity=6)
    assert found["experts"] == found["greedy_experts"]


def test_hashing_is_the_same_in_every_process():
    """The chapter's counts, and those of another process with another salt."""
    assert hash_routing(list(range(1000)), 4)["loads"] == [256, 239, 259, 246]
    code = "from rag_app.from_scratch.networks.routers import hash_routing as h; print(h([5, 6, 7], 9, 3)['experts'])"
    env = {"PYTHONHASHSEED": "123"}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(hash_routing([5, 6, 7], 9, 3)["experts"])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_hashing_is_uniform_over_ids(seed):
    """At the level of one in a thousand; seeds differ, and equal ids do not."""
    found = hash_routing(list(range(5000)), 16, seed)
    assert found["chi_squared"] < chi2.ppf(0.999, 15)
    assert found["experts"] != hash_routing(list(range(5000)), 16, seed + 1)["experts"]
    assert len(set(hash_routing([7] * 50, 16, seed)["experts"])) == 1


def test_mistakes_are_named():
    """Too few places, experts or ids."""
    with pytest.raises(InvalidInputError, match="capacity must be at least 2 for 3 tokens; got 1"):
        assignment_routing([[1, 2]] * 3, capacity=1)
    with pytest.raises(InvalidInputError, match="n_experts must be a whole number of at least 1 and at most 1; got 2"):
        kmeans_routing([[1.0]], 2)
    with pytest.raises(InvalidInputError, match=r"token_ids must hold at least one id; got \[\]"):
        hash_routing([], 2)
