"""Logistic regression: the probability of each class from a weighted sum of the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from rag_app.from_scratch.arrays import Labels, Matrix, as_matrix, check_choice, check_count, check_range
from rag_app.from_scratch.estimators.classifier import Classifier, as_examples
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FLAT = 1e-8  # largest slope that counts as none, in units in which the cost bends by 1


@register("estimator", "M003")
class LogisticRegression(Classifier):
    """Return the probability of each class from a weighted sum of the columns, with boundaries that are straight.

    Parameters
    ----------
    alpha : float, default=0.0
        Price of squared weights, at least 0; the intercepts are free. Above 0 the weights stay finite where the classes
        can be separated without error.
    solver : {"newton", "gradient"}, default="newton"
        Newton's method, or gradient descent as it is taught.
    learning_rate : float, optional
        Step size of gradient descent, above 0; default: the largest that never overshoots.
    n_steps : int, default=1000
        Most steps.

    Notes
    -----
    Scores ``z = xW + b``; two classes share one score, ``p = σ(z)``, and more have one each, ``p = softmax(z)``. The
    cost is ``J = mean(-log p_y) + α‖W‖²`` with the gradient ``Xᵀ(P - Y) / n + 2αW``, where ``Y`` holds a 1 for the
    class of each row. Newton's method divides the gradient by the curvature and halves a step that would raise the
    cost. scikit-learn's ``C`` is ``1 / 2nα``. Cox, "The regression analysis of binary sequences", J. R. Stat. Soc. B 20
    (1958).

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels in ascending order.
    weights_ : ndarray of shape (d, 1) or (d, K)
        One column for the second of two classes, or one for each of more.
    intercepts_ : ndarray of shape (1,) or (K,)
        Score where every column is 0.
    cost_trace_ : list of float
        ``J`` before each step and at the end.

    Examples
    --------
    In the middle between two mirror-image classes each has probability 1/2.

    >>> estimator = LogisticRegression(alpha=0.1).fit([[-2], [-1], [1], [2]], ["ham", "ham", "spam", "spam"])
    >>> estimator.predict_proba([[0]]).round(6).tolist(), estimator.predict([[1.5]]).tolist()
    ([[0.5, 0.5]], ['spam'])
    """

    def __init__(
        self,
        *,
        alpha: float = 0.0,
        solver: Literal["newton", "gradient"] = "newton",
        learning_rate: float | None = None,
        n_steps: int = 1000,
    ) -> None:
        self.alpha = alpha
        self.solver = solver
        self.learning_rate = learning_rate
        self.n_steps = n_steps

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Learn weights and intercepts.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The class of each row; two or more classes.
        """
        check_range("alpha", self.alpha, 0)
        check_choice("solver", self.solver, ("newton", "gradient"))
        check_count("n_steps", self.n_steps)
        if self.learning_rate is not None:
            check_range("learning_rate", self.learning_rate, 0, open_low=True)
        rows, self.classes_, codes = as_examples(X, y, min_classes=2)
        targets = (codes[:, None] == np.arange(len(self.classes_))).astype(float)  # (n, K)
        problem = SoftmaxCost(rows, targets, self.alpha)
        if self.solver == "newton":
            W, self.cost_trace_ = problem.minimise(self.n_steps)
        else:
            W, self.cost_trace_ = problem.descend(self.n_steps, self.learning_rate)
        self.weights_, self.intercepts_ = W[:-1], W[-1]
        return self

    def decision_function(self, X: Matrix) -> NDArray[np.float64]:
        """Return the scores, shape (m,) for two classes and (m, K) for more: above 0 speaks for the second of two.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        scores = self._scores(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return the probability of each class for each row, shape (m, K).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        probabilities: NDArray[np.float64] = np.exp(_log_softmax(_with_reference(self._scores(X))))
        return probabilities

    def _scores(self, X: Matrix) -> NDArray[np.float64]:
        self.check_fitted()
        scores: NDArray[np.float64] = as_matrix("X", X, n_columns=len(self.weights_)) @ self.weights_ + self.intercepts_
        return scores


class SoftmaxCost:
    """The cost of weights for given examples, and two ways to its minimum.

    Parameters
    ----------
    rows : ndarray of shape (n, d)
        Examples.
    targets : ndarray of shape (n, K)
        Probability that each should have of each class; a 1 and zeros where the class is known.
    alpha : float
        Price of squared weights; that of the intercepts is 0.

    Notes
    -----
    Weights are an array of shape (d + 1, S): a row for each column of the examples and a last one of intercepts; a
    column for each class, of two classes for the second alone.
    """

    def __init__(self, rows: NDArray[np.float64], targets: NDArray[np.float64], alpha: float) -> None:
        self.rows = np.column_stack([rows, np.ones(len(rows))])  # (n, d + 1)
        self.targets = targets
        self.prices = np.append(np.full(rows.shape[1], alpha), 0.0)[:, None]  # (d + 1, 1)
        self.n_scores = 1 if targets.shape[1] == 2 else targets.shape[1]  # noqa: PLR2004  (two classes share a score)

    def measure(self, W: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the cost of weights and the probabilities that they give, shape (n, K)."""
        logs = _log_softmax(_with_reference(self.rows @ W))
        cost = -float(np.vdot(self.targets, logs)) / len(self.rows) + float((self.prices * W**2).sum())
        return cost, np.exp(logs)

    def gradient(self, W: NDArray[np.float64], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the gradient of the cost, shape (d + 1, S)."""
        errors = (probabilities - self.targets)[:, -self.n_scores :]
        gradient: NDArray[np.float64] = self.rows.T @ errors / len(self.rows) + 2 * self.prices * W
        return gradient

    def curvature(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the second derivatives, shape (S · (d + 1), S · (d + 1)), a block for each pair of scores."""
        P = probabilities[:, -self.n_scores :]
        size = self.rows.shape[1]
        curvature = np.zeros((self.n_scores, size, self.n_scores, size))
        for a in range(self.n_scores):
            for b in range(a + 1):
                bend = P[:, a] * ((a == b) - P[:, b])  # (n,)
                block = (self.rows * bend[:, None]).T @ self.rows / len(self.rows)
                curvature[a, :, b, :] = curvature[b, :, a, :] = block  # symmetric in itself
            curvature[a, :, a, :] += 2 * np.diag(self.prices[:, 0])
        return curvature.reshape(self.n_scores * size, -1)

    def minimise(self, n_steps: int) -> tuple[NDArray[np.float64], list[float]]:
        """Return the weights of least cost and the costs on the way, by Newton's method."""
        W = np.zeros((self.rows.shape[1], self.n_scores))
        cost, probabilities = self.measure(W)
        trace = [cost]
        for _ in range(n_steps):
            step, slope = self._newton_step(self.gradient(W, probabilities), self.curvature(probabilities))
            if slope < _FLAT:
                break
            shorter = (W - step / 2**halvings for halvings in range(30))
            for trial in shorter:
                cost, probabilities = self.measure(trial)
                if cost < trace[-1]:
                    break
            else:  # nothing lower than rounding shows
                break
            W = trial
            trace.append(cost)
        return W, trace

    def _newton_step(
        self, gradient: NDArray[np.float64], curvature: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], float]:
        """Return the step to the bottom of the parabola that touches the cost, and the largest slope.

        Both are in units in which every column bends the cost alike: columns of any size are weighed alike.
        """
        bends = np.diag(curvature).reshape(self.n_scores, -1).mean(axis=0)  # (d + 1,)
        units = np.tile(1 / np.sqrt(np.where(bends > 0, bends, 1)), self.n_scores)
        slopes = units * gradient.T.ravel()
        flat = units * np.linalg.lstsq(curvature * np.outer(units, units), slopes, rcond=None)[0]
        return flat.reshape(self.n_scores, -1).T, float(np.abs(slopes).max())

    def descend(self, n_steps: int, learning_rate: float | None) -> tuple[NDArray[np.float64], list[float]]:
        """Return the weights after so many steps against the gradient and the costs on the way.

        The default rate is 1 over a bound of the curvature: a score bends the cost by at most 1/4 of two classes and
        1/2 of more (Böhning, "Multinomial logistic regression algorithm", Ann. Inst. Stat. Math. 44, 1992).
        """
        largest = float(np.linalg.eigvalsh(self.rows.T @ self.rows / len(self.rows))[-1])
        bound = largest * (0.25 if self.n_scores == 1 else 0.5) + 2 * float(self.prices.max())
        rate = 1 / bound if learning_rate is None else learning_rate
        W = np.zeros((self.rows.shape[1], self.n_scores))
        cost, probabilities = self.measure(W)
        trace = [cost]
        for _ in range(n_steps):
            W = W - rate * self.gradient(W, probabilities)
            cost, probabilities = self.measure(W)
            trace.append(cost)
        return W, trace


def _with_reference(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a score for every class: the first of two classes has the score 0, then softmax is the sigmoid."""
    return np.hstack([np.zeros_like(scores), scores]) if scores.shape[1] == 1 else scores


def _log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = scores - scores.max(axis=1, keepdims=True)  # the largest becomes 0, so nothing overflows
    logs: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logs
