"""What the networks that learn rows share: columns of mean 0 and variance 1 inside, the columns' own units outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_count
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.metrics.generation import frechet_distance
from rag_app.from_scratch.networks.autograd import Array

_SHOWN = 8  # samples that are kept to be looked at


class Standardised(Estimator):
    """An estimator whose network sees columns of mean 0 and variance 1.

    Attributes
    ----------
    centre_ : ndarray of shape (d,)
        Mean of each column.
    scale_ : ndarray of shape (d,)
        Standard deviation of each column, 1 where it is constant.
    """

    def _learn_scale(self, rows: Array, deviations: Array | None = None) -> Array:
        """Learn mean and deviation of each column, where none are given, and return the rows in them."""
        self.centre_, self.scale_ = rows.mean(axis=0), rows.std(axis=0) if deviations is None else deviations
        self.scale_[self.scale_ == 0] = 1.0  # a constant column becomes 0
        return self._scaled(rows)

    def _scaled(self, rows: Array) -> Array:
        scaled: Array = (rows - self.centre_) / self.scale_
        return scaled

    def _unscaled(self, scaled: Array) -> Array:
        rows: Array = scaled * self.scale_ + self.centre_
        return rows

    def _inputs(self, X: Matrix) -> Array:
        """Return rows as the network sees them, once they and the estimator are checked."""
        self.check_fitted()
        return self._scaled(as_matrix("X", X, n_columns=len(self.centre_)))


class Sampler(Standardised):
    """An estimator that draws rows like those it was fitted on.

    Attributes
    ----------
    samples_ : ndarray of shape (8, d)
        Rows drawn after training.
    frechet_distance_ : float
        Between the rows that it was fitted on and as many drawn ones; 0 where mean and covariance agree.
    """

    seed: int

    def sample(self, n: int = 1, *, seed: int = 0) -> Array:
        """Return rows that never existed, shape (n, d).

        Parameters
        ----------
        n : int, default=1
            Number of rows.
        seed : int, default=0
            Seed of the random numbers that become rows.
        """
        self.check_fitted()
        check_count("n", n)
        return self._unscaled(self._draw(n, as_generator(seed)))

    if TYPE_CHECKING:

        def _draw(self, n: int, rng: np.random.Generator) -> Array:
            """Return drawn rows as the network makes them, in standardised columns: what every sampler adds."""

    def _judge(self, rows: Array) -> None:
        """Compare what is drawn with what was learnt from."""
        drawn = self.sample(max(len(rows), _SHOWN), seed=self.seed)
        self.samples_ = drawn[:_SHOWN]
        self.frechet_distance_ = frechet_distance(rows, drawn)
