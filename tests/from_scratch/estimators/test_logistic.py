"""Logistic regression against scikit-learn, finite differences and the chapter's step of gradient descent."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression as TheirLogisticRegression

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.logistic import LogisticRegression, SoftmaxCost

SEPARABLE = ([[-2], [-1], [1], [2]], [0, 0, 1, 1])


def _clouds(n_classes):
    rng = np.random.default_rng(n_classes)
    y = rng.integers(n_classes, size=150)
    return rng.normal(size=(150, 3)) + 0.8 * rng.normal(size=(n_classes, 3))[y], y


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("alpha", [0.0, 0.01])
def test_newton_agrees_with_scikit_learn(n_classes, alpha):
    """Weights, intercepts and probabilities, with and without a penalty."""
    X, y = _clouds(n_classes)
    ours = LogisticRegression(alpha=alpha).fit(X, y)
    C = np.inf if alpha == 0 else 1 / (2 * len(y) * alpha)
    theirs = TheirLogisticRegression(C=C, tol=1e-10, max_iter=10_000).fit(X, y)
    assert pytest.approx(theirs.coef_, abs=1e-4) == ours.weights_.T
    assert ours.predict_proba(X) == pytest.approx(theirs.predict_proba(X), abs=1e-5)
    assert ours.decision_function(X).shape == theirs.decision_function(X).shape
    assert ours.predict(X).tolist() == theirs.predict(X).tolist()
    assert len(ours.cost_trace_) < 12


@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradient_descent_arrives_where_newton_does(n_classes):
    """With the default rate the cost falls at every step."""
    X, y = _clouds(n_classes)
    newton = LogisticRegression(alpha=0.05).fit(X, y)
    walk = LogisticRegression(alpha=0.05, solver="gradient", n_steps=3000).fit(X, y)
    assert walk.weights_ == pytest.approx(newton.weights_, abs=1e-6)
    assert walk.cost_trace_[0] == pytest.approx(math.log(n_classes))
    assert (np.diff(walk.cost_trace_) <= 1e-15).all()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradient_and_curvature_are_those_of_the_cost(n_classes):
    """Central differences at weights that are no minimum."""
    X, y = _clouds(n_classes)
    problem = SoftmaxCost(X, np.eye(n_classes)[y], alpha=0.3)
    W = np.random.default_rng(0).normal(size=(4, problem.n_scores))

    def bump(position, h=1e-5):
        step = np.zeros(W.size)
        step[position] = h
        return step.reshape(W.T.shape).T  # entries are numbered score by score

    def slope(V):
        return problem.gradient(V, problem.measure(V)[1])

    costs = [(problem.measure(W + bump(i))[0] - problem.measure(W - bump(i))[0]) / 2e-5 for i in range(W.size)]
    assert slope(W).T.ravel() == pytest.approx(np.array(costs), abs=1e-8)
    bends = [((slope(W + bump(i)) - slope(W - bump(i))) / 2e-5).T.ravel() for i in range(W.size)]
    assert problem.curvature(problem.measure(W)[1]) == pytest.approx(np.array(bends), abs=1e-8)


def test_one_step_of_the_chapter():
    """Counts of cash, lunch, meeting, now, prize, today, win: weights ±1/4 and ±1/8, none for now, and the bias 0."""
    X = [[1, 0, 0, 1, 0, 0, 1], [1, 0, 0, 0, 1, 0, 0], [0, 0, 1, 1, 0, 0, 0], [0, 1, 1, 0, 0, 1, 0]]
    step = LogisticRegression(solver="gradient", learning_rate=1.0, n_steps=1).fit(X, ["spam", "spam", "ham", "ham"])
    assert step.weights_[:, 0] == pytest.approx([0.25, -0.125, -0.25, 0, 0.125, -0.125, 0.125])
    assert step.intercepts_ == pytest.approx([0])
    score = step.decision_function([[1, 0, 0, 1, 0, 0, 0]])[0]
    assert score == pytest.approx(0.25)
    assert step.predict_proba([[1, 0, 0, 1, 0, 0, 0]])[0, 1] == pytest.approx(0.562, abs=5e-4)


def test_weights_of_separable_classes_grow_without_end():
    """More steps, larger weights; a penalty keeps them in bounds, and probabilities stay finite at far rows."""
    few, many = (
        abs(LogisticRegression(solver="gradient", n_steps=n).fit(*SEPARABLE).weights_[0, 0]) for n in (100, 10_000)
    )
    assert many > few + 1
    newton = LogisticRegression().fit(*SEPARABLE)
    assert newton.weights_[0, 0] > many
    assert newton.predict_proba([[-1e6], [1e6]]).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert LogisticRegression(alpha=0.1).fit(*SEPARABLE).weights_[0, 0] < 2


def test_newton_stops_where_it_is_told_to():
    """The cost after one step is lower than before, and the trace has both."""
    trace = LogisticRegression(n_steps=1).fit(*_clouds(2)).cost_trace_
    assert len(trace) == 2
    assert trace[1] < trace[0]


@pytest.mark.parametrize("seed", [112, 117, 167, 245])
def test_newton_never_raises_the_cost(seed):
    """Rows far out make whole steps overshoot, or the last ones fall below rounding: it halves them, or ends."""
    rng = np.random.default_rng(seed)
    n_classes = int(rng.integers(2, 4))
    X = rng.standard_t(1, size=(int(rng.integers(5, 30)), int(rng.integers(1, 4))))
    trace = LogisticRegression(n_steps=60).fit(X, rng.integers(n_classes, size=len(X))).cost_trace_
    assert (np.diff(trace) < 0).all()
    assert len(trace) < 60


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_units_of_columns_change_nothing(n_classes, unit):
    """Income in cents beside a share: the weights change with the unit, the probabilities do not."""
    X, y = _clouds(n_classes)
    plain, other = LogisticRegression().fit(X, y), LogisticRegression().fit(X * [1, unit, 1], y)
    assert other.weights_ * [[1], [unit], [1]] == pytest.approx(plain.weights_, abs=1e-6)
    assert other.predict_proba(X * [1, unit, 1]) == pytest.approx(plain.predict_proba(X), abs=1e-8)


def test_a_constant_column_changes_nothing():
    """Columns that say nothing or repeat each other leave the probabilities as they are."""
    X, y = _clouds(3)
    plain, wide = (
        LogisticRegression().fit(X, y),
        LogisticRegression().fit(np.column_stack([X, X[:, 0], X[:, :1] * 0]), y),
    )
    assert wide.predict_proba(np.column_stack([X, X[:, 0], X[:, 0] * 0])) == pytest.approx(
        plain.predict_proba(X), abs=1e-6
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LogisticRegression(alpha=-1).fit(*SEPARABLE), "alpha must be at least 0; got -1."),
        (
            lambda: LogisticRegression(solver="sgd").fit(*SEPARABLE),
            "solver must be one of newton, gradient; got 'sgd'.",
        ),
        (lambda: LogisticRegression(learning_rate=0).fit(*SEPARABLE), "learning_rate must be above 0; got 0."),
        (lambda: LogisticRegression(n_steps=0).fit(*SEPARABLE), "n_steps must be a whole number of at least 1; got 0."),
        (
            lambda: LogisticRegression().fit([[1], [2]], ["a", "a"]),
            "y must hold at least 2 different labels; got ['a'].",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the argument, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
