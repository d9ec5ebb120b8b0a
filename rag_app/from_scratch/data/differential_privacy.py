"""Differential privacy: noise that hides any single person in a published statistic, and a budget for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Vector, as_generator, as_vector, check_count, check_range
from rag_app.registry import register

_TOLERANCE = 1e-9  # three tenths are not exactly 0.1 + 0.2


@register("tool", "D020")
def laplace_mechanism(value: float, sensitivity: float, epsilon: float, seed: int | None = None) -> dict[str, float]:
    """Return a statistic with Laplace noise, after which it is epsilon-differentially private.

    Parameters
    ----------
    value : float
        The true statistic.
    sensitivity : float
        The most that one person can change it, above 0.
    epsilon : float
        Privacy budget, above 0: small means much privacy and much noise.
    seed : int, optional
        Start of the drawing, for demonstrations; default: not to be foreseen, as publishing requires.

    Returns
    -------
    dict
        ``published``; ``scale`` b of the noise; ``variance`` 2b²; ``reach_95``, within which the noise lies with
        probability 0.95.

    Raises
    ------
    InvalidInputError
        If a number is not finite, or sensitivity or epsilon is not above 0.

    Notes
    -----
    ``b = Δ/ε``, density ``exp(-|x|/b) / 2b``; so neighbouring data give any output with probabilities whose ratio is at
    most ``e^ε``. ``P(|noise| ≤ b ln 20) = 0.95``. The noise is a floating-point number, whose last digits can betray
    the value (Mironov, 2012): a demonstration, not a product. Dwork, McSherry, Nissim & Smith, "Calibrating noise to
    sensitivity in private data analysis", TCC (2006).

    Examples
    --------
    b = 1/0.5 = 2, 2 · 2² = 8, 2 ln 20 = 5.99.

    >>> found = laplace_mechanism(120, sensitivity=1, epsilon=0.5, seed=0)
    >>> found["scale"], found["variance"], round(found["reach_95"], 2), round(found["published"], 2)
    (2.0, 8.0, 5.99, 120.64)
    """
    true = float(as_vector("value", [value])[0])
    check_range("sensitivity", sensitivity, 0, open_low=True)
    check_range("epsilon", epsilon, 0, open_low=True)
    scale = sensitivity / epsilon
    return {
        "published": true + float(as_generator(seed).laplace(0, scale)),
        "scale": scale,
        "variance": 2 * scale**2,
        "reach_95": scale * float(np.log(20)),
    }


@register("tool", "D020")
def private_count(n: int, epsilon: float, seed: int | None = None) -> dict[str, float]:
    """Return a count with the noise that makes it epsilon-differentially private.

    Parameters
    ----------
    n : int
        The true count, at least 0.
    epsilon : float
        Privacy budget, above 0.
    seed : int, optional
        Start of the drawing, for demonstrations.

    Returns
    -------
    dict
        As laplace_mechanism; the published number may be negative or no whole number.

    Raises
    ------
    InvalidInputError
        If the count is negative or epsilon not above 0.

    Notes
    -----
    One person more or less changes a count by 1: ``Δ = 1``. Dwork & Roth, "The algorithmic foundations of differential
    privacy", Found. Trends Theor. Comput. Sci. 9 (2014).

    Examples
    --------
    >>> private_count(120, 0.5)["scale"]
    2.0
    """
    check_count("n", n, 0)
    return laplace_mechanism(n, 1.0, epsilon, seed)


@register("tool", "D020")
def private_mean(values: Vector, low: float, high: float, epsilon: float, seed: int | None = None) -> dict[str, float]:
    """Return the mean of bounded values with the noise that makes it epsilon-differentially private.

    Parameters
    ----------
    values : list of float
        One number for each person, shape (n,); those beyond the limits are set to the limit.
    low : float
        Least value that is possible, known without looking at the data.
    high : float
        Greatest value that is possible, above low.
    epsilon : float
        Privacy budget, above 0.
    seed : int, optional
        Start of the drawing, for demonstrations.

    Returns
    -------
    dict
        As laplace_mechanism, and ``n_clipped``, how many values were beyond the limits: for your eyes, not to publish.

    Raises
    ------
    InvalidInputError
        If a number is not finite, high is not above low, or epsilon is not above 0.

    Notes
    -----
    Replacing one of n people moves the mean by at most ``Δ = (high - low)/n``. Dwork & Roth, "The algorithmic
    foundations of differential privacy", Found. Trends Theor. Comput. Sci. 9 (2014).

    Examples
    --------
    (100 - 0)/500 = 0.2 and 0.2/0.5 = 0.4.

    >>> private_mean([40.0] * 500, 0, 100, epsilon=0.5)["scale"]
    0.4
    """
    numbers = as_vector("values", values)
    least, greatest = as_vector("the limits", [low, high]).tolist()
    if not least < greatest:
        msg = f"high must be above low; got {high!r} and {low!r}."
        raise InvalidInputError(msg)
    clipped = np.clip(numbers, least, greatest)
    found = laplace_mechanism(float(clipped.mean()), (greatest - least) / len(numbers), epsilon, seed)
    return found | {"n_clipped": int((clipped != numbers).sum())}


@register("tool", "D020")
def privacy_ledger(epsilons: Vector, budget: float) -> dict[str, Any]:
    """Return which releases from the same data a privacy budget allows, in the order in which they are asked for.

    Parameters
    ----------
    epsilons : list of float
        Budget that each release wants, above 0.
    budget : float
        Budget for all of them together, above 0.

    Returns
    -------
    dict
        ``allowed``, true or false for each; ``spent`` and ``left``. One that is refused spends nothing.

    Raises
    ------
    InvalidInputError
        If an epsilon or the budget is not above 0.

    Notes
    -----
    Sequential composition: releases of ε₁, …, ε_k are together ``Σ ε_i``-differentially private. Dwork & Roth, "The
    algorithmic foundations of differential privacy", Found. Trends Theor. Comput. Sci. 9 (2014), theorem 3.16.

    Examples
    --------
    0.5 + 0.3 + 0.2 = 1.

    >>> privacy_ledger([0.5, 0.3, 0.2, 0.1], budget=1)
    {'allowed': [True, True, True, False], 'spent': 1.0, 'left': 0.0}
    """
    wanted: Sequence[float] = as_vector("epsilons", epsilons).tolist()
    check_range("budget", budget, 0, open_low=True)
    allowed, spent = [], 0.0
    for epsilon in wanted:
        check_range("epsilons", epsilon, 0, open_low=True)
        allowed.append(spent + epsilon <= budget * (1 + _TOLERANCE))
        spent += epsilon if allowed[-1] else 0
    return {"allowed": allowed, "spent": spent, "left": max(0.0, budget - spent)}
