"""Learning from human feedback, from rankings to a tuned network."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.preference_tuning import preference_tuning


def test_the_network_comes_near_the_optimum():
    """Letters are drawn alike before; the best policy draws them in proportion to e^(w/β)."""
    result = preference_tuning()
    weights = np.array(list(result["reward_weights"].values()))
    optimum = np.exp(weights / 2) / np.exp(weights / 2).sum()
    assert result["share_before"] == pytest.approx(0.25, abs=0.04)
    assert result["share_after"] == pytest.approx(optimum[0], abs=0.1)
    assert result["reward_accuracy"] > 0.8
    assert result["divergences"][0] == 0
    assert all(len(text) == 5 for text in result["samples_before"] + result["samples_after"])


def test_a_small_penalty_loses_variety():
    """Without it only the best letter is left; with a large one the network stays what it was."""
    free, held = preference_tuning(beta=0), preference_tuning(beta=100, n_steps=20)
    assert free["share_after"] > 0.95
    assert free["rewards"][-1] > free["rewards"][0]
    assert abs(held["share_after"] - held["share_before"]) < 0.15
    assert held["divergences"][-1] < 0.5


def test_a_seed_decides():
    """The same numbers again."""
    assert preference_tuning(n_steps=2, seed=3) == preference_tuning(n_steps=2, seed=3)


def test_parameters_are_checked():
    """Each is named."""
    with pytest.raises(InvalidInputError, match=r"^beta must be at least 0"):
        preference_tuning(beta=-1)
    with pytest.raises(InvalidInputError, match=r"^n_rankings must be a whole number of at least 1; got 0\.$"):
        preference_tuning(n_rankings=0)
    with pytest.raises(InvalidInputError, match=r"^n_steps must be a whole number of at least 1; got 0\.$"):
        preference_tuning(n_steps=0)
