"""Platt scaling against scikit-learn's sigmoid calibration, and probabilities of a support vector machine."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import _sigmoid_calibration

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.platt import PlattSupportVectorClassifier, platt_scaling


def test_the_sigmoid_agrees_with_scikit_learn():
    """Whose sigmoid is written 1 / (1 + exp(As + B))."""
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=200)
    scores = 1.5 * y + rng.normal(size=200)
    found = platt_scaling(scores, y)
    A, B = _sigmoid_calibration(scores, y)
    assert (found["slope"], found["offset"]) == (pytest.approx(-A, abs=1e-3), pytest.approx(-B, abs=1e-3))
    assert found["probabilities"] == pytest.approx((1 / (1 + np.exp(A * scores + B))).tolist(), abs=1e-3)


def test_scores_that_separate_stay_short_of_certainty():
    """Four examples: the targets are 3/4 and 1/4, which a sigmoid meets exactly."""
    found = platt_scaling([-1, -1, 1, 1], ["no", "no", "yes", "yes"])
    assert found["probabilities"] == pytest.approx([0.25, 0.25, 0.75, 0.75])


def test_equal_scores_say_the_share():
    """Without a slope the probability is the mean target: (1 + 1) / (1 + 2) · 1/4 + 3/4 / (3 + 2)."""
    found = platt_scaling([2, 2, 2, 2], [0, 0, 0, 1])
    assert found["slope"] * 2 + found["offset"] == pytest.approx(np.log(0.3166667 / (1 - 0.3166667)), abs=1e-5)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_probabilities_are_calibrated(n_classes, kernel):
    """They sum to 1, and their mean for a class is near its share of new data that follow the same distribution."""
    rng = np.random.default_rng(1)
    y = rng.integers(n_classes, size=400)
    X = rng.normal(size=(400, 2)) + 1.5 * np.stack([np.cos(2.5 * y), np.sin(2.5 * y)], axis=1)
    machine = PlattSupportVectorClassifier(C=0.5, kernel=kernel, gamma=0.3).fit(X[:200], y[:200])
    p = machine.predict_proba(X[200:])
    assert p.sum(axis=1) == pytest.approx(np.ones(200))
    assert p.mean(axis=0) == pytest.approx(np.bincount(y[200:]) / 200, abs=0.1)
    assert (machine.predict(X[200:]) == y[200:]).mean() > 0.7


def test_each_row_is_scored_by_a_machine_that_has_not_seen_it():
    """Labels without a pattern: the probabilities stay near the share, though a narrow kernel fits them all."""
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(60, 2)), np.arange(60) % 2
    machine = PlattSupportVectorClassifier(C=100.0, kernel="rbf", gamma=50.0).fit(X, y)
    assert (machine.machine_.predict(X) == y).all()
    assert np.abs(machine.predict_proba(X)[:, 1] - 0.5).max() < 0.35


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: platt_scaling([1, 2], [0, 0]), "y must hold exactly 2 different labels; got [0]."),
        (lambda: platt_scaling([1, 2, 3], [0, 1, 2]), "y must hold exactly 2 different labels; got [0, 1, 2]."),
        (lambda: platt_scaling([1], [0, 1]), "X and y must be of equal length; got 1 and 2."),
        (
            lambda: PlattSupportVectorClassifier(n_folds=1).fit([[1], [2]], [0, 1]),
            "n_folds must be a whole number of at least 2 and at most 1; got 1.",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
