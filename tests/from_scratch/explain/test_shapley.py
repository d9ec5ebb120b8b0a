"""Shapley values against enumeration of orders, the closed form of linear functions, and their axioms."""

from __future__ import annotations

import re
from itertools import permutations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.explain.shapley import shapley, shapley_values
from rag_app.registry import get
from rag_app.tools.adapter import call_tool

RNG = np.random.default_rng(0)
TOO_MANY = (
    "X must have at most 16 columns, and n · 2^d must be at most 4,000,000; got {}. Pass fewer columns, or fewer rows."
)
BACKGROUND = RNG.normal(size=(7, 4))
X = RNG.normal(size=4)


def _by_orders(predict, x, background):
    """Return the mean change, over all orders, when each column is revealed."""
    values = np.zeros(len(x))
    orders = list(permutations(range(len(x))))
    for order in orders:
        rows = background.copy()
        before = predict(rows).mean()
        for i in order:
            rows[:, i] = x[i]
            after = predict(rows).mean()
            values[i] += (after - before) / len(orders)
            before = after
    return values


@pytest.mark.parametrize(
    "predict",
    [
        lambda z: z[:, 0] * z[:, 1] + np.sin(z[:, 2]) - z[:, 3] ** 2,
        lambda z: (z.sum(axis=1) > 0).astype(float),
        lambda z: np.exp(z[:, 0] - z[:, 3]) * z[:, 2],
    ],
)
def test_they_equal_the_mean_over_all_orders(predict):
    """Coalitions with their weights give what revealing the columns in every order gives, and add up."""
    values = shapley_values(predict, X, BACKGROUND)
    assert values == pytest.approx(_by_orders(predict, X, BACKGROUND))
    assert values.sum() == pytest.approx(predict(X[np.newaxis])[0] - predict(BACKGROUND).mean())


def test_the_course_figure_of_two_features():
    """Values 10, 20, 14 and 30 of the four coalitions: 13 and 7."""
    worth = {(0, 0): 10, (1, 0): 20, (0, 1): 14, (1, 1): 30}
    values = shapley_values(lambda z: np.array([worth[tuple(row)] for row in z.astype(int)]), [1, 1], [[0, 0]])
    assert values.tolist() == [13, 7]


def test_a_linear_function_has_a_closed_form():
    """The weight times the distance from the mean of the column."""
    w = np.array([3.0, -2, 0, 0.5])
    values = shapley_values(lambda z: z @ w + 7, X, BACKGROUND)
    assert values == pytest.approx(w * (X - BACKGROUND.mean(axis=0)))


def test_dummy_and_symmetry():
    """A column that is never looked at gets 0; two that do the same get the same."""
    x, background = np.array([2.0, 2.0, 5.0]), np.array([[0.0, 0, 1], [1, 1, -1]])
    values = shapley_values(lambda z: z[:, 0] * z[:, 1], x, background)
    assert values[2] == 0
    assert values[0] == pytest.approx(values[1])


def test_many_coalitions_are_evaluated_in_blocks():
    """Ten columns and a hundred rows need two blocks and more, and no column more than its share."""
    background = RNG.normal(size=(100, 10))
    w, x = np.arange(10.0), np.ones(10)
    assert shapley_values(lambda z: z @ w, x, background) == pytest.approx(w * (x - background.mean(axis=0)))


def test_the_tool_explains_a_fitted_estimator():
    """With JSON in and out, the course's figures 6, -4 and 0, efficiency and the meaning of the output."""
    rows = [[1, 2, 5], [3, 4, 7], [1, 4, 5], [3, 2, 7.5]]
    answers = [3 * a + 2 * b for a, b, _ in rows]
    found = call_tool(get("shapley"), {"estimator": "LinearRegression", "X": rows, "y": answers, "x": [4, 1, 9]})
    assert found["values"] == pytest.approx([6, -4, 0], abs=1e-9)
    assert (found["prediction"], found["average"]) == (pytest.approx(14), pytest.approx(12))
    assert found["output"] == "prediction"


def test_the_tool_explains_a_classifier():
    """Values add up to the probability of the class that is given, less its mean; an ignored column gets 0."""
    rows = np.column_stack([RNG.normal(size=(30, 2)), np.zeros(30)])
    labels = np.where(rows[:, 0] > 0, "yes", "no")
    found = shapley({"name": "DecisionTreeClassifier", "max_depth": 1}, rows, labels, [3, 0, 9])
    assert found["output"] == "probability of 'yes'"
    assert sum(found["values"]) == pytest.approx(found["prediction"] - found["average"])
    assert found["values"] == [pytest.approx(1 - (labels == "yes").mean()), 0, 0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: shapley_values(lambda z: z[:, 0], np.ones(17), np.ones((1, 17))),
            TOO_MANY.format((1, 17)),
        ),
        (
            lambda: shapley_values(lambda z: z[:, 0], np.ones(16), np.ones((62, 16))),
            TOO_MANY.format((62, 16)),
        ),
        (
            lambda: shapley_values(lambda z: z[:, 0], [1, 2], [[1]]),
            "X must have rows of 2 numbers; got rows of 1.",
        ),
        (lambda: shapley_values(lambda z: z[:, 0], [np.nan], [[1]]), "x must be finite; got nan."),
        (lambda: shapley("LinearRegression", [[1], [2]], [1], [1]), "X and y must be of equal length; got 2 and 1."),
        (
            lambda: shapley("LinearRegression", [[1], [2]], [1, 2], [1, 2]),
            "x must hold one number for each of the 1 columns of X; got 2.",
        ),
    ],
)
def test_wrong_input_is_refused(call, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
