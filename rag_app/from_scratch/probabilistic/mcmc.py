"""Markov chain Monte Carlo: samples of a density that is known up to a constant, by random walks and by Hamilton.

The steps take many chains at once: points have shape (c, d).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Vector, as_generator, as_probabilities, check_count, check_range
from rag_app.from_scratch.expression import Function, build_function
from rag_app.from_scratch.metrics.chain import effective_sample_size
from rag_app.from_scratch.statistics.calculus import gradient
from rag_app.registry import register

Array = NDArray[np.float64]
Accepted = NDArray[np.bool_]
_MAX_SAMPLES = 100_000
_QUANTILES = {"5 %": 0.05, "25 %": 0.25, "50 %": 0.5, "75 %": 0.75, "95 %": 0.95}


@register("tool", "M021", "X041")
def metropolis(
    log_density: str,
    start: Mapping[str, float],
    step: float = 1.0,
    n: int = 5000,
    seed: int = 0,
    *,
    with_samples: bool = False,
) -> dict[str, Any]:
    """Return what samples of a density by random-walk Metropolis say: means, quantiles, and how good the chain is.

    Parameters
    ----------
    log_density : str
        A formula of the variables, up to a constant; where it has no value, the density is 0.
    start : mapping of str to float
        The variables and where the chain starts.
    step : float, default=1
        Standard deviation of the proposed steps, above 0.
    n : int, default=5000
        Samples, from 4 to 100000; a tenth as many before them are thrown away.
    seed : int, default=0
        Where the random numbers start.
    with_samples : bool, default=False
        Whether to return the samples too: n rows.

    Returns
    -------
    dict
        By variable "mean", "std", "quantiles" (from 5 to 95 %), "effective_sample_size" and "standard_error" of the
        mean; "acceptance_rate"; and on request "samples", one row each.

    Raises
    ------
    InvalidInputError
        If the formula has no value at the start, or a number is out of range.

    Notes
    -----
    A step x' is accepted with probability ``min(1, p(x') / p(x))``, else the old point counts once more. Metropolis,
    Rosenbluth, Rosenbluth, Teller and Teller, "Equation of state calculations by fast computing machines" (1953).

    Examples
    --------
    The standard normal distribution, of which 95 % lie below 1.645.

    >>> found = metropolis("-x**2 / 2", {"x": 0}, step=2.4)
    >>> abs(found["mean"]["x"]) < 0.1, abs(found["std"]["x"] - 1) < 0.1
    (True, True)
    >>> abs(found["quantiles"]["x"]["95 %"] - 1.645) < 0.1
    True
    """
    check_range("step", step, 0, open_low=True)
    function, points = _start(log_density, start)
    rng = _checked_rng(n, seed)
    samples, rate = _run(lambda x: metropolis_step(function, x, step, rng), points, n)
    return _summary(samples, rate, list(start)) | ({"samples": samples.tolist()} if with_samples else {})


@register("tool", "M022", "X041")
def hamiltonian_monte_carlo(  # noqa: PLR0913  (the settings of a sampler)
    log_density: str,
    start: Mapping[str, float],
    step: float = 0.2,
    n_leapfrog: int = 8,
    n: int = 2000,
    seed: int = 0,
    *,
    with_samples: bool = False,
) -> dict[str, Any]:
    """Return what samples of a density by Hamiltonian Monte Carlo say: means, quantiles, and how good the chain is.

    Parameters
    ----------
    log_density : str
        A smooth formula of the variables, up to a constant; where it has no value, the density is 0.
    start : mapping of str to float
        The variables and where the chain starts.
    step : float, default=0.2
        Size of a leapfrog step, above 0: smaller accepts more, and costs more to go as far.
    n_leapfrog : int, default=8
        Leapfrog steps to a proposal.
    n : int, default=2000
        Samples, from 4 to 100000; a tenth as many before them are thrown away.
    seed : int, default=0
        Where the random numbers start.
    with_samples : bool, default=False
        Whether to return the samples too: n rows.

    Returns
    -------
    dict
        By variable "mean", "std", "quantiles" (from 5 to 95 %), "effective_sample_size" and "standard_error" of the
        mean; "acceptance_rate"; and on request "samples", one row each.

    Raises
    ------
    InvalidInputError
        If the formula has no value at the start, or a number is out of range.

    Notes
    -----
    ``H(q, p) = U(q) + pᵀp / 2`` with ``U = -ln density``; the end of a trajectory is accepted with probability
    ``min(1, exp(H_old - H_new))``. Duane, Kennedy, Pendleton and Roweth, "Hybrid Monte Carlo" (1987); Neal, "MCMC using
    Hamiltonian dynamics" (2011).

    Examples
    --------
    Two variables with correlation 0.95 and variance 1: far fewer of 2000 random steps would be as good as independent.

    >>> found = hamiltonian_monte_carlo("-(x**2 - 1.9*x*y + y**2) / (2 * 0.0975)", {"x": 0, "y": 0})
    >>> found["acceptance_rate"] > 0.8, found["effective_sample_size"]["x"] > 400
    (True, True)
    """
    check_range("step", step, 0, open_low=True)
    check_count("n_leapfrog", n_leapfrog, 1, 1000)
    function, points = _start(log_density, start)
    rng = _checked_rng(n, seed)
    samples, rate = _run(lambda x: hamiltonian_step(function, x, step, n_leapfrog, rng), points, n)
    return _summary(samples, rate, list(start)) | ({"samples": samples.tolist()} if with_samples else {})


@register("tool", "M022")
def leapfrog_path(
    log_density: str,
    position: Mapping[str, float],
    momentum: Mapping[str, float],
    step: float = 0.1,
    n_steps: int = 10,
) -> dict[str, Any]:
    """Return the path of a particle in the potential of a density, by the leapfrog method, and its energy.

    Parameters
    ----------
    log_density : str
        A smooth formula of the variables; the potential energy is its negative.
    position : mapping of str to float
        The variables and where the particle starts.
    momentum : mapping of str to float
        Its momentum along each variable.
    step : float, default=0.1
        Time step, above 0.
    n_steps : int, default=10
        Steps, at most 10000.

    Returns
    -------
    dict
        "positions", "momenta" and "energies" from the start on, and "energy_change", which shrinks as the squared step.

    Raises
    ------
    InvalidInputError
        If the formula has no value at the start, position and momentum differ in their variables, or a number is out of
        range.

    Notes
    -----
    ``p ← p - (ε/2) ∇U(q)``, ``q ← q + ε p``, ``p ← p - (ε/2) ∇U(q)``: reversible, and volume is kept. Neal, "MCMC using
    Hamiltonian dynamics", in *Handbook of Markov Chain Monte Carlo* (2011).

    Examples
    --------
    p = 0.5 - 0.05 · 1 = 0.45, q = 1 + 0.1 · 0.45 = 1.045, p = 0.45 - 0.05 · 1.045 = 0.39775.

    >>> path = leapfrog_path("-q**2 / 2", {"q": 1}, {"q": 0.5}, n_steps=1)
    >>> round(path["positions"][-1][0], 6), round(path["momenta"][-1][0], 6), round(path["energy_change"], 6)
    (1.045, 0.39775, 0.000115)
    """
    check_range("step", step, 0, open_low=True)
    check_count("n_steps", n_steps, 1, 10_000)
    if set(momentum) != set(position):
        msg = f"momentum must be given for {', '.join(position)}; got {dict(momentum)!r}."
        raise InvalidInputError(msg)
    function, q = _start(log_density, position)
    p = np.array([[momentum[name] for name in position]], float)
    path = [(q, p)]
    for _ in range(n_steps):
        path.append(leapfrog(function, *path[-1], step, 1))
    energies = [float(_energy(function, *state)[0]) for state in path]
    return {
        "positions": [state[0][0].tolist() for state in path],
        "momenta": [state[1][0].tolist() for state in path],
        "energies": energies,
        "energy_change": energies[-1] - energies[0],
    }


@register("tool", "M021")
def metropolis_chain(target: Vector) -> dict[str, Any]:
    """Return the transition matrix of a Metropolis chain over a few states, and its stationary distribution.

    Parameters
    ----------
    target : array-like of shape (s,)
        Probabilities of the states, above 0, that sum to 1; at least two states.

    Returns
    -------
    dict
        "transition", whose row i holds the probabilities of the next state after state i when every other state is
        proposed equally often, and "stationary", its left eigenvector with eigenvalue 1: the target.

    Raises
    ------
    InvalidInputError
        If there are fewer than two states, or a probability is 0.

    Notes
    -----
    ``P_ij = min(1, p_j / p_i) / (s - 1)`` for another state, and ``P_ii`` what is left. Metropolis, Rosenbluth,
    Rosenbluth, Teller & Teller, "Equation of state calculations by fast computing machines", Journal of Chemical
    Physics 21 (1953).

    Examples
    --------
    From the first state 1/2 · 0.3/0.5 to the second and 1/2 · 0.2/0.5 to the third.

    >>> chain = metropolis_chain([0.5, 0.3, 0.2])
    >>> [round(p, 4) for p in chain["transition"][0]], [round(p, 4) for p in chain["stationary"]]
    ([0.5, 0.3, 0.2], [0.5, 0.3, 0.2])
    """
    p = as_probabilities("target", target)
    if len(p) < 2 or (p == 0).any():  # noqa: PLR2004  (a chain moves between states)
        msg = f"target must hold at least two probabilities above 0; got {p.tolist()!r}."
        raise InvalidInputError(msg)
    with np.errstate(over="ignore"):  # a ratio beyond all numbers is above 1 too
        moves = np.minimum(1, p[None, :] / p[:, None]) / (len(p) - 1)
    np.fill_diagonal(moves, 0)
    np.fill_diagonal(moves, 1 - moves.sum(axis=1))
    values, vectors = np.linalg.eig(moves.T)
    stationary = vectors[:, np.abs(values - 1).argmin()].real
    return {"transition": moves.tolist(), "stationary": (stationary / stationary.sum()).tolist()}


def metropolis_step(function: Function, points: Array, step: float, rng: np.random.Generator) -> tuple[Array, Accepted]:
    """Return the next points of chains under a log-density, and which proposals were accepted.

    Examples
    --------
    A flat density accepts every step.

    >>> metropolis_step(lambda x: 0 * x[..., 0], np.zeros((2, 1)), 1.0, np.random.default_rng(0))[1].tolist()
    [True, True]
    """
    proposals = points + step * rng.normal(size=points.shape)
    return _accepted(points, proposals, function(proposals) - function(points), rng)


def hamiltonian_step(
    function: Function, points: Array, step: float, n_leapfrog: int, rng: np.random.Generator
) -> tuple[Array, Accepted]:
    """Return the next points of chains under a log-density, and which proposals were accepted.

    Examples
    --------
    A flat density accepts every trajectory.

    >>> hamiltonian_step(lambda x: 0 * x[..., 0], np.zeros((2, 1)), 0.1, 3, np.random.default_rng(0))[1].tolist()
    [True, True]
    """
    momenta = rng.normal(size=points.shape)
    with np.errstate(all="ignore"):  # a trajectory that flies off is rejected
        proposals, final = leapfrog(function, points, momenta, step, n_leapfrog)
        drop = _energy(function, points, momenta) - _energy(function, proposals, final)
    return _accepted(points, proposals, drop, rng)


def leapfrog(function: Function, q: Array, p: Array, step: float, n_steps: int) -> tuple[Array, Array]:
    """Return positions and momenta after some leapfrog steps in the potential of a log-density.

    Examples
    --------
    Without a force the particle flies straight on.

    >>> leapfrog(lambda x: 0 * x[..., 0], np.zeros((1, 1)), np.ones((1, 1)), 0.5, 2)[0].tolist()
    [[1.0]]
    """
    p = p + step / 2 * gradient(function, q)
    for _ in range(n_steps - 1):
        q = q + step * p
        p = p + step * gradient(function, q)  # the last half step and the next first one together
    q = q + step * p
    return q, p + step / 2 * gradient(function, q)


def _energy(function: Function, q: Array, p: Array) -> Array:
    energy: Array = (p**2).sum(axis=-1) / 2 - function(q)
    return energy


def _accepted(points: Array, proposals: Array, log_ratio: Array, rng: np.random.Generator) -> tuple[Array, Accepted]:
    accepted = np.log1p(-rng.random(len(points))) < log_ratio  # the logarithm of a number in (0, 1]; NaN is refused
    return np.where(accepted[:, None], proposals, points), accepted


def _start(log_density: str, start: Mapping[str, float]) -> tuple[Function, Array]:
    function = build_function("log_density", log_density, list(start))
    points = np.array([list(start.values())], float)
    if not start or not np.isfinite(function(points)).all():
        msg = f"start must be where log_density has a finite value; got {dict(start)!r}."
        raise InvalidInputError(msg)
    return function, points


def _checked_rng(n: int, seed: int) -> np.random.Generator:
    check_count("n", n, 4, _MAX_SAMPLES)
    return as_generator(seed)


def _run(move: Callable[[Array], tuple[Array, Accepted]], points: Array, n: int) -> tuple[Array, float]:
    """Return the samples of a chain, shape (n, d), and the share of proposals that were accepted."""
    samples, n_accepted = np.empty((n, points.shape[1])), 0
    for i in range(-(n // 10), n):  # the warm-up, which still depends on the start, is not kept
        points, accepted = move(points)
        if i >= 0:
            samples[i] = points[0]
            n_accepted += int(accepted[0])
    return samples, n_accepted / n


def _summary(samples: Array, acceptance_rate: float, names: list[str]) -> dict[str, Any]:
    columns = dict(zip(names, samples.T, strict=True))
    sizes = {name: effective_sample_size(x) for name, x in columns.items()}
    return {
        "mean": {name: float(x.mean()) for name, x in columns.items()},
        "std": {name: float(x.std()) for name, x in columns.items()},
        "quantiles": {
            name: dict(zip(_QUANTILES, np.quantile(x, [*_QUANTILES.values()]).tolist(), strict=True))
            for name, x in columns.items()
        },
        "effective_sample_size": sizes,
        "standard_error": {name: float(x.std() / np.sqrt(sizes[name])) for name, x in columns.items()},
        "acceptance_rate": acceptance_rate,
    }
