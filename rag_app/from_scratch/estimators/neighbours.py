"""k-nearest neighbours: the examples closest to a row speak for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import (
    Labels,
    Matrix,
    Vector,
    as_matrix,
    as_vector,
    check_choice,
    check_count,
    check_same_length,
)
from rag_app.from_scratch.estimators.classifier import Classifier, as_examples
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.estimators.kernels import squared_distances
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

Metric = Literal["euclidean", "manhattan", "cosine"]
_METRICS = ("euclidean", "manhattan", "cosine")
_CELLS = 4_000_000  # distances in memory at a time: 32 MB


@register("tool", "M011")
def nearest_neighbours(X: Matrix, queries: Matrix, k: int = 5, metric: Metric = "euclidean") -> dict[str, Any]:
    """Return the positions of the rows nearest to each query and their distances, by comparing with every row.

    Parameters
    ----------
    X : list of lists of float
        Rows to search, shape (n, d).
    queries : list of lists of float
        Rows to search for, shape (m, d).
    k : int, default=5
        Neighbours of each query, at least 1 and at most n.
    metric : {"euclidean", "manhattan", "cosine"}, default="euclidean"
        How distance is measured; cosine distance is 1 minus the cosine.

    Returns
    -------
    dict
        ``indices`` and ``distances``, a list for each query, nearest first; of equally near rows the earlier comes
        first.

    Raises
    ------
    InvalidInputError
        If shapes do not fit, k is out of range, or the cosine of a row of zeros is asked for.

    Notes
    -----
    ``√Σ(a_j - b_j)²``, ``Σ|a_j - b_j|`` and ``1 - a·b / ‖a‖‖b‖``. Fix & Hodges, "Discriminatory analysis: nonparametric
    discrimination", report of the USAF School of Aviation Medicine (1951).

    Examples
    --------
    From (2, 2): √(1 + 1) to (1, 1), 1 to (2, 1), √(4 + 4) to (4, 4).

    >>> found = nearest_neighbours([[1, 1], [2, 1], [4, 4]], [[2, 2]], k=2)
    >>> found["indices"], [round(d, 3) for d in found["distances"][0]]
    ([[1, 0]], [1.0, 1.414])
    """
    rows = as_matrix("X", X)
    wanted = as_matrix("queries", queries, n_columns=rows.shape[1])
    check_count("k", k, 1, len(rows))
    check_choice("metric", metric, _METRICS)
    _check_directions("X", rows, metric)
    _check_directions("queries", wanted, metric)
    indices, distances = _search(rows, wanted, k, metric)
    return {"indices": indices.tolist(), "distances": distances.tolist()}


class _Neighbours(Estimator):
    """What both predictors do: keep the rows, and search them."""

    rows_: NDArray[np.float64]

    def __init__(self, *, k: int = 5, metric: Metric = "euclidean") -> None:
        self.k = k
        self.metric = metric

    def _keep(self, rows: NDArray[np.float64]) -> None:
        check_choice("metric", self.metric, _METRICS)
        check_count("k", self.k, 1, len(rows))
        _check_directions("X", rows, self.metric)
        self.rows_ = rows.copy()

    def _neighbours(self, X: Matrix) -> NDArray[np.intp]:
        """Return the positions of the neighbours of each row, shape (m, k)."""
        self.check_fitted()
        queries = as_matrix("X", X, n_columns=self.rows_.shape[1])
        _check_directions("X", queries, self.metric)
        return _search(self.rows_, queries, self.k, self.metric)[0]


@register("estimator", "M011")
class KNeighborsClassifier(_Neighbours, Classifier):
    """Return the class that most of the nearest examples have.

    Parameters
    ----------
    k : int, default=5
        Neighbours that vote, at least 1 and at most the number of examples.
    metric : {"euclidean", "manhattan", "cosine"}, default="euclidean"
        How distance is measured.

    Notes
    -----
    The probability of a class is its share of the k nearest examples; of classes with equal shares the first is
    predicted, of equally near examples the earlier ones vote. Cover & Hart, "Nearest neighbor pattern classification",
    IEEE Trans. Inf. Theory 13 (1967).

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels in ascending order.
    rows_ : ndarray of shape (n, d)
        The examples.
    codes_ : ndarray of shape (n,)
        The class of each, as its position in `classes_`.

    Examples
    --------
    From (2, 2) the nearest three are two of A and one of B.

    >>> knn = KNeighborsClassifier(k=3).fit([[1, 1], [2, 1], [4, 4], [5, 4]], ["A", "A", "B", "B"])
    >>> knn.predict([[2, 2]]).tolist(), knn.predict_proba([[2, 2]]).round(3).tolist()
    (['A'], [[0.667, 0.333]])
    """

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Keep the examples.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The class of each row.
        """
        rows, classes, codes = as_examples(X, y)
        self._keep(rows)
        self.classes_, self.codes_ = classes, codes
        return self

    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return the share of each class among the neighbours of each row, shape (m, K).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        nearest = self._neighbours(X)
        votes = self.codes_[nearest]  # (m, k)
        shares: NDArray[np.float64] = np.stack([(votes == c).mean(axis=1) for c in range(len(self.classes_))], axis=1)
        return shares


