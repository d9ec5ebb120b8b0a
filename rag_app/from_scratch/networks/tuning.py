"""The search for hyperparameters: on a grid, at random, by a model of earlier trials, and by stopping poor ones early.

Each takes ranges and an objective, the loss to be made small, and returns its trials:

>>> trials = random_search({"x": Range(-1, 1)}, lambda s: (s["x"] - 0.5) ** 2, n_trials=50, seed=0)
>>> round(best_trial(trials).settings["x"], 1)
0.5
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import as_generator, check_count, check_range
from rag_app.from_scratch.estimators.gaussian_process import GaussianProcess
from rag_app.from_scratch.statistics.special import normal_cumulative

Settings = dict[str, float]
_N_FIRST = 5  # random trials before the surrogate is asked
_N_CANDIDATES = 512


@dataclass(frozen=True, slots=True)
class Range:
    """From where to where a hyperparameter is searched.

    Parameters
    ----------
    low, high : float
        Ends; low is smaller, and above 0 for a logarithmic range.
    logarithmic : bool, default=False
        Whether every factor of ten is equally likely, as suits learning rates.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.
    """

    low: float
    high: float
    logarithmic: bool = False

    def __post_init__(self) -> None:
        check_range("high", self.high, self.low, np.finfo(float).max, open_low=True)
        if self.logarithmic:
            check_range("low", self.low, 0, open_low=True)

    def at(self, share: float) -> float:
        """Return the value at a share of the way, in [0, 1].

        Examples
        --------
        >>> round(Range(1e-4, 1, logarithmic=True).at(0.5), 6), Range(10, 20).at(0.5)
        (0.01, 15.0)
        """
        if self.logarithmic:
            return float(self.low * (self.high / self.low) ** share)
        return float(self.low + (self.high - self.low) * share)


Space = Mapping[str, Range]


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings that were tried, and the loss that they gave with a budget (None where it is always the same)."""

    settings: Settings
    loss: float
    budget: int | None = None


def best_trial(trials: Sequence[Trial]) -> Trial:
    """Return the first trial with the smallest loss among those with the largest budget."""
    largest = max(t.budget or 0 for t in trials)
    return min((t for t in trials if (t.budget or 0) == largest), key=lambda t: t.loss)


def grid_search(values: Mapping[str, Sequence[float]], objective: Callable[[Settings], float]) -> list[Trial]:
    """Return a trial for every combination of listed values.

    Examples
    --------
    >>> len(grid_search({"a": [1, 2, 3], "b": [0, 1]}, lambda s: s["a"] * s["b"]))
    6
    """
    combinations = [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]
    return [Trial(settings, objective(settings)) for settings in combinations]


def random_search(space: Space, objective: Callable[[Settings], float], *, n_trials: int, seed: int) -> list[Trial]:
    """Return trials at random places of the ranges (Bergstra & Bengio, JMLR 13, 2012)."""
    check_count("n_trials", n_trials)
    places = as_generator(seed).random((n_trials, len(space)))
    drawn = [_settings(space, place) for place in places]
    return [Trial(settings, objective(settings)) for settings in drawn]


def bayesian_search(space: Space, objective: Callable[[Settings], float], *, n_trials: int, seed: int) -> list[Trial]:
    """Return trials that a Gaussian process over the earlier ones proposes, by expected improvement.

    Notes
    -----
    The first five are random. Then, again and again: fit the process to the losses so far, and try what has the
    largest expected improvement of 512 random places. Snoek, Larochelle & Adams, "Practical Bayesian optimization of
    machine learning algorithms", NeurIPS 2012.
    """
    check_count("n_trials", n_trials)
    rng = as_generator(seed)
    places: list[NDArray[np.float64]] = []
    trials: list[Trial] = []
    for i in range(n_trials):
        if i < _N_FIRST:
            places.append(rng.random(len(space)))
        else:
            losses = np.array([t.loss for t in trials])
            places.append(_promising(np.array(places), losses, rng.random((_N_CANDIDATES, len(space)))))
        settings = _settings(space, places[-1])
        trials.append(Trial(settings, objective(settings)))
    return trials


def improvement(mean: float, deviation: float, best: float) -> float:
    """Return the expected improvement on a loss, ``(f* - μ) Φ(z) + σ φ(z)`` with ``z = (f* - μ) / σ``."""
    gain = best - mean
    if deviation == 0:
        return max(gain, 0.0)
    z = gain / deviation
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return gain * normal_cumulative(z) + deviation * density


@dataclass(frozen=True, slots=True)
class Round:
    """One round of successive halving: how many settings get which budget each."""

    n_settings: int
    budget: int


def brackets(largest_budget: int, factor: int) -> list[list[Round]]:
    """Return the rounds of each bracket of Hyperband, from many short trials to few long ones.

    Notes
    -----
    With ``R`` the largest budget and ``s_max = ⌊log_η R⌋``, bracket s begins with ``⌈(s_max + 1) η^s / (s + 1)⌉``
    settings; round i keeps ``⌊n η^-i⌋`` of its n and gives each the budget ``⌊R η^(i - s)⌋``.

    Examples
    --------
    >>> [rounds[0].n_settings for rounds in brackets(81, 3)]
    [81, 34, 15, 8, 5]
    """
    check_count("largest_budget", largest_budget)
    check_count("factor", factor, 2)
    deepest = 0
    while factor ** (deepest + 1) <= largest_budget:  # in whole numbers: logarithms round 243 = 3⁵ down
        deepest += 1
    plans = []
    for s in range(deepest, -1, -1):
        n = -(-(deepest + 1) * factor**s // (s + 1))  # rounded up
        plans.append([Round(n // factor**i, largest_budget // factor ** (s - i)) for i in range(s + 1)])
    return plans


def hyperband_search(
    space: Space, objective: Callable[[Settings, int], float], *, largest_budget: int, factor: int, seed: int
) -> list[Trial]:
    """Return the trials of Hyperband: random settings, of which only the best of a round get more budget.

    Notes
    -----
    Li, Jamieson, DeSalvo, Rostamizadeh & Talwalkar, "Hyperband", JMLR 18 (2018). See `brackets`.
    """
    rng = as_generator(seed)
    trials: list[Trial] = []
    for rounds in brackets(largest_budget, factor):
        kept = [_settings(space, place) for place in rng.random((rounds[0].n_settings, len(space)))]
        for step in rounds:
            tried = [Trial(s, objective(s, step.budget), step.budget) for s in kept[: step.n_settings]]
            trials.extend(tried)
            kept = [t.settings for t in sorted(tried, key=lambda t: t.loss)]
    return trials


def _settings(space: Space, place: NDArray[np.float64]) -> Settings:
    return {name: r.at(float(share)) for (name, r), share in zip(space.items(), place, strict=True)}


def _promising(
    places: NDArray[np.float64], losses: NDArray[np.float64], candidates: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the candidate with the largest expected improvement; places are shares of the ranges, in [0, 1]."""
    if not np.isfinite(losses).all():
        msg = f"objective must return finite losses; got {float(losses[~np.isfinite(losses)][0])!r}."
        raise InvalidInputError(msg)
    spread = float(losses.std()) or 1.0
    scaled = (losses - losses.mean()) / spread
    surrogate = GaussianProcess(length_scale=0.25, noise=1e-4).fit(places, scaled)
    means, deviations = surrogate.predict(candidates), surrogate.predict_std(candidates)
    best = float(scaled.min())
    gains = [improvement(m, d, best) for m, d in zip(means.tolist(), deviations.tolist(), strict=True)]
    chosen: NDArray[np.float64] = candidates[int(np.argmax(gains))]
    return chosen
