"""Support vector machine against scikit-learn's SVC and the conditions of the optimum."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.svm import SupportVectorClassifier


def _overlapping(n_classes=2):
    rng = np.random.default_rng(n_classes)
    y = np.arange(90) % n_classes
    return rng.normal(size=(90, 2)) + 1.5 * np.stack([np.cos(2.5 * y), np.sin(2.5 * y)], axis=1), y


def test_two_points_by_hand():
    """A weight of 1, no bias, a margin 2 wide, and both points are support vectors."""
    machine = SupportVectorClassifier(C=None).fit([[-1], [1]], [-1, 1])
    assert machine.weights == pytest.approx(np.array([[1.0]]))
    assert machine.intercepts_ == pytest.approx([0])
    assert machine.margins_ == pytest.approx([2])
    assert machine.support_.tolist() == [0, 1]
    assert machine.predict([[-0.1], [0.1]]).tolist() == [-1, 1]


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("C", [0.1, 1.0, 10.0])
def test_scores_agree_with_svc(kernel, C):
    """Scores, support vectors and predictions, with the default and a given gamma."""
    X, y = _overlapping()
    for gamma in (None, 0.7):
        ours = SupportVectorClassifier(C=C, kernel=kernel, gamma=gamma).fit(X, y)
        theirs = SVC(C=C, kernel=kernel, gamma="scale" if gamma is None else gamma, tol=1e-8).fit(X, y)
        assert ours.decision_function(X) == pytest.approx(theirs.decision_function(X), abs=1e-4)
        assert sorted(ours.support_) == sorted(theirs.support_)
        assert ours.predict(X).tolist() == theirs.predict(X).tolist()


def test_more_classes_agree_with_one_against_the_rest():
    """One machine for each class, the highest score wins."""
    X, y = _overlapping(3)
    ours = SupportVectorClassifier(C=2.0, kernel="rbf", gamma=0.5).fit(X, y)
    theirs = OneVsRestClassifier(SVC(C=2.0, gamma=0.5, tol=1e-8)).fit(X, y)
    assert ours.decision_function(X) == pytest.approx(theirs.decision_function(X), abs=1e-4)
    assert ours.predict(X).tolist() == theirs.predict(X).tolist()
    assert ours.margins_.shape == ours.intercepts_.shape == (3,)


def test_the_conditions_of_the_optimum_hold():
    """Weight 0 beyond the margin, C inside it, between the two on its edge; the weights of both sides are equal."""
    X, y = _overlapping()
    C = 0.5
    machine = SupportVectorClassifier(C=C).fit(X, y)
    sign = np.where(y == 1, 1, -1)
    beta = np.zeros(len(y))
    beta[machine.support_] = machine.dual_weights_[:, 0]
    alpha, edge = beta * sign, sign * machine.decision_function(X)
    assert beta.sum() == pytest.approx(0, abs=1e-12)
    assert ((alpha >= 0) & (alpha <= C)).all()
    assert (edge[alpha == 0] >= 1 - 1e-5).all()
    assert (edge[alpha == C] <= 1 + 1e-5).all()
    assert edge[(alpha > 0) & (alpha < C)] == pytest.approx(1, abs=1e-5)
    assert machine.margins_[0] == pytest.approx(2 / np.linalg.norm(machine.weights))


def test_a_hard_margin_is_the_widest():
    """The nearest rows lie exactly half its width away, and a huge C finds the same."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(-3, 1, (30, 2)), rng.normal(3, 1, (30, 2))])
    y = np.repeat(["a", "b"], 30)
    hard = SupportVectorClassifier(C=None).fit(X, y)
    distances = np.abs(hard.decision_function(X)) / np.linalg.norm(hard.weights)
    assert distances.min() == pytest.approx(hard.margins_[0] / 2, abs=1e-5)
    assert hard.weights == pytest.approx(SupportVectorClassifier(C=1e6).fit(X, y).weights, abs=1e-5)
    assert len(hard.support_) < 6


def test_a_small_price_makes_a_wide_margin():
    """The margin narrows as C grows."""
    widths = [SupportVectorClassifier(C=C).fit(*_overlapping()).margins_[0] for C in (0.01, 0.1, 1.0)]
    assert widths == sorted(widths, reverse=True)


def test_a_curved_boundary():
    """A ring around a disc: no line separates them, similarity does."""
    angle = np.linspace(0, 6, 40)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    X, y = np.concatenate([0.2 * ring, 2 * ring]), np.repeat([0, 1], 40)
    assert (SupportVectorClassifier(kernel="rbf").fit(X, y).predict(X) == y).all()
    assert (SupportVectorClassifier().fit(X, y).predict(X) == y).mean() < 0.9


def test_more_columns_than_rows():
    """Four rows of fifty columns can be separated."""
    X = np.random.default_rng(0).normal(size=(4, 50))
    assert SupportVectorClassifier(C=None).fit(X, [0, 1, 1, 0]).predict(X).tolist() == [0, 1, 1, 0]


def test_equal_rows_of_both_classes():
    """Rows that cannot be told apart, and columns without variance, give a score of no side."""
    machine = SupportVectorClassifier(kernel="rbf").fit([[1], [1]], [0, 1])
    assert machine.decision_function([[1]]) == pytest.approx([0])
    assert machine.margins_.tolist() == [np.inf]


def test_a_hard_margin_needs_classes_that_can_be_separated():
    """The error says what to do."""
    message = "C must be small enough for 100000 moves to reach the optimum; got None. Pass a smaller C: a hard margin"
    with pytest.raises(InvalidInputError, match="^" + re.escape(message)):
        SupportVectorClassifier(C=None).fit([[1], [2], [3]], [0, 1, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SupportVectorClassifier(C=0).fit([[1], [2]], [0, 1]), "C must be above 0; got 0."),
        (lambda: SupportVectorClassifier(gamma=0).fit([[1], [2]], [0, 1]), "gamma must be above 0; got 0."),
        (
            lambda: SupportVectorClassifier(kernel="poly").fit([[1], [2]], [0, 1]),
            "kernel must be one of linear, rbf; got 'poly'.",
        ),
        (
            lambda: SupportVectorClassifier(kernel="rbf").fit([[1], [2]], [0, 1]).weights,
            "kernel must be linear for the boundary to have weights; got 'rbf'.",
        ),
        (
            lambda: SupportVectorClassifier().fit([[1], [2]], [0, 0]),
            "y must hold at least 2 different labels; got [0].",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
