"""A reward model: a number for each response, learnt from which of two people preferred."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_matrix, check_range
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.statistics.logistic import sigmoid
from rag_app.registry import register

Array = NDArray[np.float64]
_N_STEPS = 50  # of Newton's method, which doubles the right digits at each


@register("tool", "M096")
def preference_probability(reward_a: float, reward_b: float) -> float:
    """Return the probability that response a is preferred to response b, by their rewards.

    Parameters
    ----------
    reward_a : float
        Reward of a, finite.
    reward_b : float
        Reward of b, finite.

    Returns
    -------
    float
        In [0, 1]; a half for equal rewards. Only the difference matters.

    Raises
    ------
    InvalidInputError
        If a reward is not finite.

    Notes
    -----
    ``σ(r_a - r_b)``. Bradley & Terry, "Rank analysis of incomplete block designs", Biometrika 39 (1952).

    Examples
    --------
    1 / (1 + e⁻¹).

    >>> round(preference_probability(2, 1), 6)
    0.731059
    """
    for name, value in (("reward_a", reward_a), ("reward_b", reward_b)):
        check_range(name, value, -np.finfo(float).max, np.finfo(float).max)
    return float(sigmoid(np.array(float(reward_a) - float(reward_b))))


@register("estimator", "M096")
class RewardModel(Estimator):
    """Return a linear reward of responses that agrees with rankings of them.

    Parameters
    ----------
    alpha : float, default=0.01
        Weight of the penalty ``α/2 ‖w‖²``, above 0: without it, consistent rankings drive rewards apart without bound.

    Attributes
    ----------
    weights_ : ndarray of shape (d,)
        Reward per unit of each feature.
    loss_ : float
        Mean of ``-ln σ(r_a - r_b)`` over the pairs; ln 2 is guessing.
    accuracy_ : float
        Share of pairs whose preferred response has the larger reward.
    n_pairs_ : int
        Pairs that the rankings hold.

    Notes
    -----
    ``r(x) = w · x``, and ``w`` minimises the sum of ``-ln σ(w · (x_a - x_b))`` over the pairs plus the penalty:
    logistic regression without intercept on differences, solved by Newton's method. A constant added to every reward
    changes no preference, so there is no intercept. Bradley & Terry, Biometrika 39 (1952); Ouyang et al., NeurIPS 2022.

    Examples
    --------
    >>> reward = RewardModel().fit([[0], [1], [2]], [[2, 1, 0]])
    >>> rewards = reward.predict([[0], [1], [2]])
    >>> bool(rewards[2] > rewards[1] > rewards[0]), reward.accuracy_
    (True, 1.0)
    """

    def __init__(self, *, alpha: float = 0.01) -> None:
        self.alpha = alpha

    def fit(self, X: Matrix, rankings: Sequence[Sequence[int]]) -> RewardModel:
        """Learn from rankings of rows.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Features of responses, a row each.
        rankings : list of list of int
            Row numbers, best first; a ranking for each prompt.

        Raises
        ------
        InvalidInputError
            If alpha is not above 0, a ranking names a row that is not there or twice, or there is no pair.
        """
        check_range("alpha", self.alpha, 0, np.finfo(float).max, open_low=True)
        rows = as_matrix("X", X)
        pairs = np.array([p for r in _checked(rankings, len(rows)) for p in itertools.combinations(r, 2)], int)
        if not len(pairs):
            msg = f"rankings must hold at least one pair; got {rankings!r}."
            raise InvalidInputError(msg)
        differences = rows[pairs[:, 0]] - rows[pairs[:, 1]]  # (n_pairs, d)
        self.weights_ = _newton(differences, self.alpha)
        leads = differences @ self.weights_
        self.loss_ = float(np.logaddexp(0, -leads).mean())
        self.accuracy_ = float((leads > 0).mean())
        self.n_pairs_ = len(pairs)
        return self

    def predict(self, X: Matrix) -> Array:
        """Return the reward of each row."""
        self.check_fitted()
        rewards: Array = as_matrix("X", X, n_columns=len(self.weights_)) @ self.weights_
        return rewards


def _checked(rankings: Sequence[Sequence[int]], n: int) -> list[list[int]]:
    checked = []
    for ranking in rankings:
        numbers: list[Any] = list(ranking)
        whole = all(isinstance(i, int | np.integer) and not isinstance(i, bool) and 0 <= i < n for i in numbers)
        if not whole or len(set(numbers)) < len(numbers):
            msg = f"rankings must hold row numbers from 0 to {n - 1}, each once; got {numbers!r}."
            raise InvalidInputError(msg)
        checked.append(numbers)
    return checked


def _newton(differences: Array, alpha: float) -> Array:
    """Return the minimiser of ``Σ -ln σ(Dw) + α/2 ‖w‖²``, each step halved until it goes down."""

    def loss(w: Array) -> float:
        return float(np.logaddexp(0, -differences @ w).sum() + alpha / 2 * w @ w)

    w = np.zeros(differences.shape[1])
    for _ in range(_N_STEPS):
        p = sigmoid(differences @ w)
        gradient = differences.T @ (p - 1) + alpha * w
        curvature = (differences.T * (p * (1 - p))) @ differences + alpha * np.eye(len(w))
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while loss(w - size * step) > loss(w) and size > 1e-6:  # noqa: PLR2004  (rounding)
            size /= 2
        w = w - size * step
    return w
