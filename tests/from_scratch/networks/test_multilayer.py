"""Multilayer perceptrons learn what straight lines cannot, and refuse what they cannot learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import make_moons
from sklearn.linear_model import LinearRegression as Oracle

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.multilayer import MLPClassifier, MLPRegressor

XOR = [[0, 0], [0, 1], [1, 0], [1, 1]]
MOONS, SIDES = make_moons(200, noise=0.1, random_state=0)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "gelu"])
def test_xor_is_learnt_with_every_curved_function(activation):
    """All four examples."""
    network = MLPClassifier(hidden=[8], activation=activation, n_epochs=500, seed=1).fit(XOR, [0, 1, 1, 0])
    assert network.predict(XOR).tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("parameters", [{"hidden": []}, {"activation": "identity", "hidden": [16, 16]}])
def test_without_a_curve_xor_is_not_learnt(parameters):
    """Any number of linear layers is one: at most three of four are right."""
    predicted = MLPClassifier(**parameters).fit(XOR, [0, 1, 1, 0]).predict(XOR)
    assert (predicted == [0, 1, 1, 0]).sum() <= 3


@pytest.mark.parametrize("optimiser", ["adam", "rmsprop", "sgd"])
def test_half_moons(optimiser):
    """Other rows of the same moons are told apart, and probabilities sum to 1 and agree with the classes."""
    rate = 0.5 if optimiser == "sgd" else 0.01
    network = MLPClassifier(n_epochs=60, optimiser=optimiser, learning_rate=rate).fit(MOONS, SIDES)
    others, sides = make_moons(200, noise=0.1, random_state=1)
    assert (network.predict(others) == sides).mean() > 0.95
    probabilities = network.predict_proba(others)
    assert np.allclose(probabilities.sum(axis=1), 1)
    assert np.array_equal(network.classes_[probabilities.argmax(axis=1)], network.predict(others))
    assert network.losses_[-1] < network.losses_[0] / 3


def test_the_forward_pass_is_that_of_torch():
    """With the learnt weights, on standardised columns."""
    network = MLPClassifier(hidden=[5, 4], activation="tanh", n_epochs=3).fit(MOONS, SIDES)
    h = torch.tensor((MOONS - MOONS.mean(axis=0)) / MOONS.std(axis=0))
    W = [torch.tensor(w) for w in network.weights_]
    logits = torch.tanh(torch.tanh(h @ W[0] + W[1]) @ W[2] + W[3]) @ W[4] + W[5]
    assert np.allclose(network.predict_proba(MOONS), torch.softmax(logits, 1).numpy())


def test_a_regressor_without_hidden_layers_is_least_squares():
    """Weights of scikit-learn's line, and with targets in the thousands as well."""
    rng = np.random.default_rng(0)
    X = rng.normal(3, 2, (100, 2))
    y = 5000 + X @ [300.0, -20.0] + rng.normal(0, 50, 100)
    network = MLPRegressor(hidden=[], n_epochs=300, batch_size=100, learning_rate=0.03).fit(X, y)
    assert np.allclose(network.predict(X), Oracle().fit(X, y).predict(X), atol=1)


def test_a_curve_is_learnt():
    """A sine, to a hundredth of its variance."""
    x = np.linspace(-3, 3, 100)[:, None]
    network = MLPRegressor(activation="tanh", n_epochs=300).fit(x, np.sin(x[:, 0]))
    assert np.mean((network.predict(x) - np.sin(x[:, 0])) ** 2) < 0.01 * np.sin(x).var()


def test_constant_columns_and_constant_targets():
    """Neither divides by zero: the constant is predicted."""
    network = MLPRegressor(n_epochs=200).fit([[1, 7], [2, 7], [3, 7]], [4, 4, 4])
    assert np.allclose(network.predict([[1, 7], [3, 7]]), 4, atol=0.05)


def test_one_class_and_one_row():
    """It is always said, with probability 1."""
    network = MLPClassifier(n_epochs=2).fit([[1.0, 2.0]], ["only"])
    assert network.predict([[5, 5]]).tolist() == ["only"]
    assert network.predict_proba([[5, 5]]).tolist() == [[1.0]]


def test_penalties_make_weights_smaller():
    """L2 makes all smaller; L1 brings most of those that are not needed near 0."""
    plain, l1, l2 = (
        MLPRegressor(n_epochs=100, **penalty).fit(MOONS, MOONS[:, 0]) for penalty in ({}, {"l1": 0.01}, {"l2": 0.01})
    )

    def size(network):
        return sum((w**2).sum() for w in network.weights_ if w.ndim > 1)

    def near_zero(network):
        return np.mean(np.abs(np.concatenate([w.ravel() for w in network.weights_ if w.ndim > 1])) < 0.01)

    assert size(l2) < size(plain) / 2
    assert near_zero(l1) > near_zero(plain) + 0.3


def test_dropout_holds_the_training_loss_up():
    """It is measured with units dropped; predictions are made with all of them, always the same."""
    plain, dropped = (MLPClassifier(n_epochs=40, dropout=p).fit(MOONS, SIDES) for p in (0.0, 0.5))
    assert dropped.losses_[-1] > plain.losses_[-1]
    assert np.array_equal(dropped.predict_proba(MOONS), dropped.predict_proba(MOONS))


def test_early_stopping_watches_rows_that_are_held_out():
    """Labels are noise, so it stops long before the last epoch; the best epoch is `patience` before the end."""
    noise = np.random.default_rng(0).integers(0, 2, 200)
    network = MLPClassifier(n_epochs=300, patience=5).fit(MOONS, noise)
    assert len(network.validation_losses_) < 100
    assert network.best_epoch_ == len(network.validation_losses_) - 5
    assert network.best_epoch_ == np.argmin(network.validation_losses_) + 1
    assert MLPClassifier(n_epochs=2).fit(MOONS, noise).validation_losses_ == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"hidden": [4, 0]}, "hidden[1] must be a whole number of at least 1; got 0."),
        ({"activation": "step"}, "activation must be one of identity, relu, sigmoid, tanh, gelu; got 'step'."),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1; got 1.0."),
        ({"l1": -1}, "l1 must be at least 0; got -1."),
        ({"l2": -1}, "l2 must be at least 0; got -1."),
        ({"patience": 0}, "patience must be a whole number of at least 1; got 0."),
        ({"learning_rate": 0}, "learning_rate must be above 0; got 0."),
        ({"patience": 3}, "X must hold at least 2 rows where patience is given; got 1."),
    ],
)
def test_wrong_parameters_are_named(wrong, message):
    """Name, rule and value; found by fit."""
    with pytest.raises(InvalidInputError) as caught:
        MLPRegressor(**wrong).fit([[1.0]], [1.0])
    assert str(caught.value).startswith(message)


def test_rows_of_another_width_are_refused():
    """Those to predict have the columns of those that were learnt from."""
    network = MLPRegressor(n_epochs=1).fit([[1.0], [2.0]], [1, 2])
    with pytest.raises(InvalidInputError, match="X must have rows of 1 numbers; got rows of 2"):
        network.predict([[1, 2]])
