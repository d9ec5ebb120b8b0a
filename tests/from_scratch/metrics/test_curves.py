"""ROC, AUC and precision-recall against the course's figures, pair counting and scikit-learn."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as library

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.curves import precision_recall_curve, roc_auc_score, roc_curve

Y, SCORES = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
CASES = st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2, max_size=25).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def test_the_course_table():
    """Thresholds above 0.8, 0.8, 0.4, 0.35 and 0.1 with their rates, as the chapter shows them."""
    curve = roc_curve(Y, SCORES)
    assert curve["thresholds"] == [math.inf, 0.8, 0.4, 0.35, 0.1]
    assert curve["false_positive_rates"] == [0, 0, 0.5, 0.5, 1]
    assert curve["true_positive_rates"] == [0, 0.5, 0.5, 1, 1]


def test_the_course_areas():
    """0.75, and 0.875 with a tie, which counts one half."""
    assert roc_auc_score(Y, SCORES) == 0.75
    assert roc_auc_score(Y, [0.1, 0.4, 0.4, 0.8]) == 0.875


def test_the_course_reviews():
    """Above 0.75: TPR 2/3 and no false alarm; above 0.5: TPR 1 and FPR 1/5."""
    y = ["negative"] * 3 + ["other"] * 5
    curve = roc_curve(y, [0.95, 0.80, 0.60, 0.70, 0.40, 0.30, 0.20, 0.10], positive="negative")
    points = dict(
        zip(
            curve["thresholds"],
            zip(curve["true_positive_rates"], curve["false_positive_rates"], strict=True),
            strict=True,
        )
    )
    assert points[0.80] == (pytest.approx(2 / 3), 0)
    assert points[0.60] == (1, 0.2)


def test_precision_recall_by_hand():
    """After each of four scores: 1/1, 1/2, 2/3, 2/4."""
    curve = precision_recall_curve(Y, SCORES)
    assert curve["precisions"] == pytest.approx([1, 1 / 2, 2 / 3, 1 / 2])
    assert curve["recalls"] == [0.5, 0.5, 1, 1]
    assert curve["thresholds"] == [0.8, 0.4, 0.35, 0.1]


@settings(deadline=None)
@given(CASES)
def test_the_area_counts_pairs(rows):
    """AUC is the share of pairs in order, ties as one half: the Mann-Whitney statistic."""
    positives = [s for label, s in rows if label]
    negatives = [s for label, s in rows if not label]
    in_order = [(p > n) + (p == n) / 2 for p in positives for n in negatives]
    assert roc_auc_score(*zip(*rows, strict=True)) == pytest.approx(np.mean(in_order))


@settings(deadline=None, max_examples=25)
@given(CASES)
def test_curves_agree_with_scikit_learn(rows):
    """Every point, area and average precision is the library's, with ties too."""
    y, scores = (list(column) for column in zip(*rows, strict=True))
    fpr, tpr, thresholds = library.roc_curve(y, scores, drop_intermediate=False)
    ours = roc_curve(y, scores)
    assert ours["false_positive_rates"] == pytest.approx(fpr.tolist())
    assert ours["true_positive_rates"] == pytest.approx(tpr.tolist())
    assert ours["thresholds"] == thresholds.tolist()
    assert roc_auc_score(y, scores) == pytest.approx(library.roc_auc_score(y, scores))
    precisions, recalls, cuts = library.precision_recall_curve(y, scores)
    ours = precision_recall_curve(y, scores)
    assert ours["precisions"] == pytest.approx(precisions[-2::-1].tolist())
    assert ours["recalls"] == pytest.approx(recalls[-2::-1].tolist())
    assert ours["thresholds"] == cuts[::-1].tolist()
    assert ours["average_precision"] == pytest.approx(library.average_precision_score(y, scores))


@settings(deadline=None)
@given(CASES)
def test_only_the_order_of_scores_matters(rows):
    """An increasing function of the scores leaves the area, the negated scores turn it round."""
    y, scores = (list(column) for column in zip(*rows, strict=True))
    area = roc_auc_score(y, scores)
    assert roc_auc_score(y, [math.exp(s) for s in scores]) == area
    assert roc_auc_score(y, [-s for s in scores]) == pytest.approx(1 - area)


def test_equal_scores_say_nothing():
    """With one score for all, the area is 0.5 and the average precision the share of positives."""
    assert roc_auc_score([1, 0, 0, 0], [2, 2, 2, 2]) == 0.5
    assert precision_recall_curve([1, 0, 0, 0], [2, 2, 2, 2])["average_precision"] == 0.25
    assert roc_curve([1, 0], [2, 2])["thresholds"] == [math.inf, 2]


@pytest.mark.parametrize("metric", [roc_curve, roc_auc_score, precision_recall_curve])
@pytest.mark.parametrize(
    ("y", "scores", "positive", "message"),
    [
        ([1, 1], [0.1, 0.2], None, "y_true must hold positives and negatives; got only 1."),
        ([0], [0.1], None, "y_true must hold positives and negatives; got only 0."),
        (["a", "a"], [0.1, 0.2], "a", "y_true must hold positives and negatives; got only 'a'."),
        ([0, 1], [0.1], None, "y_true and scores must be of equal length; got 2 and 1."),
        ([0, 1], [0.1, math.nan], None, "scores must be finite; got nan."),
        ([0, 1], [], None, "scores must hold at least 1 number; got 0."),
        (["a", "b"], [0.1, 0.2], None, "positive must be one of the labels 'a', 'b'; got None. Pass positive='b'."),
    ],
)
def test_wrong_input_is_refused(metric, y, scores, positive, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        metric(y, scores, positive)
