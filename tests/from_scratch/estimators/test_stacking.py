"""Stacking against scikit-learn's out-of-fold predictions and the chapter's worked figures."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import linear_model, naive_bayes, neighbors
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.linear import LinearRegression
from rag_app.from_scratch.estimators.stacking import StackingClassifier, StackingRegressor
from rag_app.from_scratch.metrics.validation import kfold, stratified_kfold

RNG = np.random.default_rng(0)
Y = RNG.integers(3, size=120)
X = RNG.normal(size=(120, 2)) + np.stack([np.cos(2 * Y), np.sin(2 * Y)], axis=1)
TWO = [{"name": "KNeighborsClassifier", "k": 3}, "GaussianNaiveBayes"]


def _split(folds):
    """Return folds as scikit-learn wants them: the number of the fold of each row."""
    numbers = np.empty(120, int)
    for number, fold in enumerate(folds):
        numbers[fold] = number
    return PredefinedSplit(numbers)


def test_out_of_fold_probabilities_agree_with_scikit_learn():
    """With the same folds, of every class but the first; the meta-classifier learns from them."""
    stack = StackingClassifier(estimators=TWO, n_folds=4, seed=3).fit(X, Y)
    folds = _split(stratified_kfold(Y, 4, 3))
    theirs = [
        cross_val_predict(estimator, X, Y, cv=folds, method="predict_proba")[:, 1:]
        for estimator in (neighbors.KNeighborsClassifier(3), naive_bayes.GaussianNB())
    ]
    assert stack.out_of_fold_ == pytest.approx(np.column_stack(theirs))
    meta = linear_model.LogisticRegression(C=1 / (2 * 120 * 0.01), tol=1e-9, max_iter=1000).fit(stack.out_of_fold_, Y)
    assert stack.meta_.predict_proba(stack.out_of_fold_) == pytest.approx(
        meta.predict_proba(stack.out_of_fold_), abs=1e-5
    )
    full = np.column_stack([b.predict_proba(X)[:, 1:] for b in stack.base_])
    assert stack.predict_proba(X) == pytest.approx(stack.meta_.predict_proba(full))


def test_out_of_fold_numbers_agree_with_scikit_learn():
    """And the meta-regressor is least squares on them."""
    y = X @ [1, -2] + RNG.normal(size=120)
    two = [{"name": "KNeighborsRegressor", "k": 3}, {"name": "RidgeRegression", "alpha": 0.1}]
    stack = StackingRegressor(estimators=two, n_folds=3).fit(X, y)
    folds = _split(kfold(120, 3, 0))
    theirs = [
        cross_val_predict(neighbors.KNeighborsRegressor(3), X, y, cv=folds),
        cross_val_predict(linear_model.Ridge(8.0), X, y, cv=folds),  # 80 rows of training · 0.1
    ]
    assert stack.out_of_fold_ == pytest.approx(np.column_stack(theirs))
    assert stack.meta_.weights_ == pytest.approx(LinearRegression().fit(stack.out_of_fold_, y).weights_)


def test_the_nearest_neighbour_of_the_chapter_does_not_know_its_own_row():
    """Held out one at a time: 3, 2, 3 and 7, an error of 19/4 instead of 0."""
    targets = np.array([2, 3, 7, 8])
    stack = StackingRegressor(estimators=[{"name": "KNeighborsRegressor", "k": 1}], n_folds=4).fit(
        [[1], [2], [3], [4]], targets
    )
    assert stack.out_of_fold_.ravel().tolist() == [3, 2, 3, 7]
    assert ((stack.out_of_fold_.ravel() - targets) ** 2).mean() == 4.75


def test_the_meta_weights_of_the_chapter():
    """(3, 3, 7, 7) and (1, 5, 5, 9) for (2, 4, 6, 8): half of each is exact."""
    meta = LinearRegression().fit(np.array([[3, 1], [3, 5], [7, 5], [7, 9]]), [2, 4, 6, 8])
    assert meta.weights_ == pytest.approx([0.5, 0.5])
    assert meta.intercept_ == pytest.approx(0)


def test_the_stack_is_better_than_its_members():
    """A curve plus a line: neither member finds both, and the error on new rows is below both."""
    rng = np.random.default_rng(1)
    rows = rng.uniform(-3, 3, size=(400, 2))
    y = 2 * rows[:, 0] + 3 * np.sin(2 * rows[:, 1])
    stack = StackingRegressor().fit(rows[:300], y[:300])
    errors = [((estimator.predict(rows[300:]) - y[300:]) ** 2).mean() for estimator in (stack, *stack.base_)]
    assert errors[0] < min(errors[1:])


def test_default_classifiers_and_text_labels():
    """Three different kinds, and labels come back as they were given."""
    names = np.array(["red", "green", "blue"])[Y]
    stack = StackingClassifier().fit(X, names)
    assert [type(b).__name__ for b in stack.base_] == [
        "LogisticRegression",
        "GaussianNaiveBayes",
        "DecisionTreeClassifier",
    ]
    assert (stack.predict(X) == names).mean() > 0.7
    other = StackingClassifier(meta="GaussianNaiveBayes").fit(X, names)
    assert type(other.meta_).__name__ == "GaussianNaiveBayes"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_folds": 1}, "n_folds must be a whole number of at least 2 and at most"),
        ({"estimators": []}, "estimators must hold at least one; got []."),
        ({"estimators": ["Perceptron"]}, "estimators must have the method predict_proba; got Perceptron("),
        ({"meta": "Perceptron"}, "estimators must have the method predict_proba; got Perceptron("),
    ],
)
def test_what_is_refused(parameters, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        StackingClassifier(**parameters).fit(X, Y)
    assert str(caught.value).startswith(message)
