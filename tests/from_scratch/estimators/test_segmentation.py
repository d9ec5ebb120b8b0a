"""Customer segments: the course's rows, the rule and the classifiers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier as TheirTree

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.segmentation import (
    SEGMENTS,
    SegmentClassifier,
    customer_segment,
    customers,
    segment_classifier_accuracies,
)

# The six printed rows: the amount is the income, and the column of spend is missing (its half follows from the class).
SIX = [
    (90165.27, "SC"),
    (65284.796931, "SC"),
    (25389.476934, "RC"),
    (14324.21, "RC"),
    (8401.54, "ES"),
    (7619.60, "RC"),
]
KINDS = ["logistic", "bayes", "tree", "neighbours", "svm", "mlp"]


@pytest.mark.parametrize("threshold", [25389.48, 50_500, 65284.796931])
def test_the_six_rows_of_the_course(threshold):
    """Every threshold in the interval puts all six incomes into the right half."""
    for income, segment in SIX:
        spend = 90_000 if segment in ("RC", "PC") else 2_000
        assert customer_segment(income, spend, threshold)["class"] == segment


def test_the_four_corners():
    """Codes ES 0, SC 1, RC 2, PC 3; a value equal to the threshold is high."""
    corners = [(1000, 1000), (100_000, 1000), (1000, 100_000), (100_000, 100_000)]
    assert [customer_segment(*corner)["target"] for corner in corners] == [0, 1, 2, 3]
    assert [customer_segment(*corner)["class"] for corner in corners] == list(SEGMENTS) == ["ES", "SC", "RC", "PC"]
    assert customer_segment(50_500, 50_499.99)["class"] == "SC"


def test_customers_follow_the_rule_but_for_the_noise():
    """Without noise all of them, with noise that share of others; the seed decides."""
    found = customers(2000, seed=3)
    rule = [customer_segment(i, s) for i, s in zip(found["income"], found["spend"], strict=True)]
    assert found["class"] == [r["class"] for r in rule]
    assert found["target"] == [r["target"] for r in rule]
    noisy = customers(2000, noise=0.3, seed=3)
    assert noisy["income"] == found["income"]
    assert np.mean(np.array(noisy["target"]) != found["target"]) == pytest.approx(0.3, abs=0.04)
    assert customers(5, seed=1) == customers(5, seed=1) != customers(5, seed=2)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_learns_the_rule(kind):
    """Nine of ten new customers at least, with labels as text or as code."""
    known, new = customers(400, seed=1), customers(400, seed=2)
    X, X_new = (np.column_stack([c["income"], c["spend"]]) for c in (known, new))
    for label in ("class", "target"):
        predicted = SegmentClassifier(kind=kind).fit(X, known[label]).predict(X_new)
        assert np.mean(predicted == new[label]) > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_amounts_may_be_in_any_unit(kind):
    """In thousands, in millions or in cents, the segments of the same new customers are those found in units."""
    known, new = customers(200, seed=1), customers(200, seed=2)
    X, X_new = (np.column_stack([c["income"], c["spend"]]) for c in (known, new))
    found = SegmentClassifier(kind=kind).fit(X, known["class"]).predict(X_new)
    for unit in (1e-3, 1e-6, 100.0):
        scaled = SegmentClassifier(kind=kind).fit(unit * X, known["class"]).predict(unit * X_new)
        assert np.mean(scaled == found) >= 0.99  # a row on the boundary may round to either side


def test_the_tree_agrees_with_scikit_learn():
    """The scale of the columns changes no question."""
    known = customers(300, noise=0.05, seed=4)
    X = np.column_stack([known["income"], known["spend"]])
    ours = SegmentClassifier().fit(X, known["target"])
    assert (ours.predict(X) == TheirTree().fit(X, known["target"]).predict(X)).all()


def test_accuracies_of_all_kinds():
    """One for each, in the order asked for; noise makes a full-grown tree worse than smooth classifiers."""
    found = segment_classifier_accuracies(n=100)
    assert list(found) == KINDS
    assert min(found.values()) > 0.8
    noisy = segment_classifier_accuracies(["tree", "logistic"], n=300, noise=0.3)
    assert noisy["tree"] < noisy["logistic"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: customer_segment(999, 1000), "income must be at least 1000 and at most 100000; got 999."),
        (lambda: customer_segment(1000, 1e6), "spend must be at least 1000 and at most 100000; got 1000000.0."),
        (lambda: customers(0), "n must be a whole number of at least 1; got 0."),
        (lambda: customers(1, noise=2), "noise must be at least 0 and at most 1; got 2."),
        (lambda: segment_classifier_accuracies(n=3), "n must be a whole number of at least 20; got 3."),
        (lambda: segment_classifier_accuracies(noise=-1), "noise must be at least 0 and at most 1; got -1."),
        (
            lambda: SegmentClassifier(kind="forest").fit([[1, 2]], [0]),
            "kind must be one of logistic, bayes, tree, neighbours, svm, mlp; got 'forest'.",
        ),
        (lambda: SegmentClassifier().fit([[1], [2]], [0, 1]), "X must have rows of 2 numbers; got rows of 1."),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the argument, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
