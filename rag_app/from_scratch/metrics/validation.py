"""How good an estimator will be on rows that it has not seen: folds, cross-validation and leaving one out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import (
    Labels,
    Matrix,
    Vector,
    as_generator,
    as_labels,
    as_matrix,
    as_vector,
    check_count,
    check_same_length,
)
from rag_app.from_scratch.estimators.specification import Specification, build_predictor
from rag_app.registry import get, register

Folds = Sequence[Sequence[int]]


@register("tool", "X010")
def kfold(n: int, n_folds: int = 5, seed: int = 0) -> list[list[int]]:
    """Return the test rows of each fold of a shuffled division of n rows into parts of nearly equal size.

    Parameters
    ----------
    n : int
        Rows to divide, at least 2.
    n_folds : int, default=5
        Parts, from 2 to n; n parts leave one row out at a time.
    seed : int, default=0
        Start of the shuffling.

    Returns
    -------
    list of list of int
        Row numbers from 0; every row is in exactly one fold, and sizes differ by at most 1.

    Raises
    ------
    InvalidInputError
        If n is below 2, or n_folds is not from 2 to n.

    Notes
    -----
    Stone, "Cross-validatory choice and assessment of statistical predictions", JRSS B 36 (1974).

    Examples
    --------
    >>> [len(fold) for fold in kfold(10, n_folds=3)]
    [4, 3, 3]
    """
    check_count("n", n, 2)
    check_count("n_folds", n_folds, 2, n)
    order = as_generator(seed).permutation(n)
    return [sorted(order[start::n_folds].tolist()) for start in range(n_folds)]


@register("tool", "X010")
def stratified_kfold(y: Labels, n_folds: int = 5, seed: int = 0) -> list[list[int]]:
    """Return the test rows of each fold of a shuffled division in which every fold has the same mixture of classes.

    Parameters
    ----------
    y : sequence of label
        Class of each row, shape (n,).
    n_folds : int, default=5
        Parts, from 2 to the size of the smallest class.
    seed : int, default=0
        Start of the shuffling.

    Returns
    -------
    list of list of int
        Row numbers from 0; every row is in exactly one fold. Sizes differ by at most 1, and so do the counts of each
        class.

    Raises
    ------
    InvalidInputError
        If there are no labels, or n_folds is not from 2 to the size of the smallest class.

    Notes
    -----
    Kohavi, "A study of cross-validation and bootstrap for accuracy estimation and model selection", IJCAI 1995.

    Examples
    --------
    90 negatives and 10 positives: 18 and 2 in each of five folds.

    >>> y = [0] * 90 + [1] * 10
    >>> [sum(y[row] for row in fold) for fold in stratified_kfold(y)]
    [2, 2, 2, 2, 2]
    """
    _, codes, sizes = np.unique(as_labels("y", y), return_inverse=True, return_counts=True)
    check_count("n_folds", n_folds, 2, int(sizes.min()))
    order = as_generator(seed).permutation(len(codes))
    dealt = order[np.argsort(codes[order], kind="stable")]  # class after class, dealt out like cards
    return [sorted(dealt[start::n_folds].tolist()) for start in range(n_folds)]


@register("tool", "X010")
def leave_one_out(X: Matrix, y: Vector) -> dict[str, Any]:
    """Return the error that a least-squares fit makes at each row when that row is left out, from a single fit.

    Parameters
    ----------
    X : sequence of rows
        Examples, shape (n, d); an intercept is added.
    y : sequence of float
        The number to predict for each row, shape (n,).

    Returns
    -------
    dict
        ``errors`` of shape (n,), true minus predicted; ``press``, the sum of their squares; and
        ``mean_squared_error``, ``press / n``.

    Raises
    ------
    InvalidInputError
        If the lengths differ, a value is not finite, or leaving a row out leaves the fit undetermined.

    Notes
    -----
    ``e_(i) = e_i / (1 - h_ii)``, where h is the diagonal of ``X (XᵀX)⁻¹ Xᵀ``. Allen, "The relationship between variable
    selection and data augmentation and a method for prediction", Technometrics 16 (1974).

    Examples
    --------
    Residuals -0.1, -0.2, 0.7, -0.4 and leverages 0.7, 0.3, 0.3, 0.7.

    >>> result = leave_one_out([[0], [1], [2], [3]], [3, 5, 8, 9])
    >>> [round(e, 4) for e in result["errors"]], round(result["press"], 4)
    ([-0.3333, -0.2857, 1.0, -1.3333], 2.9705)
    """
    rows, targets = as_matrix("X", X), as_vector("y", y)
    check_same_length(X=rows, y=targets)
    design = np.column_stack([np.ones(len(rows)), rows])  # (n, d + 1)
    basis, triangle = np.linalg.qr(design)  # (n, r), (r, d + 1): the projection on the columns is basis basisᵀ
    left = 1 - (basis**2).sum(axis=1)
    size = np.abs(triangle.diagonal())
    if len(rows) <= design.shape[1] or size.min() <= 1e-10 * size.max() or left.min() <= 1e-10:  # noqa: PLR2004  (rounding)
        msg = f"X must determine the fit without any one of its rows; got shape {rows.shape}."
        raise InvalidInputError(msg, hint="Add rows, or drop columns that follow from others.")
    errors = (targets - basis @ (basis.T @ targets)) / left
    press = float(errors @ errors)
    return {"errors": errors.tolist(), "press": press, "mean_squared_error": press / len(rows)}


@register("tool", "X010")
def cross_val_score(
    estimator: Specification, X: Matrix, y: Labels, metric: str = "accuracy", folds: int | Folds = 5
) -> dict[str, Any]:
    """Return the metric of an estimator on each fold, fitted anew on the other folds, with mean and deviation.

    Parameters
    ----------
    estimator : str or dict
        A name in the register, such as "LinearRegression"; or ``{"name": …}`` with parameters beside the name.
    X : sequence of rows
        Examples, shape (n, d).
    y : sequence of label or float
        What to predict for each row, shape (n,).
    metric : str, default="accuracy"
        Name of a metric of true and predicted values, such as "f1_score", "mean_squared_error" or "r2_score".
    folds : int or list of list of int, default=5
        How many shuffled folds (n leaves one row out at a time); or the test rows of each, as `kfold` and
        `stratified_kfold` return them.

    Returns
    -------
    dict
        ``scores`` by fold, their ``mean``, and their ``standard_deviation`` (of a sample), a rough guide only, as the
        training rows of folds overlap.

    Raises
    ------
    InvalidInputError
        If the lengths differ, the metric is of another kind, or the folds are no division of the rows.
    UnknownNameError
        If there is no such estimator or metric.

    Notes
    -----
    The estimator never sees the rows that it is judged by. Stone, "Cross-validatory choice and assessment of
    statistical predictions", Journal of the Royal Statistical Society B 36 (1974).

    Examples
    --------
    Points on a line, whichever is left out.

    >>> result = cross_val_score("LinearRegression", [[1], [2], [3], [4]], [5, 7, 9, 11], "mean_squared_error", folds=4)
    >>> round(result["mean"], 6), round(result["standard_deviation"], 6)
    (0.0, 0.0)
    """
    rows, targets = as_matrix("X", X, min_rows=2), as_labels("y", y)
    check_same_length(X=rows, y=targets)
    score = _pairwise(metric)
    tests = _division(kfold(len(rows), folds) if isinstance(folds, int) else folds, len(rows))
    scores = np.empty(len(tests))
    for i, test in enumerate(tests):
        train = np.setdiff1d(np.arange(len(rows)), test)
        fitted = build_predictor(estimator).fit(rows[train], targets[train])
        scores[i] = score(targets[test], fitted.predict(rows[test]))
    deviation = float(scores.std(ddof=1))
    return {"scores": scores.tolist(), "mean": float(scores.mean()), "standard_deviation": deviation}


def _pairwise(metric: str) -> Callable[..., float]:
    entry = get(metric)
    parameters = list(inspect.signature(entry.target).parameters.values())
    needed = [p.name for p in parameters if p.default is inspect.Parameter.empty]
    returned = inspect.signature(entry.target).return_annotation
    if entry.kind != "metric" or needed != ["y_true", "y_pred"] or returned != "float":
        msg = f"metric must make one number of y_true and y_pred; got {metric!r}."
        raise InvalidInputError(msg, hint="Pass accuracy, f1_score, mean_squared_error or r2_score, for instance.")
    return entry.target


def _division(folds: Folds, n: int) -> list[NDArray[np.int64]]:
    tests = [np.asarray(fold, dtype=int) for fold in folds]
    if len(tests) < 2 or not np.array_equal(np.sort(np.concatenate(tests)), np.arange(n)) or min(map(len, tests)) == 0:  # noqa: PLR2004  (train and test)
        msg = f"folds must be at least two lists that hold each row from 0 to {n - 1} once; got {len(tests)} lists."
        raise InvalidInputError(msg, hint="Use kfold or stratified_kfold.")
    return tests
