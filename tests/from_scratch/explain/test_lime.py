"""LIME for tables against the closed form of weighted ridge regression and linear black boxes."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.specification import build_predictor
from rag_app.from_scratch.explain.lime import build_surrogate, lime
from rag_app.registry import get
from rag_app.tools.adapter import call_tool

RNG = np.random.default_rng(0)
SAMPLES = RNG.normal(size=(40, 3))
OUTPUTS = np.sin(SAMPLES[:, 0]) + SAMPLES[:, 1] * SAMPLES[:, 2]
HERE = np.array([0.2, -0.1, 0.4])
ROWS = RNG.normal(size=(30, 3)) * [1, 100, 0.01]


def test_the_course_figure():
    """The square at 2 from 1, 2 and 3: slope 4 and value 4.424."""
    found = build_surrogate([[1], [2], [3]], [1, 4, 9], [2], kernel_width=1)
    assert found.weights == pytest.approx([4])
    assert found.value == pytest.approx((1 / math.e + 4 + 9 / math.e) / (1 / math.e + 1 + 1 / math.e))
    assert round(found.value, 3) == 4.424


@pytest.mark.parametrize("penalty", [0.0, 0.3])
@pytest.mark.parametrize("width", [0.5, 2.0])
def test_it_is_a_weighted_ridge_regression(width, penalty):
    """Weights, value and fit are those of the library's ridge with the weights of the kernel."""
    closeness = np.exp(-((SAMPLES - HERE) ** 2).sum(axis=1) / width**2)
    expected = Ridge(alpha=penalty * closeness.sum()).fit(SAMPLES - HERE, OUTPUTS, closeness)
    found = build_surrogate(SAMPLES, OUTPUTS, HERE, width, penalty)
    assert found.weights == pytest.approx(expected.coef_)
    assert found.value == pytest.approx(expected.intercept_)
    assert found.fit == pytest.approx(expected.score(SAMPLES - HERE, OUTPUTS, closeness))


def test_far_samples_do_not_underflow():
    """Where even the nearest sample is hundreds of widths away, the nearest ones still decide."""
    found = build_surrogate([[100], [101], [200]], [1, 2, 0], [0], kernel_width=1)
    assert np.isfinite(found.weights).all()


def test_constant_outputs_have_no_slope():
    """Nothing varies: weights of 0, which explain all there is."""
    found = build_surrogate([[1], [2]], [5, 5], [1], kernel_width=1)
    assert (found.weights.tolist(), found.value, found.fit) == ([0], 5, 1)


def test_a_linear_black_box_gets_its_coefficients():
    """Per unit of each column, whatever its scale; the surrogate fits perfectly; the tool says so in JSON."""
    arguments = {"X": ROWS.tolist(), "y": (ROWS @ [3.0, -0.02, 50.0] + 1).tolist(), "x": ROWS[0].tolist()}
    found = call_tool(get("lime"), {"estimator": "LinearRegression", **arguments})
    assert found["weights"] == pytest.approx([3, -0.02, 50], rel=1e-4)
    assert found["fit"] == pytest.approx(1)
    assert found["local_prediction"] == pytest.approx(found["prediction"], rel=1e-4)
    assert found["output"] == "prediction"


def test_a_classifier_is_explained_by_a_probability():
    """The weights of a logistic regression's probability are in proportion to its coefficients."""
    labels = np.where(SAMPLES @ [2.0, -1, 0] + RNG.normal(size=40) > 0, "yes", "no")
    fitted = build_predictor("LogisticRegression").fit(SAMPLES, labels)
    found = lime("LogisticRegression", SAMPLES, labels, HERE, kernel_width=0.5)
    assert found["output"] == f"probability of {fitted.predict([HERE])[0].item()!r}"
    h = 1e-5 * np.eye(3)
    up, down = (fitted.predict_proba(HERE + sign * h).max(axis=1) for sign in (1, -1))
    slopes = (up - down) / 2e-5
    cosine = slopes @ found["weights"] / np.linalg.norm(slopes) / np.linalg.norm(found["weights"])
    assert cosine == pytest.approx(1, abs=0.01)


def test_a_constant_column_weighs_nothing():
    """A column that never varies cannot explain anything."""
    rows = [[1.0, 7], [2, 7], [4, 7]]
    found = lime("LinearRegression", rows, [2, 4, 8], [3, 7])
    assert found["weights"] == [pytest.approx(2, rel=1e-4), 0]


def test_seed_and_width():
    """A seed gives the same explanation again; another one, or another width, one close to it."""
    answers = ROWS[:, 0] * 2
    first = lime("LinearRegression", ROWS, answers, ROWS[0])
    assert first == lime("LinearRegression", ROWS, answers, ROWS[0], seed=0)
    for other in ({"seed": 1}, {"kernel_width": 0.3}):
        found = lime("LinearRegression", ROWS, answers, ROWS[0], **other)
        assert found != first
        assert found["weights"] == pytest.approx(first["weights"], abs=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: build_surrogate([[1]], [1], [1], 0), "kernel_width must be above 0; got 0."),
        (lambda: build_surrogate([[1]], [1], [1], 1, -1), "penalty must be at least 0; got -1."),
        (lambda: build_surrogate([[1], [2]], [1], [1], 1), "samples and outputs must be of equal length; got 2 and 1."),
        (lambda: build_surrogate([[1, 2]], [1], [1], 1), "samples must have rows of 1 numbers; got rows of 2."),
        (lambda: lime("LinearRegression", ROWS, [1], HERE), "X and y must be of equal length; got 30 and 1."),
        (
            lambda: lime("LinearRegression", ROWS, ROWS[:, 0], [1]),
            "x must hold one number for each of the 3 columns of X; got 1.",
        ),
    ],
)
def test_wrong_input_is_refused(call, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
