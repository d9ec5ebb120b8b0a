"""Going downhill: gradient descent on a line, the paths of the optimisers, and what batches and step sizes do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import (
    Vector,
    as_generator,
    as_vector,
    check_choice,
    check_count,
    check_range,
    check_same_length,
)
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.optimisers import OPTIMISERS
from rag_app.from_scratch.networks.training import Rows, batches
from rag_app.registry import register


@register("tool", "M040", "M041")
def gradient_descent_line(
    x: Vector,
    y: Vector,
    learning_rate: float = 0.1,
    n_steps: int = 100,
    batch_size: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the path of gradient descent to the line through points, from weight 0 and bias 0.

    Parameters
    ----------
    x : array-like of shape (n,)
        Where the points are.
    y : array-like of shape (n,)
        How high they are.
    learning_rate : float, default=0.1
        Size of a step, above 0.
    n_steps : int, default=100
        Steps to take, at least 1.
    batch_size : int, optional
        Points that each step looks at, drawn afresh in each pass; by default all, which is batch gradient descent.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``weights``, ``biases`` and ``losses`` (over all points) before the first step and after each;
        ``first_gradients`` of weight and bias; ``stable_below``, the learning rate from which batch gradient descent
        diverges; ``diverged``, whether the loss ended above where it began.

    Raises
    ------
    InvalidInputError
        If the lengths differ, or a value breaks its rule.

    Notes
    -----
    ``w ← w - η ∂L/∂w`` with ``L = mean (wx + b - y)²``, so ``∂L/∂w = 2 mean((wx + b - y) x)`` and
    ``∂L/∂b = 2 mean(wx + b - y)``. The curvature is constant, and the steps stay bounded for ``η < 2 / λ``, λ being
    its largest eigenvalue. Robbins & Monro, "A stochastic approximation method", Annals of Mathematical
    Statistics 22 (1951), for the steps on samples.

    Examples
    --------
    On y = 2x + 3 the first gradients are 2 · mean(-5, -14, -27) and 2 · mean(-5, -7, -9).

    >>> path = gradient_descent_line([1, 2, 3], [5, 7, 9], n_steps=1000)
    >>> [round(g, 6) for g in path["first_gradients"]], round(path["weights"][1], 6), round(path["biases"][1], 6)
    ([-30.666667, -14.0], 3.066667, 1.4)
    >>> round(path["weights"][-1], 6), round(path["biases"][-1], 6), round(path["stable_below"], 2)
    (2.0, 3.0, 0.18)
    """
    points, heights = as_vector("x", x), as_vector("y", y)
    check_same_length(x=points, y=heights)
    check_range("learning_rate", learning_rate, 0, open_low=True)
    check_count("n_steps", n_steps)
    size = len(points) if batch_size is None else batch_size
    check_count("batch_size", size)
    design = np.column_stack([points, np.ones_like(points)])  # (n,) -> (n, 2): weight and bias
    with np.errstate(over="ignore", invalid="ignore"):  # a learning rate that is too large is a thing to look at
        path = _walk(design, heights, learning_rate, n_steps, _endless(len(points), size, seed))
        losses = ((path @ design.T - heights) ** 2).mean(axis=1)
    curvature = float(np.linalg.eigvalsh(2 * design.T @ design / len(points))[-1])
    return {
        "weights": path[:, 0].tolist(),
        "biases": path[:, 1].tolist(),
        "losses": losses.tolist(),
        "first_gradients": (2 * design.T @ -heights / len(points)).tolist(),
        "stable_below": 2 / curvature,
        "diverged": not losses[-1] <= losses[0],
    }


@register("tool", "M040", "M041", "M042", "M043")
def optimiser_path(
    optimiser: str = "adam",
    start: Vector = (4.0, 2.0),
    curvatures: Vector = (1.0, 20.0),
    learning_rate: float = 0.05,
    n_steps: int = 50,
) -> dict[str, Any]:
    """Return how an optimiser walks down a bowl: where it is, and how high, after each step.

    Parameters
    ----------
    optimiser : {"sgd", "momentum", "rmsprop", "adam"}, default="adam"
        Which: sgd, momentum (sgd with 0.9), rmsprop or adam.
    start : array-like of shape (d,), default=(4.0, 2.0)
        Where it begins.
    curvatures : array-like of shape (d,), default=(1.0, 20.0)
        How steep the bowl is along each axis, each above 0; different ones make gradient descent zigzag.
    learning_rate : float, default=0.05
        Size of a step, above 0.
    n_steps : int, default=50
        Steps to take, at least 1.

    Returns
    -------
    dict
        ``path``, n_steps + 1 points; ``losses`` at them.

    Raises
    ------
    InvalidInputError
        If the optimiser is unknown, the lengths differ, or a value breaks its rule.

    Notes
    -----
    The bowl is ``½ Σ λᵢ xᵢ²``, its gradient ``λᵢ xᵢ``; gradient descent gives ``xᵢ(t) = (1 - ηλᵢ)^t xᵢ(0)``, which
    shrinks for ``η < 2 / λᵢ``. Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    Examples
    --------
    10, then (1 - 0.1 · 2) of what is left.

    >>> [round(p[0], 6) for p in optimiser_path("sgd", [10], [2], 0.1, 3)["path"]]
    [10.0, 8.0, 6.4, 5.12]
    """
    check_choice("optimiser", optimiser, ("sgd", "momentum", "rmsprop", "adam"))
    place, bowl = as_vector("start", start), as_vector("curvatures", curvatures)
    check_same_length(start=place, curvatures=bowl)
    check_range("curvatures", float(bowl.min()), 0, open_low=True)
    check_range("learning_rate", learning_rate, 0, open_low=True)
    check_count("n_steps", n_steps)
    x = Tensor(place, requires_grad=True)
    with_momentum = {"momentum": 0.9} if optimiser == "momentum" else {}
    steps = OPTIMISERS["sgd" if optimiser == "momentum" else optimiser]([x], learning_rate, **with_momentum)
    path, losses = [], []
    for _ in range(n_steps + 1):
        height = (x * x * bowl).sum() * 0.5
        path.append(x.data.tolist())
        losses.append(height.item())
        height.backward()
        steps.step()
    return {"path": path, "losses": losses}


