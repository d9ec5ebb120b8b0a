"""Learning from a stream."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import SGDClassifier, SGDRegressor

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.online import OnlineClassifier, OnlineRegressor, streaming_moments

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X @ [1.0, -2.0, 0.5] + 3 + RNG.normal(0, 0.1, 60)
SIDES = np.where(X @ [1.0, -2.0, 0.5] + RNG.normal(0, 0.5, 60) > 0, "above", "below")


def test_moments_of_the_course():
    """Means 2, 3, 5 and deviations 0, 2, 26."""
    found = streaming_moments([2, 4, 9])
    assert (found["means"], found["deviations"]) == ([2, 3, 5], [0, 2, 26])
    assert found["variances"][-1] == pytest.approx(26 / 3)


@pytest.mark.parametrize("shift", [0.0, 1e9])
def test_moments_equal_those_of_the_batch(shift):
    """After every number, far from zero too, where the shorter formula loses all digits."""
    values = RNG.normal(size=50) + shift
    found = streaming_moments(values)
    for n in (1, 2, 25, 50):
        assert found["means"][n - 1] == pytest.approx(values[:n].mean())
        assert found["variances"][n - 1] == pytest.approx(values[:n].var(), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("intercept", [True, False])
def test_weights_are_those_of_scikit_learn(intercept):
    """Gradient descent with a constant rate, in two parts of the stream, in the order of arrival."""
    theirs = SGDRegressor(penalty=None, learning_rate="constant", eta0=0.05, shuffle=False, fit_intercept=intercept)
    ours = OnlineRegressor(learning_rate=0.05, intercept=intercept)
    for part in (slice(0, 25), slice(25, None)):
        theirs.partial_fit(X[part], Y[part])
        ours.partial_fit(X[part], Y[part])
    assert ours.weights_ == pytest.approx(theirs.coef_)
    assert ours.intercept_ == pytest.approx(theirs.intercept_[0])
    assert ours.predict(X) == pytest.approx(theirs.predict(X))


def test_a_stream_in_parts_equals_the_stream():
    """Nothing but the state is kept between them."""
    whole = OnlineRegressor().fit(X, Y)
    parts = OnlineRegressor()
    for x, y in zip(X, Y, strict=True):
        parts.partial_fit([x], [y])
    assert parts.weights_.tolist() == whole.weights_.tolist()
    assert parts.errors_ == whole.errors_


def test_errors_are_taken_before_learning():
    """The chapter's 2, 3.6 and 1.08; a change of the world shows in them, and is followed."""
    estimator = OnlineRegressor(intercept=False).fit([[1], [2], [1]], [2, 4, 2])
    assert estimator.errors_ == pytest.approx([2, 3.6, 1.08])
    drift = OnlineRegressor(learning_rate=0.2).fit(np.ones((60, 1)), [1.0] * 30 + [5.0] * 30)
    assert abs(drift.errors_[29]) < 0.01
    assert drift.errors_[30] > 3
    assert abs(drift.errors_[-1]) < 0.01


def test_mistakes_are_named():
    """A step that is too large, and a stream that changes its columns."""
    with pytest.raises(InvalidInputError, match=r"learning_rate must be small enough for finite weights; got 1000\.0"):
        OnlineRegressor(learning_rate=1000.0).fit(np.repeat(X, 5, axis=0), np.repeat(Y, 5))
    with pytest.raises(InvalidInputError, match="learning_rate must be above 0; got 0"):
        OnlineRegressor(learning_rate=0).fit(X, Y)
    with pytest.raises(InvalidInputError, match="X must have rows of 3 numbers; got rows of 1"):
        OnlineRegressor().fit(X, Y).partial_fit([[1.0]], [1.0])
    with pytest.raises(InvalidInputError, match="values must hold at least 1 number; got 0"):
        streaming_moments([])


@pytest.mark.parametrize("intercept", [True, False])
def test_the_boundary_is_that_of_scikit_learn(intercept):
    """Logistic regression by gradient descent with a constant rate, in two parts of the stream."""
    settings = {"loss": "log_loss", "penalty": None, "learning_rate": "constant", "eta0": 0.2, "shuffle": False}
    theirs = SGDClassifier(**settings, fit_intercept=intercept)
    ours = OnlineClassifier(learning_rate=0.2, intercept=intercept)
    for part in (slice(0, 25), slice(25, None)):
        theirs.partial_fit(X[part], SIDES[part], classes=["above", "below"])
        ours.partial_fit(X[part], SIDES[part])
    assert ours.weights_ == pytest.approx(theirs.coef_[0])
    assert ours.intercept_ == pytest.approx(theirs.intercept_[0])
    assert ours.predict_proba(X) == pytest.approx(theirs.predict_proba(X))
    assert ours.predict(X).tolist() == theirs.predict(X).tolist()


def test_a_stream_of_classes_in_parts_equals_the_stream():
    """Record by record too, where the first shows one class alone and both are named."""
    whole = OnlineClassifier(classes=["below", "above"]).fit(X, SIDES)
    parts = OnlineClassifier(classes=["below", "above"])
    for x, side in zip(X, SIDES, strict=True):
        parts.partial_fit([x], [side])
    assert parts.weights_.tolist() == whole.weights_.tolist()
    assert parts.errors_ == whole.errors_
    assert parts.classes_.tolist() == ["above", "below"]


def test_a_classifier_follows_a_change():
    """The classes change sides after half of the stream: the share of wrong answers rises and falls again."""
    x = np.tile([[1.0], [-1.0]], (100, 1))
    y = np.concatenate([(x[:100, 0] > 0), (x[100:, 0] < 0)]).astype(int)
    wrong = np.abs(OnlineClassifier(learning_rate=0.5).fit(x, y).errors_) > 0.5
    assert wrong[2:100].mean() == 0
    assert wrong[100:110].mean() > 0.9
    assert wrong[150:].mean() == 0


def test_mistakes_of_classes_are_named():
    """One class, three, one that comes later, and a step without end."""
    with pytest.raises(InvalidInputError, match=r"^y must hold two different classes; got \['a'\]\. Name both"):
        OnlineClassifier().fit([[1], [2]], ["a", "a"])
    with pytest.raises(InvalidInputError, match=r"^classes must hold two different classes; got \[1, 2, 3\]"):
        OnlineClassifier(classes=[1, 2, 3]).fit([[1], [2]], [1, 2])
    with pytest.raises(InvalidInputError, match=r"^y must hold the classes \[0, 1\] alone; got 2"):
        OnlineClassifier().fit([[1], [2]], [0, 1]).partial_fit([[3]], [2])
    with pytest.raises(InvalidInputError, match=r"^learning_rate must be finite; got inf"):
        OnlineClassifier(learning_rate=np.inf).fit(X, SIDES)
    with pytest.raises(InvalidInputError, match=r"^X must have rows of 3 numbers; got rows of 1"):
        OnlineClassifier().fit(X, SIDES).partial_fit([[1.0]], ["above"])
