"""Hyperparameter search to look at: four ways to find a learning rate and a width, and the arithmetic behind them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import as_generator, check_choice, check_count, check_range
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.layers import dense
from rag_app.from_scratch.networks.losses import cross_entropy_loss
from rag_app.from_scratch.networks.training import Plan, fit_network
from rag_app.from_scratch.networks.tuning import (
    Range,
    Settings,
    Trial,
    bayesian_search,
    best_trial,
    brackets,
    grid_search,
    hyperband_search,
    improvement,
    random_search,
)
from rag_app.registry import register

_METHODS = ("grid", "random", "bayesian", "hyperband")
_SPACE = {"learning_rate": Range(1e-4, 1.0, logarithmic=True), "width": Range(1, 32, logarithmic=True)}


@register("tool", "M049")
def hyperparameter_search(
    method: str = "random", n_trials: int = 9, n_epochs: int = 9, seed: int = 0
) -> dict[str, Any]:
    """Return a search for the learning rate and width of a network that tells two half-moons apart.

    Parameters
    ----------
    method : {"grid", "random", "bayesian", "hyperband"}, default="random"
        How trials are chosen: grid, random, bayesian or hyperband.
    n_trials : int, default=9
        Trials, at least 1; a grid takes as many values of each as fit; hyperband plans its own number.
    n_epochs : int, default=9
        Epochs that a full trial trains for, at least 1; hyperband gives most settings fewer.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``trials``, each with ``learning_rate``, ``width``, ``epochs`` and validation ``loss``; ``best`` of those with
        all epochs; ``epochs``, trained in all.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    Learning rates from 0.0001 to 1 and widths from 1 to 32, both logarithmic. The trials are compared on rows that no
    network is trained on. Bergstra & Bengio, "Random search for hyper-parameter optimization", Journal of Machine
    Learning Research 13 (2012).

    Examples
    --------
    Nine trials on a grid look at three learning rates only, nine random ones at nine.

    >>> grid, random = hyperparameter_search("grid", n_epochs=1), hyperparameter_search("random", n_epochs=1)
    >>> [len({t["learning_rate"] for t in search["trials"]}) for search in (grid, random)]
    [3, 9]
    """
    check_choice("method", method, _METHODS)
    check_count("n_trials", n_trials)
    check_count("n_epochs", n_epochs)
    objective = _moon_objective(seed)
    trials = _trials(method, objective, n_trials, n_epochs, seed)
    rows = [_row(t, n_epochs) for t in trials]
    return {"trials": rows, "best": _row(best_trial(trials), n_epochs), "epochs": sum(r["epochs"] for r in rows)}


def _trials(
    method: str, objective: Callable[[Settings, int], float], n_trials: int, n_epochs: int, seed: int
) -> list[Trial]:
    if method == "hyperband":
        return hyperband_search(_SPACE, objective, largest_budget=n_epochs, factor=3, seed=seed)
    if method == "grid":
        shares = np.linspace(0, 1, max(math.isqrt(n_trials), 1)) if n_trials > 3 else [0.5]  # noqa: PLR2004  (2 × 2)
        values = {name: [r.at(float(share)) for share in shares] for name, r in _SPACE.items()}
        return grid_search(values, lambda s: objective(s, n_epochs))
    search = random_search if method == "random" else bayesian_search
    return search(_SPACE, lambda s: objective(s, n_epochs), n_trials=n_trials, seed=seed)


def _row(trial: Trial, n_epochs: int) -> dict[str, Any]:
    width = round(trial.settings["width"])
    return {
        "learning_rate": trial.settings["learning_rate"],
        "width": width,
        "epochs": trial.budget or n_epochs,
        "loss": trial.loss,
    }


def _moon_objective(seed: int) -> Callable[[Settings, int], float]:
    """Return the validation loss as a function of settings and epochs."""
    rng = as_generator(seed)
    x, y = _moons(rng, 200)
    n = len(x) // 2

    def objective(settings: Settings, n_epochs: int) -> float:
        draw = as_generator(seed)
        network = dense([2, round(settings["width"]), 2], draw, activation="tanh")
        plan = Plan(n_epochs=n_epochs, batch_size=20, learning_rate=settings["learning_rate"])
        fit_network(network, lambda rows: cross_entropy_loss(network(Tensor(x[rows])), y[rows]), n, plan, draw)
        return cross_entropy_loss(network(Tensor(x[n:])), y[n:]).item()

    return objective


def _moons(rng: np.random.Generator, n: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    labels = rng.integers(0, 2, n)
    angles = rng.uniform(0, np.pi, n) + np.pi * labels
    points = np.column_stack([np.cos(angles) + labels, np.sin(angles) + 0.5 * labels])
    return points + rng.normal(0, 0.1, (n, 2)), labels


@register("tool", "M049")
def expected_improvement(mean: float, deviation: float, best: float) -> float:
    """Return by how much trying a setting should lower the best loss so far, on average.

    Parameters
    ----------
    mean : float
        Loss that the surrogate predicts.
    deviation : float
        Standard deviation of that prediction, at least 0.
    best : float
        Smallest loss so far.

    Returns
    -------
    float
        At least 0; without uncertainty ``max(best - mean, 0)``.

    Raises
    ------
    InvalidInputError
        If the deviation is negative.

    Notes
    -----
    ``(f* - μ) Φ(z) + σ φ(z)`` with ``z = (f* - μ) / σ``. Jones, Schonlau & Welch, "Efficient global optimization of
    expensive black-box functions", Journal of Global Optimization 13 (1998).

    Examples
    --------
    A worse prediction that is less certain promises more.

    >>> round(expected_improvement(0.24, 0.01, 0.25), 4), round(expected_improvement(0.30, 0.10, 0.25), 4)
    (0.0108, 0.0198)
    """
    check_range("mean", mean)
    check_range("deviation", deviation, 0)
    check_range("best", best)
    return improvement(mean, deviation, best)


@register("tool", "M049")
def hyperband_brackets(largest_budget: int = 81, factor: int = 3) -> list[dict[str, Any]]:
    """Return the plan of Hyperband: how many settings start in each bracket, and what each round gives them.

    Parameters
    ----------
    largest_budget : int, default=81
        Budget R of a full trial, such as epochs, at least 1.
    factor : int, default=3
        η: a round keeps one setting in so many and multiplies the budget by it, at least 2.

    Returns
    -------
    list of dict
        For each bracket ``settings`` and ``budgets`` of its rounds, and ``cost``, their product summed.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    ``s_max = ⌊log_η R⌋``, and bracket s begins with ``⌈(s_max + 1) η^s / (s + 1)⌉`` settings of budget ``R η^-s``.
    Li et al., "Hyperband", JMLR 18 (2018).

    Examples
    --------
    >>> hyperband_brackets()[0]
    {'settings': [81, 27, 9, 3, 1], 'budgets': [1, 3, 9, 27, 81], 'cost': 405}
    """
    plans = []
    for rounds in brackets(largest_budget, factor):
        cost = sum(r.n_settings * r.budget for r in rounds)
        plans.append({"settings": [r.n_settings for r in rounds], "budgets": [r.budget for r in rounds], "cost": cost})
    return plans


@register("tool", "M049")
def random_search_success(n_trials: int = 60, good_share: float = 0.05) -> float:
    """Return the probability that random search hits the best share of the search space at least once.

    Parameters
    ----------
    n_trials : int, default=60
        Trials, at least 0.
    good_share : float, default=0.05
        Share of the space that is good enough, in [0, 1].

    Returns
    -------
    float
        In [0, 1], whatever the number of hyperparameters.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    ``1 - (1 - q)^n``. Bergstra & Bengio, "Random search for hyper-parameter optimization", JMLR 13 (2012).

    Examples
    --------
    1 - 0.95⁶⁰.

    >>> round(random_search_success(), 3)
    0.954
    """
    check_count("n_trials", n_trials, 0)
    check_range("good_share", good_share, 0, 1)
    return float(1 - (1 - good_share) ** n_trials)
