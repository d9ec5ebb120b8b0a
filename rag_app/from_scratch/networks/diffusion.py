"""Diffusion forwards: data turned into noise step by step, and one step back where the start is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Vector, as_generator, as_vector, check_choice, check_count, check_same_length
from rag_app.from_scratch.networks.autograd import Array
from rag_app.registry import register

_OFFSET, _LARGEST = 0.008, 0.999  # of the cosine schedule: keeps the first steps from vanishing and the last below 1


@register("tool", "M063")
def noise_schedule(n_steps: int = 1000, kind: str = "linear") -> dict[str, list[float]]:
    """Return how much noise each step of a diffusion adds, and how much of the data is left after it.

    Parameters
    ----------
    n_steps : int, default=1000
        Steps, at least 1.
    kind : {"linear", "cosine"}, default="linear"
        Linear: the noise rises evenly. Cosine: what is left falls as a squared cosine, more slowly at first.

    Returns
    -------
    dict
        ``betas``, the variance of the noise of each step, in (0, 1); ``alpha_bars``, the share of the data's variance
        that is left after it, falling to nearly 0.

    Raises
    ------
    InvalidInputError
        If the kind is unknown, or there are no steps.

    Notes
    -----
    ``ᾱ_t = Π (1 - β_s)``. Linear: from 0.0001 to 0.02 for 1000 steps, and as much in total for fewer, no step above
    0.999 (Ho, Jain & Abbeel, "Denoising diffusion probabilistic models", NeurIPS 2020). Cosine: ``ᾱ_t = f(t) / f(0)``
    with ``f(t) = cos²(π/2 · (t/T + 0.008) / 1.008)`` (Nichol & Dhariwal, ICML 2021).

    Examples
    --------
    >>> left = noise_schedule()["alpha_bars"]
    >>> round(left[499], 6), round(left[999], 9)
    (0.078587, 4.0358e-05)
    """
    check_count("n_steps", n_steps)
    check_choice("kind", kind, ("linear", "cosine"))
    betas = linear_betas(n_steps) if kind == "linear" else _cosine_betas(n_steps)
    return {"betas": betas.tolist(), "alpha_bars": np.cumprod(1 - betas).tolist()}


@register("tool", "M063")
def forward_diffusion(x: Vector, betas: Vector, noise: Vector | None = None, seed: int = 0) -> dict[str, Any]:
    """Return data after each step of a diffusion: the distribution of the noisy data, and one draw after all steps.

    Parameters
    ----------
    x : array-like of shape (d,)
        The data.
    betas : array-like of shape (t,)
        Variance of the noise of each step, in (0, 1).
    noise : array-like of shape (d,), optional
        Numbers from N(0, 1) for the draw; by default they are drawn.
    seed : int, default=0
        Draws them.

    Returns
    -------
    dict
        For each step ``means``, (t, d), and ``variances``, (t,), of the noisy data; ``noisy``, the draw, (d,), and its
        ``noise``, which a network learns to find.

    Raises
    ------
    InvalidInputError
        If a beta is not in (0, 1), or the noise is not as long as the data.

    Notes
    -----
    ``x_t = √ᾱ_t x_0 + √(1 - ᾱ_t) ε``, which t steps ``x_t = √(1 - β_t) x_{t-1} + √β_t ε_t`` come to. Ho, Jain & Abbeel,
    NeurIPS 2020.

    Examples
    --------
    After two steps of 0.1 and 0.2: √0.72 · 2 + √0.28 · 0.5.

    >>> result = forward_diffusion([2], [0.1, 0.2], [0.5])
    >>> [round(v, 2) for v in result["variances"]], [round(v, 4) for v in result["noisy"]]
    ([0.1, 0.28], [1.9616])
    """
    data = as_vector("x", x)
    left = np.cumprod(1 - as_betas(betas))
    if noise is None:
        drawn = as_generator(seed).normal(size=len(data))
    else:
        drawn = as_vector("noise", noise)
        check_same_length(x=data, noise=drawn)
    return {
        "means": np.outer(np.sqrt(left), data).tolist(),
        "variances": (1 - left).tolist(),
        "noisy": noised(data, left[-1], drawn).tolist(),
        "noise": drawn.tolist(),
    }


@register("tool", "M064")
def denoising_posterior(x_start: Vector, x_noisy: Vector, step: int, betas: Vector) -> dict[str, Any]:
    """Return how data looked one step before, if both the clean data and the noisy data are known.

    Parameters
    ----------
    x_start : array-like of shape (d,)
        The clean data.
    x_noisy : array-like of shape (d,)
        The same after `step` steps.
    step : int
        From 1 to the number of betas.
    betas : array-like of shape (t,)
        Variance of the noise of each step, in (0, 1).

    Returns
    -------
    dict
        ``mean``, (d,), and ``variance`` of the normal distribution of the data after `step` - 1 steps; for the first
        step the clean data and 0.

    Raises
    ------
    InvalidInputError
        If the lengths differ, a beta is not in (0, 1), or there is no such step.

    Notes
    -----
    ``μ̃ = (√ᾱ_{t-1} β_t x_0 + √α_t (1 - ᾱ_{t-1}) x_t) / (1 - ᾱ_t)`` and ``β̃ = β_t (1 - ᾱ_{t-1}) / (1 - ᾱ_t)``: the
    target of each step of a network. Ho, Jain & Abbeel, NeurIPS 2020.

    Examples
    --------
    0.6776 · 2 + 0.3194 · 1.9616, and 0.2 · 0.1 / 0.28.

    >>> result = denoising_posterior([2], [1.9616], 2, [0.1, 0.2])
    >>> round(result["mean"][0], 4), round(result["variance"], 4)
    (1.9819, 0.0714)
    """
    start, noisy = as_vector("x_start", x_start), as_vector("x_noisy", x_noisy)
    check_same_length(x_start=start, x_noisy=noisy)
    steps = as_betas(betas)
    check_count("step", step, 1, len(steps))
    left = np.concatenate([[1.0], np.cumprod(1 - steps)])  # ᾱ_0 … ᾱ_T
    beta, before, after = steps[step - 1], left[step - 1], left[step]
    mean = (np.sqrt(before) * beta * start + np.sqrt(1 - beta) * (1 - before) * noisy) / (1 - after)
    return {"mean": mean.tolist(), "variance": float(beta * (1 - before) / (1 - after))}


def noised(x: Array, left: Array, noise: Array) -> Array:
    """Return ``√ᾱ x + √(1 - ᾱ) ε``; with `left` of shape (n, 1) each row has its own step."""
    noisy: Array = np.sqrt(left) * x + np.sqrt(1 - left) * noise
    return noisy


def linear_betas(n_steps: int) -> Array:
    """Return the linear schedule: for n steps that of 1000, each step 1000/n times as large.

    Examples
    --------
    >>> linear_betas(1000)[[0, -1]].round(6).tolist()
    [0.0001, 0.02]
    """
    scale = 1000 / n_steps
    return np.minimum(np.linspace(1e-4 * scale, 0.02 * scale, n_steps), _LARGEST)


def as_betas(betas: Vector) -> Array:
    """Return noise variances as an array, each in (0, 1)."""
    array = as_vector("betas", betas)
    outside = array[(array <= 0) | (array >= 1)]
    if len(outside):
        msg = f"betas must be above 0 and below 1; got {float(outside[0])!r}."
        raise InvalidInputError(msg)
    return array


def _cosine_betas(n_steps: int) -> Array:
    angles = (np.arange(n_steps + 1) / n_steps + _OFFSET) / (1 + _OFFSET) * np.pi / 2
    left = np.cos(angles) ** 2
    betas: Array = np.minimum(1 - left[1:] / left[:-1], _LARGEST)
    return betas
