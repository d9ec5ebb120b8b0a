"""Deep belief networks: restricted Boltzmann machines stacked, of which only the top one keeps both directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_vector, check_count
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.probabilistic.boltzmann import (
    Array,
    RestrictedBoltzmannMachine,
    as_units,
    binary_patterns,
    drawn_units,
)
from rag_app.from_scratch.statistics.logistic import sigmoid, softplus
from rag_app.registry import register

_SHOWN = 8  # samples that are kept to be looked at


@register("tool", "M020")
def belief_bound(weights: Matrix, x: Vector) -> dict[str, float]:
    """Return the bound on a pattern's likelihood before and after a second layer learns the best prior of the first.

    Parameters
    ----------
    weights : array-like of shape (d, h)
        Of the first layer, a restricted Boltzmann machine without biases; d visible and h hidden units, at most 12.
    x : array-like of shape (d,)
        A pattern of 0 and 1, which all data are.

    Returns
    -------
    dict
        ``tied_bound``, with a second layer that begins with the transposed weights, and ``tied_log_likelihood``, to
        which it is equal; ``bound`` and ``log_likelihood`` after the second layer gives the hidden units the
        distribution that the data give them.

    Raises
    ------
    InvalidInputError
        If the shapes do not fit, the pattern is not in [0, 1], or there are more than 12 units in a layer.

    Notes
    -----
    ``ln p(v) ≥ Σ_h q(h|v) [ln p(h) + ln p(v|h)] + H(q)``: a new layer keeps ``p(v|h)`` and replaces the prior ``p(h)``.
    The bound does not fall; it is the bound for which this is guaranteed. Hinton, Osindero & Teh, "A fast learning
    algorithm for deep belief nets", *Neural Computation* 18 (2006).

    Examples
    --------
    ln 0.409225, and with p(h = 1) = σ(1) instead of 0.5598: -0.8309 and ln 0.4579.

    >>> {name: round(value, 4) for name, value in belief_bound([[1], [-1]], [1, 0]).items()}
    {'tied_bound': -0.8935, 'tied_log_likelihood': -0.8935, 'bound': -0.8309, 'log_likelihood': -0.781}
    """
    W = as_matrix("weights", weights)
    v = as_units("x", as_vector("x", x)[None], n_columns=len(W))[0]
    for size in W.shape:
        check_count("the number of units in a layer", size, 1, 12)
    states = binary_patterns(W.shape[1])  # (2^h, h)
    log_prior = softplus(states @ W.T).sum(axis=1)  # visible units summed out, unnormalised
    log_prior -= np.logaddexp.reduce(log_prior)
    log_given = _log_chance(states @ W.T, v)  # ln p(v | h)
    log_posterior = _log_chance((v @ W)[None], states)  # ln q(h | v), a product of sigmoids
    q = np.exp(log_posterior)
    return {
        "tied_bound": float(q @ (log_prior + log_given - log_posterior)),
        "tied_log_likelihood": float(np.logaddexp.reduce(log_prior + log_given)),
        "bound": float(q @ log_given),  # the best prior is q itself
        "log_likelihood": float(np.logaddexp.reduce(log_posterior + log_given)),
    }


@register("estimator", "M020")
class DeepBeliefNetwork(Estimator):
    """Return features of features of binary rows, learnt layer by layer, and new rows like them.

    Parameters
    ----------
    sizes : sequence of int, default=(8, 4)
        Hidden units of each layer, from the rows up.
    n_epochs : int, default=100
        Times that each layer sees every row.
    learning_rate : float, default=0.1
        Size of a step, above 0.
    seed : int, default=0
        What is random comes from it.

    Attributes
    ----------
    layers_ : list of RestrictedBoltzmannMachine
        From the rows up. Only the last is used in both directions; the others point down, a sigmoid belief network.
    samples_ : ndarray of shape (8, d)
        Rows drawn after training.
    marginal_error_ : float
        Mean difference of the shares of 1 in each column between the rows and as many drawn ones.

    Notes
    -----
    Greedy: each layer is a restricted Boltzmann machine of the probabilities of the layer below to be on. Inference is
    one pass up, ``q(h|v) = Π σ(cⱼ + vᵀWⱼ)``; sampling is Gibbs in the top machine and one pass down. Hinton, Osindero &
    Teh, "A fast learning algorithm for deep belief nets", *Neural Computation* 18 (2006).

    Examples
    --------
    >>> X = [[1, 1, 0, 0], [0, 0, 1, 1]] * 20
    >>> network = DeepBeliefNetwork(sizes=[4, 2]).fit(X)
    >>> network.transform(X).shape, network.sample(3).shape
    ((40, 2), (3, 4))
    """

    def __init__(
        self, *, sizes: Sequence[int] = (8, 4), n_epochs: int = 100, learning_rate: float = 0.1, seed: int = 0
    ) -> None:
        self.sizes = sizes
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.seed = seed

    def fit(self, X: Matrix) -> Self:
        """Learn one layer after the other.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Rows of 0 and 1, or of probabilities between them.
        """
        rows = as_units("X", X)
        check_count("the number of sizes", len(self.sizes))
        settings: dict[str, Any] = {"n_epochs": self.n_epochs, "learning_rate": self.learning_rate}
        layers, data = [], rows
        for i, size in enumerate(self.sizes):
            check_count(f"sizes[{i}]", size)
            layers.append(RestrictedBoltzmannMachine(n_hidden=size, seed=self.seed + i, **settings).fit(data))
            data = layers[-1].transform(data)  # the outputs are the new data
        self.layers_ = layers
        drawn = self.sample(max(len(rows), _SHOWN), seed=self.seed)
        self.samples_ = drawn[:_SHOWN]
        self.marginal_error_ = float(np.abs(drawn.mean(axis=0) - rows.mean(axis=0)).mean())
        return self

    def transform(self, X: Matrix) -> Array:
        """Return for each row the probability of each top feature to be on, by one pass up, shape (m, sizes[-1]).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        data = as_units("X", X, n_columns=len(self.layers_[0].visible_bias_))
        for layer in self.layers_:
            data = layer.transform(data)
        return data

    def sample(self, n: int = 1, *, n_gibbs: int = 200, seed: int = 0) -> Array:
        """Return rows of 0 and 1 that the network makes, shape (n, d).

        Parameters
        ----------
        n : int, default=1
            Number of rows.
        n_gibbs : int, default=200
            Steps of the Markov chain in the top machine.
        seed : int, default=0
            Seed of the random numbers.
        """
        self.check_fitted()
        units = self.layers_[-1].sample(n, n_gibbs=n_gibbs, seed=seed)
        rng = np.random.default_rng([seed, 1])  # not the numbers of the chain again
        for layer in self.layers_[-2::-1]:
            units = drawn_units(sigmoid(units @ layer.weights_.T + layer.visible_bias_), rng)
        return units


def _log_chance(activation: Array, states: Array) -> Array:
    """Return ln Π σ(±a) over the last axis: the probability of units to be as they are."""
    total: Array = -softplus((1 - 2 * states) * activation).sum(axis=-1)
    return total
