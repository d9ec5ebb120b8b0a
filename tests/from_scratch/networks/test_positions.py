"""The sinusoidal encoding of positions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.positions import positional_encoding


def test_the_first_positions():
    """The figures of the course, for d = 4."""
    expected = [[0, 1, 0, 1], [0.841471, 0.540302, 0.0099998, 0.99995], [0.909297, -0.416147, 0.019999, 0.9998]]
    assert np.allclose(positional_encoding(3, 4), expected, atol=1e-6)


@pytest.mark.parametrize("dimension", [1, 2, 5, 6])
def test_every_number_is_the_formula(dimension):
    """Sines in even columns, cosines in odd ones, for odd dimensions too."""
    for place, row in enumerate(positional_encoding(4, dimension)):
        for j, value in enumerate(row):
            angle = place / 10000 ** ((j - j % 2) / dimension)
            assert value == pytest.approx(math.cos(angle) if j % 2 else math.sin(angle))


def test_products_depend_on_the_distance_alone():
    """Neighbours in d = 4: cos 1 + cos 0.01."""
    rows = np.array(positional_encoding(20, 4))
    assert np.allclose((rows[1:] * rows[:-1]).sum(axis=1), 1.540252)


def test_sizes_are_counts():
    """Each is named."""
    with pytest.raises(InvalidInputError, match=r"^n_positions must be a whole number of at least 1; got 0\.$"):
        positional_encoding(0, 4)
    with pytest.raises(InvalidInputError, match=r"^dimension must be a whole number of at least 1; got 0\.$"):
        positional_encoding(4, 0)
