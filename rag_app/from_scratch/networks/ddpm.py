"""Diffusion backwards: a network that finds the noise in data, and takes it away from pure noise step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_count
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.diffusion import linear_betas, noised
from rag_app.from_scratch.networks.layers import Sequential, dense
from rag_app.from_scratch.networks.losses import squared_loss
from rag_app.from_scratch.networks.standardised import Sampler
from rag_app.from_scratch.networks.training import Plan, fit_network
from rag_app.registry import register

_N_WAVES = 3  # frequencies in which a network is told the step


def reverse_diffusion(
    find_noise: Callable[[Array, int], Array],
    betas: Array,
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    limit: float = np.inf,
) -> Iterator[Array]:
    """Yield pure noise, and then what each reverse step makes of it, one for each beta; the last are data.

    Parameters
    ----------
    find_noise : callable
        Gives the noise that it finds in rows after the given step, counted from 1.
    betas : ndarray of shape (t,)
        Variance of the noise of each forward step.
    shape : tuple of int
        Rows and columns.
    rng : numpy.random.Generator
        Draws the noise.
    limit : float, optional
        The largest size that clean data can have: estimates of them are cut to it.

    Notes
    -----
    ``x_{t-1} = μ̃(x̂_0, x_t) + √β̃_t z`` with ``x̂_0 = (x_t - √(1 - ᾱ_t) ε(x_t, t)) / √ᾱ_t`` and the posterior mean μ̃ of
    `denoising_posterior`; where nothing is cut it equals ``(x_t - β_t / √(1 - ᾱ_t) ε(x_t, t)) / √(1 - β_t) + √β̃_t z``.
    Early on, where hardly any data are left, a small error of ε is a large one of x̂_0: hence the limit.
    """
    left = np.concatenate([[1.0], np.cumprod(1 - betas)])  # ᾱ_0 … ᾱ_T
    x: Array = rng.normal(size=shape)
    yield x
    for t in range(len(betas), 0, -1):
        beta, before, after = betas[t - 1], left[t - 1], left[t]
        clean = ((x - np.sqrt(1 - after) * find_noise(x, t)) / np.sqrt(after)).clip(-limit, limit)
        mean = (np.sqrt(before) * beta * clean + np.sqrt(1 - beta) * (1 - before) * x) / (1 - after)
        x = mean + np.sqrt(beta * (1 - before) / (1 - after)) * rng.normal(size=shape)  # 0 at the last step: ᾱ_0 = 1
        yield x


@register("estimator", "M064")
class DDPM(Sampler):
    """Return rows like those given, made of pure noise by a denoising diffusion probabilistic model.

    Parameters
    ----------
    n_noise_steps : int, default=50
        Steps from data to noise, and back.
    hidden : sequence of int, default=(64,)
        Units of each hidden layer of the network that finds the noise; none makes it linear.
    n_epochs : int, default=200
        Times that every row is seen, each time with another step and other noise.
    batch_size : int, default=128
        Rows of a step of training.
    learning_rate : float, default=0.01
        Size of a step of training, above 0.
    seed : int, default=0
        What is random comes from it.

    Attributes
    ----------
    weights_ : list of ndarray
        Weights and biases of the network.
    limit_ : float
        The largest size of a number in standardised columns.
    losses_ : list of float
        Mean squared error of the noise found, of each epoch; 1 for a network that finds none.
    samples_ : ndarray of shape (8, d)
        Rows drawn after training.
    frechet_distance_ : float
        Between the rows that it was fitted on and as many drawn ones; 0 where mean and covariance agree.

    Notes
    -----
    ``L = E ‖ε - ε_θ(√ᾱ_t x_0 + √(1 - ᾱ_t) ε, t)‖²`` over rows, steps and noise, with the linear schedule, on
    standardised columns. The step is given as sines and cosines. Ho, Jain & Abbeel, "Denoising diffusion probabilistic
    models", NeurIPS 2020.

    Examples
    --------
    Rows near a line, made anew.

    >>> X = [[i / 100, 2 * i / 100] for i in range(-200, 201)]
    >>> ddpm = DDPM(n_epochs=100).fit(X)
    >>> ddpm.sample(3).shape, ddpm.frechet_distance_ < 1
    ((3, 2), True)
    """

    def __init__(
        self,
        *,
        n_noise_steps: int = 50,
        hidden: Sequence[int] = (64,),
        n_epochs: int = 200,
        batch_size: int = 128,
        learning_rate: float = 0.01,
        seed: int = 0,
    ) -> None:
        self.n_noise_steps = n_noise_steps
        self.hidden = hidden
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.seed = seed

    def fit(self, X: Matrix) -> Self:
        """Learn to find noise.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example, at least two.
        """
        rows = as_matrix("X", X, min_rows=2)
        check_count("n_noise_steps", self.n_noise_steps)
        for i, size in enumerate(self.hidden):
            check_count(f"hidden[{i}]", size)
        plan = Plan(self.n_epochs, self.batch_size, learning_rate=self.learning_rate)
        rng = as_generator(self.seed)
        inputs, network = self._learn_scale(rows), self._network(rows.shape[1], rng)
        self.limit_ = float(np.abs(inputs).max())
        left = np.cumprod(1 - linear_betas(self.n_noise_steps))

        def loss(batch: NDArray[np.intp]) -> Tensor:
            steps = rng.integers(1, self.n_noise_steps + 1, size=(len(batch), 1))
            noise = rng.normal(size=(len(batch), rows.shape[1]))
            noisy = noised(inputs[batch], left[steps - 1], noise)
            return squared_loss(network(Tensor(self._with_step(noisy, steps))), noise)

        self.losses_ = fit_network(network, loss, len(rows), plan, rng).losses
        self.weights_ = network.state()
        self._judge(rows)
        return self

    def sample_path(self, n: int = 1, *, seed: int = 0) -> Array:
        """Return drawn rows at each step of their way out of noise, shape (n_noise_steps + 1, n, d).

        Parameters
        ----------
        n : int, default=1
            Number of rows.
        seed : int, default=0
            Seed of the random numbers that become rows.

        Returns
        -------
        ndarray of shape (n_noise_steps + 1, n, d)
            At place t the rows with the noise of t steps in them: at 0 those that `sample` returns for the same seed,
            at the last place pure noise; in the columns' own units.

        Examples
        --------
        >>> ddpm = DDPM(n_noise_steps=5, n_epochs=1).fit([[0.0], [1.0]])
        >>> ddpm.sample_path(3).shape, bool((ddpm.sample_path(3)[0] == ddpm.sample(3)).all())
        ((6, 3, 1), True)
        """
        self.check_fitted()
        check_count("n", n)
        return self._unscaled(np.stack([*self._way_back(n, as_generator(seed))][::-1]))

    def _draw(self, n: int, rng: np.random.Generator) -> Array:
        *_, clean = self._way_back(n, rng)
        return clean

    def _way_back(self, n: int, rng: np.random.Generator) -> Iterator[Array]:
        network = self._network(len(self.centre_), np.random.default_rng(0))
        network.load_state(self.weights_)

        def find_noise(x: Array, step: int) -> Array:
            return network(Tensor(self._with_step(x, np.full((n, 1), step)))).data

        betas = linear_betas(self.n_noise_steps)
        return reverse_diffusion(find_noise, betas, (n, len(self.centre_)), rng, limit=self.limit_)

    def _with_step(self, x: Array, steps: NDArray[np.int_]) -> Array:
        """Return rows with columns that tell the step, (n, d) to (n, d + 6)."""
        angles = np.pi / 2 * steps / self.n_noise_steps * 2.0 ** np.arange(_N_WAVES)  # (n, 3)
        return np.hstack([x, np.sin(angles), np.cos(angles)])

    def _network(self, n_columns: int, rng: np.random.Generator) -> Sequential:
        return dense([n_columns + 2 * _N_WAVES, *map(int, self.hidden), n_columns], rng, activation="gelu")
