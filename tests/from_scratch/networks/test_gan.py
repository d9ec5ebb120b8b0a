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


def test_each_class_has_its_mean_and_its_spread(two):
    """And not the mean of all, 0.5, where there is nothing; a deviation of 0.5, though all rows together have 2.5."""
    assert two.sample("low", 500).mean() == pytest.approx(-2, abs=0.15)
    assert two.sample("high", 500).mean() == pytest.approx(3, abs=0.15)
    spreads = [two.sample(label, 2000).std() for label in ("low", "high")]
    assert spreads == pytest.approx([TWO[label == SIDES].std() for label in ("low", "high")], rel=0.2)
    assert two.classes_.tolist() == ["high", "low"]
    assert max(two.frechet_distances_) < 0.05
    assert [made.shape for made in two.samples_] == [(8, 1), (8, 1)]


@pytest.mark.parametrize("seed", [2, 3])
def test_classes_of_different_spread(seed):
    """Bell curves of two columns: means, the deviations of the rows themselves, and the correlation of one, 0.8."""
    rng = np.random.default_rng(seed)
    long = rng.normal(size=(300, 2)) @ [[1.0, 0.8], [0.0, 0.6]] + [4.0, 0.0]
    short = rng.normal(0, 0.5, (300, 2))
    fitted = ConditionalGAN(seed=seed).fit(np.concatenate([long, short]), [1] * 300 + [0] * 300)
    assert fitted.classes_.tolist() == [0, 1]
    small, large = (fitted.sample(label, 2000) for label in (0, 1))
    assert small.mean(axis=0) == pytest.approx([0, 0], abs=0.2)
    assert large.mean(axis=0) == pytest.approx([4, 0], abs=0.25)
    assert small.std(axis=0) == pytest.approx(short.std(axis=0), rel=0.25)
    assert large.std(axis=0) == pytest.approx(long.std(axis=0), rel=0.2)
    assert np.corrcoef(large.T)[0, 1] == pytest.approx(0.8, abs=0.12)
    assert abs(np.corrcoef(small.T)[0, 1]) < 0.4


def test_classes_that_do_not_vary_are_learnt():
    """Constant rows of a class that lies far from the other, which is constant too."""
    fitted = ConditionalGAN(n_steps=600).fit([[0.0], [0.0], [100.0], [100.0]], ["a", "a", "b", "b"])
    assert fitted.sample("a", 50).mean() == pytest.approx(0, abs=10)
    assert fitted.sample("b", 50).mean() == pytest.approx(100, abs=10)


def test_steps_can_be_watched(bell):
    """Each step yields the network as it then is; at the end it is what `fit` learns."""
    watched = GenerativeAdversarialNetwork(noise_size=1)
    distances = [frechet_distance(BELL, fitted.sample(100)) for fitted in watched.fit_steps(BELL)]
    assert len(distances) == 1000
    assert distances[-1] < 0.02 < distances[0]
    assert [w.tolist() for w in watched.weights_] == [w.tolist() for w in bell.weights_]


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
