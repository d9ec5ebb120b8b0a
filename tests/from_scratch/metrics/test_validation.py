"""Folds are partitions, cross-validation fits anew, and leaving one out has a closed form."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression as LibraryRegression
from sklearn.model_selection import KFold, PredefinedSplit
from sklearn.model_selection import cross_val_score as library_scores

from rag_app.errors import InvalidInputError, UnknownNameError
from rag_app.from_scratch.metrics.validation import cross_val_score, kfold, leave_one_out, stratified_kfold
from rag_app.registry import get
from rag_app.tools.adapter import call_tool

UNDETERMINED = (
    "X must determine the fit without any one of its rows; got shape {}. "
    "Add rows, or drop columns that follow from others."
)
PAIRWISE = (
    "metric must make one number of y_true and y_pred; got {!r}. "
    "Pass accuracy, f1_score, mean_squared_error or r2_score, for instance."
)
DIVIDED = (
    "folds must be at least two lists that hold each row from 0 to {} once; got {} lists. "
    "Use kfold or stratified_kfold."
)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
Y = X @ [1.0, -2.0, 0.5] + RNG.normal(size=30)


@settings(deadline=None)
@given(st.integers(2, 40), st.data())
def test_folds_divide_the_rows(n, data):
    """Every row is in exactly one fold, and the sizes are those of scikit-learn's folds."""
    k = data.draw(st.integers(2, n))
    folds = kfold(n, k, seed=data.draw(st.integers(0, 5)))
    assert sorted(row for fold in folds for row in fold) == list(range(n))
    assert [len(fold) for fold in folds] == [len(test) for _, test in KFold(k).split(np.zeros(n))]


def test_folds_are_shuffled_by_the_seed():
    """The same seed gives the same folds, another seed others; rows are not taken in order."""
    assert kfold(20, 4, seed=1) == kfold(20, 4, seed=1) != kfold(20, 4, seed=2)
    assert kfold(20, 4) != [list(range(i, i + 5)) for i in range(0, 20, 5)]


@settings(deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=6, max_size=40), st.integers(2, 5))
def test_stratified_folds_share_out_every_class(y, k):
    """Counts of a class differ by at most 1 between folds, and so do sizes; too small a class is refused."""
    if min(Counter(y).values()) < k:
        with pytest.raises(
            InvalidInputError, match=r"^n_folds must be a whole number of at least 2 and at most \d+; got"
        ):
            stratified_kfold(y, k)
        return
    folds = stratified_kfold(y, k)
    assert sorted(row for fold in folds for row in fold) == list(range(len(y)))
    for label in set(y):
        counts = [sum(y[row] == label for row in fold) for fold in folds]
        assert max(counts) - min(counts) <= 1
    sizes = [len(fold) for fold in folds]
    assert max(sizes) - min(sizes) <= 1


def test_the_course_figure_of_stratified_folds():
    """90 negatives and 10 positives: 18 and 2 in each of five folds."""
    y = [0] * 90 + [1] * 10
    for fold in stratified_kfold(y):
        assert Counter(y[row] for row in fold) == {0: 18, 1: 2}


def test_the_course_figures_of_leaving_one_out():
    """Left-out errors -1/3, -2/7, 1, -4/3; PRESS 2.9705; mean 0.7426."""
    found = leave_one_out([[0], [1], [2], [3]], [3, 5, 8, 9])
    assert found["errors"] == pytest.approx([-1 / 3, -2 / 7, 1, -4 / 3])
    assert found["press"] == pytest.approx(2.9705, abs=5e-5)
    assert found["mean_squared_error"] == pytest.approx(0.7426, abs=5e-5)


def test_leaving_one_out_equals_fitting_n_times():
    """One fit gives what cross-validation with as many folds as rows gives."""
    slow = cross_val_score("LinearRegression", X, Y, "mean_squared_error", folds=len(X))
    assert leave_one_out(X, Y)["mean_squared_error"] == pytest.approx(slow["mean"])
    assert len(slow["scores"]) == len(X)


