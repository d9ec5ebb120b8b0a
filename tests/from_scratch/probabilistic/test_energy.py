"""Energy-based models against the maximum-likelihood solution in closed form."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.expression import build_function
from rag_app.from_scratch.probabilistic.energy import QUADRATIC, EnergyBasedModel, slopes

X = [[1], [3], [5], [7]]


@pytest.mark.parametrize("sampler", ["hmc", "metropolis"])
def test_a_quadratic_energy_learns_mean_and_precision(sampler):
    """4 and 1/5 for the data of the course, with either sampler."""
    found = EnergyBasedModel(sampler=sampler).fit(X)
    assert found.parameters_["mean"] == pytest.approx(4, abs=0.2)
    assert found.parameters_["precision"] == pytest.approx(0.2, abs=0.02)
    assert 0.2 < found.acceptance_rate_ <= 1


def test_the_likelihood_rises():
    """The log-likelihood of the normal distribution that the parameters describe, from -11.4 to -2.22 at the best."""
    found = EnergyBasedModel().fit(X)
    means, precisions = (np.array(found.history_[name])[[0, 60, 599]] for name in ("mean", "precision"))
    x = np.array(X)
    likelihood = (np.log(precisions / (2 * np.pi)) / 2 - precisions * (x - means) ** 2 / 2).mean(axis=0)
    assert likelihood[0] < likelihood[1] < likelihood[2] == pytest.approx(-2.2237, abs=0.03)
    assert len(found.history_["mean"]) == 600


def test_the_gradient_of_the_first_step():
    """At mean 0 and precision 1: over the data (-4, 10.5), over the model (0, 0.5), so uphill is (4, -10)."""
    energy = build_function("energy", QUADRATIC, ["x", "mean", "precision"])
    of_data = slopes(energy, np.array(X, float), np.array([0.0, 1.0]))
    np.testing.assert_allclose(of_data.mean(axis=0), [-4, 10.5], atol=1e-6)
    samples = np.random.default_rng(0).normal(size=(200_000, 1))
    of_model = slopes(energy, samples, np.array([0.0, 1.0]))
    np.testing.assert_allclose(of_model.mean(axis=0), [0, 0.5], atol=0.01)


def test_any_formula_is_an_energy():
    """Two columns with one precision: the inverse of their mean square."""
    rows = np.random.default_rng(1).normal(0, 0.8, (500, 2))
    found = EnergyBasedModel(energy="a * (x1**2 + x2**2) / 2", start={"a": 1}, n_steps=300).fit(rows)
    assert found.parameters_["a"] == pytest.approx(2 / (rows**2).sum(axis=1).mean(), rel=0.07)


def test_the_seed_decides():
    """The same chain of updates for the same seed, another one for another."""
    one, same, other = (EnergyBasedModel(n_steps=8, seed=s).fit(X) for s in (0, 0, 1))
    assert one.history_ == same.history_ != other.history_


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sampler": "gibbs"}, "sampler must be one of hmc, metropolis; got 'gibbs'."),
        ({"learning_rate": 0}, "learning_rate must be above 0; got 0."),
        ({"n_steps": 3}, "n_steps must be a whole number of at least 4 and at most 100000; got 3."),
        ({"seed": -1}, "seed must be a whole number of at least 0; got -1."),
        ({"start": {}}, "start must name at least one parameter; got none."),
        (
            {"energy": "log(a) * x", "start": {"a": -1.0}},
            (
                "energy must have a finite value at the data and near it; got none for {'a': -1.0}. "
                "Lower learning_rate, or start elsewhere."
            ),
        ),
    ],
)
def test_wrong_parameters_are_refused(parameters, message):
    """One sentence names the parameter, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        EnergyBasedModel(**parameters).fit(X)


def test_a_formula_of_other_columns_is_refused():
    """With two columns there is no x."""
    with pytest.raises(InvalidInputError, match="energy must be a formula of numbers"):
        EnergyBasedModel().fit([[1, 2]])
