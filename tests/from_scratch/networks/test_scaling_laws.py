"""Sizes, costs and power laws."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.layers import dense
from rag_app.from_scratch.networks.scaling_laws import compound_scaling, parameter_count, power_law


def test_the_count_is_that_of_the_network():
    """Weights and biases of a network that is built."""
    sizes = [7, 5, 3, 2]
    built = sum(w.data.size for w in dense(sizes, np.random.default_rng(0)).weights())
    assert parameter_count(sizes) == {"layers": [40, 18, 8], "total": built}


def test_widths_that_make_no_network():
    """One layer, and a width of 0."""
    with pytest.raises(InvalidInputError, match=r"^sizes must hold at least 2 widths; got 1\.$"):
        parameter_count([3])
    with pytest.raises(InvalidInputError, match=r"^sizes\[1\] must be a whole number of at least 1; got 0\."):
        parameter_count([3, 0])


def test_compound_scaling():
    """No step costs nothing; two cost the square of one."""
    assert compound_scaling(0) == {"depth": 1.0, "width": 1.0, "resolution": 1.0, "cost": 1.0}
    assert compound_scaling(2)["cost"] == pytest.approx(compound_scaling(1)["cost"] ** 2)
    assert compound_scaling(1, 2, 1, 1)["cost"] == 2
    assert compound_scaling(1, 1, 2, 1)["cost"] == compound_scaling(1, 1, 1, 2)["cost"] == 4
    with pytest.raises(InvalidInputError, match="width must be above 0; got 0"):
        compound_scaling(1, width=0)
    with pytest.raises(InvalidInputError, match=r"steps must be at least 0 and at most .*; got -1"):
        compound_scaling(-1)


@pytest.mark.parametrize("floor", [0.0, 1.0])
def test_a_power_law_is_recovered(floor):
    """Exactly, with its floor."""
    n = np.logspace(3, 8, 6)
    law = power_law(n, 8 * n**-0.25 + floor, at=1e12, floor=floor)
    assert (law["factor"], law["exponent"]) == (pytest.approx(8), pytest.approx(0.25))
    assert law["extrapolated"] == pytest.approx(0.008 + floor)
    assert law["root_mean_square_error"] == pytest.approx(0, abs=1e-9)


def test_a_pure_law_promises_too_much_where_there_is_a_floor():
    """The course: 1.08 - 0.648 = 0.432 is six times the true gain of 0.072."""
    losses = [1 + 8 * n**-0.25 for n in (1e4, 1e8)]
    promised = power_law([1e4, 1e8], losses, at=1e12)["extrapolated"]
    assert (losses[1] - promised) / (losses[1] - 1.008) == pytest.approx(6)


def test_noise_is_left_over():
    """The error says how well the line fits."""
    assert power_law([1, 10, 100], [1, 0.9, 0.5], at=1000)["root_mean_square_error"] > 0.01


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sizes": [10, 10]}, "sizes must hold at least two different numbers; got only 10"),
        ({"sizes": [10]}, "sizes must hold at least 2 numbers; got 1"),
        ({"sizes": [0, 10]}, r"sizes must be above 0; got 0\.0"),
        ({"losses": [1, 2, 3]}, "sizes and losses must be of equal length; got 2 and 3"),
        ({"losses": [1, 0]}, r"losses must be above 0; got 0\.0"),
        ({"floor": 1}, r"losses must be above 1; got 1\.0"),
        ({"floor": np.nan}, "floor must be a number; got nan"),
        ({"at": 0}, "at must be above 0 and at most .*; got 0"),
    ],
)
def test_wrong_arguments_of_a_law(wrong, message):
    """Name, rule and value."""
    with pytest.raises(InvalidInputError, match=message):
        power_law(**{"sizes": [1, 10], "losses": [2, 1], "at": 100, **wrong})
