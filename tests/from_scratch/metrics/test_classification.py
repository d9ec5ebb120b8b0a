"""Accuracy, precision, recall, F1 and the confusion matrix against the course's figures and scikit-learn."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as library

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.classification import accuracy, confusion_matrix, f1_score, precision, recall
from rag_app.registry import get
from rag_app.tools.adapter import call_tool

AVERAGED = [precision, recall, f1_score]
LIBRARY = {"precision": library.precision_score, "recall": library.recall_score, "f1_score": library.f1_score}
LABELS = st.sampled_from(["ES", "SC", "RC"])
PAIRS = st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=30).map(lambda pairs: tuple(zip(*pairs, strict=True)))

SPAM = ["spam"] * 20 + ["ham"] * 80
FILTERED = ["spam"] * 16 + ["ham"] * 4 + ["spam"] * 6 + ["ham"] * 74  # TP 16, FN 4, FP 6, TN 74
COUNTS = {"ES": (28, 2, 0), "SC": (3, 42, 5), "RC": (0, 0, 20)}
SEGMENTS = [name for name, row in COUNTS.items() for _ in range(sum(row))]
PREDICTED = [name for row in COUNTS.values() for name, n in zip(COUNTS, row, strict=True) for _ in range(n)]


def test_the_course_figures_of_the_spam_filter():
    """Accuracy 90/100, precision 16/22, recall 16/20, F1 32/42, as the chapter works them out."""
    assert accuracy(SPAM, FILTERED) == 0.9
    assert confusion_matrix(SPAM, FILTERED, ["spam", "ham"])["counts"] == [[16, 4], [6, 74]]
    assert precision(SPAM, FILTERED, positive="spam") == pytest.approx(16 / 22)
    assert recall(SPAM, FILTERED, positive="spam") == 0.8
    assert f1_score(SPAM, FILTERED, positive="spam") == pytest.approx(32 / 42)
    assert recall(SPAM, FILTERED, positive="ham") == 0.925  # the specificity


def test_the_course_figures_of_the_segments():
    """Class by class, macro and micro, as the chapter works them out."""
    assert confusion_matrix(SEGMENTS, PREDICTED, list(COUNTS))["counts"] == [list(row) for row in COUNTS.values()]
    expected = {
        precision: (0.9032, 0.9545, 0.8, 0.8859),
        recall: (0.9333, 0.84, 1, 0.9244),
        f1_score: (0.9180, 0.8936, 0.8889, 0.9002),
    }
    for metric, (*classes, macro) in expected.items():
        assert [round(metric(SEGMENTS, PREDICTED, positive=name), 4) for name in COUNTS] == classes
        assert round(metric(SEGMENTS, PREDICTED, "macro"), 4) == macro
        assert metric(SEGMENTS, PREDICTED, "micro") == pytest.approx(0.9)


def test_accuracy_misleads_where_classes_are_imbalanced():
    """Always "honest" is 95 % accurate, finds no fraud, and its macro recall says so."""
    y, constant = [0] * 95 + [1] * 5, [0] * 100
    assert accuracy(y, constant) == 0.95
    assert recall(y, constant) == 0
    assert recall(y, constant, "macro") == 0.5


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("metric", AVERAGED)
@settings(deadline=None, max_examples=25)
@given(PAIRS)
def test_averages_agree_with_scikit_learn(metric, average, pair):
    """On any labels, also with classes that are never predicted or never occur, the value is the library's."""
    expected = LIBRARY[metric.__name__](*pair, average=average, zero_division=0)
    assert metric(*pair, average) == pytest.approx(expected)


@pytest.mark.parametrize("metric", AVERAGED)
@settings(deadline=None, max_examples=25)
@given(PAIRS)
def test_one_class_agrees_with_scikit_learn(metric, pair):
    """For the class that is looked for, all others being negatives, the value is the library's."""
    positive = pair[0][0]
    truth, said = ([label == positive for label in labels] for labels in pair)
    expected = LIBRARY[metric.__name__](truth, said, zero_division=0)
    assert metric(*pair, positive=positive) == pytest.approx(expected)
    assert metric(truth, said) == pytest.approx(expected)


