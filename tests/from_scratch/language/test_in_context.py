"""Linear attention is gradient descent."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.language.in_context import in_context_regression, linear_attention

RNG = np.random.default_rng(0)


def test_one_pass_is_one_step():
    """The course's example: pairs (1, 2) and (2, 3), query 3, rate 0.2: 2.4 both ways; the loss falls 3.25 → 0.85."""
    result = in_context_regression([[1], [2]], [2, 3], [3], learning_rate=0.2)
    assert result["attention"] == pytest.approx(2.4)
    assert result["gradient_descent"] == pytest.approx(2.4)
    assert result["weights"] == pytest.approx([0.8])
    assert result["losses"] == pytest.approx([3.25, 0.85])
    assert result["least_squares"] == pytest.approx(4.8)


@pytest.mark.parametrize("n_layers", [1, 2, 7])
def test_layers_are_steps(n_layers):
    """On random data with several columns, against gradient descent written out."""
    X, y, query = RNG.normal(size=(9, 3)), RNG.normal(size=9), RNG.normal(size=3)
    w = np.zeros(3)
    for _ in range(n_layers):
        w -= 0.3 * X.T @ (X @ w - y) / 9
    result = in_context_regression(X, y, query, 0.3, n_layers)
    assert result["attention"] == pytest.approx(query @ w)
    assert result["gradient_descent"] == pytest.approx(query @ w)
    assert len(result["losses"]) == n_layers + 1


def test_many_layers_reach_least_squares():
    """The loss falls at each, and the prediction is that of the final solution."""
    X, y = RNG.normal(size=(20, 2)), RNG.normal(size=20)
    result = in_context_regression(X, y, [1, -1], 0.5, 200)
    assert result["attention"] == pytest.approx(result["least_squares"])
    assert result["least_squares"] == pytest.approx(np.array([1, -1]) @ np.linalg.solve(X.T @ X, X.T @ y))
    assert np.diff(result["losses"]).max() <= 1e-15


def test_scores_have_no_softmax():
    """Products of query and keys weigh the values as they are."""
    assert linear_attention(np.array([[3.0]]), np.array([[1.0], [2.0]]), np.array([2.0, 3.0])).tolist() == [24]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1]], [1, 2], [1]), "X and y must be of equal length; got 1 and 2."),
        (([[1]], [1], [1, 2]), "query must hold 1 numbers, as the rows of X; got 2."),
        (([[1]], [1], [1], 0), "learning_rate must be above 0 and at most 1.79769e+308; got 0."),
        (([[1]], [1], [1], 0.1, 0), "n_layers must be a whole number of at least 1; got 0."),
    ],
)
def test_what_does_not_fit_is_named(arguments, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as caught:
        in_context_regression(*arguments)
    assert str(caught.value) == message
