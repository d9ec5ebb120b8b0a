"""Cosine similarity against values worked by hand and its invariances."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.similarity import cosine_similarity

VECTORS = st.integers(1, 6).flatmap(
    lambda n: st.tuples(*[st.lists(st.floats(-1e3, 1e3), min_size=n, max_size=n).filter(any) for _ in range(2)])
)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([3, 4], [4, 3], 24 / 25),  # (12 + 12) / (5 · 5)
        ([1, 0], [0, 1], 0.0),
        ([1, 2], [-2, -4], -1.0),
        ([2], [0.5], 1.0),
        ([1, 1], [1, 0], 1 / math.sqrt(2)),
        ([1e308, 1e308], [1e308, 0], 1 / math.sqrt(2)),  # the squares overflow
        ([5e-324, 0], [5e-324, 5e-324], 1 / math.sqrt(2)),  # the squares underflow
        ([1e308, 1e-308], [1, 0], 1.0),
    ],
)
def test_cosine_by_hand(a, b, expected):
    """The value is the cosine of the angle, for huge and tiny vectors too."""
    assert cosine_similarity(a, b) == pytest.approx(expected, abs=1e-12)


@given(VECTORS)
def test_cosine_is_symmetric_bounded_and_blind_to_length(pair):
    """Swapping changes nothing, the value stays in [-1, 1], and only directions count."""
    a, b = pair
    value = cosine_similarity(a, b)
    assert -1 <= value <= 1
    assert value == pytest.approx(cosine_similarity(b, a), abs=1e-12)
    assert value == pytest.approx(cosine_similarity([7 * x for x in a], b), abs=1e-9)
    assert value == pytest.approx(-cosine_similarity([-x for x in a], b), abs=1e-12)


@given(VECTORS)
def test_cosine_of_a_vector_with_itself_is_one(pair):
    """Rounding never takes the value past 1."""
    assert cosine_similarity(pair[0], pair[0]) == pytest.approx(1, abs=1e-12)
    assert cosine_similarity(pair[0], pair[0]) <= 1


def test_cosine_agrees_with_numpy():
    """On random vectors the value is the textbook formula's."""
    rng = np.random.default_rng(0)
    for a, b in rng.normal(size=(50, 2, 384)):
        expected = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
        assert cosine_similarity(a.tolist(), b.tolist()) == pytest.approx(expected, abs=1e-12)


ZEROS = "A vector of zeros has no direction; a and b must each have a value that is not 0."
NOT_FINITE = "a and b must be finite; got nan or inf."


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1, 2], [1, 2, 3], "a and b must be vectors of equal length; got shapes (2,) and (3,)."),
        ([[1, 2]], [[1, 2]], "a and b must be vectors of equal length; got shapes (1, 2) and (1, 2)."),
        (1.0, 1.0, "a and b must be vectors of equal length; got shapes () and ()."),
        ([], [], ZEROS),
        ([0, 0], [1, 2], ZEROS),
        ([1, 2], [0, -0.0], ZEROS),
        ([1, math.nan], [1, 2], NOT_FINITE),
        ([1, 2], [1, math.inf], NOT_FINITE),
    ],
)
def test_wrong_input_is_refused(a, b, message):
    """Where no angle exists there is an error, never a NaN."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        cosine_similarity(a, b)
