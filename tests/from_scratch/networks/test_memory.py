"""Gradients through time vanish, unless gates keep them."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.memory import memory_gradients


@pytest.mark.parametrize("weight", [0.5, 0.9, 1.0, 1.1])
def test_a_linear_recurrence_has_powers(weight):
    """|w| to the power of the lag: 2.66e-05 for 0.9 and 13,780.6 for 1.1 after 100 steps."""
    left = memory_gradients(n_steps=100, width=4, weight=weight)["linear"]
    assert np.allclose(left, weight ** np.arange(101.0))


def test_tanh_vanishes_faster():
    """Its slope is at most 1."""
    left = memory_gradients(n_steps=20)
    assert all(a < b for a, b in zip(left["rnn"][1:], left["linear"][1:], strict=True))


def test_an_open_gate_keeps_the_gradient():
    """A forget gate of 1 with an input gate of 0, and an update gate of 1: exactly 1 at every lag."""
    left = memory_gradients(n_steps=30, width=3, gate_bias=800)
    assert np.array_equal(left["lstm"], np.ones(31))
    assert np.array_equal(left["gru"], np.ones(31))


def test_gates_help_by_default():
    """After fifty steps both gated cells keep more than the plain one."""
    left = memory_gradients()
    assert min(left["lstm"][-1], left["gru"][-1]) > 10 * left["rnn"][-1]


def test_the_longest_explosion_is_a_number():
    """2 to the power 500."""
    left = memory_gradients(n_steps=500, width=2, weight=2)["linear"]
    assert left[-1] == pytest.approx(2.0**500)


def test_lags_and_seeds():
    """One number for each lag from 0, which is 1; the same seed gives the same numbers."""
    left = memory_gradients(n_steps=3, width=2, seed=5)
    assert all(len(v) == 4 and v[0] == 1 for v in left.values())
    assert left == memory_gradients(n_steps=3, width=2, seed=5)


def test_parameters_are_checked():
    """Each is named."""
    with pytest.raises(
        InvalidInputError, match=r"^n_steps must be a whole number of at least 1 and at most 500; got 0\.$"
    ):
        memory_gradients(n_steps=0)
    with pytest.raises(InvalidInputError, match=r"^width must be"):
        memory_gradients(width=0)
    with pytest.raises(InvalidInputError, match=r"^weight must be at least -2 and at most 2; got 3\.$"):
        memory_gradients(weight=3)
    with pytest.raises(InvalidInputError, match=r"^gate_bias must be .*; got nan\.$"):
        memory_gradients(gate_bias=float("nan"))
