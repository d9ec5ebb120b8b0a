"""A variational autoencoder bounds the likelihood of rows and draws new ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.generation import frechet_distance
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.vae import VaeNetwork, VariationalAutoencoder, kl_to_prior, latent_code

_rng = np.random.default_rng(0)
FACTORS = _rng.normal(size=(400, 1)) @ np.array([[1.0, -2.0, 0.5]]) + 0.5 * _rng.normal(size=(400, 3)) + [1, 2, 3]


@pytest.fixture(scope="module")
def linear():
    """Without hidden layers it is probabilistic PCA, whose likelihood is known."""
    return VariationalAutoencoder(code_size=1, hidden=[], n_epochs=60, learning_rate=0.02).fit(FACTORS)


def test_the_divergence_is_that_of_torch():
    """And by hand: N(1, 1) gives 0.5, N(0, 4) gives 0.806853."""
    mean, log_variance = np.array([[1.0, 0.0], [0.3, -2.0]]), np.log([[1.0, 4.0], [0.2, 3.0]])
    q = torch.distributions.Normal(torch.tensor(mean), torch.tensor(np.exp(log_variance / 2)))
    p = torch.distributions.Normal(torch.zeros(2, 2).double(), 1.0)
    ours = kl_to_prior(Tensor(mean), Tensor(log_variance)).data
    assert np.allclose(ours, torch.distributions.kl_divergence(q, p).sum(-1).numpy())
    assert ours[0] == pytest.approx(0.5 + 0.806853, abs=1e-6)


def test_gradients_pass_the_draw():
    """1 for the mean and σε/2 for the log-variance, against differences."""
    mean, log_variance, noise = [0.2, -1.0], [0.5, -0.7], [1.3, -0.4]
    result = latent_code(mean, log_variance, noise)
    h = 1e-6
    moved = latent_code(mean, [v + h for v in log_variance], noise)["code"]
    assert result["d_mean"] == [1.0, 1.0]
    assert np.allclose((np.array(moved) - result["code"]) / h, result["d_log_variance"], atol=1e-5)
    with pytest.raises(InvalidInputError, match=r"must be of equal length; got 1, 1 and 2.$"):
        latent_code([0], [0], [0, 1])


def test_the_loss_is_minus_the_bound():
    """Against torch's distributions, with the same weights, noise and weight of the divergence."""
    rng = np.random.default_rng(1)
    network = VaeNetwork(3, [4], 2, rng)
    network.log_variance.data = np.array([-0.5])
    x, noise = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    mean, log_variance = (t.data for t in network.posterior(Tensor(x)))
    code = mean + np.exp(log_variance / 2) * noise
    rebuilt = torch.tensor(network.decoder(Tensor(code)).data)
    likelihood = torch.distributions.Normal(rebuilt, np.exp(-0.25)).log_prob(torch.tensor(x)).sum(-1).numpy()
    divergence = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1)
    assert network.loss(Tensor(x), noise, 3.0).item() == pytest.approx((3 * divergence - likelihood).mean())


def test_the_bound_lies_below_the_likelihood(linear):
    """Linear decoder: p(x) = N(b, WᵀW + s² I); the bound is under it on average and close to it."""
    W, b, s2 = linear.weights_[2], linear.weights_[3], np.exp(linear.weights_[4][0])
    z = (FACTORS - linear.centre_) / linear.scale_
    exact = multivariate_normal(b, W.T @ W + s2 * np.eye(3)).logpdf(z)
    bound = linear.elbo(FACTORS, n_draws=400)
    assert bound.mean() < exact.mean()
    assert bound.mean() > exact.mean() - 0.1


def test_samples_are_like_the_rows(linear):
    """Much closer in mean and covariance than noise of the same spread, different for another seed, and not copies."""
    drawn = linear.sample(400, seed=1)
    noise = FACTORS.mean(axis=0) + FACTORS.std(axis=0) * np.random.default_rng(2).normal(size=(400, 3))
    assert frechet_distance(FACTORS, drawn) < frechet_distance(FACTORS, noise) / 2
    assert linear.frechet_distance_ == pytest.approx(frechet_distance(FACTORS, linear.sample(400, seed=0)))
    assert linear.samples_.shape == (8, 3)
    assert not np.array_equal(drawn, linear.sample(400, seed=2))
    assert np.abs(drawn[:, None] - FACTORS[None]).max(axis=2).min() > 0


def test_codes_and_rebuilt_rows(linear):
    """A code of one number follows the hidden factor, and rebuilds rows better than their means do."""
    assert linear.transform(FACTORS).shape == (400, 1)
    assert abs(np.corrcoef(linear.transform(FACTORS)[:, 0], FACTORS[:, 1])[0, 1]) > 0.9
    assert ((linear.predict(FACTORS) - FACTORS) ** 2).sum() < 0.4 * ((FACTORS - FACTORS.mean(axis=0)) ** 2).sum()
    assert linear.losses_[-1] < linear.losses_[0]


def test_a_heavy_divergence_empties_the_code():
    """Posterior collapse: with a large β every row has the code of the prior."""
    tidy = VariationalAutoencoder(beta=50.0, n_epochs=20).fit(FACTORS[:100])
    assert np.abs(tidy.transform(FACTORS)).max() < 0.2


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"code_size": 0}, "code_size must be a whole number of at least 1; got 0."),
        ({"hidden": [0]}, "hidden[0] must be a whole number of at least 1; got 0."),
        ({"beta": -1}, "beta must be at least 0; got -1."),
    ],
)
def test_what_makes_no_network_is_refused(parameters, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as error:
        VariationalAutoencoder(**parameters).fit(FACTORS)
    assert error.value.args[0] == message
