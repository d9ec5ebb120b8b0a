"""Linear regression with a price on large weights: ridge (L2) and lasso (L1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from rag_app.from_scratch.arrays import (
    Matrix,
    Vector,
    as_matrix,
    as_vector,
    check_choice,
    check_count,
    check_range,
    check_same_length,
)
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TOLERANCE = 1e-12  # of a step, beside the largest weight: no more than rounding is left to gain


class _PenalisedRegression(Estimator):
    weights_: NDArray[np.float64]
    intercept_: float

    def predict(self, X: Matrix) -> NDArray[np.float64]:
        """Return the prediction for each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        predictions: NDArray[np.float64] = as_matrix("X", X, n_columns=len(self.weights_)) @ self.weights_
        return predictions + self.intercept_


@register("estimator", "M007")
class RidgeRegression(_PenalisedRegression):
    """Return the line or plane with the smallest mean squared error plus ``alpha`` times the squared weights.

    Parameters
    ----------
    alpha : float, default=1.0
        Price of squared weights, at least 0; 0 is ordinary least squares. The intercept is free.
    solver : {"closed", "gradient"}, default="closed"
        Solve the equations of the minimum, or walk down to it by gradient descent.
    n_steps : int, default=1000
        Most steps of gradient descent.

    Notes
    -----
    ``J(w) = ‖y - Xw - b‖² / n + α‖w‖²``. On centred data its gradient is ``2(Gw - c) + 2αw`` with ``G = XᵀX / n`` and
    ``c = Xᵀy / n``, so ``w = (G + αI)⁻¹ c``. Gradient descent takes steps of ``1 / L``, where ``L = 2(λ + α)`` with the
    largest eigenvalue ``λ`` of ``G`` is the steepest bend of ``J``: no step overshoots. scikit-learn penalises the sum
    of squares instead of the mean: its ``alpha`` is ``n`` times this one. Hoerl & Kennard, "Ridge regression: biased
    estimation for nonorthogonal problems", Technometrics 12 (1970).

    Attributes
    ----------
    weights_ : ndarray of shape (d,)
        Change of the prediction per unit of each column.
    intercept_ : float
        Prediction where every column is 0.
    cost_trace_ : list of float
        ``J`` after each step, from weights of 0 on; of the closed form its one value.

    Examples
    --------
    For 1, 2, 3 and ``y = 2x + 3``: G = 2/3, c = 4/3, so the slope is (4/3) / (2/3 + 1) = 0.8.

    >>> ridge = RidgeRegression(alpha=1).fit([[1], [2], [3]], [5, 7, 9])
    >>> ridge.weights_.round(6).tolist(), round(ridge.intercept_, 6)
    ([0.8], 5.4)
    """

    def __init__(
        self, *, alpha: float = 1.0, solver: Literal["closed", "gradient"] = "closed", n_steps: int = 1000
    ) -> None:
        self.alpha = alpha
        self.solver = solver
        self.n_steps = n_steps

    def fit(self, X: Matrix, y: Vector) -> Self:
        """Learn weights and intercept.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The number to predict for each row.
        """
        check_range("alpha", self.alpha, 0)
        check_choice("solver", self.solver, ("closed", "gradient"))
        check_count("n_steps", self.n_steps)
        rows, targets = as_matrix("X", X), as_vector("y", y)
        check_same_length(X=rows, y=targets)
        moments = _Moments(rows, targets)
        if self.solver == "closed":
            walk = [_solve_ridge(moments, self.alpha)]
        else:
            walk = _descend_ridge(moments, self.alpha, self.n_steps)
        self.weights_, self.intercept_ = walk[-1], moments.intercept(walk[-1])
        self.cost_trace_ = [moments.mean_squared_error(w) + self.alpha * float(w @ w) for w in walk]
        return self


class _Moments:
    """What of the data a penalised regression needs, after which the number of rows no longer matters."""

    def __init__(self, rows: NDArray[np.float64], targets: NDArray[np.float64]) -> None:
        self.centre, self.level = rows.mean(axis=0), float(targets.mean())
        centred, deviations = rows - self.centre, targets - self.level
        self.gram: NDArray[np.float64] = centred.T @ centred / len(rows)  # G, (d, d)
        self.products: NDArray[np.float64] = centred.T @ deviations / len(rows)  # c, (d,)
        self.variance = float(deviations @ deviations) / len(rows)

    def intercept(self, w: NDArray[np.float64]) -> float:
        """Return the intercept with which the mean of the predictions is that of the targets."""
        return self.level - float(self.centre @ w)

    def mean_squared_error(self, w: NDArray[np.float64]) -> float:
        """Return the mean squared error of weights with the best intercept."""
        return max(float(w @ self.gram @ w - 2 * self.products @ w) + self.variance, 0.0)


def _solve_ridge(moments: _Moments, alpha: float) -> NDArray[np.float64]:
    penalised = moments.gram + alpha * np.eye(len(moments.gram))
    solution: NDArray[Any] = np.linalg.lstsq(penalised, moments.products, rcond=None)[0]
    return solution


def _descend_ridge(moments: _Moments, alpha: float, n_steps: int) -> list[NDArray[np.float64]]:
    """Return the weights after each step."""
    bend = 2 * float(np.linalg.eigvalsh(moments.gram)[-1] + alpha)
    walk = [np.zeros(len(moments.gram))]
    for _ in range(n_steps if bend > 0 else 0):
        gradient = 2 * (moments.gram @ walk[-1] - moments.products) + _penalty_gradient(walk[-1], alpha)
        walk.append(walk[-1] - gradient / bend)
        if np.abs(gradient).max() <= _TOLERANCE * bend * np.abs(walk[-1]).max():
            break
    return walk


