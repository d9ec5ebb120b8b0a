"""What is missing in a row, filled in by models that learnt how its columns vary together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_vector, check_choice, check_count
from rag_app.from_scratch.estimators.mixture import GaussianMixture
from rag_app.from_scratch.networks.autograd import Array
from rag_app.from_scratch.networks.vae import VariationalAutoencoder
from rag_app.registry import register

_N_ROUNDS = 30  # of filling in what the autoencoder makes of the row


@register("tool", "M069")
def complete_gaussian(mean: Vector, covariance: Matrix, x: Sequence[float | None]) -> dict[str, Any]:
    """Return a row of a bell curve with what is missing filled in by its expected value.

    Parameters
    ----------
    mean : array-like of shape (d,)
        Mean of each column.
    covariance : array-like of shape (d, d)
        Covariance matrix, symmetric; that of the known columns must be invertible.
    x : sequence of float or None
        The row, d entries, None where a number is missing.

    Returns
    -------
    dict
        ``completed``, the row; ``covariance``, that of the missing columns given the known ones. With nothing missing
        the row and no covariance, with nothing known mean and covariance as given.

    Raises
    ------
    InvalidInputError
        If the shapes do not fit, the matrix is not symmetric, or what is known has no invertible covariance.

    Notes
    -----
    ``μ_a + Σ_ab Σ_bb⁻¹ (x_b - μ_b)`` and ``Σ_aa - Σ_ab Σ_bb⁻¹ Σ_ba``, a missing and b known. Anderson, *An Introduction
    to Multivariate Statistical Analysis* (1958).

    Examples
    --------
    Height 180, mean 170: weight 70 + 60/100 · 10, variance 64 - 60² / 100.

    >>> complete_gaussian([170, 70], [[100, 60], [60, 64]], [180, None])
    {'completed': [180.0, 76.0], 'covariance': [[28.0]]}
    """
    centre = as_vector("mean", mean)
    spread = as_matrix("covariance", covariance, n_columns=len(centre))
    if spread.shape != (len(centre), len(centre)) or not np.allclose(spread, spread.T):
        msg = f"covariance must be symmetric, one row for each mean; got shape {spread.shape}."
        raise InvalidInputError(msg)
    row = _partial("x", x, len(centre))
    known = ~np.isnan(row)
    if known.any() and np.linalg.cond(spread[np.ix_(known, known)]) > 1 / np.finfo(float).eps:
        msg = f"covariance must be invertible for the known columns; got {spread[np.ix_(known, known)].tolist()!r}."
        raise InvalidInputError(msg)
    completed, left = _conditioned(centre, spread, row)
    return {"completed": completed.tolist(), "covariance": left.tolist()}


@register("tool", "M069")
def complete_rows(
    X: Matrix, partial: Sequence[Sequence[float | None]], model: str = "gaussian", k: int = 2, seed: int = 0
) -> list[list[float]]:
    """Return rows with what is missing filled in by a model that learnt from complete rows.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Complete rows, at least two.
    partial : sequence of sequence of float or None
        Rows of d entries, None where a number is missing.
    model : {"gaussian", "mixture", "vae"}, default="gaussian"
        Gaussian: one bell curve. Mixture: several, weighted by what is known. Vae: a variational autoencoder, whose
        rebuilt row fills the gaps, again and again.
    k : int, default=2
        Bell curves of the mixture, at least 1.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    list of list of float
        The rows; what was known stays as it was, what was missing is its expected value, or the autoencoder's.

    Raises
    ------
    InvalidInputError
        If the model is unknown, or a row has another length.

    Notes
    -----
    See `complete_gaussian`; of a mixture ``Σⱼ p(j | x_b) E[x_a | x_b, j]``. With an autoencoder: Rezende, Mohamed &
    Wierstra, "Stochastic backpropagation and approximate inference in deep generative models", ICML 2014, here with
    the mean of the code in place of draws.

    Examples
    --------
    Rows on the line y = 2x.

    >>> [round(v, 3) for v in complete_rows([[0, 0], [1, 2], [2, 4]], [[1.5, None]])[0]]
    [1.5, 3.0]
    """
    check_choice("model", model, ("gaussian", "mixture", "vae"))
    check_count("k", k)
    rows = as_matrix("X", X, min_rows=2)
    gaps = [_partial(f"partial[{i}]", row, rows.shape[1]) for i, row in enumerate(partial)]
    if not gaps:
        return []
    given = np.stack(gaps)
    if model == "vae":
        return _by_autoencoder(rows, given, seed).tolist()  # type: ignore[no-any-return]  # rows of numbers
    mixture = GaussianMixture(k=k if model == "mixture" else 1, seed=seed).fit(rows)
    return [_by_mixture(mixture, row).tolist() for row in given]


def _by_mixture(mixture: GaussianMixture, row: Array) -> Array:
    known = ~np.isnan(row)
    logs, filled = [], []
    for weight, mean, covariance in zip(mixture.weights_, mixture.means_, mixture.covariances_, strict=True):
        filled.append(_conditioned(mean, covariance, row)[0])
        gap, part = row[known] - mean[known], covariance[np.ix_(known, known)]
        logs.append(np.log(weight) - (np.linalg.slogdet(part)[1] + gap @ np.linalg.solve(part, gap)) / 2)
    shares = np.exp(np.array(logs) - np.logaddexp.reduce(logs))
    completed: Array = np.where(known, row, shares @ np.stack(filled))
    return completed


def _by_autoencoder(rows: Array, given: Array, seed: int) -> Array:
    network = VariationalAutoencoder(code_size=min(2, rows.shape[1]), seed=seed).fit(rows)
    missing = np.isnan(given)
    filled = np.where(missing, rows.mean(axis=0), given)
    for _ in range(_N_ROUNDS):
        filled = np.where(missing, network.predict(filled), given)
    return filled


def _conditioned(mean: Array, covariance: Array, row: Array) -> tuple[Array, Array]:
    """Return the row with expected values where it is NaN, and the covariance that these have."""
    a, b = np.isnan(row), ~np.isnan(row)
    across = covariance[np.ix_(a, b)]
    slopes = np.linalg.solve(covariance[np.ix_(b, b)], across.T).T  # Σ_ab Σ_bb⁻¹
    completed = row.copy()
    completed[a] = mean[a] + slopes @ (row[b] - mean[b])
    return completed, covariance[np.ix_(a, a)] - slopes @ across.T


def _partial(name: str, row: Sequence[float | None], n_columns: int) -> Array:
    """Return a row with NaN where a number is missing."""
    values = as_vector(name, [0.0 if v is None else v for v in row])
    if len(values) != n_columns:
        msg = f"{name} must have {n_columns} entries; got {len(values)}."
        raise InvalidInputError(msg)
    values[[v is None for v in row]] = np.nan
    return values
