"""Random walks."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import stats

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.probabilistic.random_walk import random_walk


@pytest.mark.parametrize("n", [1, 4, 25, 100])
def test_mean_variance_and_endpoints(n):
    """Mean 0, variance n, and the endpoints of a shifted binomial distribution."""
    walk = random_walk(n, 20_000)
    assert abs(walk["mean"]) < 4 * (n / 20_000) ** 0.5
    assert walk["variance"] == pytest.approx(n, rel=0.05)
    assert walk["probabilities"] == pytest.approx(stats.binom.pmf(np.arange(n + 1), n, 0.5))
    assert walk["endpoints"] == [2 * k - n for k in range(n + 1)]
    assert sum(walk["frequencies"]) == pytest.approx(1)
    assert np.abs(np.subtract(walk["frequencies"], walk["probabilities"])).max() < 0.015


def test_paths_are_single_steps_from_zero():
    """The first walkers are shown whole, and the endpoints are where they end."""
    walk = random_walk(30, 3, seed=4)
    assert len(walk["paths"]) == 3
    assert all(path[0] == 0 and set(np.abs(np.diff(path)).tolist()) == {1} for path in walk["paths"])
    assert walk["mean"] == pytest.approx(np.mean([path[-1] for path in walk["paths"]]))
    assert walk == random_walk(30, 3, seed=4) != random_walk(30, 3, seed=5)


def test_the_longest_walk():
    """A thousand steps: probabilities too small for a fraction of floats are still exact."""
    walk = random_walk(1000, 10)
    assert walk["probabilities"][0] == pytest.approx(2.0**-1000)
    assert sum(walk["probabilities"]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "n_steps must be a whole number of at least 1 and at most 1000; got 0."),
        ((10, 0), "n_walkers must be a whole number of at least 1 and at most 1000000; got 0."),
        ((10, 10, -1), "seed must be a whole number of at least 0; got -1."),
    ],
)
def test_wrong_input_is_refused(arguments, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        random_walk(*arguments)