@register("tool", "M044")
def batch_fluctuation(
    learning_rate: float = 0.1,
    batch_size: int = 1,
    curvature: float = 1.0,
    noise_variance: float = 1.0,
    n_steps: int = 2000,
    seed: int = 0,
) -> dict[str, float]:
    """Return how far stochastic gradient descent keeps straying around a minimum: by formula, and walked.

    Parameters
    ----------
    learning_rate : float, default=0.1
        Size η of a step, above 0 and below 2 / curvature.
    batch_size : int, default=1
        Examples B of which each step averages the gradients.
    curvature : float, default=1.0
        λ of the loss ``½ λ x²``, above 0.
    noise_variance : float, default=1.0
        Variance σ² of the gradient of one example, at least 0.
    n_steps : int, default=2000
        Steps of each of 200 walks.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        ``variance`` in the limit, and ``walked_variance``, measured at the end of the walks.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    ``Var(x) = ησ² / (B λ (2 - ηλ))``: each step does ``x ← (1 - ηλ) x - η ε`` with ``Var(ε) = σ² / B``. A batch four
    times as large allows a rate about four times as large for the same fluctuation.
    Mandt, Hoffman & Blei, "Stochastic gradient descent as approximate Bayesian inference", JMLR 18 (2017).

    Examples
    --------
    0.1 / (1 · 1 · (2 - 0.1)).

    >>> result = batch_fluctuation()
    >>> round(result["variance"], 4), abs(result["walked_variance"] - 0.0526) < 0.02
    (0.0526, True)
    """
    check_range("curvature", curvature, 0, open_low=True)
    check_range("learning_rate", learning_rate, 0, 2 / curvature, open_low=True, open_high=True)
    check_range("noise_variance", noise_variance, 0)
    check_count("batch_size", batch_size)
    check_count("n_steps", n_steps)
    variance = learning_rate * noise_variance / (batch_size * curvature * (2 - learning_rate * curvature))
    rng = as_generator(seed)
    x = np.zeros(200)
    for _ in range(n_steps):
        noise = rng.normal(0, np.sqrt(noise_variance / batch_size), len(x))
        x = x - learning_rate * (curvature * x + noise)
    return {"variance": variance, "walked_variance": float(np.mean(x * x))}


@register("tool", "M044")
def scaled_learning_rate(learning_rate: float, batch_size: int, new_batch_size: int, rule: str = "linear") -> float:
    """Return the learning rate for another batch size.

    Parameters
    ----------
    learning_rate : float
        The rate that suits `batch_size`, above 0.
    batch_size : int
        The batch size that it suits.
    new_batch_size : int
        The batch size that is wanted.
    rule : {"linear", "root"}, default="linear"
        Linear, for gradient descent; root, the square root of the factor, which is usual with Adam.

    Returns
    -------
    float
        The same rate where the sizes are equal.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    ``η' = η B' / B``, or ``η √(B' / B)``. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour"
    (2017).

    Examples
    --------
    0.1 · 1024 / 256.

    >>> scaled_learning_rate(0.1, 256, 1024), scaled_learning_rate(0.1, 256, 1024, "root")
    (0.4, 0.2)
    """
    check_range("learning_rate", learning_rate, 0, open_low=True)
    check_count("batch_size", batch_size)
    check_count("new_batch_size", new_batch_size)
    check_choice("rule", rule, ("linear", "root"))
    factor = new_batch_size / batch_size
    return float(learning_rate * (factor if rule == "linear" else np.sqrt(factor)))


def _endless(n: int, size: int, seed: int) -> Iterator[Rows]:
    rng = as_generator(seed)
    while True:
        yield from batches(n, size, rng)


def _walk(design: Array, heights: Array, learning_rate: float, n_steps: int, chosen: Iterator[Rows]) -> Array:
    line = np.zeros(2)
    path = [line]
    for _, rows in zip(range(n_steps), chosen, strict=False):
        errors = design[rows] @ line - heights[rows]
        line = line - learning_rate * 2 * design[rows].T @ errors / len(rows)
        path.append(line)
    return np.array(path)
