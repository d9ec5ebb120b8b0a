"""Finite differences and quadrature against closed forms and scipy."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy import integrate as scipy_integrate
from scipy import optimize

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.statistics.calculus import gradient, integrate, numerical_gradient


def test_the_gradient_of_the_course():
    """x² + 3xy at (1, 2): value 7, gradient (8, 3), length √73."""
    found = numerical_gradient("x**2 + 3*x*y", {"x": 1, "y": 2})
    assert found["gradient"] == pytest.approx({"x": 8, "y": 3})
    assert (found["value"], found["length"]) == pytest.approx((7, math.sqrt(73)))


@pytest.mark.parametrize(
    ("method", "step", "expected"),
    [("forward", 0.1, 12.61), ("central", 0.1, 12.01), ("forward", 0.01, 12.0601), ("central", 0.01, 12.0001)],
)
def test_both_differences_of_a_cube(method, step, expected):
    """x³ at 2: forward differences are off by the order of the step, central ones by its square."""
    assert numerical_gradient("x**3", {"x": 2}, step, method)["gradient"]["x"] == pytest.approx(expected, abs=1e-9)


def test_the_gradient_is_scipys():
    """On a function of three variables."""
    found = numerical_gradient("sin(a) * exp(b) + c**2 / a", {"a": 0.7, "b": -0.2, "c": 3.0})
    oracle = optimize.approx_fprime([0.7, -0.2, 3.0], lambda v: math.sin(v[0]) * math.exp(v[1]) + v[2] ** 2 / v[0])
    assert list(found["gradient"].values()) == pytest.approx(oracle, abs=1e-5)


def test_gradients_at_many_points():
    """The shape is that of the points."""
    points = np.random.default_rng(0).normal(size=(2, 5, 3))
    found = gradient(lambda x: (x**2).sum(axis=-1), points)
    np.testing.assert_allclose(found, 2 * points, atol=1e-8)


@pytest.mark.parametrize(("rule", "expected"), [("midpoint", 0.328125), ("trapezoidal", 0.34375), ("simpson", 1 / 3)])
def test_each_rule_by_hand(rule, expected):
    """x² from 0 to 1 with four strips."""
    assert integrate("x**2", 0, 1, rule, 4) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("rule", "order"), [("midpoint", 2), ("trapezoidal", 2), ("simpson", 4)])
def test_the_error_shrinks_as_the_order_says(rule, order):
    """Twice the strips divide the error by 2 to the order."""
    errors = [abs(integrate("exp(x)", 0, 1, rule, n) - (math.e - 1)) for n in (8, 16)]
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.05)


def test_the_integral_is_scipys():
    """For a smooth function; exchanged limits change the sign, equal ones give 0."""
    oracle = scipy_integrate.quad(lambda x: math.exp(-(x**2) / 2) * math.cos(x), -3, 2)[0]
    assert integrate("exp(-x**2 / 2) * cos(x)", -3, 2) == pytest.approx(oracle, abs=1e-10)
    assert integrate("exp(-x**2 / 2) * cos(x)", 2, -3) == pytest.approx(-oracle, abs=1e-10)
    assert integrate("x", 4, 4) == 0
    assert integrate("sin(x)", -1, 1) == pytest.approx(0, abs=1e-15)


def test_the_normal_share_of_the_course():
    """Simpson's rule with four strips: 0.683058."""
    assert round(integrate("exp(-x**2 / 2) / sqrt(2*pi)", -1, 1, "simpson", 4), 6) == 0.683058


FINITE = "expression must have a finite value at and near the point; got "


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: numerical_gradient("log(x)", {"x": 0}), f"{FINITE}-inf at {{'x': 0}}."),
        (lambda: numerical_gradient("sqrt(x)", {"x": 0}), f"{FINITE}0 at {{'x': 0}}."),
        (lambda: numerical_gradient("x", {"x": 0}, 0), "step must be above 0; got 0."),
        (lambda: numerical_gradient("x", {"x": 0}, 1, "back"), "method must be one of central, forward; got 'back'."),
        (
            lambda: integrate("1/x", -1, 1),
            "expression must have a finite value everywhere between the limits; got none at x = 0.",
        ),
        (lambda: integrate("x", 0, 1, "simpson", 3), "n_strips must be even for Simpson's rule; got 3."),
        (lambda: integrate("x", 0, 1, "gauss"), "rule must be one of simpson, trapezoidal, midpoint; got 'gauss'."),
        (lambda: integrate("x", 0, 1, n_strips=0), "n_strips must be a whole number of at least 1; got 0."),
        (lambda: integrate("x", 0, math.inf), "high must be finite; got inf."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
