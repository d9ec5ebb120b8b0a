"""Support vector machine: the boundary that keeps the largest distance from the nearest examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Matrix, as_matrix, check_choice, check_range
from rag_app.from_scratch.estimators.classifier import as_examples
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.estimators.kernels import linear_kernel, rbf_kernel
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TOLERANCE = 1e-6  # by which the conditions of the optimum may be missed
_MAX_STEPS = 100_000
_LEAST_BEND = 1e-12  # two examples at the same place leave the objective straight between them


@register("estimator", "M010")
class SupportVectorClassifier(Estimator):
    """Return the side of the widest-margin boundary on which a row lies, with a straight or a curved boundary.

    Parameters
    ----------
    C : float, optional
        Price of an example inside the margin or on the wrong side, above 0 (soft margin); None allows no such example
        (hard margin), which needs classes that can be separated.
    kernel : {"linear", "rbf"}, default="linear"
        Straight boundary, or a curved one by similarity ``exp(-γ‖x - x'‖²)``.
    gamma : float, optional
        How fast similarity falls with distance, above 0; default: ``1 / (d · variance of X)``.

    Notes
    -----
    Minimises ``½‖w‖² + C Σ max(0, 1 - y(w·x + b))`` with ``y = ±1``, in its dual form: ``w = Σ β_i x_i``, where ``β_i``
    lies between 0 and ``C y_i`` and ``Σ β_i = 0``. Sequential minimal optimisation moves two of them at a time, ``β_i``
    up and ``β_j`` down, until ``y - w·x`` is the same, namely ``b``, for all that could still move. More than two
    classes get one machine each against the rest. Scores are no probabilities: see `PlattSupportVectorClassifier`.
    Cortes & Vapnik, "Support-vector networks", Machine Learning 20 (1995); Fan, Chen & Lin, "Working set selection
    using second order information for training support vector machines", J. Mach. Learn. Res. 6 (2005).

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels in ascending order.
    support_vectors_ : ndarray of shape (s, d)
        Rows that fix a boundary.
    support_ : ndarray of shape (s,)
        Which rows of ``X`` they are.
    dual_weights_ : ndarray of shape (s, 1) or (s, K)
        ``β`` of each support vector; a column for each machine: one for two classes.
    intercepts_ : ndarray of shape (1,) or (K,)
        ``b`` of each machine.
    margins_ : ndarray of shape (1,) or (K,)
        Full width of the margin of each machine, ``2 / ‖w‖``; infinite where all scores are equal.
    gamma_ : float
        ``gamma`` as used.
    n_steps_ : int
        Moves until the optimum, of all machines together.

    Examples
    --------
    Two points at -1 and +1: w = 1 and b = 0, so the margin is 2 wide.

    >>> machine = SupportVectorClassifier(C=None).fit([[-1], [1]], [-1, 1])
    >>> machine.margins_.round(6).tolist(), machine.decision_function([[0.5]]).round(6).tolist()
    ([2.0], [0.5])
    """

    classes_: NDArray[Any]

    def __init__(
        self, *, C: float | None = 1.0, kernel: Literal["linear", "rbf"] = "linear", gamma: float | None = None
    ) -> None:
        self.C = C
        self.kernel = kernel
        self.gamma = gamma

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Find the support vectors.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The class of each row; two or more classes.
        """
        check_choice("kernel", self.kernel, ("linear", "rbf"))
        for name, value in (("C", self.C), ("gamma", self.gamma)):
            if value is not None:
                check_range(name, value, 0, open_low=True)
        rows, self.classes_, codes = as_examples(X, y, min_classes=2)
        self.gamma_ = self.gamma or 1 / (rows.shape[1] * (float(rows.var()) or 1.0))
        positive = [1] if len(self.classes_) == 2 else range(len(self.classes_))  # noqa: PLR2004  (two share a machine)
        K = self._kernel(rows, rows)
        machines = [_solve_dual(K, np.where(codes == k, 1.0, -1.0), self.C or np.inf) for k in positive]
        beta = np.stack([m[0] for m in machines], axis=1)  # (n, n_machines)
        self.support_ = np.flatnonzero(beta.any(axis=1))
        self.support_vectors_, self.dual_weights_ = rows[self.support_], beta[self.support_]
        self.intercepts_ = np.array([m[1] for m in machines])
        lengths = np.sqrt(np.maximum((beta * (K @ beta)).sum(axis=0), 0))  # ‖w‖² = βᵀKβ
        with np.errstate(divide="ignore"):
            self.margins_ = 2 / lengths
        self.n_steps_ = sum(m[2] for m in machines)
        return self

    @property
    def weights(self) -> NDArray[np.float64]:
        """The normals ``w`` of the boundaries, shape (d, 1) or (d, K); of the linear kernel alone.

        Raises
        ------
        InvalidInputError
            With another kernel, whose normals have no end of columns.
        """
        self.check_fitted()
        if self.kernel != "linear":
            msg = f"kernel must be linear for the boundary to have weights; got {self.kernel!r}."
            raise InvalidInputError(msg)
        normals: NDArray[np.float64] = self.support_vectors_.T @ self.dual_weights_
        return normals

    def decision_function(self, X: Matrix) -> NDArray[np.float64]:
        """Return the scores, shape (m,) for two classes and (m, K) for more: ±1 at the edges of the margin.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        rows = as_matrix("X", X, n_columns=self.support_vectors_.shape[1])
        similarities = self._kernel(rows, self.support_vectors_)  # (m, s)
        scores: NDArray[np.float64] = similarities @ self.dual_weights_ + self.intercepts_  # (m, n_machines)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict(self, X: Matrix) -> NDArray[Any]:
        """Return the class of each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        scores = self.decision_function(X)
        chosen = (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)
        labels: NDArray[Any] = self.classes_[chosen]
        return labels

    def _kernel(self, A: NDArray[np.float64], B: NDArray[np.float64]) -> NDArray[np.float64]:
        return linear_kernel(A, B) if self.kernel == "linear" else rbf_kernel(A, B, self.gamma_)


def _solve_dual(K: NDArray[np.float64], y: NDArray[np.float64], C: float) -> tuple[NDArray[np.float64], float, int]:
    """Return ``β``, ``b`` and the number of moves."""
    low, high = np.minimum(0, C * y), np.maximum(0, C * y)
    beta, residual, spread = np.zeros(len(y)), y.copy(), np.diag(K)  # residual = y - Kβ
    for step in range(_MAX_STEPS):
        can_rise, can_fall = beta < high, beta > low
        i = int(np.where(can_rise, residual, -np.inf).argmax())
        gap = residual[i] - residual
        if gap[can_fall].max() < _TOLERANCE:
            free = can_rise & can_fall
            ends = residual[free] if free.any() else np.array([residual[i], residual[can_fall].min()])
            return beta, float(ends.mean()), step
        bend = np.maximum(spread[i] + spread - 2 * K[i], _LEAST_BEND)
        j = int(np.where(can_fall & (gap > 0), gap * gap / bend, -np.inf).argmax())  # falls most
        room_i, room_j = high[i] - beta[i], beta[j] - low[j]
        move = min(gap[j] / bend[j], room_i, room_j)
        beta[i] = high[i] if move == room_i else beta[i] + move  # exactly at the end, where it is reached
        beta[j] = low[j] if move == room_j else beta[j] - move
        residual -= move * (K[i] - K[j])
    msg = f"C must be small enough for {_MAX_STEPS} moves to reach the optimum; got {None if np.isinf(C) else C!r}."
    raise InvalidInputError(msg, hint="Pass a smaller C: a hard margin needs classes that can be separated.")
