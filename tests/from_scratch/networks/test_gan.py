"""A generator that only knows a discriminator's verdicts makes rows like the real ones."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.generation import frechet_distance
from rag_app.from_scratch.networks.gan import ConditionalGAN, GenerativeAdversarialNetwork

_rng = np.random.default_rng(0)
BELL = _rng.normal(1.0, 0.5, (500, 1))
TWO = np.concatenate([_rng.normal(-2, 0.5, (200, 1)), _rng.normal(3, 0.5, (200, 1))])
SIDES = np.repeat(["low", "high"], 200)


@pytest.fixture(scope="module")
def bell():
    """Fitted on numbers with mean 1 and deviation 0.5."""
    return GenerativeAdversarialNetwork(noise_size=1).fit(BELL)


@pytest.fixture(scope="module")
def two():
    """Fitted on two classes."""
    return ConditionalGAN().fit(TWO, SIDES)


def test_mean_and_deviation_are_recovered(bell):
    """Within a tenth, and the discriminator is left to guess: a loss of 2 ln 2."""
    drawn = bell.sample(4000, seed=1)
    assert drawn.mean() == pytest.approx(1, abs=0.1)
    assert drawn.std() == pytest.approx(0.5, abs=0.1)
    assert bell.discriminator_losses_[-1] == pytest.approx(1.386294, abs=0.03)
    assert bell.generator_losses_[-1] == pytest.approx(0.693, abs=0.1)


def test_samples_come_from_the_seed(bell):
    """The same for the same, others for another; the distance told is that of as many samples as rows."""
    assert np.array_equal(bell.sample(5, seed=3), bell.sample(5, seed=3))
    assert not np.array_equal(bell.sample(5, seed=3), bell.sample(5, seed=4))
    assert bell.frechet_distance_ == pytest.approx(frechet_distance(BELL, bell.sample(500, seed=0)))
    assert bell.samples_.shape == (8, 1)


def test_each_class_has_its_mean(two):
    """And not the mean of all, 0.5, where there is nothing; samples of a class are not all alike."""
    assert two.sample("low", 500).mean() == pytest.approx(-2, abs=0.3)
    assert two.sample("high", 500).mean() == pytest.approx(3, abs=0.3)
    assert min(two.sample(label, 500).std() for label in ("low", "high")) > 0.05
    assert two.classes_.tolist() == ["high", "low"]
    assert max(two.frechet_distances_) < 0.5
    assert [made.shape for made in two.samples_] == [(8, 1), (8, 1)]


def test_a_class_that_is_not_known_is_refused(two):
    """In one sentence that lists the others."""
    with pytest.raises(InvalidInputError, match=r"^label must be one of high, low; got 'middle'.$"):
        two.sample("middle")
    with pytest.raises(InvalidInputError, match=r"^y must hold every class at least twice; got 'b' once.$"):
        ConditionalGAN().fit([[1], [2], [3]], ["a", "a", "b"])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"noise_size": 0}, "noise_size must be a whole number of at least 1; got 0."),
        ({"n_steps": 0}, "n_steps must be a whole number of at least 1; got 0."),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1; got 0."),
        ({"hidden": [0]}, "hidden[0] must be a whole number of at least 1; got 0."),
        ({"learning_rate": 0}, "learning_rate must be above 0; got 0."),
    ],
)
def test_what_makes_no_network_is_refused(parameters, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as error:
        GenerativeAdversarialNetwork(**parameters).fit(BELL)
    assert error.value.args[0] == message


def test_constant_rows_are_learnt():
    """Two equal rows: samples are near them."""
    drawn = GenerativeAdversarialNetwork(n_steps=300).fit([[5.0], [5.0]]).sample(50)
    assert drawn.mean() == pytest.approx(5, abs=0.5)
