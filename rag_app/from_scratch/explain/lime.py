"""LIME: a prediction explained by the straight line that follows the estimator near one row."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import (
    Labels,
    Matrix,
    Vector,
    as_generator,
    as_matrix,
    as_vector,
    check_range,
    check_same_length,
)
from rag_app.from_scratch.estimators.specification import Specification, build_predictor
from rag_app.from_scratch.explain.black_box import as_question, build_output
from rag_app.registry import register

N_SAMPLES = 2_000
PENALTY = 1e-6  # so small that only columns which do not vary feel it: their weight is 0
_WIDTH = 0.75  # of the kernel, for each root of a column, as the authors' own program has it


class Surrogate(NamedTuple):
    """A linear function that follows another one near a row.

    Parameters
    ----------
    weights : ndarray of shape (d,)
        Change of the output per unit of each column.
    value : float
        Output at the row itself.
    fit : float
        Share of the weighted variance of the outputs that it explains, at most 1; 1 where they don't vary.
    """

    weights: NDArray[np.float64]
    value: float
    fit: float


def build_surrogate(
    samples: Matrix, outputs: Vector, x: Vector, kernel_width: float, penalty: float = 0.0
) -> Surrogate:
    """Return the weighted ridge regression of outputs on samples, in which those close to a row weigh most.

    Parameters
    ----------
    samples : array-like of shape (n, d)
        Rows around x.
    outputs : array-like of shape (n,)
        What is to be followed.
    x : array-like of shape (d,)
        The row.
    kernel_width : float
        Distance σ, above 0, at which the weight of a sample has fallen to 1/e.
    penalty : float, default=0.0
        Factor λ, at least 0, on the squared weights of the columns.

    Raises
    ------
    InvalidInputError
        If shapes don't fit, or a number is out of range.

    Notes
    -----
    ``argmin_{w,b} Σ_i π_i (f(z_i) - b - w·(z_i - x))² / Σ_i π_i + λ |w|²`` with ``π_i = e^(-|z_i - x|² / σ²)``.
    Without a penalty, the shortest weights where several are best.

    Examples
    --------
    The square at 2, from 1, 2 and 3: the slope is the derivative, 4.

    >>> surrogate = build_surrogate([[1], [2], [3]], [1, 4, 9], [2], kernel_width=1)
    >>> surrogate.weights.round(6), round(surrogate.value, 3)
    (array([4.]), 4.424)
    """
    row, follows = as_vector("x", x), as_vector("outputs", outputs)
    offsets = as_matrix("samples", samples, n_columns=len(row)) - row  # (n, d)
    check_same_length(samples=offsets, outputs=follows)
    check_range("kernel_width", kernel_width, 0, open_low=True)
    check_range("penalty", penalty, 0)
    distances = (offsets**2).sum(axis=1)
    closeness = np.exp((distances.min() - distances) / kernel_width**2)  # a common factor cancels
    closeness /= closeness.sum()
    centre, level = closeness @ offsets, float(closeness @ follows)
    root = np.sqrt(closeness)
    left = np.vstack([root[:, np.newaxis] * (offsets - centre), math.sqrt(penalty) * np.eye(len(row))])
    right = np.concatenate([root * (follows - level), np.zeros(len(row))])
    weights = np.linalg.lstsq(left, right, rcond=None)[0]
    errors = follows - level - (offsets - centre) @ weights
    spread = float(closeness @ (follows - level) ** 2)
    fit = 1 - float(closeness @ errors**2) / spread if spread else 1.0
    return Surrogate(weights, level - float(centre @ weights), fit)


@register("tool", "M129")
def lime(
    estimator: Specification,
    X: Matrix,
    y: Labels,
    x: Vector,
    kernel_width: float | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Return how an estimator's prediction for a row changes with each column nearby (LIME for tables).

    Parameters
    ----------
    estimator : str or dict
        A name in the register, such as "LinearRegression"; or ``{"name": …}`` with parameters beside the name.
    X : sequence of rows
        Rows that it is fitted on, shape (n, d).
    y : sequence of label or float
        What to predict for each row, shape (n,).
    x : sequence of float
        The row to explain, shape (d,).
    kernel_width : float, optional
        How near counts as near, above 0, in standard deviations of the columns; default: 0.75 · √d.
    seed : int, default=0
        Start of the drawing of 2,000 rows around x.

    Returns
    -------
    dict
        ``weights`` of shape (d,), per unit of each column (0 for a column that is constant in X); ``prediction`` for x;
        ``local_prediction``, the surrogate's; ``fit``, the share of the variance nearby that the surrogate explains, at
        most 1: distrust weights where it is low; ``output``, what is predicted: for a classifier the probability of the
        class that it gives x.

    Raises
    ------
    InvalidInputError
        If shapes don't fit, a value is not finite or out of range, or the estimator predicts labels without
        probabilities.
    UnknownNameError
        If there is no such estimator.

    Notes
    -----
    See `build_surrogate`. Ribeiro, Singh & Guestrin, "'Why should I trust you?': explaining the predictions of any
    classifier", KDD 2016.

    Examples
    --------
    A linear black box gets its own coefficients.

    >>> result = lime("LinearRegression", [[1, 2], [3, 4], [1, 4], [3, 2]], [7, 17, 11, 13], [4, 1])
    >>> [round(w, 3) for w in result["weights"]], round(result["prediction"], 6)
    ([3.0, 2.0], 14.0)
    """
    rows, targets, row = as_question(X, y, x)
    output = build_output(build_predictor(estimator).fit(rows, targets), row)
    steps = as_generator(seed).normal(size=(N_SAMPLES, len(row)))  # in standard deviations
    scale = rows.std(axis=0)
    width = _WIDTH * math.sqrt(len(row)) if kernel_width is None else kernel_width
    steps *= scale > 0  # a column that never varies stays as it is
    found = build_surrogate(steps, output.of_rows(row + steps * scale), np.zeros(len(row)), width, PENALTY)
    return {
        "weights": np.divide(found.weights, scale, out=np.zeros(len(row)), where=scale > 0).tolist(),
        "prediction": float(output.of_rows(row[np.newaxis])[0]),
        "local_prediction": found.value,
        "fit": found.fit,
        "output": output.meaning,
    }
