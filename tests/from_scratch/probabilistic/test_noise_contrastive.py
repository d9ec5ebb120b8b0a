"""Noise-contrastive estimation against partition functions and parameters in closed form."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy import optimize

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.probabilistic.noise_contrastive import NoiseContrastiveModel

RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=(50_000, 1))
HALF_LN_2PI = math.log(2 * math.pi) / 2


@pytest.mark.parametrize(("ratio", "scale"), [(1, 2.0), (5, 2.0), (1, 1.0)])
def test_the_constant_of_a_normal_distribution(ratio, scale):
    """Its logarithm is 0.918939, whatever the noise and however much of it."""
    found = NoiseContrastiveModel(noise_ratio=ratio, noise_scale=scale).fit(NORMAL)
    assert found.log_partition_ == pytest.approx(HALF_LN_2PI, abs=0.02)
    assert found.parameters_ == {}
    assert found.losses_ == sorted(found.losses_, reverse=True)


def test_noise_that_equals_the_data():
    """The exact model is in doubt everywhere: the loss is 2 ln 2."""
    found = NoiseContrastiveModel(noise_scale=1).fit(NORMAL)
    assert found.losses_[-1] == pytest.approx(2 * math.log(2), abs=1e-3)


def test_parameters_and_constant_are_learnt_together():
    """Mean, precision and ln Z = ln(2π/λ) / 2 of a normal distribution with mean 3 and deviation 2."""
    rows = 3 + 2 * NORMAL
    model = NoiseContrastiveModel(energy="a * (x - m)**2 / 2", start={"m": 2, "a": 0.5}, noise_ratio=3).fit(rows)
    assert model.parameters_["m"] == pytest.approx(3, abs=0.05)
    assert model.parameters_["a"] == pytest.approx(0.25, abs=0.01)
    assert model.log_partition_ == pytest.approx(math.log(2 * math.pi / 0.25) / 2, abs=0.03)


def test_two_columns():
    """Z is the product of two constants."""
    rows = RNG.normal(size=(20_000, 2))
    found = NoiseContrastiveModel(energy="(x1**2 + x2**2) / 2").fit(rows)
    assert found.log_partition_ == pytest.approx(2 * HALF_LN_2PI, abs=0.04)


def test_the_loss_is_least():
    """A search over the one parameter, with the loss written out, finds the same constant and the same loss."""
    rows = NORMAL[:500]
    found = NoiseContrastiveModel(noise_ratio=2, seed=7).fit(rows)
    mean, std = rows.mean(), 2 * rows.std()
    noise = mean + std * np.random.default_rng(7).normal(size=(1000, 1))

    def loss(c):
        def p(x):
            own = np.exp(-(x**2) / 2 - c)
            return own / (own + 2 * np.exp(-(((x - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi)))

        return -np.log(p(rows)).mean() - 2 * np.log(1 - p(noise)).mean()

    best = optimize.minimize_scalar(loss, (0, 2))
    assert found.log_partition_ == pytest.approx(best.x, abs=1e-5)
    assert found.losses_[-1] == pytest.approx(best.fun)
    assert found.losses_[0] == pytest.approx(loss(0))


def test_the_seed_decides():
    """The same noise for the same seed, another one for another."""
    one, same, other = (NoiseContrastiveModel(seed=s).fit(NORMAL[:50]).log_partition_ for s in (0, 0, 1))
    assert one == same != other


@pytest.mark.parametrize(
    ("parameters", "rows", "message"),
    [
        ({"noise_ratio": 0}, NORMAL, "noise_ratio must be a whole number of at least 1 and at most 1000; got 0."),
        ({"noise_scale": 0}, NORMAL, "noise_scale must be above 0; got 0."),
        ({"seed": 1.5}, NORMAL, "seed must be a whole number of at least 0; got 1.5."),
        ({}, [[1], [1]], "X must vary in every column; got a constant one."),
        ({}, [[1]], "X must hold at least 2 rows of at least one number; got shape (1, 1)."),
        (
            {"energy": "log(x)"},
            NORMAL,
            "energy must have a finite value at the data and around it; got none at the start.",
        ),
    ],
)
def test_wrong_input_is_refused(parameters, rows, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        NoiseContrastiveModel(**parameters).fit(rows)
