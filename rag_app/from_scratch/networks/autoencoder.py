"""Autoencoders: rows squeezed through a few numbers and rebuilt, and what that finds out, cleans and saves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_choice, check_count, check_range
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.layers import ACTIVATIONS, Sequential, dense
from rag_app.from_scratch.networks.losses import squared_loss
from rag_app.from_scratch.networks.standardised import Standardised
from rag_app.from_scratch.networks.training import Plan, fit_network
from rag_app.registry import register


@register("estimator", "M051", "M053")
class Autoencoder(Standardised):
    """Return codes of a few numbers from which a network can rebuild the rows.

    Parameters
    ----------
    code_size : int, default=2
        Numbers of a code.
    hidden : sequence of int, default=(16,)
        Units of the layers between the columns and the code; the decoder has the same in reverse. None makes it linear.
    activation : {"tanh", "relu", "sigmoid", "gelu", "identity"}, default="tanh"
        Function of a hidden unit: tanh, relu, sigmoid, gelu or identity.
    noise : float, default=0.0
        Standard deviation of what is added to the standardised rows in training, at least 0; above 0 it is a denoising
        autoencoder, which sees damaged rows and must rebuild the clean ones.
    n_epochs : int, default=200
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
        Weights and biases of each layer, the encoder's first.
    losses_ : list of float
        Training loss of each epoch: mean squared error of standardised rows.
    centre_ : ndarray of shape (d,)
        Mean of each column.
    scale_ : ndarray of shape (d,)
        Standard deviation of each column, 1 where it is constant.

    Notes
    -----
    ``min ‖x - g(f(x + ε))‖²``, encoder f, decoder g. A linear one reaches the error of PCA, in the same subspace (Baldi
    & Hornik, Neural Networks 2, 1989). Hinton & Salakhutdinov, "Reducing the dimensionality of data with neural
    networks", Science 313 (2006); Vincent et al., "Extracting and composing robust features with denoising
    autoencoders", ICML 2008.

    Examples
    --------
    Points on a line need one number.

    >>> X = [[t, 2 * t] for t in range(-5, 6)]
    >>> line = Autoencoder(code_size=1, hidden=[]).fit(X)
    >>> bool(np.abs(line.predict(X) - X).max() < 0.1)
    True
    """

    def __init__(  # noqa: PLR0913  (an estimator's parameters)
        self,
        *,
        code_size: int = 2,
        hidden: Sequence[int] = (16,),
        activation: str = "tanh",
        noise: float = 0.0,
        n_epochs: int = 200,
        batch_size: int = 32,
        learning_rate: float = 0.01,
        seed: int = 0,
    ) -> None:
        self.code_size = code_size
        self.hidden = hidden
        self.activation = activation
        self.noise = noise
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.seed = seed

    def fit(self, X: Matrix) -> Self:
        """Learn to rebuild rows.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        """
        rows = as_matrix("X", X)
        check_count("code_size", self.code_size)
        for i, size in enumerate(self.hidden):
            check_count(f"hidden[{i}]", size)
        check_choice("activation", self.activation, ACTIVATIONS)
        check_range("noise", self.noise, 0)
        plan = Plan(self.n_epochs, self.batch_size, learning_rate=self.learning_rate)
        rng = as_generator(self.seed)
        inputs = self._learn_scale(rows)
        network = self._network(rng)

        def loss(batch: Any) -> Tensor:  # noqa: ANN401  (indices)
            clean = inputs[batch]
            return squared_loss(network(Tensor(clean + self.noise * rng.normal(size=clean.shape))), clean)

        self.losses_ = fit_network(network, loss, len(rows), plan, rng).losses
        self.weights_ = network.state()
        return self

    def transform(self, X: Matrix) -> Array:
        """Return the code of each row, shape (m, code_size).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        return self._part(0, self._inputs(X))

    def decode(self, codes: Matrix) -> Array:
        """Return the row that the decoder makes of each code, shape (m, d).

        Parameters
        ----------
        codes : array-like of shape (m, code_size)
            Codes as `transform` returns them.
        """
        self.check_fitted()
        return self._unscaled(self._part(1, as_matrix("codes", codes, n_columns=self.code_size)))

    def predict(self, X: Matrix) -> Array:
        """Return each row as it is rebuilt from its code.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        return self.decode(self.transform(X))

    def _network(self, rng: np.random.Generator) -> Sequential:
        """Return encoder and decoder, one after the other."""
        sizes = [len(self.centre_), *self.hidden, self.code_size]
        halves = (dense(s, rng, activation=self.activation) for s in (sizes, sizes[::-1]))
        return Sequential(*halves)

    def _part(self, i: int, x: Array) -> Array:
        network = self._network(np.random.default_rng(0))
        network.load_state(self.weights_)
        return network.steps[i](Tensor(x)).data


@register("tool", "M053")
def denoising(
    noise: float = 0.5, n_signals: int = 300, length: int = 24, code_size: int = 4, seed: int = 0
) -> dict[str, Any]:
    """Return how much noise a denoising autoencoder takes from waves that it has not seen.

    Parameters
    ----------
    noise : float, default=0.5
        Standard deviation of the noise, above 0.
    n_signals : int, default=300
        Waves to learn from, at least 2; a third as many are cleaned.
    length : int, default=24
        Values of a wave, at least 2.
    code_size : int, default=4
        Numbers that a wave is squeezed into, at least 1.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``noisy_error`` and ``denoised_error``, mean squared errors against the clean waves; ``plain_error``, that of
        an autoencoder that learnt without noise; ``losses``; ``example`` with a ``clean``, ``noisy`` and ``denoised``
        wave; ``compression``, what `compression_ratio` gives for 64-bit values.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    Sines of random phase and of one of two frequencies. Vincent et al., JMLR 11 (2010).

    Examples
    --------
    >>> result = denoising()
    >>> result["denoised_error"] < result["noisy_error"] / 2
    True
    """
    check_range("noise", noise, 0, open_low=True)
    check_count("n_signals", n_signals, 2)
    check_count("length", length, 2)
    check_count("code_size", code_size)
    rng = as_generator(seed)
    waves = _waves(n_signals + max(n_signals // 3, 1), length, rng)
    known, clean = waves[:n_signals], waves[n_signals:]
    noisy = clean + rng.normal(0, noise, clean.shape)
    spread = float(known.std(axis=0).mean())
    learners = [
        Autoencoder(code_size=code_size, noise=share, n_epochs=150, seed=seed) for share in (noise / spread, 0.0)
    ]
    cleaner, plain = (learner.fit(known) for learner in learners)
    denoised = cleaner.predict(noisy)
    return {
        "noisy_error": float(np.mean((noisy - clean) ** 2)),
        "denoised_error": float(np.mean((denoised - clean) ** 2)),
        "plain_error": float(np.mean((plain.predict(noisy) - clean) ** 2)),
        "losses": cleaner.losses_,
        "example": {"clean": clean[0].tolist(), "noisy": noisy[0].tolist(), "denoised": denoised[0].tolist()},
        "compression": compression_ratio(length, code_size, 64, 64),
    }


def _waves(n: int, length: int, rng: np.random.Generator) -> Array:
    phases, frequencies = rng.uniform(0, 2 * np.pi, (n, 1)), rng.integers(1, 3, (n, 1))
    waves: Array = np.sin(2 * np.pi * frequencies * np.arange(length) / length + phases)
    return waves


@register("tool", "M053")
def compression_ratio(n_values: int, n_codes: int, value_bits: int = 32, code_bits: int = 32) -> dict[str, float]:
    """Return how much smaller codes are than what they stand for.

    Parameters
    ----------
    n_values : int
        Numbers of an example, such as pixels.
    n_codes : int
        Numbers of its code.
    value_bits : int, default=32
        Bits of each value.
    code_bits : int, default=32
        Bits of each number of the code.

    Returns
    -------
    dict
        ``ratio`` of the sizes in bits, above 1 where the code is smaller; ``saved_share`` of the bits, negative where
        it is larger.

    Raises
    ------
    InvalidInputError
        If a number is not a whole number of at least 1.

    Notes
    -----
    The decoder, which both sides must have, is not counted. Hinton & Salakhutdinov, "Reducing the dimensionality of
    data with neural networks", Science 313 (2006).

    Examples
    --------
    784 · 8 bits in 32 · 32 bits.

    >>> compression_ratio(784, 32, value_bits=8)["ratio"]
    6.125
    """
    for name, n in (("n_values", n_values), ("n_codes", n_codes), ("value_bits", value_bits), ("code_bits", code_bits)):
        check_count(name, n)
    before, after = n_values * value_bits, n_codes * code_bits
    return {"ratio": before / after, "saved_share": 1 - after / before}
