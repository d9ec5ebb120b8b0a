"""Coverage of modes tells a collapsed generator from a good one, which quality alone does not."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.mode_collapse import mode_coverage, ring_collapse

ANGLES = 2 * np.pi * np.arange(8) / 8
MODES = 2 * np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])
NOISE = 0.05 * np.random.default_rng(0).normal(size=(800, 2))


def test_real_rows_cover_every_mode_and_collapsed_ones_one():
    """8 of 8 with ln 8, 1 of 8 with 0; the quality is the same."""
    real = mode_coverage(MODES[np.arange(800) % 8] + NOISE, MODES, 0.3)
    collapsed = mode_coverage(MODES[0] + NOISE, MODES, 0.3)
    assert (real["n_covered"], collapsed["n_covered"]) == (8, 1)
    assert real["entropy"] == pytest.approx(2.079442, abs=1e-6)
    assert collapsed["entropy"] == 0
    assert real["high_quality_share"] == collapsed["high_quality_share"] == 1


def test_partial_collapse_is_counted_in_even_modes():
    """Shares of 0.5, 0.25 and 0.25: 1.0397, as many as 2.83 even modes."""
    result = mode_coverage(MODES[[0, 0, 1, 2]], MODES, 0)
    assert result["n_covered"] == 3
    assert result["entropy"] == pytest.approx(1.0397, abs=1e-4)
    assert sum(result["shares"]) == 1


def test_samples_far_from_every_mode_count_for_none():
    """No quality, no modes; the radius itself counts as near."""
    assert mode_coverage([[0, 0]], MODES, 1.9) == {
        "n_covered": 0,
        "high_quality_share": 0.0,
        "entropy": 0.0,
        "shares": [0.0] * 8,
    }
    assert mode_coverage([[3]], [[1]], 2)["n_covered"] == 1


def test_a_small_network_leaves_most_of_the_ring_empty():
    """Its samples are compared with real rows, of which all are of high quality."""
    result = ring_collapse(n_steps=100)
    assert result["real"]["high_quality_share"] == pytest.approx(1, abs=0.01)
    assert result["generated"]["high_quality_share"] < 0.5
    assert len(result["samples"]) == len(result["discriminator_losses"]) == 50


def test_coverage_is_recorded_while_one_network_learns():
    """After each epoch of 300 rows in steps of 64, and at last; a shorter training has the same beginning."""
    result = ring_collapse(3, 30)
    history = result["history"]
    assert history["steps"] == [4, 8, 12, 16, 20, 24, 28, 30]
    assert history["n_covered"][-1] == result["generated"]["n_covered"]
    assert history["entropies"][-1] == result["generated"]["entropy"]
    shorter = ring_collapse(3, 12)["history"]
    assert {name: values[:3] for name, values in history.items()} == shorter
    assert len(ring_collapse(2, 210)["history"]["steps"]) == 42  # every 5 steps, where an epoch has 3
    with pytest.raises(InvalidInputError, match=r"^n_steps must be a whole number of at least 1; got 0.$"):
        ring_collapse(3, 0)


def test_what_is_no_ring_is_refused():
    """One mode, and a negative radius."""
    with pytest.raises(InvalidInputError, match=r"^n_modes must be a whole number of at least 2; got 1.$"):
        ring_collapse(1)
    with pytest.raises(InvalidInputError, match=r"^radius must be at least 0; got -1.$"):
        mode_coverage([[0, 0]], MODES, -1)