def _penalty_gradient(w: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    return 2 * alpha * w


@register("tool", "M007")
def ridge_penalty_gradient(w: Vector, alpha: float) -> list[float]:
    """Return the gradient of the ridge penalty, which gradient descent adds to the gradient of the error.

    Parameters
    ----------
    w : list of float
        Weights, shape (d,).
    alpha : float
        Price of squared weights, at least 0.

    Returns
    -------
    list of float
        One number for each weight; all 0 where ``alpha`` is 0.

    Raises
    ------
    InvalidInputError
        If ``w`` holds no numbers, or ``alpha`` is negative.

    Notes
    -----
    ``∂/∂w α‖w‖² = 2αw``. Hoerl & Kennard, "Ridge regression", Technometrics 12 (1970).

    Examples
    --------
    2 · 1 · 0.8 = 1.6.

    >>> ridge_penalty_gradient([0.8, -0.5], alpha=1)
    [1.6, -1.0]
    """
    weights = as_vector("w", w)
    check_range("alpha", alpha, 0)
    return [float(g) for g in _penalty_gradient(weights, alpha)]


@register("estimator", "M008")
class LassoRegression(_PenalisedRegression):
    """Return the line or plane with the smallest squared error plus ``alpha`` times the absolute weights.

    Parameters
    ----------
    alpha : float, default=1.0
        Price of absolute weights, at least 0; the larger, the more weights are exactly 0. The intercept is free.
    n_rounds : int, default=1000
        Most rounds over the columns.

    Notes
    -----
    ``J(w) = ‖y - Xw - b‖² / 2n + α‖w‖₁``. Coordinate descent sets one weight at a time to its best value while the
    others rest: ``w_j = S(c_j - Σ_{i≠j} G_ji w_i, α) / G_jj`` with ``G = XᵀX / n``, ``c = Xᵀy / n`` of the centred data
    and the soft threshold ``S``. All weights are 0 from ``α = max|c|`` on. Tibshirani, "Regression shrinkage and
    selection via the lasso", J. R. Stat. Soc. B 58 (1996); Friedman, Hastie & Tibshirani, "Regularization paths for
    generalized linear models via coordinate descent", J. Stat. Software 33 (2010).

    Attributes
    ----------
    weights_ : ndarray of shape (d,)
        Change of the prediction per unit of each column.
    intercept_ : float
        Prediction where every column is 0.
    n_rounds_ : int
        Rounds until no weight changed.

    Examples
    --------
    For 1, 2, 3 and ``y = 2x + 3``: G = 2/3, c = 4/3, so the slope is (4/3 - 0.5) / (2/3) = 1.25.

    >>> lasso = LassoRegression(alpha=0.5).fit([[1], [2], [3]], [5, 7, 9])
    >>> lasso.weights_.round(6).tolist(), round(lasso.intercept_, 6)
    ([1.25], 4.5)
    """

    def __init__(self, *, alpha: float = 1.0, n_rounds: int = 1000) -> None:
        self.alpha = alpha
        self.n_rounds = n_rounds

    def fit(self, X: Matrix, y: Vector) -> Self:
        """Learn weights and intercept.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The number to predict for each row.
        """
        check_range("alpha", self.alpha, 0)
        check_count("n_rounds", self.n_rounds)
        rows, targets = as_matrix("X", X), as_vector("y", y)
        check_same_length(X=rows, y=targets)
        moments = _Moments(rows, targets)
        self.weights_, self.n_rounds_ = _descend_by_coordinates(moments, self.alpha, self.n_rounds)
        self.intercept_ = moments.intercept(self.weights_)
        return self


def _descend_by_coordinates(moments: _Moments, alpha: float, n_rounds: int) -> tuple[NDArray[np.float64], int]:
    gram, products = moments.gram, moments.products
    weights = np.zeros(len(gram))
    varying = np.flatnonzero(np.diag(gram) > 0)  # the weight of a constant column stays 0
    n_done = 0
    while n_done < n_rounds:
        n_done += 1
        before = weights.copy()
        for j in varying:
            rest = products[j] - gram[j] @ weights + gram[j, j] * weights[j]
            weights[j] = _shrunk(rest, alpha) / gram[j, j]
        if np.abs(weights - before).max(initial=0) <= _TOLERANCE * np.abs(weights).max(initial=0):
            break
    return weights, n_done


def _shrunk(z: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    shrunk: NDArray[np.float64] = np.sign(z) * np.maximum(np.abs(z) - threshold, 0)
    return shrunk


@register("tool", "M008")
def soft_threshold(z: Vector, threshold: float) -> list[float]:
    """Return numbers moved towards 0 by a threshold, and 0 for those that would pass it.

    Parameters
    ----------
    z : list of float
        Numbers, shape (n,).
    threshold : float
        How far to move, at least 0.

    Returns
    -------
    list of float
        One number for each; the numbers themselves where the threshold is 0.

    Raises
    ------
    InvalidInputError
        If ``z`` holds no numbers, or the threshold is negative.

    Notes
    -----
    ``S(z, t) = sign(z) · max(|z| - t, 0)``. Donoho & Johnstone, "Ideal spatial adaptation by wavelet shrinkage",
    Biometrika 81 (1994).

    Examples
    --------
    3 - 0.5 = 2.5, and 0.4 lies within 0.5 of 0.

    >>> soft_threshold([3, 0.4, -2], threshold=0.5)
    [2.5, 0.0, -1.5]
    """
    numbers = as_vector("z", z)
    check_range("threshold", threshold, 0)
    return [float(s) + 0.0 for s in _shrunk(numbers, threshold)]  # + 0.0: no negative zero
