"""Energy-based models: any formula as an energy, trained by maximum likelihood with samples of the model itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_choice, check_count, check_range
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.expression import Function, build_function
from rag_app.from_scratch.probabilistic.mcmc import hamiltonian_step, metropolis_step
from rag_app.from_scratch.statistics.calculus import gradient
from rag_app.registry import register

Array = NDArray[np.float64]
QUADRATIC = "precision * (x - mean)**2 / 2"
_N_CHAINS = 200
_LONGEST_GRADIENT = 10.0  # one bad batch must not throw the parameters out of their range


@register("estimator", "M023")
class EnergyBasedModel(Estimator):
    """Return the parameters of an energy that make the data most probable, found with samples of the model.

    Parameters
    ----------
    energy : str, default="precision * (x - mean)**2 / 2"
        A formula of the parameters and of x, or of x1, x2 … if rows have several columns. Low energy is high density.
    start : mapping of str to float, optional
        The parameters and where training starts; default: mean 0 and precision 1.
    sampler : {"hmc", "metropolis"}, default="hmc"
        What draws the samples of the model: Hamiltonian Monte Carlo, or random-walk Metropolis.
    learning_rate : float, default=0.05
        Length of a step for a gradient of 1, above 0.
    n_steps : int, default=600
        Training steps, at least 4.
    seed : int, default=0
        Where the random numbers start.

    Notes
    -----
    ``p(x) = exp(-E(x)) / Z``. The gradient of the mean log-likelihood is ``⟨∂E/∂θ⟩`` over the model less ``⟨∂E/∂θ⟩``
    over the data, so Z is never needed. 200 chains start at rows of the data and are never restarted: Tieleman,
    "Training restricted Boltzmann machines using approximations to the likelihood gradient" (2008). Columns should be
    of about unit scale, which the steps of the samplers are made for. The result is the mean over the last quarter of
    the steps.

    Attributes
    ----------
    parameters_ : dict of str to float
        The trained parameters.
    history_ : dict of str to list
        Each parameter after every step.
    acceptance_rate_ : float
        Share of accepted proposals.

    Examples
    --------
    A quadratic energy is a normal distribution: mean 4, precision 1 / variance = 1/5.

    >>> model = EnergyBasedModel().fit([[1], [3], [5], [7]])
    >>> abs(model.parameters_["mean"] - 4) < 0.3, abs(model.parameters_["precision"] - 0.2) < 0.03
    (True, True)
    """

    def __init__(
        self,
        *,
        energy: str = QUADRATIC,
        start: Mapping[str, float] | None = None,
        sampler: str = "hmc",
        learning_rate: float = 0.05,
        n_steps: int = 600,
        seed: int = 0,
    ) -> None:
        self.energy = energy
        self.start = start
        self.sampler = sampler
        self.learning_rate = learning_rate
        self.n_steps = n_steps
        self.seed = seed

    def fit(self, X: Matrix) -> Self:
        """Train the parameters.

        Parameters
        ----------
        X : array-like of shape (n, d)
            The data, one row for each example.
        """
        rows = as_matrix("X", X)
        self._check()
        names, theta = _parameters(self.start)
        energy = build_function("energy", self.energy, [*column_names(rows.shape[1]), *names])
        rng = as_generator(self.seed)
        move = {"hmc": _hamiltonian, "metropolis": _metropolis}[self.sampler]
        chains, n_accepted, path = rng.choice(rows, _N_CHAINS), 0, []
        for _ in range(self.n_steps):
            chains, accepted = move(_log_density(energy, theta), chains, rng)
            n_accepted += int(accepted.sum())
            uphill = slopes(energy, chains, theta).mean(axis=0) - slopes(energy, rows, theta).mean(axis=0)
            length = float(np.linalg.norm(uphill))
            if not np.isfinite(length):
                at = dict(zip(names, theta.tolist(), strict=True))
                msg = f"energy must have a finite value at the data and near it; got none for {at!r}."
                raise InvalidInputError(msg, hint="Lower learning_rate, or start elsewhere.")
            theta = theta + self.learning_rate * uphill * min(1.0, _LONGEST_GRADIENT / max(length, 1e-12))
            path.append(theta)
        trained = np.mean(path[-(self.n_steps // 4) :], axis=0)
        self.parameters_ = dict(zip(names, trained.tolist(), strict=True))
        self.history_ = dict(zip(names, np.transpose(path).tolist(), strict=True))
        self.acceptance_rate_ = n_accepted / (self.n_steps * _N_CHAINS)
        return self

    def _check(self) -> None:
        check_choice("sampler", self.sampler, ("hmc", "metropolis"))
        check_range("learning_rate", self.learning_rate, 0, open_low=True)
        check_count("n_steps", self.n_steps, 4, 100_000)


def column_names(n_columns: int) -> list[str]:
    """Return what formulas call the columns of X: x alone, or x1, x2 and so on.

    Examples
    --------
    >>> column_names(1), column_names(2)
    (['x'], ['x1', 'x2'])
    """
    return ["x"] if n_columns == 1 else [f"x{i + 1}" for i in range(n_columns)]


def joined(points: Array, theta: Array) -> Array:
    """Return points of shape (…, d) with the same parameters after each, shape (…, d + p).

    Examples
    --------
    >>> joined(np.zeros((2, 1)), np.array([5.0])).tolist()
    [[0.0, 5.0], [0.0, 5.0]]
    """
    return np.concatenate([points, np.broadcast_to(theta, (*points.shape[:-1], len(theta)))], axis=-1)


def slopes(energy: Function, points: Array, theta: Array) -> Array:
    """Return the derivatives of an energy with respect to its parameters at each point, shape (n, p).

    Examples
    --------
    E = a x, so ∂E/∂a = x.

    >>> energy = build_function("energy", "a * x", ["x", "a"])
    >>> slopes(energy, np.array([[1.0], [3.0]]), np.array([2.0])).round(6).tolist()
    [[1.0], [3.0]]
    """
    n = len(points)
    given = np.broadcast_to(theta, (n, len(theta)))

    def of_parameters(values: Array) -> Array:  # (n, p, p) while they are shifted, to (n, p)
        beside = np.broadcast_to(points[:, None, :], (*values.shape[:-1], points.shape[1]))
        return energy(np.concatenate([beside, values], axis=-1))

    return gradient(of_parameters, given)


def _parameters(start: Mapping[str, float] | None) -> tuple[Sequence[str], Array]:
    given = {"mean": 0.0, "precision": 1.0} if start is None else start
    if not given:
        msg = "start must name at least one parameter; got none."
        raise InvalidInputError(msg)
    return list(given), np.array(list(given.values()), float)


def _log_density(energy: Function, theta: Array) -> Function:
    return lambda points: -energy(joined(points, theta))


def _hamiltonian(function: Function, points: Array, rng: np.random.Generator) -> tuple[Array, NDArray[np.bool_]]:
    return hamiltonian_step(function, points, 0.3, 8, rng)


def _metropolis(function: Function, points: Array, rng: np.random.Generator) -> tuple[Array, NDArray[np.bool_]]:
    return metropolis_step(function, points, 1.5, rng)
