"""Two players move in turn, and the best discriminator is a quotient of densities."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.duel import Duel, discriminator_loss, generator_loss, optimal_discriminator, thinned
from rag_app.from_scratch.networks.layers import Linear


def test_losses_are_those_of_torch():
    """Binary cross-entropy of real rows as 1 and fakes as 0, and of fakes as 1 for the generator."""
    real, fake = np.array([[0.3], [-2.0], [5.0]]), np.array([[1.5], [0.0], [-4.0]])
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    r, f = torch.tensor(real), torch.tensor(fake)
    expected = bce(r, torch.ones_like(r)) + bce(f, torch.zeros_like(f))
    assert discriminator_loss(Tensor(real), Tensor(fake)).item() == pytest.approx(expected.item())
    assert generator_loss(Tensor(fake)).item() == pytest.approx(bce(f, torch.ones_like(f)).item())


def test_the_gradient_of_the_generator_does_not_vanish():
    """For a fake with D = 0.01 it has size 0.99, where ln(1 - D) would have 0.01."""
    logit = Tensor(np.log(0.01 / 0.99), requires_grad=True)
    generator_loss(logit).backward()
    assert logit.grad == pytest.approx(-0.99)


def test_the_best_discriminator_beats_others():
    """No other discriminator of the same outcomes has a higher value; where neither is found it says a half."""
    p, q = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.1, 0.3, 0.6, 0.0])
    result = optimal_discriminator(p, q)
    assert result["discriminator"] == pytest.approx([5 / 6, 0.5, 0.25, 0.5])
    others = np.random.default_rng(0).uniform(0.01, 0.99, (200, 4))
    values = (p * np.log(others) + q * np.log(1 - others)).sum(axis=1)
    assert values.max() <= result["value"]
    assert result["loss"] == -result["value"]


def test_at_the_equilibrium_it_can_only_guess():
    """Value -ln 4, loss 2 ln 2; where nothing overlaps the value is 0."""
    same = optimal_discriminator([0.25, 0.75], [0.25, 0.75])
    assert same["value"] == pytest.approx(-1.386294, abs=1e-6)
    assert same["js_divergence"] == 0
    assert optimal_discriminator([1, 0], [0, 1])["value"] == pytest.approx(0)
    with pytest.raises(InvalidInputError, match=r"^real and generated must be of equal length; got 2 and 1.$"):
        optimal_discriminator([0.5, 0.5], [1])


def test_each_player_moves_by_its_own_loss():
    """The generator's loss leaves the discriminator where it is, and its gradients are not kept."""
    rng = np.random.default_rng(0)
    generator, discriminator = Linear(1, 1, rng), Linear(1, 1, rng)
    duel = Duel(generator, discriminator, 0.1)
    before = discriminator.state()
    x = Tensor(np.ones((4, 1)))
    duel.step(lambda: Tensor(0.0), lambda: generator_loss(discriminator(generator(x))))
    assert all(np.array_equal(a, b) for a, b in zip(before, discriminator.state(), strict=True))
    assert all(w.grad is None for w in (*generator.weights(), *discriminator.weights()))
    assert len(duel.generator_losses) == len(duel.discriminator_losses) == 1


def test_the_running_mean_moves_a_hundredth():
    """0.99 of what it was and 0.01 of the new weights."""
    rng = np.random.default_rng(0)
    generator, discriminator = Linear(1, 1, rng), Linear(1, 1, rng)
    before = generator.state()
    duel = Duel(generator, discriminator, 0.1)
    x = Tensor(np.ones((4, 1)))
    duel.step(lambda: Tensor(0.0), lambda: generator_loss(discriminator(generator(x))))
    mean, now = duel.finish(0.1), generator.state()
    assert not np.array_equal(now[0], before[0])
    assert np.allclose(mean[0], 0.99 * before[0] + 0.01 * now[0])


def test_losses_out_of_range_are_told():
    """The learning rate is named."""
    rng = np.random.default_rng(0)
    duel = Duel(Linear(1, 1, rng), Linear(1, 1, rng), 0.1)
    duel.step(lambda: Tensor(np.nan), lambda: Tensor(0.0))
    with pytest.raises(InvalidInputError, match=r"^learning_rate must be small enough for finite losses; got 0.1\."):
        duel.finish(0.1)


def test_curves_are_thinned_to_means():
    """Not more points than asked for, and none invented."""
    assert thinned([1.0, 2.0]) == [1, 2]
    assert len(thinned(list(range(1000)))) == 50
    assert thinned(list(range(1000)))[0] == pytest.approx(9.5)
