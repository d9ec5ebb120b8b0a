"""Markov chain Monte Carlo against densities whose moments are known."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.expression import build_function
from rag_app.from_scratch.probabilistic.mcmc import (
    hamiltonian_monte_carlo,
    leapfrog,
    leapfrog_path,
    metropolis,
    metropolis_chain,
)

NORMAL = "-x**2 / 2"
CORRELATED = "-(x**2 - 1.9*x*y + y**2) / (2 * 0.0975)"  # variances 1, correlation 0.95


@pytest.mark.parametrize("sampler", [metropolis, hamiltonian_monte_carlo])
def test_moments_of_a_normal_distribution(sampler):
    """Mean 3 and deviation 2 within the error that the effective sample size allows."""
    found = sampler("-(x - 3)**2 / 8", {"x": 3}, step=5 if sampler is metropolis else 0.4, n=2500)
    error = 2 / math.sqrt(found["effective_sample_size"]["x"])
    assert abs(found["mean"]["x"] - 3) < 4 * error
    assert abs(found["std"]["x"] - 2) < 4 * error
    assert found["standard_error"]["x"] == pytest.approx(error, rel=0.2)


@pytest.mark.parametrize("sampler", [metropolis, hamiltonian_monte_carlo])
def test_draws_are_returned_on_request_only(sampler):
    """A summary holds a few numbers for each variable, whatever n; with the draws it is that of the draws."""
    few, many = (sampler(CORRELATED, {"x": 0, "y": 0}, n=n) for n in (100, 400))
    assert set(few) == {"mean", "std", "quantiles", "effective_sample_size", "standard_error", "acceptance_rate"}
    assert len(str(few)) == pytest.approx(len(str(many)), abs=40)
    found = sampler(CORRELATED, {"x": 0, "y": 0}, n=400, with_samples=True)
    samples = np.array(found.pop("samples"))
    assert found == many
    assert samples.shape == (400, 2)
    assert list(found["mean"].values()) == pytest.approx(samples.mean(axis=0))
    assert list(found["quantiles"]["y"]) == ["5 %", "25 %", "50 %", "75 %", "95 %"]
    expected = np.quantile(samples[:, 1], [0.05, 0.25, 0.5, 0.75, 0.95])
    assert list(found["quantiles"]["y"].values()) == pytest.approx(expected)


@pytest.mark.parametrize("sampler", [metropolis, hamiltonian_monte_carlo])
def test_a_density_with_an_end(sampler):
    """Where the formula has no value, nothing is sampled: an exponential distribution has mean 1 and deviation 1."""
    found = sampler("-x + 0*log(x)", {"x": 1}, step=2 if sampler is metropolis else 0.3, n=2500, with_samples=True)
    assert min(x for (x,) in found["samples"]) > 0
    assert found["mean"]["x"] == pytest.approx(1, abs=0.2)
    assert found["std"]["x"] == pytest.approx(1, abs=0.2)


def test_hamilton_mixes_better_than_a_random_walk():
    """On two variables with correlation 0.95: more acceptance and several times the effective samples."""
    walk = metropolis(CORRELATED, {"x": 0, "y": 0}, step=0.6, n=4000)
    hmc = hamiltonian_monte_carlo(CORRELATED, {"x": 0, "y": 0}, step=0.2, n_leapfrog=8, n=2000, with_samples=True)
    assert walk["acceptance_rate"] == pytest.approx(0.38, abs=0.05)
    assert hmc["acceptance_rate"] == pytest.approx(0.93, abs=0.03)
    for name in ("x", "y"):
        assert hmc["effective_sample_size"][name] > 4 * walk["effective_sample_size"][name]
    assert np.corrcoef(np.transpose(hmc["samples"]))[0, 1] == pytest.approx(0.95, abs=0.02)


def test_a_large_step_is_accepted_less():
    """Both samplers trade distance for acceptance; an absurd one gets stuck without a warning."""
    small, large = (metropolis(NORMAL, {"x": 0}, step=s, n=500)["acceptance_rate"] for s in (0.1, 10))
    assert large < 0.3
    assert small > 0.9
    stuck = hamiltonian_monte_carlo("-x**4", {"x": 1}, step=50, n=50)
    assert (stuck["acceptance_rate"], stuck["effective_sample_size"]["x"], stuck["std"]["x"]) == (0, 1, 0)


def test_the_seed_decides():
    """The same chain for the same seed, another one for another."""
    for sampler in (metropolis, hamiltonian_monte_carlo):
        assert sampler(NORMAL, {"x": 0}, n=20) == sampler(NORMAL, {"x": 0}, n=20)
        assert sampler(NORMAL, {"x": 0}, n=20) != sampler(NORMAL, {"x": 0}, n=20, seed=1)


def test_a_leapfrog_step_by_hand():
    """From q = 1, p = 0.5 to 1.045 and 0.39775; the energy rises from 0.625 to 0.625115."""
    path = leapfrog_path("-q**2 / 2", {"q": 1}, {"q": 0.5}, 0.1, 1)
    assert path["positions"] == [[1], [pytest.approx(1.045)]]
    assert path["momenta"] == [[0.5], [pytest.approx(0.39775)]]
    assert path["energies"] == pytest.approx([0.625, 0.625115], abs=1e-6)


def test_the_energy_error_is_of_second_order():
    """Over time 1 it is -0.000371 with steps of 0.2 and a quarter of that with half the step."""
    errors = [leapfrog_path("-q**2 / 2", {"q": 1}, {"q": 0.5}, s, n)["energy_change"] for s, n in ((0.2, 5), (0.1, 10))]
    assert errors == pytest.approx([-0.000371, -0.000095], abs=1e-6)
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)


def test_the_leapfrog_method_is_reversible_and_keeps_volume():
    """Back with the momentum negated; the Jacobian has determinant 1; ten steps at once are ten one by one."""
    function = build_function("f", CORRELATED, ["x", "y"])
    q, p = np.array([[0.3, -1.2]]), np.array([[1.0, 0.4]])
    there = leapfrog(function, q, p, 0.1, 10)
    back = leapfrog(function, there[0], -there[1], 0.1, 10)
    np.testing.assert_allclose(back[0], q, atol=1e-8)
    np.testing.assert_allclose(-back[1], p, atol=1e-8)
    steps = leapfrog_path(CORRELATED, {"x": 0.3, "y": -1.2}, {"y": 0.4, "x": 1.0}, 0.1, 10)
    np.testing.assert_allclose(steps["positions"][-1], there[0][0], atol=1e-8)

    def move(state):
        return np.concatenate(leapfrog(function, state[None, :2], state[None, 2:], 0.1, 3), axis=1)[0]

    state, h = np.array([0.3, -1.2, 1.0, 0.4]), 1e-4
    jacobian = np.array([(move(state + d) - move(state - d)) / (2 * h) for d in h * np.eye(4)])
    assert np.linalg.det(jacobian) == pytest.approx(1, abs=1e-5)


def test_a_chain_over_three_states():
    """The matrix of the course; its left eigenvector is the target, which one step leaves as it is."""
    found = metropolis_chain([0.5, 0.3, 0.2])
    expected = [[0.5, 0.3, 0.2], [0.5, 1 / 6, 1 / 3], [0.5, 0.5, 0]]
    np.testing.assert_allclose(found["transition"], expected, atol=1e-12)
    np.testing.assert_allclose(found["stationary"], [0.5, 0.3, 0.2])
    p = np.random.default_rng(0).dirichlet([1] * 6)
    many = metropolis_chain(p)
    np.testing.assert_allclose(p @ np.array(many["transition"]), p)
    np.testing.assert_allclose(many["stationary"], p)
    np.testing.assert_allclose(np.linalg.matrix_power(many["transition"], 500)[0], p)
    assert metropolis_chain([0.5, 0.5])["transition"] == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metropolis("log(x)", {"x": 0}), "start must be where log_density has a finite value; got {'x': 0}."),
        (lambda: metropolis("1", {}), "start must be where log_density has a finite value; got {}."),
        (lambda: metropolis(NORMAL, {"x": 0}, 0), "step must be above 0; got 0."),
        (
            lambda: metropolis(NORMAL, {"x": 0}, n=3),
            "n must be a whole number of at least 4 and at most 100000; got 3.",
        ),
        (lambda: metropolis(NORMAL, {"x": 0}, seed=-1), "seed must be a whole number of at least 0; got -1."),
        (
            lambda: hamiltonian_monte_carlo(NORMAL, {"x": 0}, n_leapfrog=0),
            "n_leapfrog must be a whole number of at least 1 and at most 1000; got 0.",
        ),
        (lambda: hamiltonian_monte_carlo(NORMAL, {"x": 0}, -1), "step must be above 0; got -1."),
        (lambda: leapfrog_path(NORMAL, {"x": 0}, {"y": 0}), "momentum must be given for x; got {'y': 0}."),
        (lambda: leapfrog_path(NORMAL, {"x": 0}, {"x": 0}, 0), "step must be above 0; got 0."),
        (
            lambda: leapfrog_path(NORMAL, {"x": 0}, {"x": 0}, n_steps=0),
            "n_steps must be a whole number of at least 1 and at most 10000; got 0.",
        ),
        (lambda: metropolis_chain([1]), "target must hold at least two probabilities above 0; got [1.0]."),
        (lambda: metropolis_chain([1, 0]), "target must hold at least two probabilities above 0; got [1.0, 0.0]."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
