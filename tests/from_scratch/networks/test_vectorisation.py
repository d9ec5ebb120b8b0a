"""Loops and array code compute the same."""

from __future__ import annotations

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.vectorisation import vectorisation_speed


def test_both_ways_agree():
    """To twelve decimals; the ratio is that of the seconds."""
    result = vectorisation_speed(16, 64, 8)
    assert result["largest_difference"] < 1e-12
    assert result["n_multiplications"] == 16 * 64 * 8
    assert result["ratio"] == pytest.approx(result["loop_s"] / max(result["vectorised_s"], 1e-9))
    assert vectorisation_speed(1, 1, 1)["largest_difference"] == 0


def test_sizes_are_whole_numbers():
    """The one that is not is named."""
    with pytest.raises(InvalidInputError, match="n_in must be a whole number of at least 1; got 0"):
        vectorisation_speed(1, 0)
