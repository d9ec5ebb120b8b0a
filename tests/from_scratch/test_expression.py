"""Formulas in text as functions of arrays."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.expression import MAX_CHARACTERS, build_function


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1", 1.0),
        ("x", 0.7),
        ("-x + +2", 1.3),
        ("(x + 1) * 3 - x / 2", 4.75),
        ("2**x**2", 2**0.49),
        ("abs(-x)", 0.7),
        ("cos(x) + sin(pi)", math.cos(0.7)),
        ("exp(x) - e", math.exp(0.7) - math.e),
        ("log(sqrt(x))", math.log(0.7) / 2),
        ("tanh(x)", math.tanh(0.7)),
        ("  x  ", 0.7),
    ],
)
def test_a_formula_has_the_value_that_it_has_in_python(expression, expected):
    """Every operator, function and constant, with the usual precedence."""
    function = build_function("expression", expression, ["x"])
    assert float(function(np.array([0.7]))) == pytest.approx(expected, abs=1e-12)


def test_points_may_have_any_shape():
    """The last axis holds the coordinates; a constant has a value at every point."""
    points = np.arange(12.0).reshape(2, 3, 2)
    assert build_function("f", "x * y", ["x", "y"])(points).tolist() == [[0.0, 6.0, 20.0], [42.0, 72.0, 110.0]]
    assert build_function("f", "3", ["x", "y"])(points).shape == (2, 3)


def test_a_value_that_does_not_exist_is_nan_or_infinite():
    """There is no warning and no error: the caller decides."""
    function = build_function("f", "log(x)", ["x"])
    assert np.isnan(function(np.array([-1.0])))
    assert function(np.array([0.0])) == -np.inf


def test_a_variable_goes_before_a_constant():
    """A variable that is called e is that variable."""
    assert build_function("f", "e", ["e"])(np.array([5.0])) == 5


@pytest.mark.parametrize("text", ["", "x +", "x = 1", "1\n2", "\0", "x" * (MAX_CHARACTERS + 1), "(" * 250])
def test_what_is_no_formula_is_refused(text):
    """Text that does not parse, or is too long."""
    rule = f"f must be a formula of at most {MAX_CHARACTERS} characters; got {text[:60]!r}. Write, for example: "
    with pytest.raises(InvalidInputError, match=f"^{re.escape(rule)}"):
        build_function("f", text, ["x"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("y", "'y'"),
        ("open(x)", "'open(x)'"),
        ("exp(x, x)", "'exp(x, x)'"),
        ("exp(x=x)", "'exp(x=x)'"),
        ("x.real", "'x.real'"),
        ("x.__class__()", "'x.__class__()'"),
        ("'a'", "\"'a'\""),
        ("True", "'True'"),
        ("1j", "'1j'"),
        ("x % 2", "Mod"),
        ("x < 1", "'x < 1'"),
        ("[x]", "'[x]'"),
        ("lambda: x", "'lambda: x'"),
        ("exp", "'exp'"),
        ("0x1" + "0" * 290, f"'{16**290}'"),
    ],
)
def test_what_is_not_arithmetic_is_refused(text, shown):
    """Only numbers, known names and operators: the text is never run."""
    rule = "f must be a formula of numbers, + - * / ** and x, e, pi, abs, cos, exp, log, sin, sqrt, tanh; got "
    with pytest.raises(InvalidInputError, match=f"^{re.escape(rule + shown)}\\.$"):
        build_function("f", text, ["x"])
