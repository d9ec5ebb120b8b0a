"""Learning to learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.meta_learning import maml, meta_gradient, wave_learning

RNG = np.random.default_rng(0)


def test_the_parabolas_of_the_course():
    """-2.56, of first order -3.2; the start is the mean, 4, with losses 4.3333 and 2.7733."""
    found = maml([1, 3, 8])
    assert found["first_gradient"] == pytest.approx(-2.56)
    assert maml([1, 3, 8], first_order=True)["first_gradient"] == pytest.approx(-3.2)
    assert found["start"] == pytest.approx(4)
    assert found["losses"][1] == pytest.approx(0.64 * np.mean((1.28 - np.array([1, 3, 8])) ** 2) / 2)
    assert found["loss_before_adapting"] == pytest.approx(13 / 3)
    assert found["loss_after_adapting"] == pytest.approx(0.64 * 13 / 3)


def test_steep_tasks_weigh_less_than_in_joint_training():
    """2 instead of 8; the weights of the optima are a(1 - αa)²."""
    found = maml([0, 10], [1, 4])
    assert (found["start"], found["joint_optimum"]) == pytest.approx((2, 8))
    a, c = np.array([0.5, 2, 3]), np.array([-1.0, 4, 6])
    weights = a * (1 - 0.1 * a) ** 2
    assert maml(c, a, inner_rate=0.1, n_steps=500)["start"] == pytest.approx((weights * c).sum() / weights.sum())
    without = maml(c, a, inner_rate=0, n_steps=500)
    assert without["start"] == pytest.approx(without["joint_optimum"])


@pytest.mark.parametrize("first_order", [False, True])
def test_the_outer_gradient_is_that_of_torch(first_order):
    """Through the inner step, or around it."""
    support = RNG.normal(size=(5, 4, 3)), RNG.normal(size=(5, 4))
    query = RNG.normal(size=(5, 6, 3)), RNG.normal(size=(5, 6))
    start = torch.tensor(RNG.normal(size=3), requires_grad=True)
    losses = []
    for t in range(5):
        (F, y), (G, z) = ((torch.tensor(a[t]) for a in part) for part in (support, query))
        inner = ((F @ start - y) ** 2).mean() / 2
        (step,) = torch.autograd.grad(inner, start, create_graph=not first_order)
        losses.append(((G @ (start - 0.3 * step) - z) ** 2).mean() / 2)
    loss = torch.stack(losses).mean()
    loss.backward()
    ours = meta_gradient(start.detach().numpy(), support, query, 0.3, first_order=first_order)
    assert ours[0] == pytest.approx(loss.item())
    assert ours[1] == pytest.approx(start.grad.numpy())


@pytest.mark.parametrize("first_order", [False, True])
def test_new_waves_are_learnt_from_five_points(first_order):
    """In one step, from the start that was found and not from zero."""
    found = wave_learning(first_order=first_order)
    assert found["error_from_maml"] < 0.5 * found["error_from_zero"]
    assert found["error_from_maml"] < found["error_before_adapting"]
    assert np.mean(found["losses"][-20:]) < 0.5 * found["losses"][0]


def test_mistakes_are_named():
    """Curvatures, lengths and steps."""
    with pytest.raises(InvalidInputError, match=r"curvatures must be above 0; got 0\.0"):
        maml([1], [0])
    with pytest.raises(InvalidInputError, match="centres and curvatures must be of equal length; got 1 and 2"):
        maml([1], [1, 2])
    with pytest.raises(
        InvalidInputError, match="outer_rate must be small enough for a finite starting point; got 1000"
    ):
        maml([1], outer_rate=1e9)
    with pytest.raises(InvalidInputError, match="n_examples must be a whole number of at least 1; got 0"):
        wave_learning(0)
