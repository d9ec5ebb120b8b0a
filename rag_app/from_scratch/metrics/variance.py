"""How much a prediction depends on the sample that the estimator happened to learn from."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import (
    Matrix,
    Vector,
    as_generator,
    as_matrix,
    as_vector,
    check_count,
    check_same_length,
)
from rag_app.from_scratch.estimators.specification import Specification, build_predictor
from rag_app.registry import register


@register("tool", "X009")
def prediction_variance(
    estimator: Specification,
    X: Matrix,
    y: Vector,
    X_new: Matrix | None = None,
    n_resamples: int = 200,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the variance of an estimator's predictions over samples that are drawn from the data again and again.

    Parameters
    ----------
    estimator : str or dict
        A name in the register, such as "LinearRegression"; or ``{"name": …}`` with parameters beside the name.
    X : sequence of rows
        Examples, shape (n, d).
    y : sequence of float
        The number to predict for each row, shape (n,).
    X_new : sequence of rows, optional
        Where to predict, shape (m, d); default: at X.
    n_resamples : int, default=200
        Samples to draw and fit, at least 2.
    seed : int, default=0
        Start of the drawing.

    Returns
    -------
    dict
        ``variances`` and ``means`` of the predictions at each row, shape (m,). High variance is the mark of
        overfitting.

    Raises
    ------
    InvalidInputError
        If the lengths differ, a value is not finite, or n_resamples is below 2.
    UnknownNameError
        If there is no such estimator.

    Notes
    -----
    The bootstrap: each sample has n rows, drawn with replacement. For least squares with noise of variance σ² the
    variance at a row x tends to ``σ² x (XᵀX)⁻¹ xᵀ``. Efron, "Bootstrap methods: another look at the jackknife", Annals
    of Statistics 7 (1979).

    Examples
    --------
    Points on a line: whatever is drawn, the fit is the same.

    >>> result = prediction_variance("LinearRegression", [[1], [2], [3], [4], [5]], [5, 7, 9, 11, 13], [[10]])
    >>> round(result["means"][0], 6), round(result["variances"][0], 6)
    (23.0, 0.0)
    """
    rows, targets = as_matrix("X", X), as_vector("y", y)
    check_same_length(X=rows, y=targets)
    new = rows if X_new is None else as_matrix("X_new", X_new, n_columns=rows.shape[1])
    check_count("n_resamples", n_resamples, 2)
    rng = as_generator(seed)
    predictions = np.empty((n_resamples, len(new)))  # (b, m)
    for b in range(n_resamples):
        drawn = rng.integers(len(rows), size=len(rows))
        predictions[b] = build_predictor(estimator).fit(rows[drawn], targets[drawn]).predict(new)
    return {"variances": predictions.var(axis=0, ddof=1).tolist(), "means": predictions.mean(axis=0).tolist()}
