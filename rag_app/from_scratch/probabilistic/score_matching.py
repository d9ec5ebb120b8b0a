"""Score matching: fitting an unnormalised density without samples of it and without its partition function."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_vector
from rag_app.from_scratch.expression import build_function
from rag_app.registry import register

_STEP = 1e-4  # balances the error of a second difference, h², against lost digits, 1e-16 / h²


@register("metric", "M024")
def score_matching_loss(log_density: str, values: Vector) -> float:
    """Return the score matching loss of a log-density on data: how badly its slope fits the data.

    Parameters
    ----------
    log_density : str
        A smooth formula of x, up to a constant.
    values : array-like of shape (n,)
        The data, at least one number.

    Returns
    -------
    float
        Lower is better, least for the true density; of use only to compare densities on the same data.

    Raises
    ------
    InvalidInputError
        If the text is no formula of x, or has no finite value at or near the data.

    Notes
    -----
    ``J = ⟨s(x)² / 2 + s'(x)⟩`` with the score ``s = d ln p / dx``, by central differences. Hyvärinen, "Estimation of
    non-normalized statistical models by score matching" (2005).

    Examples
    --------
    Mean 4 and precision 0.2: 0.04 · 5 / 2 - 0.2 = -0.1.

    >>> round(score_matching_loss("-0.2 * (x - 4)**2 / 2", [1, 3, 5, 7]), 6)
    -0.1
    """
    x = as_vector("values", values)
    function = build_function("log_density", log_density, ["x"])
    below, here, above = function((x + np.array([[-_STEP], [0], [_STEP]]))[..., None])  # (3, n, 1) to (3, n)
    with np.errstate(over="ignore", invalid="ignore"):  # seen by its result
        score, slope = (above - below) / (2 * _STEP), (above - 2 * here + below) / _STEP**2
        loss = float((score**2 / 2 + slope).mean())
    if not np.isfinite(loss):
        msg = f"log_density must have a finite value at and near the data; got none for {log_density!r}."
        raise InvalidInputError(msg)
    return loss


@register("tool", "M024")
def score_matching_gaussian(X: Matrix) -> dict[str, Any]:
    """Return the normal distribution that score matching fits to data, in closed form.

    Parameters
    ----------
    X : array-like of shape (n, d)
        The data, one row for each example; no column may be a combination of the others.

    Returns
    -------
    dict
        "mean", "precision", the inverse of the covariance that divides by n, and the "loss" there, -tr(precision) / 2.

    Raises
    ------
    InvalidInputError
        If the rows are too few or do not vary in every direction.

    Notes
    -----
    The score is ``s(x) = -Λ (x - μ)``, its divergence ``-tr Λ``: ``J = ⟨‖Λ (x - μ)‖²⟩ / 2 - tr Λ`` is least at the mean
    and at ``Λ = Σ⁻¹``, the maximum-likelihood solution. Hyvärinen (2005), section 3.1.

    Examples
    --------
    Mean 4, variance (9 + 1 + 1 + 9) / 4 = 5.

    >>> found = score_matching_gaussian([[1], [3], [5], [7]])
    >>> found["mean"], round(found["precision"][0][0], 6), round(found["loss"], 6)
    ([4.0], 0.2, -0.1)
    """
    rows = as_matrix("X", X)
    mean = rows.mean(axis=0)
    covariance = (rows - mean).T @ (rows - mean) / len(rows)
    if np.linalg.matrix_rank(covariance, hermitian=True) < len(mean):
        msg = f"X must vary in every direction; got {len(rows)} rows with a singular covariance."
        raise InvalidInputError(msg)
    precision = np.linalg.inv(covariance)
    return {"mean": mean.tolist(), "precision": precision.tolist(), "loss": -float(np.trace(precision)) / 2}
