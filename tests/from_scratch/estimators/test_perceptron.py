"""The perceptron on the chapter's gates, against a plain loop and Novikoff's bound."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.perceptron import Perceptron

GATE = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


@pytest.mark.parametrize(
    ("y", "trace", "weights", "bound"),
    [
        ([0, 0, 0, 1], [1, 3, 3, 2, 1, 0], (-2, 2, 1), 51),  # AND: R² = 3, γ = 1/√17
        ([0, 1, 1, 1], None, (0, 1, 1), 27),  # OR: γ = 1/3
    ],
)
def test_the_gates_of_the_chapter(y, trace, weights, bound):
    """AND after 10 corrections, OR after 4, both within the bound of Novikoff's theorem."""
    gate = Perceptron().fit(GATE, y)
    assert gate.converged_
    assert gate.predict(GATE).tolist() == y
    assert (gate.intercept_, *gate.weights_) == weights
    assert gate.n_updates_ == sum(gate.updates_trace_) == (10 if trace else 4)
    assert trace is None or gate.updates_trace_ == trace
    assert gate.n_updates_ <= bound


def test_exclusive_or_is_never_learnt():
    """At most three of four, and corrections in every epoch."""
    gate = Perceptron(max_epochs=200).fit(GATE, [0, 1, 1, 0])
    assert not gate.converged_
    assert len(gate.updates_trace_) == 200
    assert min(gate.updates_trace_) > 0
    assert (gate.predict(GATE) == [0, 1, 1, 0]).sum() <= 3


def _by_a_loop(X, y, epochs, rate):
    w, b = np.zeros(X.shape[1]), 0.0
    for _ in range(epochs):
        for row, label in zip(X, y, strict=True):
            error = label - int(w @ row + b > 0)
            w, b = w + rate * error * row, b + rate * error
    return w, b


@pytest.mark.parametrize("rate", [1.0, 0.5])
@pytest.mark.parametrize("epochs", [1, 7])
def test_passing_many_rows_at_once_changes_nothing(rate, epochs):
    """The same weights as visiting row after row, on classes that overlap."""
    rng = np.random.default_rng(0)
    X = rng.integers(-3, 4, size=(60, 3)).astype(float)
    y = (X[:, 0] + rng.normal(size=60) > 0).astype(int)
    w, b = _by_a_loop(X, y, epochs, rate)
    ours = Perceptron(learning_rate=rate, max_epochs=epochs).fit(X, y)
    assert (ours.weights_.tolist(), ours.intercept_) == (w.tolist(), b)
    assert ours.decision_function(X) == pytest.approx(X @ w + b)


def test_corrections_stay_within_the_bound():
    """(R/γ)², with the margin of a plane that is known to separate the rows."""
    rng = np.random.default_rng(1)
    direction = np.array([0.6, -0.7, 0.2])
    X = rng.uniform(-1, 1, size=(200, 2))
    extended = np.column_stack([X, np.ones(200)])
    keep = np.abs(extended @ direction) > 0.1
    margin = np.abs(extended[keep] @ direction).min() / np.linalg.norm(direction)
    ours = Perceptron().fit(X[keep], extended[keep] @ direction > 0)
    assert ours.converged_
    assert ours.n_updates_ <= (extended[keep] ** 2).sum(axis=1).max() / margin**2


@pytest.mark.parametrize(
    ("parameters", "y", "message"),
    [
        ({"learning_rate": 0}, [0, 1], "learning_rate must be above 0; got 0."),
        ({"max_epochs": 0}, [0, 1], "max_epochs must be a whole number of at least 1; got 0."),
        ({}, ["a", "a"], "y must hold exactly 2 different labels; got ['a']."),
    ],
)
def test_what_is_refused(parameters, y, message):
    """The sentence names the argument, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        Perceptron(**parameters).fit([[1], [2]], y)
    assert str(caught.value) == message
