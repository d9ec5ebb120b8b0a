"""Variational autoencoders: the code of a row is a normal distribution, and codes drawn from it become new rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import (
    Matrix,
    Vector,
    as_generator,
    as_matrix,
    as_vector,
    check_count,
    check_range,
    check_same_length,
)
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.functions import exp
from rag_app.from_scratch.networks.layers import Layer, dense, weight
from rag_app.from_scratch.networks.standardised import Sampler
from rag_app.from_scratch.networks.training import Plan, fit_network
from rag_app.registry import register

_LN_2PI = float(np.log(2 * np.pi))


def kl_to_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the divergence of ``N(mean, variance)`` from the prior N(0, I) for each row, in nats.

    Notes
    -----
    ``KL = ½ Σⱼ (μⱼ² + σⱼ² - 1 - ln σⱼ²)``.

    Examples
    --------
    (1 + 1 - 1 - 0) / 2 and (0 + 4 - 1 - ln 4) / 2.

    >>> kl_to_prior(Tensor([[1.0], [0.0]]), Tensor(np.log([[1.0], [4.0]]))).data.round(6).tolist()
    [0.5, 0.806853]
    """
    return (mean * mean + exp(log_variance) - 1.0 - log_variance).sum(-1) * 0.5


def reparameterised(mean: Tensor, log_variance: Tensor, noise: Array) -> Tensor:
    """Return ``z = μ + σ ε`` with ``σ = exp(½ ln σ²)``: a draw from N(μ, σ²) through which gradients pass."""
    return mean + exp(log_variance * 0.5) * noise


@register("tool", "M054")
def latent_code(mean: Vector, log_variance: Vector, noise: Vector) -> dict[str, list[float] | float]:
    """Return the code that a variational autoencoder draws, its derivatives, and its divergence from the prior.

    Parameters
    ----------
    mean : array-like of shape (k,)
        Means that the encoder gave.
    log_variance : array-like of shape (k,)
        Logarithms of variances that the encoder gave.
    noise : array-like of shape (k,)
        Numbers drawn from N(0, 1).

    Returns
    -------
    dict
        ``code``; ``d_mean`` and ``d_log_variance``, its derivatives, by backpropagation; ``kl_divergence``, in nats.

    Raises
    ------
    InvalidInputError
        If the lengths differ, or a number is not finite.

    Notes
    -----
    ``z = μ + σ ε``, ``∂z/∂μ = 1``, ``∂z/∂ln σ² = ½ σ ε``. Kingma & Welling, "Auto-encoding variational Bayes",
    ICLR 2014.

    Examples
    --------
    σ = √4 = 2, z = 1 + 2 · 0.5, and (1 + 4 - 1 - ln 4) / 2.

    >>> result = latent_code([1], [1.3862943611198906], [0.5])
    >>> result["code"], result["d_mean"], result["d_log_variance"], round(result["kl_divergence"], 6)
    ([2.0], [1.0], [0.5], 1.306853)
    """
    mu, log_var, eps = as_vector("mean", mean), as_vector("log_variance", log_variance), as_vector("noise", noise)
    check_same_length(mean=mu, log_variance=log_var, noise=eps)
    means, log_variances = weight(mu), weight(log_var)
    code = reparameterised(means, log_variances, eps)
    code.sum().backward()
    return {
        "code": code.data.tolist(),
        "d_mean": np.asarray(means.grad).tolist(),
        "d_log_variance": np.asarray(log_variances.grad).tolist(),
        "kl_divergence": kl_to_prior(means, log_variances).item(),
    }


