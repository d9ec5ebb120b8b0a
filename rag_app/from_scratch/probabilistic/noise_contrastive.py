"""Noise-contrastive estimation: an unnormalised density learns by telling data from noise, and its constant with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_count, check_range
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.expression import Function, build_function
from rag_app.from_scratch.probabilistic.energy import column_names, joined, slopes
from rag_app.registry import register

Array = NDArray[np.float64]
_MAX_STEPS = 100


@register("estimator", "M025")
class NoiseContrastiveModel(Estimator):
    """Return the parameters of an energy, and the logarithm of its partition function, learnt against noise.

    Parameters
    ----------
    energy : str, default="x**2 / 2"
        A formula of the parameters and of x, or of x1, x2 … if rows have several columns. Low energy is high density.
    start : mapping of str to float, optional
        The parameters and where training starts; default: none, only the constant is learnt.
    noise_ratio : int, default=1
        Noise points for each row of the data; more are closer to maximum likelihood.
    noise_scale : float, default=2
        The noise is normal with the mean of the data and this multiple of its standard deviation, column by column;
        above 0.
    seed : int, default=0
        Where the random numbers start.

    Notes
    -----
    ``ln p(x) = -E(x) - c`` and ``P(data | x) = p(x) / (p(x) + k n(x))`` for k noise points with density n. The logistic
    loss ``-⟨ln P(data | x)⟩ over data - k ⟨ln(1 - P(data | x))⟩ over noise`` is lowered by Newton steps with Fisher's
    matrix. Gutmann and Hyvärinen, "Noise-contrastive estimation" (2010).

    Attributes
    ----------
    parameters_ : dict of str to float
        The parameters of the energy.
    log_partition_ : float
        The learnt constant c, an estimate of ln Z.
    losses_ : list of float
        The loss before each step and at the end.

    Examples
    --------
    Z of exp(-x² / 2) is √(2π), its logarithm 0.9189.

    >>> X = np.random.default_rng(1).normal(size=(20_000, 1))
    >>> abs(NoiseContrastiveModel().fit(X).log_partition_ - 0.9189) < 0.03
    True
    """

    def __init__(
        self,
        *,
        energy: str = "x**2 / 2",
        start: Mapping[str, float] | None = None,
        noise_ratio: int = 1,
        noise_scale: float = 2.0,
        seed: int = 0,
    ) -> None:
        self.energy = energy
        self.start = start
        self.noise_ratio = noise_ratio
        self.noise_scale = noise_scale
        self.seed = seed

    def fit(self, X: Matrix) -> Self:
        """Learn the parameters and the constant.

        Parameters
        ----------
        X : array-like of shape (n, d)
            The data, at least two rows that differ in every column.
        """
        rows = as_matrix("X", X, min_rows=2)
        noise, log_noise = self._noise(rows)
        points = np.concatenate([rows, noise])  # (n + k n, d)
        is_data = np.arange(len(points)) < len(rows)
        start = dict(self.start or {})
        energy = build_function("energy", self.energy, [*column_names(rows.shape[1]), *start])
        offset = math.log(self.noise_ratio) + log_noise(points)
        theta = np.array([*start.values(), 0.0])  # the constant last
        theta, self.losses_ = _trained(energy, points, offset, is_data, theta)
        self.parameters_ = dict(zip(start, theta[:-1].tolist(), strict=True))
        self.log_partition_ = float(theta[-1])
        return self

    def _noise(self, rows: Array) -> tuple[Array, Function]:
        check_count("noise_ratio", self.noise_ratio, 1, 1000)
        check_range("noise_scale", self.noise_scale, 0, open_low=True)
        mean, std = rows.mean(axis=0), self.noise_scale * rows.std(axis=0)
        if not std.all():
            msg = "X must vary in every column; got a constant one."
            raise InvalidInputError(msg)
        size = (self.noise_ratio * len(rows), rows.shape[1])

        def log_density(points: Array) -> Array:
            z = (points - mean) / std
            total: Array = -(z**2).sum(axis=1) / 2 - np.log(std * math.sqrt(2 * math.pi)).sum()
            return total

        return mean + std * as_generator(self.seed).normal(size=size), log_density


def _trained(
    energy: Function, points: Array, offset: Array, is_data: NDArray[np.bool_], theta: Array
) -> tuple[Array, list[float]]:
    """Return the parameters with the least loss, by Newton steps that are halved until the loss falls."""
    n, sign = int(is_data.sum()), np.where(is_data, 1.0, -1.0)

    def logits(theta: Array) -> Array:
        negated: Array = energy(joined(points, theta[:-1])) + theta[-1] + offset
        return -negated

    def loss(theta: Array) -> float:
        with np.errstate(invalid="ignore"):  # a step out of the energy's range has no loss, and is not taken
            return float(np.logaddexp(0, -sign * logits(theta)).sum()) / n

    losses = [loss(theta)]
    if not math.isfinite(losses[0]):
        msg = "energy must have a finite value at the data and around it; got none at the start."
        raise InvalidInputError(msg)
    improved = True
    while improved and len(losses) <= _MAX_STEPS:
        p = 1 / (1 + np.exp(-logits(theta).clip(-500, 500)))
        rates = np.column_stack([-slopes(energy, points, theta[:-1]), -np.ones(len(points))])  # of the logits
        downhill = rates.T @ (is_data - p)
        curvature = (rates * (p * (1 - p))[:, None]).T @ rates
        move = np.linalg.lstsq(curvature, downhill, rcond=None)[0]
        moves = (theta + move / 2**halving for halving in range(30))
        better = next((t for t in moves if loss(t) < losses[-1] - 1e-12), None)
        improved = better is not None
        if better is not None:
            theta = better
            losses.append(loss(theta))
    return theta, losses
