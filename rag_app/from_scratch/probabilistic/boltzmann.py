"""Boltzmann machines: binary units that pull at each other, and the restricted kind, which learns features of rows."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, Vector, as_generator, as_matrix, as_vector, check_count, check_range
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.statistics.logistic import sigmoid, softplus
from rag_app.registry import register

Array = NDArray[np.float64]
_MAX_UNITS = 16  # exact results enumerate 2 to this power states
_SHOWN = 8  # samples that are kept to be looked at


@register("tool", "M019")
def boltzmann_machine(weights: Matrix, biases: Vector, n_samples: int = 2000, seed: int = 0) -> list[dict[str, Any]]:
    """Return the probability of every state of a Boltzmann machine, exact and by Gibbs sampling.

    Parameters
    ----------
    weights : array-like of shape (n, n)
        How strongly two units favour to be on together; symmetric, 0 on the diagonal.
    biases : array-like of shape (n,)
        How strongly each unit favours to be on; at most 16.
    n_samples : int, default=2000
        Sweeps of the sampler over all units, after a tenth as many that are not counted.
    seed : int, default=0
        Where the random numbers start.

    Returns
    -------
    list of dict
        For each state, in the order of binary numbers, "state", its "energy", exact "probability", and "sampled" share.

    Raises
    ------
    InvalidInputError
        If the weights are not symmetric with 0 on the diagonal, or there are more than 16 units.

    Notes
    -----
    ``E(s) = -Σ_{i<j} wᵢⱼ sᵢ sⱼ - Σ bᵢ sᵢ``, ``p(s) = e^-E(s) / Z``; a unit is on with ``σ(bᵢ + Σⱼ wᵢⱼ sⱼ)`` given the
    others. Ackley, Hinton & Sejnowski, "A learning algorithm for Boltzmann machines", Cognitive Science 9 (1985).

    Examples
    --------
    Z = 1 + 1 + 1 + e = 5.7183, and e / Z.

    >>> both = boltzmann_machine([[0, 1], [1, 0]], [0, 0])[-1]
    >>> both["state"], both["energy"], round(both["probability"], 4)
    ([1, 1], -1.0, 0.4754)
    """
    b = as_vector("biases", biases)
    W = as_matrix("weights", weights, n_columns=len(b))
    if W.shape != (len(b), len(b)) or np.diag(W).any() or not np.array_equal(W, W.T):
        msg = f"weights must be symmetric with 0 on the diagonal, one row for each bias; got {W.tolist()!r}."
        raise InvalidInputError(msg)
    check_count("the number of biases", len(b), 1, _MAX_UNITS)
    check_count("n_samples", n_samples)
    states = binary_patterns(len(b))
    energies = -((states @ W) * states).sum(axis=1) / 2 - states @ b
    probabilities = _softmax(-energies)
    visits = _gibbs_visits(W, b, n_samples, as_generator(seed))
    return [
        {"state": s, "energy": e, "probability": p, "sampled": v}
        for s, e, p, v in zip(
            states.astype(int).tolist(), (energies + 0.0).tolist(), probabilities.tolist(), visits.tolist(), strict=True
        )
    ]


@register("estimator", "M019")
class RestrictedBoltzmannMachine(Estimator):
    """Return features of binary rows, learnt by a restricted Boltzmann machine, and new rows like them.

    Parameters
    ----------
    n_hidden : int, default=8
        Hidden units: features.
    n_gibbs : int, default=1
        Steps of the Markov chain that starts at the rows, the k of CD-k.
    n_epochs : int, default=100
        Times that every row is seen.
    batch_size : int, default=20
        Rows of a step.
    learning_rate : float, default=0.1
        Size of a step, above 0.
    seed : int, default=0
        What is random comes from it.

    Attributes
    ----------
    weights_ : ndarray of shape (d, n_hidden)
        Between visible and hidden units.
    visible_bias_ : ndarray of shape (d,)
        How strongly each column favours to be 1.
    hidden_bias_ : ndarray of shape (n_hidden,)
        How strongly each feature favours to be on.
    reconstruction_errors_ : list of float
        Mean squared difference of rows and what one step of the chain makes of them, of each epoch.
    samples_ : ndarray of shape (8, d)
        Rows drawn after training.
    marginal_error_ : float
        Mean difference of the shares of 1 in each column between the rows and as many drawn ones.

    Notes
    -----
    ``E(v, h) = -vᵀWh - bᵀv - cᵀh``; ``F(v) = -bᵀv - Σⱼ ln(1 + e^(cⱼ + vᵀWⱼ))``. Each weight needs only the two units
    that it joins: ``ΔW = η (⟨v h⟩ at the rows - ⟨v h⟩ after k steps)``. Smolensky, "Information processing in dynamical
    systems" (1986); Hinton, "Training products of experts by minimizing contrastive divergence", *Neural Computation*
    14 (2002).

    Examples
    --------
    Two patterns are more probable than the rest.

    >>> X = [[1, 1, 0, 0], [0, 0, 1, 1]] * 20
    >>> machine = RestrictedBoltzmannMachine(n_hidden=2, n_epochs=500).fit(X)
    >>> known, other = machine.score_samples([[1, 1, 0, 0], [1, 0, 1, 0]])
    >>> bool(known > other + 2)
    True
    """

    def __init__(
        self,
        *,
        n_hidden: int = 8,
        n_gibbs: int = 1,
        n_epochs: int = 100,
        batch_size: int = 20,
        learning_rate: float = 0.1,
        seed: int = 0,
    ) -> None:
        self.n_hidden = n_hidden
        self.n_gibbs = n_gibbs
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.seed = seed

    def fit(self, X: Matrix) -> Self:
        """Learn by contrastive divergence.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Rows of 0 and 1, or of probabilities between them.
        """
        rows = as_units("X", X)
        for name in ("n_hidden", "n_gibbs", "n_epochs", "batch_size"):
            check_count(name, getattr(self, name))
        check_range("learning_rate", self.learning_rate, 0, open_low=True)
        rng = as_generator(self.seed)
        self._start(rows, rng)
        self.reconstruction_errors_ = [self._fit_epoch(rows, rng) for _ in range(self.n_epochs)]
        drawn = self.sample(max(len(rows), _SHOWN), seed=self.seed)
        self.samples_ = drawn[:_SHOWN]
        self.marginal_error_ = float(np.abs(drawn.mean(axis=0) - rows.mean(axis=0)).mean())
        return self

    def transform(self, X: Matrix) -> Array:
        """Return for each row the probability of each feature to be on, shape (m, n_hidden).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        return sigmoid(self._rows(X) @ self.weights_ + self.hidden_bias_)

    def free_energy(self, X: Matrix) -> Array:
        """Return the free energy of each row, shape (m,): high for an anomaly.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        rows = self._rows(X)
        energy: Array = -rows @ self.visible_bias_ - softplus(rows @ self.weights_ + self.hidden_bias_).sum(axis=1)
        return energy

    def score_samples(self, X: Matrix) -> Array:
        """Return the logarithm of the exact probability of each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`; there may be at most 16 columns or 16 hidden units.
        """
        return -self.free_energy(X) - self._log_partition()

    def sample(self, n: int = 1, *, n_gibbs: int = 200, seed: int = 0) -> Array:
        """Return rows of 0 and 1 drawn by Gibbs sampling, each from a chain of its own, shape (n, d).

        Parameters
        ----------
        n : int, default=1
            Number of rows.
        n_gibbs : int, default=200
            Steps of each chain, which begins at random.
        seed : int, default=0
            Seed of the random numbers.
        """
        self.check_fitted()
        check_count("n", n)
        check_count("n_gibbs", n_gibbs)
        rng = as_generator(seed)
        visible = drawn_units(np.full((n, len(self.visible_bias_)), 0.5), rng)
        for _ in range(n_gibbs):
            visible = drawn_units(self._chain_step(visible, rng), rng)
        return visible

    def _start(self, rows: Array, rng: np.random.Generator) -> None:
        self.weights_ = rng.normal(0, 0.1, (rows.shape[1], self.n_hidden))
        self.visible_bias_, self.hidden_bias_ = np.zeros(rows.shape[1]), np.zeros(self.n_hidden)

    def _fit_epoch(self, rows: Array, rng: np.random.Generator) -> float:
        order, total = rng.permutation(len(rows)), 0.0
        for start in range(0, len(rows), self.batch_size):
            data = rows[order[start : start + self.batch_size]]
            on = sigmoid(data @ self.weights_ + self.hidden_bias_)
            model = data
            for _ in range(self.n_gibbs):
                model = drawn_units(self._chain_step(model, rng), rng)
            model_on = sigmoid(model @ self.weights_ + self.hidden_bias_)
            rate = self.learning_rate / len(data)
            self.weights_ += rate * (data.T @ on - model.T @ model_on)
            self.visible_bias_ += rate * (data - model).sum(axis=0)
            self.hidden_bias_ += rate * (on - model_on).sum(axis=0)
            total += float(((data - model) ** 2).mean(axis=1).sum())
        return total / len(rows)

    def _chain_step(self, visible: Array, rng: np.random.Generator) -> Array:
        """Return the probabilities of visible units after hidden ones were drawn."""
        hidden = drawn_units(sigmoid(visible @ self.weights_ + self.hidden_bias_), rng)
        return sigmoid(hidden @ self.weights_.T + self.visible_bias_)

    def _rows(self, X: Matrix) -> Array:
        self.check_fitted()
        return as_units("X", X, n_columns=len(self.visible_bias_))

    def _log_partition(self) -> float:
        """Return ln Z, by the states of the layer that has fewer units, the other summed out."""
        W, near, far = self.weights_, self.visible_bias_, self.hidden_bias_
        if len(far) < len(near):
            W, near, far = W.T, far, near
        if len(near) > _MAX_UNITS:
            msg = f"n_hidden must be at most {_MAX_UNITS} where there are more columns; got {len(self.hidden_bias_)}."
            raise InvalidInputError(msg, hint="Compare rows by free_energy instead: it needs no partition function.")
        states = binary_patterns(len(near))
        return float(np.logaddexp.reduce(states @ near + softplus(states @ W + far).sum(axis=1)))


def drawn_units(probabilities: Array, rng: np.random.Generator) -> Array:
    """Return 1 with the given probability for each unit, else 0."""
    return (rng.random(probabilities.shape) < probabilities).astype(float)


def as_units(name: str, values: Matrix, *, n_columns: int | None = None) -> Array:
    """Return rows of numbers in [0, 1] as an array."""
    rows = as_matrix(name, values, n_columns=n_columns)
    outside = rows[(rows < 0) | (rows > 1)]
    if len(outside):
        msg = f"{name} must hold 0 and 1, or numbers between them; got {float(outside[0])!r}."
        raise InvalidInputError(msg)
    return rows


def binary_patterns(n_units: int) -> Array:
    """Return all states of binary units, shape (2^units, units), in the order of binary numbers."""
    return (np.arange(2**n_units)[:, None] >> np.arange(n_units)[::-1] & 1).astype(float)


def _softmax(x: Array) -> Array:
    y: Array = np.exp(x - np.logaddexp.reduce(x))
    return y


def _gibbs_visits(W: Array, b: Array, n_sweeps: int, rng: np.random.Generator) -> Array:
    """Return the share of sweeps after which the units were in each state."""
    state, counts = np.zeros(len(b)), np.zeros(2 ** len(b))
    burn_in = n_sweeps // 10
    places = 1 << np.arange(len(b))[::-1]
    for sweep, chances in enumerate(rng.random((burn_in + n_sweeps, len(b)))):
        for i, chance in enumerate(chances):
            state[i] = chance < sigmoid(b[i] + W[i] @ state)
        counts[int(places @ state)] += sweep >= burn_in
    return counts / n_sweeps
