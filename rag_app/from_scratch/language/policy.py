"""Tuning what is said by rewards: towards what people prefer, but not too far from the language model that it was."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Vector, as_generator, as_vector, check_count, check_range, check_same_length
from rag_app.registry import register

Array = NDArray[np.float64]
_N_SHOWN = 50
_SMALLEST = 1e-3  # of β: less is no penalty


@register("tool", "M097")
def tuned_policy(
    base: Vector, rewards: Vector, beta: float = 1.0, n_steps: int = 2000, learning_rate: float = 0.5
) -> dict[str, Any]:
    """Return the probabilities of responses after tuning by rewards with a penalty for leaving the original model.

    Parameters
    ----------
    base : array-like of shape (n,)
        Weight of each response in the original model, above 0; they are divided by their sum.
    rewards : array-like of shape (n,)
        Reward of each response.
    beta : float, default=1.0
        Weight β of the penalty, at least 0.001: a small one follows the rewards, a large one stays at the base.
    n_steps : int, default=2000
        Steps of the policy gradient, at least 1.
    learning_rate : float, default=0.5
        Size of a step, above 0; it is divided by β or the spread of the rewards where these are above 1.

    Returns
    -------
    dict
        ``probabilities`` after the steps; ``optimum``, what they go to; ``objective``, thinned to 50 steps;
        ``expected_reward`` and ``divergence`` (KL to the base, in nats) of the result.

    Raises
    ------
    InvalidInputError
        If lengths differ, or a value breaks its rule.

    Notes
    -----
    ``max_p E_p[r] - β KL(p ‖ p₀)`` has the optimum ``p*(y) ∝ p₀(y) e^(r(y)/β)``; the gradient by the logits is
    ``p (s - E_p[s])`` with ``s = r - β ln(p / p₀)``. Ziegler et al., "Fine-tuning language models from human
    preferences" (2019).

    Examples
    --------
    "My favorite sport is" basketball, soccer or cricket, with a reward of 1 for cricket.

    >>> result = tuned_policy([0.20, 0.18, 0.10], [0, 0, 1])
    >>> [round(p, 6) for p in result["probabilities"]], [round(p, 6) for p in result["optimum"]]
    ([0.306829, 0.276146, 0.417024], [0.306829, 0.276146, 0.417024])
    """
    start, r = as_vector("base", base), as_vector("rewards", rewards)
    check_same_length(base=start, rewards=r)
    if (start <= 0).any():
        msg = f"base must be above 0 everywhere; got {float(start.min())!r}."
        raise InvalidInputError(msg, hint="A response that is never given cannot be rewarded: leave it out.")
    check_range("beta", beta, _SMALLEST, np.finfo(float).max)
    check_range("learning_rate", learning_rate, 0, np.finfo(float).max, open_low=True)
    check_count("n_steps", n_steps)
    log_base = np.log(start / start.sum())
    logits, objective = log_base, np.empty(n_steps)
    step = learning_rate / max(1.0, beta, float(r.max() - r.min()))
    for i in range(n_steps):
        log_p = _log_softmax(logits)
        score = r - beta * (log_p - log_base)
        p = np.exp(log_p)
        objective[i] = p @ score
        logits = logits + step * p * (score - p @ score)
    log_p = _log_softmax(logits)
    p = np.exp(log_p)
    return {
        "probabilities": p.tolist(),
        "optimum": np.exp(_log_softmax(log_base + r / beta)).tolist(),
        "objective": thinned(objective),
        "expected_reward": float(p @ r),
        "divergence": float(p @ (log_p - log_base)),
    }


@register("tool", "M098")
def bandit_policy(
    rewards: Vector,
    n_steps: int = 200,
    learning_rate: float = 0.5,
    *,
    sampled: bool = False,
    baseline: bool = True,
    seed: int = 0,
) -> dict[str, Any]:
    """Return how REINFORCE learns which of several outputs is rewarded most, from equal probabilities.

    Parameters
    ----------
    rewards : array-like of shape (n,)
        Reward of each output, or arm.
    n_steps : int, default=200
        Steps, at least 1.
    learning_rate : float, default=0.5
        Size of a step, above 0.
    sampled : bool, default=False
        Whether one output is drawn at each step and only its reward is seen, or the exact gradient is followed.
    baseline : bool, default=True
        Whether the mean reward so far is subtracted from what is drawn: the gradient stays the same on average, and is
        less noisy.
    seed : int, default=0
        Draws the outputs.

    Returns
    -------
    dict
        ``probabilities`` after the steps; ``first_gradient``, the exact one at the start; ``mean_rewards``, the
        expected reward before a step, thinned to 50 steps; ``best``, the number of the likeliest output. Equal rewards
        leave the exact policy as it is.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    ``∂r̄/∂z_i = p_i (r_i - r̄)`` for softmax probabilities p with logits z; a draw k gives the estimate
    ``(r_k - b)(1[i = k] - p_i)``. Williams, "Simple statistical gradient-following algorithms for connectionist
    reinforcement learning", Machine Learning 8 (1992).

    Examples
    --------
    1/3 · (1 - 0.5) = 0.1667, and after a step of rate 3 the mean reward is 0.6601.

    >>> result = bandit_policy([1, 0.5, 0], n_steps=2, learning_rate=3)
    >>> [round(g, 4) for g in result["first_gradient"]], [round(m, 4) for m in result["mean_rewards"]]
    ([0.1667, 0.0, -0.1667], [0.5, 0.6601])
    """
    r = as_vector("rewards", rewards)
    check_count("n_steps", n_steps)
    check_range("learning_rate", learning_rate, 0, np.finfo(float).max, open_low=True)
    rng = as_generator(seed)
    logits, means, seen = np.zeros(len(r)), np.empty(n_steps), 0.0
    for i in range(n_steps):
        p = np.exp(_log_softmax(logits))
        means[i] = p @ r
        gradient = policy_gradient(p, r)
        if sampled:
            k = int(rng.choice(len(r), p=p))
            gradient = drawn_gradient(p, k, r[k] - (seen if baseline else 0.0))
            seen += (r[k] - seen) / (i + 1)  # the mean of what was drawn so far
        logits = logits + learning_rate * gradient
    p = np.exp(_log_softmax(logits))
    return {
        "probabilities": p.tolist(),
        "first_gradient": policy_gradient(np.full(len(r), 1 / len(r)), r).tolist(),
        "mean_rewards": thinned(means),
        "best": int(p.argmax()),
    }


def policy_gradient(p: Array, rewards: Array) -> Array:
    """Return the gradient of the expected reward by the logits, ``p (r - p · r)``."""
    gradient: Array = p * (rewards - p @ rewards)
    return gradient


def drawn_gradient(p: Array, k: int, advantage: float) -> Array:
    """Return REINFORCE's estimate of the gradient from one draw k: its mean is `policy_gradient`.

    Examples
    --------
    >>> drawn_gradient(np.array([0.25, 0.75]), 0, 2.0)
    array([ 1.5, -1.5])
    """
    gradient: Array = advantage * ((np.arange(len(p)) == k) - p)
    return gradient


def thinned(values: Array) -> list[float]:
    """Return at most 50 evenly spaced numbers, the first and the last among them."""
    chosen = np.unique(np.linspace(0, len(values) - 1, min(_N_SHOWN, len(values))).round().astype(int))
    numbers: list[float] = values[chosen].tolist()
    return numbers


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max()
    log_p: Array = shifted - np.log(np.exp(shifted).sum())
    return log_p
