"""The hybrid is a variational autoencoder and an adversarial network, and one alone when the other weighs nothing."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.generation import frechet_distance
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.duel import generator_loss
from rag_app.from_scratch.networks.layers import dense
from rag_app.from_scratch.networks.vae import VaeNetwork
from rag_app.from_scratch.networks.vae_gan import VAEGAN, hybrid_loss

_rng = np.random.default_rng(0)
ROWS = np.concatenate([_rng.normal(-2, 0.5, (150, 2)), _rng.normal(2, 0.5, (150, 2))])


def test_each_weight_counts_its_loss():
    """Weight 0 leaves the other alone; both weights add up."""
    rng = np.random.default_rng(1)
    network, judge = VaeNetwork(2, [4], 2, rng), dense([2, 4, 1], rng)
    x, noise, codes = Tensor(rng.normal(size=(6, 2))), rng.normal(size=(6, 2)), rng.normal(size=(6, 2))
    vae = network.loss(x, noise, 1.0).item()
    gan = generator_loss(judge(network.decoder(Tensor(codes)))).item()

    def total(*weights):
        return hybrid_loss(network, judge, x, noise, codes, weights).item()

    assert total(1, 0) == pytest.approx(vae)
    assert total(0, 1) == pytest.approx(gan)
    assert total(1, 0.5) == pytest.approx(vae + 0.5 * gan)
    assert total(0, 0) == 0


def test_without_the_autoencoder_the_encoder_does_not_learn():
    """A GAN has none: only the decoder moves; without the adversary the discriminator changes nothing."""
    start = VaeNetwork(2, [16], 2, np.random.default_rng(0)).state()
    gan = VAEGAN(vae_weight=0, n_steps=5).fit(ROWS).weights_
    assert all(np.array_equal(a, b) for a, b in zip(gan[:4], start[:4], strict=True))
    assert not np.array_equal(gan[4], start[4])


@pytest.mark.parametrize("weights", [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0)])
def test_samples_are_like_the_rows(weights):
    """Nearer than noise around the mean of one group, and both groups occur."""
    hybrid = VAEGAN(vae_weight=weights[0], gan_weight=weights[1], n_steps=700).fit(ROWS)
    drawn = hybrid.sample(300, seed=1)
    one_group = ROWS[:150]
    assert frechet_distance(ROWS, drawn) < frechet_distance(ROWS, one_group) / 3
    assert 0.1 < (drawn[:, 0] > 0).mean() < 0.9
    assert hybrid.samples_.shape == (8, 2)
    assert len(hybrid.losses_) == len(hybrid.discriminator_losses_) == 50
    assert hybrid.transform(ROWS).shape == (300, 2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"vae_weight": -1}, "vae_weight must be at least 0; got -1."),
        ({"gan_weight": -1}, "gan_weight must be at least 0; got -1."),
        ({"code_size": 0}, "code_size must be a whole number of at least 1; got 0."),
        ({"hidden": [0]}, "hidden[0] must be a whole number of at least 1; got 0."),
        ({"n_steps": 0}, "n_steps must be a whole number of at least 1; got 0."),
        ({"learning_rate": 0}, "learning_rate must be above 0; got 0."),
    ],
)
def test_what_makes_no_network_is_refused(parameters, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as error:
        VAEGAN(**parameters).fit(ROWS)
    assert error.value.args[0] == message