@register("estimator", "M011")
class KNeighborsRegressor(_Neighbours):
    """Return the mean target of the nearest examples.

    Parameters
    ----------
    k : int, default=5
        Neighbours that count, at least 1 and at most the number of examples.
    metric : {"euclidean", "manhattan", "cosine"}, default="euclidean"
        How distance is measured.

    Notes
    -----
    ``ŷ(x) = (1/k) Σ y_i`` over the k examples nearest to ``x``; of equally near ones the earlier count. Cover,
    "Estimation by the nearest neighbor rule", IEEE Trans. Inf. Theory 14 (1968).

    Attributes
    ----------
    rows_ : ndarray of shape (n, d)
        The examples.
    targets_ : ndarray of shape (n,)
        The number of each.

    Examples
    --------
    The two nearest to 2.4 are 2 and 3: (3 + 7) / 2 = 5.

    >>> KNeighborsRegressor(k=2).fit([[1], [2], [3], [4]], [2, 3, 7, 8]).predict([[2.4]]).tolist()
    [5.0]
    """

    def fit(self, X: Matrix, y: Vector) -> Self:
        """Keep the examples.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The number to predict for each row.
        """
        rows, targets = as_matrix("X", X), as_vector("y", y)
        check_same_length(X=rows, y=targets)
        self._keep(rows)
        self.targets_ = targets.copy()
        return self

    def predict(self, X: Matrix) -> NDArray[np.float64]:
        """Return the prediction for each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        nearest = self._neighbours(X)
        means: NDArray[np.float64] = self.targets_[nearest].mean(axis=1)
        return means


def _search(
    rows: NDArray[np.float64], queries: NDArray[np.float64], k: int, metric: str
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return positions and distances of the nearest rows, both of shape (m, k)."""
    parts = np.array_split(queries, max(1, len(queries) * len(rows) // _CELLS))
    found = [_nearest(_distances(part, rows, metric), k) for part in parts]
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])


def _nearest(distances: NDArray[np.float64], k: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return nearest, np.take_along_axis(distances, nearest, axis=1)


def _distances(A: NDArray[np.float64], B: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
    if metric == "euclidean":
        return np.sqrt(squared_distances(A, B))
    if metric == "manhattan":
        total = np.zeros((len(A), len(B)))
        for a, b in zip(A.T, B.T, strict=True):
            total += np.abs(a[:, None] - b[None, :])
        return total
    unit_a, unit_b = (M / np.linalg.norm(M, axis=1, keepdims=True) for M in (A, B))
    cosine_distances: NDArray[np.float64] = np.maximum(1 - unit_a @ unit_b.T, 0)
    return cosine_distances


def _check_directions(name: str, rows: NDArray[np.float64], metric: str) -> None:
    if metric == "cosine" and not rows.any(axis=1).all():
        msg = f"{name} must hold no row of zeros for cosine distance; got one in row {int(rows.any(axis=1).argmin())}."
        raise InvalidInputError(msg)
