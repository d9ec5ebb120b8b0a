"""Expectations and posteriors against closed forms and scipy."""

from __future__ import annotations

import math
import re

import pytest
from scipy import integrate, stats

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.probabilistic.inference import beta_binomial_posterior, expectation, grid_posterior


def test_expectations_in_closed_form():
    """Of x² and x under the uniform density, with the variances 4/45 and 1/12."""
    square, same = expectation("x**2", "1", 0, 1), expectation("x", "1", 0, 1)
    assert (square["expectation"], square["variance"]) == pytest.approx((1 / 3, 4 / 45))
    assert (same["expectation"], same["variance"], same["mass"]) == pytest.approx((1 / 2, 1 / 12, 1))


def test_an_expectation_is_that_of_scipys_quadrature():
    """For a density that is not normalised: its mass is reported and divided out."""
    found = expectation("cos(x)", "exp(-abs(x)**3)", -4, 4)
    top = integrate.quad(lambda x: math.cos(x) * math.exp(-(abs(x) ** 3)), -4, 4)[0]
    mass = integrate.quad(lambda x: math.exp(-(abs(x) ** 3)), -4, 4)[0]
    assert (found["mass"], found["expectation"]) == pytest.approx((mass, top / mass), rel=1e-8)


def test_the_beta_posterior_of_the_course():
    """90 of 100: Beta(91, 11), mean 0.892157, mode 0.9, deviation 0.0306, from 0.8254 to 0.9444."""
    found = beta_binomial_posterior(90, 100)
    assert (found["a"], found["b"], round(found["mean"], 6)) == (91, 11, 0.892157)
    assert (found["mode"], round(found["std"], 4)) == (0.9, 0.0306)
    assert (round(found["low"], 4), round(found["high"], 4)) == (0.8254, 0.9444)
    assert beta_binomial_posterior(90, 100, 50, 50)["mean"] == pytest.approx(0.7)
    assert beta_binomial_posterior(90, 100, 8, 2)["mean"] == pytest.approx(98 / 110)


@pytest.mark.parametrize(("k", "n", "a", "b"), [(0, 0, 1, 1), (0, 5, 0.5, 0.5), (3, 4, 2, 7.5), (40, 41, 1, 1)])
def test_the_beta_posterior_is_scipys(k, n, a, b):
    """Mean, deviation and interval at any level; only a peaked density has a mode."""
    oracle = stats.beta(a + k, b + n - k)
    found = beta_binomial_posterior(k, n, a, b, 0.8)
    expected = (oracle.mean(), oracle.std(), *oracle.interval(0.8))
    assert (found["mean"], found["std"], found["low"], found["high"]) == pytest.approx(expected)
    assert (found["mode"] is None) == (min(a + k, b + n - k) <= 1)


def test_a_grid_has_the_posterior_of_the_closed_form():
    """For 90 of 100 with a uniform prior: mean, deviation, mode, interval, evidence 1/101 and density."""
    found = grid_posterior("1", f"{math.comb(100, 90)} * theta**90 * (1 - theta)**10")
    exact = beta_binomial_posterior(90, 100)
    for name in ("mean", "std", "mode", "low", "high"):
        assert found[name] == pytest.approx(exact[name], abs=1e-4)
    assert found["evidence"] == pytest.approx(1 / 101)
    curve = found["curve"]
    assert len(curve["theta"]) == 101
    assert curve["density"] == pytest.approx(stats.beta.pdf(curve["theta"], 91, 11), abs=1e-4)


def test_a_coarse_grid_by_hand():
    """Four values of theta: 0.0274, 0.1644, 0.3699 and 0.4384, mean 0.6438."""
    found = grid_posterior("1 / 0.8", "4 * theta**3 * (1 - theta)", 0.1, 0.9, 4)
    assert found["curve"]["theta"] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert [round(0.2 * d, 4) for d in found["curve"]["density"]] == [0.0274, 0.1644, 0.3699, 0.4384]
    assert round(found["mean"], 4) == 0.6438


def test_a_constant_factor_of_the_likelihood_cancels():
    """The posterior stays, the evidence is multiplied; a constant likelihood returns the prior."""
    one, ten = (grid_posterior("theta", f"{c} * theta**3") for c in (1, 10))
    assert ten["mean"] == pytest.approx(one["mean"])
    assert ten["evidence"] == pytest.approx(10 * one["evidence"])
    assert grid_posterior("2 * theta", "1")["mean"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: expectation("x", "1", 1, 1), "high must be above 1 and at most 1e+300; got 1."),
        (lambda: expectation("x", "x", -1, 1), "density must not be negative between the limits; got -1."),
        (lambda: expectation("x", "0", -1, 1), "density must have a finite integral above 0; got 0."),
        (
            lambda: expectation("1/x", "1", -1, 1, 2),
            "function must have a finite value everywhere between the limits; got none at x = 0.",
        ),
        (lambda: expectation("x", "1", 0, 1, 3), "n_strips must be even for Simpson's rule; got 3."),
        (lambda: grid_posterior("-theta", "1"), "prior must not be negative between the limits; got -0.99995."),
        (lambda: grid_posterior("1", "0"), "likelihood times prior must have a finite integral above 0; got 0."),
        (
            lambda: grid_posterior("1", "log(theta)", -1, 1, 2),
            "likelihood must have a finite value everywhere between the limits; got none at theta = -0.5.",
        ),
        (lambda: beta_binomial_posterior(2, 1), "k must be a whole number of at least 0 and at most 1; got 2."),
        (lambda: beta_binomial_posterior(1, 1, 0), "a must be above 0 and at most 1e+06; got 0."),
        (lambda: beta_binomial_posterior(1, 1, credibility=1), "credibility must be above 0 and below 1; got 1."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