@settings(deadline=None, max_examples=25)
@given(PAIRS)
def test_accuracy_and_confusion_matrix_agree_with_scikit_learn(pair):
    """The matrix is the library's, and its trace over its sum is the accuracy."""
    assert confusion_matrix(*pair)["labels"] == sorted({*pair[0], *pair[1]})
    counts = np.array(confusion_matrix(*pair, list(COUNTS))["counts"])
    assert counts.tolist() == library.confusion_matrix(*pair, labels=list(COUNTS)).tolist()
    assert accuracy(*pair) == pytest.approx(counts.trace() / counts.sum()) == library.accuracy_score(*pair)


@settings(deadline=None)
@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_examples_does_not_matter(pair, random):
    """Shuffling the examples, or counting all of them twice, changes nothing."""
    rows = list(zip(*pair, strict=True))
    random.shuffle(rows)
    shuffled = tuple(zip(*(rows * 2), strict=True))
    assert accuracy(*pair) == pytest.approx(accuracy(*shuffled))
    for metric in AVERAGED:
        assert metric(*pair, "macro") == pytest.approx(metric(*shuffled, "macro"))


def test_f1_is_the_harmonic_mean():
    """Precision 0.5 and recall 1 give 2/3."""
    y, said = [1, 0], [1, 1]
    assert (precision(y, said), recall(y, said)) == (0.5, 1.0)
    assert f1_score(y, said) == pytest.approx(0.666667, abs=1e-6)


@pytest.mark.parametrize("metric", AVERAGED)
def test_an_undefined_share_is_zero(metric):
    """Where no positive occurs or is predicted, the value is 0 and not an error."""
    assert metric([0, 0], [0, 0]) == 0
    assert metric([1], [0]) == 0
    assert metric([0], [1]) == 0


def test_the_matrix_keeps_the_order_of_labels_and_knows_absent_ones():
    """Rows and columns follow `labels`, with zeros for a class that does not occur."""
    assert confusion_matrix([1, 0], [1, 1], [1, 2, 0]) == {
        "labels": [1, 2, 0],
        "counts": [[1, 0, 0], [0, 0, 0], [1, 0, 0]],
    }
    assert confusion_matrix([True], [False])["labels"] == [False, True]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: accuracy([], []), "y_true must be a list of labels, at least one; got []."),
        (lambda: accuracy([1], [1, 0]), "y_true and y_pred must be of equal length; got 1 and 2."),
        (lambda: accuracy([1.0, float("nan")], [1, 0]), "y_true must be finite; got nan."),
        (
            lambda: accuracy(["a", 1], ["a", "b"]),
            "y_true must be all text or all numbers; got a mixture such as ['a', 1].",
        ),
        (lambda: recall([1], [1], "mean"), "average must be one of binary, macro, micro, weighted; got 'mean'."),
        (lambda: recall([1], [1], "macro", 1), "positive must be left out where average is macro; got 1."),
        (lambda: f1_score(["a"], ["b"]), "positive must be one of the labels 'a', 'b'; got None. Pass positive='b'."),
        (lambda: confusion_matrix([1], [1], [1, 1]), "labels must not repeat a class; got [1, 1]."),
        (lambda: confusion_matrix([1], [0], [1, 2]), "labels must name every class that occurs; got none for 0."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()


def test_it_is_a_tool():
    """Called with JSON, labels keep their types."""
    result = call_tool(get("confusion_matrix"), {"y_true": ["a", "b"], "y_pred": ["a", "a"]})
    assert result == {"labels": ["a", "b"], "counts": [[1, 0], [1, 0]]}
    assert call_tool(get("precision"), {"y_true": [1, 0], "y_pred": [1, 1], "positive": 1}) == 0.5
