"""A variational autoencoder whose decoder is also the generator of an adversarial network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np

from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_count, check_range
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.duel import Duel, discriminator_loss, generator_loss, thinned
from rag_app.from_scratch.networks.layers import dense
from rag_app.from_scratch.networks.standardised import Sampler
from rag_app.from_scratch.networks.vae import VaeNetwork
from rag_app.registry import register

_BATCH = 64


def hybrid_loss(
    network: VaeNetwork,
    discriminator: Callable[[Tensor], Tensor],
    x: Tensor,
    noise: Array,
    codes: Array,
    weights: tuple[float, float],
) -> Tensor:
    """Return ``λ_VAE (L_rec + L_KL) + λ_GAN L_adv`` of rows and of what is invented from codes of the prior.

    Parameters
    ----------
    network : VaeNetwork
        Encoder and decoder.
    discriminator : callable
        Gives the logit that a row is real.
    x : Tensor of shape (n, d)
        Real rows.
    noise : ndarray of shape (n, k)
        Numbers from N(0, 1) for their codes.
    codes : ndarray of shape (m, k)
        Codes from the prior.
    weights : tuple of float
        Of the autoencoder's loss and of the adversarial loss; a loss of weight 0 is not computed.
    """
    total = Tensor(0.0)
    if weights[0]:
        total = total + network.loss(x, noise, 1.0) * weights[0]
    if weights[1]:
        total = total + generator_loss(discriminator(network.decoder(Tensor(codes)))) * weights[1]
    return total


@register("estimator", "M055")
class VAEGAN(Sampler):
    """Return rows like those given, from a decoder that learnt to rebuild and to deceive.

    Parameters
    ----------
    vae_weight : float, default=1.0
        Weight of reconstruction and divergence from the prior, at least 0; 0 leaves a GAN.
    gan_weight : float, default=1.0
        Weight of the adversarial loss, at least 0; 0 leaves a variational autoencoder.
    code_size : int, default=2
        Numbers in a code.
    hidden : sequence of int, default=(16,)
        Units of each hidden layer of the encoder; the decoder has them in reverse, the discriminator the same.
    n_steps : int, default=1000
        Steps of all networks, with 64 rows each.
    learning_rate : float, default=0.005
        Size of a step, above 0.
    seed : int, default=0
        What is random comes from it.

    Attributes
    ----------
    weights_ : list of ndarray
        Weights and biases of encoder and decoder, averaged over the last steps.
    losses_ : list of float
        Loss of encoder and decoder over the steps, in at most 50 points.
    discriminator_losses_ : list of float
        That of the discriminator; 2 ln 2 = 1.386 where it cannot tell.
    samples_ : ndarray of shape (8, d)
        Rows drawn after training.
    frechet_distance_ : float
        Between the rows that it was fitted on and as many drawn ones; 0 where mean and covariance agree.

    Notes
    -----
    ``L = λ_VAE (L_rec + L_KL) + λ_GAN L_adv``; the discriminator tells real rows from invented ones. Larsen, Sønderby,
    Larochelle & Winther, "Autoencoding beyond pixels using a learned similarity metric", ICML 2016, who also compare
    rebuilt rows by the discriminator's inner features, which rows of few columns do not need.

    Examples
    --------
    Rows near a line, drawn anew.

    >>> X = [[i / 100, 2 * i / 100] for i in range(-200, 201)]
    >>> hybrid = VAEGAN(n_steps=500).fit(X)
    >>> hybrid.sample(3).shape, hybrid.transform(X).shape, hybrid.frechet_distance_ < 2
    ((3, 2), (401, 2), True)
    """

    def __init__(  # noqa: PLR0913  (an estimator's parameters)
        self,
        *,
        vae_weight: float = 1.0,
        gan_weight: float = 1.0,
        code_size: int = 2,
        hidden: Sequence[int] = (16,),
        n_steps: int = 1000,
        learning_rate: float = 0.005,
        seed: int = 0,
    ) -> None:
        self.vae_weight = vae_weight
        self.gan_weight = gan_weight
        self.code_size = code_size
        self.hidden = hidden
        self.n_steps = n_steps
        self.learning_rate = learning_rate
        self.seed = seed

    def fit(self, X: Matrix) -> Self:
        """Learn encoder and decoder against a discriminator.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example, at least two.
        """
        rows = as_matrix("X", X, min_rows=2)
        self._check()
        rng = as_generator(self.seed)
        inputs, network = self._learn_scale(rows), self._network(rng)
        discriminator = dense([rows.shape[1], *map(int, self.hidden), 1], rng, activation="gelu")
        duel = Duel(network, discriminator, self.learning_rate)

        def batch() -> Tensor:
            return Tensor(inputs[rng.integers(len(rows), size=_BATCH)])

        def judge() -> Tensor:
            invented = network.decoder(Tensor(rng.normal(size=(_BATCH, self.code_size))))
            return discriminator_loss(discriminator(batch()), discriminator(invented.detach()))

        def forge() -> Tensor:
            noise, codes = rng.normal(size=(2, _BATCH, self.code_size))
            return hybrid_loss(network, discriminator, batch(), noise, codes, (self.vae_weight, self.gan_weight))

        for _ in range(self.n_steps):
            duel.step(judge, forge)
        self.weights_ = duel.finish(self.learning_rate)
        self.losses_, self.discriminator_losses_ = map(thinned, (duel.generator_losses, duel.discriminator_losses))
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

    def _check(self) -> None:
        check_range("vae_weight", self.vae_weight, 0)
        check_range("gan_weight", self.gan_weight, 0)
        check_count("code_size", self.code_size)
        for i, size in enumerate(self.hidden):
            check_count(f"hidden[{i}]", size)
        check_count("n_steps", self.n_steps)
        check_range("learning_rate", self.learning_rate, 0, open_low=True)

    def _draw(self, n: int, rng: np.random.Generator) -> Array:
        return self._learnt_network().decoder(Tensor(rng.normal(size=(n, self.code_size)))).data

    def _network(self, rng: np.random.Generator) -> VaeNetwork:
        return VaeNetwork(len(self.centre_), [int(size) for size in self.hidden], self.code_size, rng)

    def _learnt_network(self) -> VaeNetwork:
        network = self._network(np.random.default_rng(0))
        network.load_state(self.weights_)
        return network