@pytest.mark.parametrize(
    ("metric", "scoring", "sign"), [("r2_score", "r2", 1), ("mean_absolute_error", "neg_mean_absolute_error", -1)]
)
def test_cross_validation_agrees_with_scikit_learn(metric, scoring, sign):
    """On the same folds, scores by fold are the library's; mean and sample deviation follow."""
    folds = kfold(len(X), 4, seed=3)
    which = np.empty(len(X))
    for i, fold in enumerate(folds):
        which[fold] = i
    expected = sign * library_scores(LibraryRegression(), X, Y, scoring=scoring, cv=PredefinedSplit(which))
    found = cross_val_score("LinearRegression", X, Y, metric, folds)
    assert found["scores"] == pytest.approx(expected.tolist())
    assert found["mean"] == pytest.approx(expected.mean())
    assert found["standard_deviation"] == pytest.approx(expected.std(ddof=1))


def test_a_number_of_folds_means_shuffled_ones():
    """`folds=5` is `kfold` with the default seed, also as a tool."""
    expected = cross_val_score("LinearRegression", X, Y, "r2_score", kfold(len(X), 5))
    assert cross_val_score("LinearRegression", X, Y, "r2_score") == expected
    arguments = {"estimator": {"name": "LinearRegression"}, "X": X.tolist(), "y": Y.tolist(), "metric": "r2_score"}
    assert call_tool(get("cross_val_score"), arguments) == expected


def test_labels_are_validated_by_accuracy():
    """By default the metric is the share of right labels; on classes far apart it is 1 in every fold."""
    rows = np.concatenate([X, X + 20])
    labels = ["near"] * 30 + ["far"] * 30
    found = cross_val_score("GaussianNaiveBayes", rows, labels, folds=stratified_kfold(labels, 3))
    assert found == {"scores": [1, 1, 1], "mean": 1, "standard_deviation": 0}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kfold(1), "n must be a whole number of at least 2; got 1."),
        (lambda: kfold(3, 4), "n_folds must be a whole number of at least 2 and at most 3; got 4."),
        (lambda: kfold(3, 1), "n_folds must be a whole number of at least 2 and at most 3; got 1."),
        (lambda: stratified_kfold([]), "y must be a list of labels, at least one; got []."),
        (
            lambda: leave_one_out([[1], [2]], [1, 2]),
            UNDETERMINED.format((2, 1)),
        ),
        (
            lambda: leave_one_out([[1, 2], [2, 4], [3, 6], [5, 10]], [1, 2, 3, 4]),
            UNDETERMINED.format((4, 2)),
        ),
        (
            lambda: leave_one_out([[0], [0], [0], [1]], [1, 2, 3, 4]),
            UNDETERMINED.format((4, 1)),
        ),
        (lambda: leave_one_out(X, Y[:-1]), "X and y must be of equal length; got 30 and 29."),
        (lambda: cross_val_score("LinearRegression", X, Y[:-1]), "X and y must be of equal length; got 30 and 29."),
        (
            lambda: cross_val_score("LinearRegression", X, Y, "kfold"),
            PAIRWISE.format("kfold"),
        ),
        (
            lambda: cross_val_score("LinearRegression", X, Y, "confusion_matrix"),
            PAIRWISE.format("confusion_matrix"),
        ),
        (
            lambda: cross_val_score("LinearRegression", X[:3], Y[:3], "r2_score", [[0], [1]]),
            DIVIDED.format(2, 2),
        ),
        (
            lambda: cross_val_score("LinearRegression", X[:2], Y[:2], "r2_score", [[0, 1], []]),
            DIVIDED.format(1, 2),
        ),
        (
            lambda: cross_val_score("LinearRegression", X[:2], Y[:2], "r2_score", [[0, 1]]),
            DIVIDED.format(1, 1),
        ),
    ],
)
def test_wrong_input_is_refused(call, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()


def test_unknown_names_are_refused():
    """A metric that nobody registered is named, with close ones."""
    with pytest.raises(UnknownNameError, match=r"^There is no tool named 'r2_scor'\. Did you mean r2_score"):
        cross_val_score("LinearRegression", X, Y, "r2_scor")
