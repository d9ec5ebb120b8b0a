"""Generative adversarial networks that learn rows, and rows of a class that one asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import (
    Labels,
    Matrix,
    as_generator,
    as_labels,
    as_matrix,
    check_count,
    check_range,
    check_same_length,
)
from rag_app.from_scratch.metrics.generation import frechet_distance
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.duel import Duel, discriminator_loss, generator_loss, thinned
from rag_app.from_scratch.networks.layers import Sequential, dense, join
from rag_app.from_scratch.networks.standardised import Sampler, Standardised
from rag_app.registry import register


class _Adversarial(Standardised):
    """What both have: a generator and a discriminator of rows, each with a condition, which may have no columns."""

    def __init__(
        self,
        *,
        noise_size: int = 2,
        hidden: Sequence[int] = (16,),
        n_steps: int = 1000,
        batch_size: int = 64,
        learning_rate: float = 0.005,
        seed: int = 0,
    ) -> None:
        self.noise_size = noise_size
        self.hidden = hidden
        self.n_steps = n_steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.seed = seed

    def _play(self, rows: Array, conditions: Array) -> Iterator[Self]:
        """Learn rows given their conditions, (n, d) given (n, c), and yield itself after each step."""
        for name in ("noise_size", "n_steps", "batch_size"):
            check_count(name, getattr(self, name))
        for i, size in enumerate(self.hidden):
            check_count(f"hidden[{i}]", size)
        check_range("learning_rate", self.learning_rate, 0, open_low=True)
        rng = as_generator(self.seed)
        inputs, n_given = self._learn_scale(rows, _within(rows, conditions)), conditions.shape[1]
        generator = self._generator(n_given, rng)
        n_seen = rows.shape[1] * max(n_given, 1) + n_given
        discriminator = dense([n_seen, *map(int, self.hidden), 1], rng, activation="gelu")
        duel = Duel(generator, discriminator, self.learning_rate)

        def fakes() -> Tensor:
            given = conditions[rng.integers(len(rows), size=self.batch_size)]
            noise = rng.normal(size=(self.batch_size, self.noise_size))
            return _seen(generator(Tensor(np.hstack([noise, given]))), given)

        def judge() -> Tensor:
            batch = rng.integers(len(rows), size=self.batch_size)
            real = _seen(Tensor(inputs[batch]), conditions[batch])
            return discriminator_loss(discriminator(real), discriminator(fakes().detach()))

        for _ in range(self.n_steps):
            duel.step(judge, lambda: generator_loss(discriminator(fakes())))
            self.weights_ = duel.weights
            yield self
        duel.finish(self.learning_rate)
        self.discriminator_losses_ = thinned(duel.discriminator_losses)
        self.generator_losses_ = thinned(duel.generator_losses)

    def _generator(self, n_given: int, rng: np.random.Generator) -> Sequential:
        sizes = [self.noise_size + n_given, *map(int, self.hidden), len(self.centre_)]
        return dense(sizes, rng, activation="gelu")

    def _made(self, conditions: Array, rng: np.random.Generator) -> Array:
        """Return a row for each condition, in standardised columns."""
        generator = self._generator(conditions.shape[1], np.random.default_rng(0))
        generator.load_state(self.weights_)
        noise = rng.normal(size=(len(conditions), self.noise_size))
        return generator(Tensor(np.hstack([noise, conditions]))).data


@register("estimator", "M056")
class GenerativeAdversarialNetwork(_Adversarial, Sampler):
    """Return rows like those given, from a generator that learnt to deceive a discriminator.

    Parameters
    ----------
    noise_size : int, default=2
        Random numbers that become a row.
    hidden : sequence of int, default=(16,)
        Units of each hidden layer of both networks; none makes them linear.
    n_steps : int, default=1000
        Steps of both networks.
    batch_size : int, default=64
        Real and generated rows of a step.
    learning_rate : float, default=0.005
        Size of a step, above 0.
    seed : int, default=0
        What is random comes from it.

    Attributes
    ----------
    weights_ : list of ndarray
        Weights and biases of the generator, averaged over the last steps.
    discriminator_losses_ : list of float
        Its loss over the steps, in at most 50 points; 2 ln 2 = 1.386 where it cannot tell.
    generator_losses_ : list of float
        Likewise; ln 2 = 0.693 where the discriminator cannot tell.
    samples_ : ndarray of shape (8, d)
        Rows drawn after training.
    frechet_distance_ : float
        Between the rows that it was fitted on and as many drawn ones; 0 where mean and covariance agree.

    Notes
    -----
    ``min_G max_D E[ln D(x)] + E[ln(1 - D(G(z)))]``, the generator by its non-saturating loss ``-E[ln D(G(z))]``.
    Goodfellow et al., "Generative adversarial nets", NeurIPS 2014.

    Examples
    --------
    A bell curve with mean 1 and standard deviation 0.5.

    >>> X = np.random.default_rng(0).normal(1.0, 0.5, (500, 1))
    >>> drawn = GenerativeAdversarialNetwork(noise_size=1).fit(X).sample(2000)
    >>> bool(abs(drawn.mean() - 1) < 0.1), bool(abs(drawn.std() - 0.5) < 0.1)
    (True, True)
    """

    def fit(self, X: Matrix) -> Self:
        """Learn to make rows.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example, at least two.
        """
        rows = as_matrix("X", X, min_rows=2)
        for _ in self.fit_steps(rows):
            pass
        self._judge(rows)
        return self

    def fit_steps(self, X: Matrix) -> Iterator[Self]:
        """Learn to make rows, and yield itself after each step: it can be sampled as it is then.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example, at least two.

        Examples
        --------
        The mean of what it makes, as it learns the mean 1.

        >>> X, network = np.random.default_rng(0).normal(1.0, 0.5, (500, 1)), GenerativeAdversarialNetwork(n_steps=300)
        >>> means = [fitted.sample(200).mean() for fitted in network.fit_steps(X)]
        >>> len(means), bool(abs(means[-1] - 1) < 0.2)
        (300, True)
        """
        rows = as_matrix("X", X, min_rows=2)
        return self._play(rows, np.empty((len(rows), 0)))

    def _draw(self, n: int, rng: np.random.Generator) -> Array:
        return self._made(np.empty((n, 0)), rng)


@register("estimator", "M058")
class ConditionalGAN(_Adversarial):
    """Return rows of a class that one asks for, from networks that both see the class.

    Parameters
    ----------
    noise_size : int, default=2
        Random numbers that become a row.
    hidden : sequence of int, default=(16,)
        Units of each hidden layer of both networks; none makes them linear.
    n_steps : int, default=1000
        Steps of both networks.
    batch_size : int, default=64
        Real and generated rows of a step.
    learning_rate : float, default=0.005
        Size of a step, above 0.
    seed : int, default=0
        What is random comes from it.

    Attributes
    ----------
    classes_ : ndarray of shape (k,)
        The classes.
    weights_ : list of ndarray
        Weights and biases of the generator, averaged over the last steps.
    discriminator_losses_ : list of float
        Its loss over the steps, in at most 50 points; 2 ln 2 = 1.386 where it cannot tell.
    generator_losses_ : list of float
        Likewise; ln 2 = 0.693 where the discriminator cannot tell.
    samples_ : list of ndarray
        For each class 8 rows drawn after training.
    frechet_distances_ : list of float
        For each class between its rows and as many drawn ones; 0 where mean and covariance agree.

    Notes
    -----
    ``min_G max_D E[ln D(x, c)] + E[ln(1 - D(G(z, c), c))]``, c being 1 in the place of the class and 0 elsewhere. Mirza
    & Osindero, "Conditional generative adversarial nets", arXiv:1411.1784 (2014). The discriminator has weights of its
    own for each class: it sees ``(c_1 x, …, c_k x, c)``, the product of row and class as in Miyato & Koyama, "cGANs
    with projection discriminator", ICLR 2018. And columns are scaled by their deviation within classes: where classes
    lie far apart, that of all rows together would make each class a point, whose spread is not seen.

    Examples
    --------
    Two bell curves, around -2 and around 3, both with standard deviation 0.5.

    >>> rng = np.random.default_rng(0)
    >>> X, y = np.r_[rng.normal(-2, 0.5, (200, 1)), rng.normal(3, 0.5, (200, 1))], ["low"] * 200 + ["high"] * 200
    >>> network = ConditionalGAN().fit(X, y)
    >>> low, high = network.sample("low", 500), network.sample("high", 500)
    >>> bool(abs(low.mean() + 2) < 0.2), bool(abs(high.mean() - 3) < 0.2), bool(min(low.std(), high.std()) > 0.35)
    (True, True, True)
    """

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Learn to make rows of each class.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example, at least two of each class.
        y : array-like of shape (n,)
            The class of each row.
        """
        rows, labels = as_matrix("X", X), as_labels("y", y)
        check_same_length(X=rows, y=labels)
        classes, numbers, counts = np.unique(labels, return_inverse=True, return_counts=True)
        if counts.min() < 2:  # noqa: PLR2004  (a variance needs two)
            msg = f"y must hold every class at least twice; got {classes[counts.argmin()].item()!r} once."
            raise InvalidInputError(msg)
        self.classes_ = classes
        for _ in self._play(rows, np.eye(len(classes))[numbers]):
            pass
        drawn = [self._rows(i, max(int(n), 8), self.seed) for i, n in enumerate(counts)]
        self.samples_ = [made[:8] for made in drawn]
        self.frechet_distances_ = [frechet_distance(rows[numbers == i], made) for i, made in enumerate(drawn)]
        return self

    def sample(self, label: float | str, n: int = 1, *, seed: int = 0) -> Array:
        """Return rows of a class, shape (n, d).

        Parameters
        ----------
        label : int, float or str
            The class.
        n : int, default=1
            Number of rows.
        seed : int, default=0
            Seed of the random numbers that become rows.
        """
        self.check_fitted()
        check_count("n", n)
        known: NDArray[Any] = self.classes_
        if label not in known.tolist():
            msg = f"label must be one of {', '.join(map(str, known.tolist()))}; got {label!r}."
            raise InvalidInputError(msg)
        return self._rows(known.tolist().index(label), n, seed)

    def _rows(self, i: int, n: int, seed: int) -> Array:
        conditions = np.tile(np.eye(len(self.classes_))[i], (n, 1))  # (n, k)
        return self._unscaled(self._made(conditions, as_generator(seed)))


def _seen(rows: Tensor, conditions: Array) -> Tensor:
    """Return what the discriminator sees of rows, (n, d) to (n, c d + c): each class has columns of its own."""
    if not conditions.shape[1]:
        return rows
    return join(*(rows * given[:, None] for given in conditions.T), Tensor(conditions))


def _within(rows: Array, conditions: Array) -> Array:
    """Return the deviation of each column within the classes, and a tenth of its deviation over all rows at least."""
    means = conditions.T @ rows / conditions.sum(axis=0)[:, None]  # (c, d)
    deviations: Array = np.maximum((rows - conditions @ means).std(axis=0), rows.std(axis=0) / 10)
    return deviations