class VaeNetwork(Layer):
    """An encoder to means and log-variances, a decoder, and the log-variance of what the decoder leaves open.

    Parameters
    ----------
    n_columns : int
        Columns of the rows.
    hidden : sequence of int
        Units of each hidden layer of the encoder; the decoder has them in reverse.
    code_size : int
        Numbers in a code.
    rng : numpy.random.Generator
        Draws the weights.
    """

    def __init__(self, n_columns: int, hidden: Sequence[int], code_size: int, rng: np.random.Generator) -> None:
        self.encoder = dense([n_columns, *hidden, 2 * code_size], rng, activation="tanh")
        self.decoder = dense([code_size, *hidden[::-1], n_columns], rng, activation="tanh")
        self.log_variance = weight(np.zeros(1))
        self._code_size = code_size

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and log-variances of the codes of rows."""
        both = self.encoder(x)  # (n, 2k) -> two of (n, k)
        return both[:, : self._code_size], both[:, self._code_size :]

    def log_likelihood(self, x: Tensor, code: Tensor) -> Tensor:
        """Return ``ln N(x; g(z), s² I)`` of each row."""
        error = x - self.decoder(code)
        squares = error * error * exp(-self.log_variance)
        return (squares + self.log_variance + _LN_2PI).sum(-1) * -0.5

    def loss(self, x: Tensor, noise: Array, beta: float) -> Tensor:
        """Return the mean over rows of ``-ln p(x | z) + β KL``; with β = 1 the negative evidence lower bound."""
        mean, log_variance = self.posterior(x)
        likelihood = self.log_likelihood(x, reparameterised(mean, log_variance, noise))
        return (kl_to_prior(mean, log_variance) * beta - likelihood).mean()


@register("estimator", "M054")
class VariationalAutoencoder(Sampler):
    """Return codes of rows and new rows like them, learnt by a variational autoencoder.

    Parameters
    ----------
    code_size : int, default=2
        Numbers in a code.
    hidden : sequence of int, default=(16,)
        Units of each hidden layer of the encoder; the decoder has them in reverse. None makes it linear.
    beta : float, default=1.0
        Weight of the divergence from the prior, at least 0; 1 is the evidence lower bound.
    n_epochs : int, default=100
        Times that every row is seen.
    batch_size : int, default=32
        Rows of a step.
    learning_rate : float, default=0.01
        Size of a step, above 0.
    seed : int, default=0
        What is random comes from it.

    Attributes
    ----------
    weights_ : list of ndarray
        Weights and biases of encoder and decoder, and the log-variance of rows given their code.
    losses_ : list of float
        Loss of each epoch, in nats for each row, on standardised columns.
    samples_ : ndarray of shape (8, d)
        Rows drawn after training.
    frechet_distance_ : float
        Between the rows that it was fitted on and as many drawn ones; 0 where mean and covariance agree.

    Notes
    -----
    ``ln p(x) ≥ E_q(z|x)[ln p(x | z)] - KL(q(z | x) ‖ N(0, I))`` with ``q = N(μ(x), σ²(x))`` and ``p(x | z) = N(g(z),
    s² I)``, one draw of z for each row and step, s learnt. Kingma & Welling, "Auto-encoding variational Bayes", ICLR
    2014; β: Higgins et al., "beta-VAE", ICLR 2017.

    Examples
    --------
    Rows near a line, drawn anew.

    >>> X = [[i / 100, 2 * i / 100] for i in range(-200, 201)]
    >>> vae = VariationalAutoencoder(code_size=1, hidden=[], n_epochs=60).fit(X)
    >>> vae.sample(3).shape, vae.frechet_distance_ < 1
    ((3, 2), True)
    """

    def __init__(  # noqa: PLR0913  (an estimator's parameters)
        self,
        *,
        code_size: int = 2,
        hidden: Sequence[int] = (16,),
        beta: float = 1.0,
        n_epochs: int = 100,
        batch_size: int = 32,
        learning_rate: float = 0.01,
        seed: int = 0,
    ) -> None:
        self.code_size = code_size
        self.hidden = hidden
        self.beta = beta
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.seed = seed

    def fit(self, X: Matrix) -> Self:
        """Learn encoder and decoder.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example, at least two.
        """
        rows = as_matrix("X", X, min_rows=2)
        check_count("code_size", self.code_size)
        for i, size in enumerate(self.hidden):
            check_count(f"hidden[{i}]", size)
        check_range("beta", self.beta, 0)
        plan = Plan(self.n_epochs, self.batch_size, learning_rate=self.learning_rate)
        rng = as_generator(self.seed)
        inputs = self._learn_scale(rows)
        network = self._network(rng)

        def loss(batch: NDArray[np.intp]) -> Tensor:
            noise = rng.normal(size=(len(batch), self.code_size))
            return network.loss(Tensor(inputs[batch]), noise, self.beta)

        self.losses_ = fit_network(network, loss, len(rows), plan, rng).losses
        self.weights_ = network.state()
        self._judge(rows)
        return self

    def transform(self, X: Matrix) -> Array:
        """Return the mean of the code of each row, shape (m, code_size).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        inputs = self._inputs(X)
        return self._learnt_network().posterior(Tensor(inputs))[0].data

    def elbo(self, X: Matrix, *, n_draws: int = 100, seed: int = 0) -> Array:
        """Return the evidence lower bound of each row in nats, shape (m,), of the density of standardised columns.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        n_draws : int, default=100
            Codes drawn for each row; their mean is returned.
        seed : int, default=0
            Seed of the draws.
        """
        x = Tensor(self._inputs(X))
        check_count("n_draws", n_draws)
        network, rng = self._learnt_network(), as_generator(seed)
        mean, log_variance = network.posterior(x)
        noise = rng.normal(size=(n_draws, *mean.shape))  # (draws, m, k)
        likelihood = network.log_likelihood(x, reparameterised(mean, log_variance, noise))
        bound: Array = likelihood.data.mean(axis=0) - kl_to_prior(mean, log_variance).data
        return bound

    def predict(self, X: Matrix) -> Array:
        """Return each row rebuilt from the mean of its code, shape (m, d).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        codes = Tensor(self.transform(X))
        return self._unscaled(self._learnt_network().decoder(codes).data)

    def _draw(self, n: int, rng: np.random.Generator) -> Array:
        network = self._learnt_network()
        rows = network.decoder(Tensor(rng.normal(size=(n, self.code_size)))).data
        return rows + np.exp(network.log_variance.data / 2) * rng.normal(size=rows.shape)

    def _network(self, rng: np.random.Generator) -> VaeNetwork:
        return VaeNetwork(len(self.centre_), [int(size) for size in self.hidden], self.code_size, rng)

    def _learnt_network(self) -> VaeNetwork:
        network = self._network(np.random.default_rng(0))
        network.load_state(self.weights_)
        return network
