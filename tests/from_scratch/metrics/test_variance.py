"""The bootstrap's variance of predictions against the closed form of least squares."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.variance import prediction_variance

RNG = np.random.default_rng(0)
X = RNG.uniform(0, 3, (400, 1))
Y = 2 * X[:, 0] + 3 + RNG.normal(size=400)
NEW = [[0.0], [1.5], [6.0]]


def test_it_tends_to_the_closed_form_of_least_squares():
    """σ² x (XᵀX)⁻¹ xᵀ at three inputs, larger the farther from the data, within the noise of 1,000 samples."""
    found = prediction_variance("LinearRegression", X, Y, NEW, n_resamples=1000)
    design, new = np.column_stack([np.ones(400), X]), np.column_stack([np.ones(3), NEW])
    expected = np.einsum("ij,jk,ik->i", new, np.linalg.inv(design.T @ design), new)
    assert found["variances"] == pytest.approx(expected.tolist(), rel=0.2)
    assert found["variances"][1] < found["variances"][0] < found["variances"][2]
    assert found["means"] == pytest.approx([3, 6, 15], abs=0.3)


def test_it_follows_the_seed_and_predicts_at_x_by_default():
    """The same seed gives the same figures, another seed others; without new rows there is one figure for each row."""
    first = prediction_variance("LinearRegression", X[:10], Y[:10], n_resamples=20)
    assert first == prediction_variance("LinearRegression", X[:10], Y[:10], X[:10], n_resamples=20)
    assert first != prediction_variance("LinearRegression", X[:10], Y[:10], n_resamples=20, seed=1)
    assert len(first["variances"]) == len(first["means"]) == 10


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: prediction_variance("LinearRegression", X, Y[1:]),
            "X and y must be of equal length; got 400 and 399.",
        ),
        (
            lambda: prediction_variance("LinearRegression", X, Y, [[1, 2]]),
            "X_new must have rows of 1 numbers; got rows of 2.",
        ),
        (
            lambda: prediction_variance("LinearRegression", X, Y, n_resamples=1),
            "n_resamples must be a whole number of at least 2; got 1.",
        ),
        (
            lambda: prediction_variance("LinearRegression", X, ["a"] * 400),
            f"y must be a list of numbers; got {repr(['a'] * 400)[:59]}….",
        ),
    ],
)
def test_wrong_input_is_refused(call, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
