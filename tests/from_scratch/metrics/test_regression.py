"""MAE, MSE and R² against the course's figures and scikit-learn."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as library

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.regression import as_pair, mean_absolute_error, mean_squared_error, r2_score

METRICS = [mean_absolute_error, mean_squared_error, r2_score]
NUMBERS = st.integers(-50, 50)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=20)
TRUE = [3, 5, 7, 9]


@pytest.mark.parametrize(
    ("predicted", "mae", "mse", "r2"),
    [
        ([2.5, 5, 8, 9], 0.375, 0.3125, 0.9375),  # errors 0.5, 0, -1, 0; spread 20
        ([2.5, 5, 8, 19], 2.875, 25.3125, 1 - 101.25 / 20),
        ([9, 7, 5, 3], 4, 20, -3),
        ([6, 6, 6, 6], 2, 5, 0),  # always the mean
        (TRUE, 0, 0, 1),
    ],
)
def test_the_course_figures(predicted, mae, mse, r2):
    """The figures of the chapter, the mean predictor and the perfect one."""
    assert mean_absolute_error(TRUE, predicted) == mae
    assert mean_squared_error(TRUE, predicted) == mse
    assert r2_score(TRUE, predicted) == pytest.approx(r2)


@settings(deadline=None)
@given(PAIRS)
def test_they_agree_with_scikit_learn(pairs):
    """On any numbers the values are the library's."""
    actual, predicted = (list(column) for column in zip(*pairs, strict=True))
    assert mean_absolute_error(actual, predicted) == pytest.approx(library.mean_absolute_error(actual, predicted))
    assert mean_squared_error(actual, predicted) == pytest.approx(library.mean_squared_error(actual, predicted))
    assume(len(set(actual)) > 1)
    assert r2_score(actual, predicted) == pytest.approx(library.r2_score(actual, predicted))


@settings(deadline=None)
@given(PAIRS, st.integers(-20, 20), st.integers(1, 9))
def test_units_and_origins(pairs, shift, factor):
    """Moving both lists changes nothing; a factor multiplies MAE, its square MSE, and leaves R²."""
    actual, predicted = np.array(pairs).T
    moved = actual * factor + shift, predicted * factor + shift
    assert mean_absolute_error(*moved) == pytest.approx(factor * mean_absolute_error(actual, predicted))
    assert mean_squared_error(*moved) == pytest.approx(factor**2 * mean_squared_error(actual, predicted))
    assume(len(set(actual.tolist())) > 1)
    assert r2_score(*moved) == pytest.approx(r2_score(actual, predicted))


def test_a_constant_truth_has_no_r2():
    """There is no variance to explain: an error, not a NaN."""
    message = "y_true must hold at least two different numbers; got only 0.1."
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        r2_score([0.1, 0.1, 0.1], [1, 2, 3])


@pytest.mark.parametrize("metric", [*METRICS, as_pair])
@pytest.mark.parametrize(
    ("actual", "predicted", "message"),
    [
        ([], [], "y_true must hold at least 1 number; got 0."),
        ([1, 2], [1], "y_true and y_pred must be of equal length; got 2 and 1."),
        ([1, math.nan], [1, 2], "y_true must be finite; got nan."),
        ([1, 2], [1, math.inf], "y_pred must be finite; got inf."),
        (["a"], [1], "y_true must be a list of numbers; got ['a']."),
    ],
)
def test_wrong_input_is_refused(metric, actual, predicted, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        metric(actual, predicted)
