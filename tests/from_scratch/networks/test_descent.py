"""Gradient descent and its relatives where closed forms say where they go."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.descent import (
    batch_fluctuation,
    gradient_descent_line,
    optimiser_path,
    scaled_learning_rate,
)

X, Y = [1, 2, 3], [5, 7, 9]


def test_gradient_descent_reaches_least_squares():
    """The line that numpy fits, whatever the points."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 20))
    path = gradient_descent_line(x, y, n_steps=2000)
    assert [path["weights"][-1], path["biases"][-1]] == pytest.approx(np.polyfit(x, y, 1))
    assert len(path["weights"]) == len(path["losses"]) == 2001
    assert not path["diverged"]


def test_it_diverges_above_the_stable_rate():
    """2 divided by the largest curvature, 11.09: the loss grows a little above it, and to infinity far above it."""
    limit = gradient_descent_line(X, Y)["stable_below"]
    assert 2 / limit == pytest.approx(11.09, abs=0.01)
    assert not gradient_descent_line(X, Y, 0.99 * limit)["diverged"]
    assert gradient_descent_line(X, Y, 1.01 * limit)["diverged"]
    assert gradient_descent_line(X, Y, 1e6)["diverged"]


def test_mini_batches():
    """A batch of all points is batch gradient descent; smaller ones reach the line on average, by the seed."""
    whole = gradient_descent_line(X, Y)
    assert gradient_descent_line(X, Y, batch_size=3, seed=5)["weights"] == pytest.approx(whole["weights"])
    small = gradient_descent_line(X, Y, 0.02, 3000, batch_size=1, seed=1)
    assert [small["weights"][-1], small["biases"][-1]] == pytest.approx([2, 3], abs=0.01)
    assert small["weights"] != gradient_descent_line(X, Y, 0.02, 3000, batch_size=1, seed=2)["weights"]


def test_one_point():
    """Any line through it is as good: the one that is reached has no error."""
    assert gradient_descent_line([2], [3])["losses"][-1] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"y": [1]}, "x and y must be of equal length; got 3 and 1"),
        ({"learning_rate": 0}, "learning_rate must be above 0; got 0"),
        ({"n_steps": 0}, "n_steps must be a whole number of at least 1; got 0"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1; got 0"),
    ],
)
def test_wrong_arguments_of_a_line(wrong, message):
    """Name, rule and value."""
    with pytest.raises(InvalidInputError, match=message):
        gradient_descent_line(**{"x": X, "y": Y, **wrong})


@pytest.mark.parametrize(
    ("rate", "values"), [(0.1, [10, 8, 6.4, 5.12]), (0.6, [10, -2, 0.4, -0.08]), (1.1, [10, -12, 14.4, -17.28])]
)
def test_the_three_regimes_of_the_course(rate, values):
    """Steady, swinging, and away."""
    assert np.ravel(optimiser_path("sgd", [10], [2], rate, 3)["path"]) == pytest.approx(values)


def test_gradient_descent_on_a_bowl_has_a_closed_form():
    """Each axis shrinks by its own factor, (1 - ηλ)^t."""
    result = optimiser_path("sgd", [4, 2], [1, 20], 0.05, 30)
    t = np.arange(31)[:, None]
    expected = (1 - 0.05 * np.array([1, 20])) ** t * [4, 2]
    assert np.allclose(result["path"], expected)
    assert np.allclose(result["losses"], 0.5 * (expected**2 @ [1, 20]))


def test_momentum_adds_up():
    """The velocity: v = g, then 0.9 v + g: from 1 with λ = 1 and η = 0.1: 1, 0.9, 0.72."""
    assert np.ravel(optimiser_path("momentum", [1], [1], 0.1, 2)["path"]) == pytest.approx([1, 0.9, 0.72])


def test_adaptive_steps_do_not_see_the_curvature_at_first():
    """Adam moves each axis by the learning rate, RMSProp by ten times as much (a decay of 0.99)."""
    for name, factor in (("adam", 1), ("rmsprop", 10)):
        path = np.array(optimiser_path(name, [4, 2], [1, 100], 0.01, 1)["path"])
        assert path[0] - path[1] == pytest.approx([0.01 * factor] * 2, rel=1e-6)


@pytest.mark.parametrize("name", ["sgd", "momentum", "rmsprop", "adam"])
def test_every_optimiser_walks_down(name):
    """In fifty steps the height is a tenth of what it was."""
    losses = optimiser_path(name, learning_rate=0.05, n_steps=100)["losses"]
    assert losses[-1] < losses[0] / 10


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"optimiser": "newton"}, "optimiser must be one of sgd, momentum, rmsprop, adam; got 'newton'"),
        ({"curvatures": [1.0]}, "start and curvatures must be of equal length; got 2 and 1"),
        ({"curvatures": [1, 0]}, r"curvatures must be above 0; got 0\.0"),
        ({"learning_rate": -1}, "learning_rate must be above 0; got -1"),
        ({"n_steps": 0}, "n_steps must be a whole number of at least 1; got 0"),
    ],
)
def test_wrong_arguments_of_a_path(wrong, message):
    """Name, rule and value."""
    with pytest.raises(InvalidInputError, match=message):
        optimiser_path(**wrong)


@pytest.mark.parametrize(("rate", "size", "variance"), [(0.1, 1, 0.0526), (0.1, 4, 0.0132), (0.4, 4, 0.0625)])
def test_the_fluctuation_is_the_formula(rate, size, variance):
    """The chapter's three figures, and a walk agrees with each within a fifth."""
    result = batch_fluctuation(rate, size, n_steps=300)
    assert result["variance"] == pytest.approx(variance, abs=5e-5)
    assert result["walked_variance"] == pytest.approx(variance, rel=0.25)


def test_without_noise_there_is_no_fluctuation():
    """Formula and walk are both 0; a rate of 2 / λ has no limit."""
    assert batch_fluctuation(noise_variance=0, n_steps=3) == {"variance": 0.0, "walked_variance": 0.0}
    with pytest.raises(InvalidInputError, match=r"learning_rate must be above 0 and below 0\.5; got 0\.5"):
        batch_fluctuation(0.5, curvature=4)


def test_learning_rates_follow_the_batch():
    """There and back; an unknown rule is refused."""
    for rule in ("linear", "root"):
        there = scaled_learning_rate(0.1, 32, 100, rule)
        assert scaled_learning_rate(there, 100, 32, rule) == pytest.approx(0.1)
    assert scaled_learning_rate(0.1, 32, 32) == 0.1
    with pytest.raises(InvalidInputError, match="rule must be one of linear, root; got 'cube'"):
        scaled_learning_rate(0.1, 32, 64, "cube")
