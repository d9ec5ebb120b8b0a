"""MAML: weights from which one gradient step on a few examples makes a good estimator for a new task."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Vector, as_generator, as_vector, check_count, check_range, check_same_length
from rag_app.from_scratch.networks.autograd import Array
from rag_app.registry import register

_WAVES = 6  # sines and cosines each that the estimator of waves is made of
_N_TASKS = 100
_NEW_TASKS = 200


@register("tool", "M104")
def maml(
    centres: Vector,
    curvatures: Vector | None = None,
    inner_rate: float = 0.2,
    outer_rate: float = 0.5,
    n_steps: int = 100,
    *,
    first_order: bool = False,
) -> dict[str, Any]:
    """Return the starting point that MAML finds for tasks that are parabolas, and where joint training ends.

    Parameters
    ----------
    centres : array-like of shape (n,)
        The optimum c of each task.
    curvatures : array-like of shape (n,), optional
        The steepness a of each task, above 0; by default 1.
    inner_rate : float, default=0.2
        Step α on a task, at least 0.
    outer_rate : float, default=0.5
        Step β of the starting point, above 0.
    n_steps : int, default=100
        Outer steps from 0 on, at least 1.
    first_order : bool, default=False
        Whether the second derivatives are left out (FOMAML).

    Returns
    -------
    dict
        "start", the starting point that was found; "first_gradient" of the outer loop, at 0; "losses", the mean loss
        after one inner step, before each outer step and at the end; "loss_before_adapting" and "loss_after_adapting"
        at the start that was found; "joint_optimum", where the mean loss without adapting is smallest.

    Raises
    ------
    InvalidInputError
        If lengths differ, a value breaks its rule, or the outer step is so large that the starting point runs away.

    Notes
    -----
    Tasks ``L_i(θ) = ½ aᵢ (θ - cᵢ)²``, inner step ``θᵢ' = θ - α aᵢ (θ - cᵢ)``, and the outer gradient is
    ``mean aᵢ (1 - α aᵢ) (θᵢ' - cᵢ)``; the factor ``1 - α aᵢ`` is the derivative of the inner step, which FOMAML takes
    for 1. Finn, Abbeel & Levine, "Model-agnostic meta-learning for fast adaptation of deep networks", ICML 2017.

    Examples
    --------
    The first gradient is 0.8² · (0 - 4) = -2.56, and of first order 0.8 · (0 - 4) = -3.2.

    >>> found = maml([1, 3, 8])
    >>> round(found["first_gradient"], 6), round(found["start"], 6), round(found["loss_after_adapting"], 4)
    (-2.56, 4.0, 2.7733)
    """
    c = as_vector("centres", centres)
    a = np.ones(len(c)) if curvatures is None else as_vector("curvatures", curvatures)
    check_same_length(centres=c, curvatures=a)
    check_range("curvatures", float(a.min()), 0, open_low=True)
    check_range("inner_rate", inner_rate, 0)
    check_range("outer_rate", outer_rate, 0, open_low=True)
    check_count("n_steps", n_steps)
    slope = np.ones(len(c)) if first_order else 1 - inner_rate * a

    def adapted_loss(theta: float) -> float:
        return float((a * (theta - inner_rate * a * (theta - c) - c) ** 2).mean() / 2)

    theta, losses, gradients = 0.0, [adapted_loss(0.0)], []
    with np.errstate(over="ignore", invalid="ignore"):  # seen by its result
        for _ in range(n_steps):
            adapted = theta - inner_rate * a * (theta - c)
            gradients.append(float((slope * a * (adapted - c)).mean()))
            theta -= outer_rate * gradients[-1]
            losses.append(adapted_loss(theta))
    if not np.isfinite(losses[-1]):
        msg = f"outer_rate must be small enough for a finite starting point; got {outer_rate!r}."
        raise InvalidInputError(msg, hint="Divide it by 10.")
    return {
        "start": theta,
        "first_gradient": gradients[0],
        "losses": losses,
        "loss_before_adapting": float((a * (theta - c) ** 2).mean() / 2),
        "loss_after_adapting": losses[-1],
        "joint_optimum": float((a * c).sum() / a.sum()),
    }


@register("tool", "M104")
def wave_learning(
    n_examples: int = 5, n_steps: int = 300, inner_rate: float = 0.5, seed: int = 0, *, first_order: bool = False
) -> dict[str, Any]:
    """Return how MAML learns to learn waves: a new one from a few points and a single gradient step.

    Parameters
    ----------
    n_examples : int, default=5
        Points of a wave that are shown, and as many on which the outer loop is scored; at least 1.
    n_steps : int, default=300
        Outer steps, each over 100 waves, at least 1.
    inner_rate : float, default=0.5
        Step on a wave, above 0.
    seed : int, default=0
        What is random comes from it.
    first_order : bool, default=False
        Whether the second derivatives are left out (FOMAML).

    Returns
    -------
    dict
        "losses", the mean loss after adapting, by outer step; for 200 new waves the mean squared errors
        "error_from_zero" and "error_from_maml" after one step from weights of 0 and from those that MAML found, and
        "error_before_adapting" of the latter without the step.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    Waves ``A sin(x + φ)`` with A from 1 to 3 and φ from 0 to 1.5; the estimator is a weighted sum of six sines and six
    cosines, ``f(x) = φ(x) · w``. Its loss ``½ mean (f - y)²`` has the Hessian ``H = ΦᵀΦ/n``, so that the outer
    gradient, ``(I - αH) ∇L_query(w')``, is exact. Finn, Abbeel & Levine, ICML 2017.

    Examples
    --------
    >>> found = wave_learning()
    >>> found["error_from_maml"] < 0.5 * found["error_from_zero"]
    True
    """
    check_count("n_examples", n_examples)
    check_count("n_steps", n_steps)
    check_range("inner_rate", inner_rate, 0, open_low=True)
    rng = as_generator(seed)
    start, losses = np.zeros(2 * _WAVES), []
    for _ in range(n_steps):
        amplitude, shift = _tasks(_N_TASKS, rng)
        loss, gradient = meta_gradient(
            start,
            _points(amplitude, shift, n_examples, rng),
            _points(amplitude, shift, n_examples, rng),
            inner_rate,
            first_order=first_order,
        )
        losses.append(loss)
        start = start - 0.5 * gradient
    amplitude, shift = _tasks(_NEW_TASKS, rng)
    shown, wanted = _points(amplitude, shift, n_examples, rng), _points(amplitude, shift, 100, rng)

    def error(weights: Array, rate: float) -> float:
        return 2 * meta_gradient(weights, shown, wanted, rate)[0]

    return {
        "losses": losses,
        "error_from_zero": error(np.zeros_like(start), inner_rate),
        "error_from_maml": error(start, inner_rate),
        "error_before_adapting": error(start, 0.0),
    }


def meta_gradient(
    start: Array, support: tuple[Array, Array], query: tuple[Array, Array], rate: float, *, first_order: bool = False
) -> tuple[float, Array]:
    """Return the mean query loss of linear estimators after one step on their support sets, and its gradient.

    Parameters
    ----------
    start : ndarray of shape (p,)
        The weights that all tasks begin with.
    support, query : tuple of ndarray of shape (t, n, p) and (t, n)
        Features and targets of t tasks.
    rate : float
        The inner step.
    first_order : bool, default=False
        Whether the derivative of the inner step is taken for the identity.
    """
    adapted = start - rate * _gradients(start, *support)  # (t, p)
    features, targets = query
    errors = np.einsum("tnp,tp->tn", features, adapted) - targets
    outer = np.einsum("tnp,tn->tp", features, errors) / errors.shape[1]
    if not first_order:
        shown = support[0]
        # (I - αH) g without the matrix: H g = Φᵀ(Φ g) / n
        curved = np.einsum("tnp,tn->tp", shown, np.einsum("tnp,tp->tn", shown, outer)) / shown.shape[1]
        outer = outer - rate * curved
    return float((errors**2).mean() / 2), outer.mean(axis=0)


def _gradients(weights: Array, features: Array, targets: Array) -> Array:
    errors = features @ weights - targets  # (t, n)
    gradients: Array = np.einsum("tnp,tn->tp", features, errors) / targets.shape[1]
    return gradients


def _tasks(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    return rng.uniform(1, 3, n), rng.uniform(0, 1.5, n)


def _points(amplitude: Array, shift: Array, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return features, (t, n, p), and heights, (t, n), of random points of each wave."""
    x = rng.uniform(-np.pi, np.pi, (len(amplitude), n))
    angles = x[..., None] * np.arange(1, _WAVES + 1) / 2
    features = np.concatenate([np.sin(angles), np.cos(angles)], axis=-1) / np.sqrt(_WAVES)
    return features, amplitude[:, None] * np.sin(x + shift[:, None])
