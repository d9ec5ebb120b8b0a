"""Boltzmann machines: exact by enumeration, learnt by contrastive divergence."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.neural_network import BernoulliRBM

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.probabilistic.boltzmann import RestrictedBoltzmannMachine, boltzmann_machine

PATTERNS = np.array([[1, 1, 0, 0], [0, 0, 1, 1]] * 20, float)
ALL = np.array(list(itertools.product([0.0, 1.0], repeat=4)))


def _machine(W, visible, hidden, **parameters):
    machine = RestrictedBoltzmannMachine(n_hidden=len(hidden), **parameters)
    machine.weights_, machine.visible_bias_, machine.hidden_bias_ = map(np.array, (W, visible, hidden))
    return machine


@pytest.fixture(scope="module")
def learnt():
    """Fitted on two patterns."""
    return RestrictedBoltzmannMachine(n_hidden=2, n_epochs=500).fit(PATTERNS)


def test_states_have_the_probability_of_their_energy():
    """Against a loop over pairs; the sampler visits each state about as often."""
    rng = np.random.default_rng(0)
    W = rng.normal(size=(3, 3))
    W = np.triu(W, 1) + np.triu(W, 1).T
    b = rng.normal(size=3)
    rows = boltzmann_machine(W, b, 8000)
    energies = [
        -sum(W[i, j] * s[i] * s[j] for i, j in itertools.combinations(range(3), 2)) - b @ s
        for s in itertools.product([0, 1], repeat=3)
    ]
    expected = np.exp(-np.array(energies)) / np.exp(-np.array(energies)).sum()
    assert [row["energy"] for row in rows] == pytest.approx(energies)
    assert [row["probability"] for row in rows] == pytest.approx(expected)
    assert [row["sampled"] for row in rows] == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("weights", [[[0, 1], [2, 0]], [[1, 0], [0, 0]], [[0, 1]]])
def test_weights_that_are_not_symmetric_are_refused(weights):
    """Nor those of a unit with itself."""
    with pytest.raises(InvalidInputError, match=r"^weights must be symmetric with 0 on the diagonal"):
        boltzmann_machine(weights, [0, 0])


def test_the_worked_machine():
    """Z = 9.086161, p(1, 0) = 0.409225, F(1, 0) = -1.3133, and its hidden unit is on with 0.731059."""
    machine = _machine([[1.0], [-1.0]], [0.0, 0.0], [0.0])
    assert np.exp(machine.score_samples([[1, 0]])[0]) == pytest.approx(0.409225, abs=1e-6)
    assert machine.free_energy([[1, 0]])[0] == pytest.approx(-1.3133, abs=1e-4)
    assert machine.transform([[1, 0]])[0, 0] == pytest.approx(0.731059, abs=1e-6)


@pytest.mark.parametrize("n_hidden", [2, 6])
def test_probabilities_sum_to_one(n_hidden):
    """Whichever layer is enumerated; and the free energy is scikit-learn's."""
    rng = np.random.default_rng(n_hidden)
    W, b, c = rng.normal(size=(4, n_hidden)), rng.normal(size=4), rng.normal(size=n_hidden)
    machine = _machine(W, b, c)
    assert np.exp(machine.score_samples(ALL)).sum() == pytest.approx(1)
    oracle = BernoulliRBM(n_components=n_hidden)
    oracle.components_, oracle.intercept_visible_, oracle.intercept_hidden_ = W.T, b, c
    assert np.allclose(machine.free_energy(ALL), oracle._free_energy(ALL))
    assert np.allclose(machine.transform(ALL), oracle.transform(ALL))


@pytest.mark.parametrize(("n_gibbs", "gradient"), [(1, (0.2908, -0.1378)), (40, (0.3218, -0.1505))])
def test_contrastive_divergence_approaches_the_exact_gradient(n_gibbs, gradient):
    """One step on many copies of (1, 0): the expected change for k = 1, and the exact one for a long chain."""
    rows = np.tile([1.0, 0.0], (50_000, 1))
    machine = _machine([[1.0], [-1.0]], [0.0, 0.0], [0.0], n_gibbs=n_gibbs, batch_size=len(rows), learning_rate=1.0)
    machine._fit_epoch(rows, np.random.default_rng(0))
    assert machine.weights_[:, 0] - [1, -1] == pytest.approx(gradient, abs=0.01)


def test_learning_raises_the_likelihood(learnt):
    """The two patterns take most of the probability, which began at 1/16 each."""
    shares = np.exp(learnt.score_samples(PATTERNS[:2]))
    assert shares.min() > 0.25
    assert learnt.reconstruction_errors_[-1] < learnt.reconstruction_errors_[0] / 3
    assert learnt.free_energy([[1, 0, 1, 0]])[0] > learnt.free_energy(PATTERNS[:2]).max() + 1


def test_samples_are_the_patterns(learnt):
    """Most of many drawn rows are one of the two, both occur, and the share of each column is told."""
    drawn = learnt.sample(300, seed=1)
    known = [(drawn == pattern).all(axis=1) for pattern in PATTERNS[:2]]
    assert (known[0] | known[1]).mean() > 0.6
    assert min(k.mean() for k in known) > 0.1
    assert learnt.samples_.shape == (8, 4)
    expected = np.abs(learnt.sample(40, seed=0).mean(axis=0) - 0.5).mean()
    assert learnt.marginal_error_ == pytest.approx(expected)


def test_what_cannot_be_learnt_or_counted_is_refused():
    """Numbers outside [0, 1], no units, and too many states to enumerate."""
    with pytest.raises(InvalidInputError, match=r"^X must hold 0 and 1, or numbers between them; got 2.0.$"):
        RestrictedBoltzmannMachine().fit([[0, 2]])
    with pytest.raises(InvalidInputError, match=r"^n_hidden must be a whole number of at least 1; got 0.$"):
        RestrictedBoltzmannMachine(n_hidden=0).fit(PATTERNS)
    with pytest.raises(InvalidInputError, match=r"^n_hidden must be at most 16 where there are more columns; got 20\."):
        _machine(np.zeros((20, 20)), np.zeros(20), np.zeros(20)).score_samples(np.zeros((1, 20)))
