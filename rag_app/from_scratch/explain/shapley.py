"""Shapley values: a prediction's distance from the average, shared out fairly among the columns that made it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Matrix, Vector, as_matrix, as_vector
from rag_app.from_scratch.estimators.specification import Specification, build_predictor
from rag_app.from_scratch.explain.black_box import Rows, as_question, build_output
from rag_app.registry import register

_MOST_COLUMNS = 16
_MOST_ROWS = 4_000_000
_AT_ONCE = 65_536


@register("tool", "M130")
def shapley(estimator: Specification, X: Matrix, y: Labels, x: Vector) -> dict[str, Any]:
    """Return how much each column adds to an estimator's prediction for a row (exact Shapley values, as in SHAP).

    Parameters
    ----------
    estimator : str or dict
        A name in the register, such as "LinearRegression"; or ``{"name": …}`` with parameters beside the name.
    X : sequence of rows
        Rows that it is fitted on, shape (n, d), d at most 16; also the background from which columns that are not
        known yet are filled in, so ``n · 2^d`` is at most 4 million.
    y : sequence of label or float
        What to predict for each row, shape (n,).
    x : sequence of float
        The row to explain, shape (d,).

    Returns
    -------
    dict
        ``values`` of shape (d,), which sum to ``prediction - average``; ``prediction`` for x; ``average`` over X; and
        ``output``, what is predicted: for a classifier the probability of the class that it gives x.

    Raises
    ------
    InvalidInputError
        If shapes don't fit, a value is not finite, there are too many coalitions, or the estimator predicts labels
        without probabilities.
    UnknownNameError
        If there is no such estimator.

    Notes
    -----
    See `shapley_values`. Lundberg & Lee, "A unified approach to interpreting model predictions", NeurIPS (2017).

    Examples
    --------
    The fit is 3 a + 2 b and the means are 2, 3: 3 · (4 - 2) and 2 · (1 - 3).

    >>> result = shapley("LinearRegression", [[1, 2], [3, 4], [1, 4], [3, 2]], [7, 17, 11, 13], [4, 1])
    >>> [round(v, 6) for v in result["values"]], round(result["prediction"], 6), round(result["average"], 6)
    ([6.0, -4.0], 14.0, 12.0)
    """
    rows, targets, row = as_question(X, y, x)
    output = build_output(build_predictor(estimator).fit(rows, targets), row)
    values = shapley_values(output.of_rows, row, rows)
    return {
        "values": values.tolist(),
        "prediction": float(output.of_rows(row[np.newaxis])[0]),
        "average": float(output.of_rows(rows).mean()),
        "output": output.meaning,
    }


def shapley_values(predict: Callable[[Rows], NDArray[np.float64]], x: Vector, X: Matrix) -> NDArray[np.float64]:
    """Return the exact Shapley value of each column for a function's output at a row.

    Parameters
    ----------
    predict : callable
        From rows, shape (m, d), to a number for each, shape (m,).
    x : array-like of shape (d,)
        The row to explain, d at most 16.
    X : array-like of shape (n, d)
        Background: rows that columns outside of a coalition are taken from; ``n · 2^d`` is at most 4 million.

    Returns
    -------
    ndarray of shape (d,)
        They sum to the output at x minus the mean output over the background; 0 for a column that is never looked at.

    Raises
    ------
    InvalidInputError
        If shapes don't fit, a value is not finite, or there are too many coalitions.

    Notes
    -----
    ``φ_i = Σ_{S ∌ i} |S|! (d - |S| - 1)! / d! · [v(S with i) - v(S)]``, where ``v(S)`` is the mean output when the
    columns in S are those of x and the others come from the background. Shapley, "A value for n-person games",
    Contributions to the Theory of Games II (1953); Lundberg & Lee, "A unified approach to interpreting model
    predictions", NeurIPS 2017.

    Examples
    --------
    3 · (4 - 2), 2 · (1 - 3), and a column that is not used.

    >>> f = lambda z: 3 * z[:, 0] + 2 * z[:, 1]
    >>> shapley_values(f, [4, 1, 9], [[1, 2, 5], [3, 4, 7]]).round(6)
    array([ 6., -4.,  0.])
    """
    row, background = as_vector("x", x), as_matrix("X", X, n_columns=np.size(x))
    d = len(row)
    if d > _MOST_COLUMNS or len(background) << d > _MOST_ROWS:
        shape = background.shape
        msg = f"X must have at most {_MOST_COLUMNS} columns, and n · 2^d must be at most 4,000,000; got {shape}."
        raise InvalidInputError(msg, hint="Pass fewer columns, or fewer rows.")
    worth = _worths(predict, row, background)  # (2^d,)
    coalitions = np.arange(1 << d)
    sizes = (coalitions[:, np.newaxis] >> np.arange(d) & 1).sum(axis=1)
    weights = np.array([math.factorial(s) * math.factorial(d - s - 1) / math.factorial(d) for s in range(d)])
    values = np.empty(d)
    for i in range(d):
        without = coalitions[coalitions >> i & 1 == 0]  # (2^(d-1),)
        values[i] = weights[sizes[without]] @ (worth[without | 1 << i] - worth[without])
    return values


def _worths(predict: Callable[[Rows], NDArray[np.float64]], x: Rows, background: Rows) -> NDArray[np.float64]:
    """Return v of every coalition; bit i of its number says whether column i is in it."""
    d, n = len(x), len(background)
    worth = np.empty(1 << d)
    step = max(1, _AT_ONCE // n)
    for start in range(0, 1 << d, step):
        numbers = np.arange(start, min(start + step, 1 << d))
        known = (numbers[:, np.newaxis] >> np.arange(d) & 1).astype(bool)  # (s, d)
        mixed = np.where(known[:, np.newaxis], x, background)  # (s, n, d)
        worth[numbers] = predict(mixed.reshape(-1, d)).reshape(-1, n).mean(axis=1)
    return worth
