"""k-means clustering: every row belongs to the nearest centre, every centre is the mean of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_choice, check_count
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.estimators.kernels import squared_distances
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray


@register("estimator", "M013")
class KMeans(Estimator):
    """Return the number of the cluster of each row, where clusters are the rows nearest to one of k centres.

    Parameters
    ----------
    k : int, default=2
        Number of clusters, at least 1 and at most the number of rows.
    start : {"k-means++", "random"}, default="k-means++"
        First centres: rows drawn far from each other, or any rows.
    centres : array-like of shape (k, d), optional
        First centres instead of drawn ones.
    n_rounds : int, default=300
        Most rounds.
    seed : int, default=0
        Seed of the draws.

    Notes
    -----
    A round assigns each row to ``argmin_j ‖x_i - μ_j‖²`` and moves each centre to the mean of its rows,
    ``μ_j = (1/N_j) Σ x_i``, until no row changes its cluster. Neither step raises the inertia ``Σ ‖x_i - μ‖²``. A
    centre without rows moves to the row farthest from its own centre. Lloyd, "Least squares quantization in PCM", IEEE
    Trans. Inf. Theory 28 (1982); Arthur & Vassilvitskii, "k-means++: the advantages of careful seeding", SODA (2007).

    Attributes
    ----------
    centres_ : ndarray of shape (k, d)
        The means of the clusters.
    labels_ : ndarray of shape (n,)
        Cluster of each row that was given to `fit`.
    inertia_trace_ : list of float
        Inertia after the assignment of each round.
    inertia_ : float
        Inertia at the end.

    Examples
    --------
    From 1 and 2 on, as in the chapter: the inertia is 0 + (0 + 4 + 36 + 49 + 64) = 153 first and 20/3 at the end.

    >>> clusters = KMeans(k=2, centres=[[1], [2]]).fit([[1], [2], [4], [8], [9], [10]])
    >>> [round(v, 4) for v in clusters.inertia_trace_], clusters.centres_.round(4).ravel().tolist()
    ([153.0, 27.04, 13.4375, 6.6667], [2.3333, 9.0])
    """

    def __init__(
        self,
        *,
        k: int = 2,
        start: Literal["k-means++", "random"] = "k-means++",
        centres: Matrix | None = None,
        n_rounds: int = 300,
        seed: int = 0,
    ) -> None:
        self.k = k
        self.start = start
        self.centres = centres
        self.n_rounds = n_rounds
        self.seed = seed

    def fit(self, X: Matrix) -> Self:
        """Find the centres.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        """
        rows = as_matrix("X", X)
        check_count("k", self.k, 1, len(rows))
        check_choice("start", self.start, ("k-means++", "random"))
        check_count("n_rounds", self.n_rounds)
        centre = rows.mean(axis=0)
        shifted = rows - centre  # small numbers lose least where distances are differences of products
        moved, self.labels_, self.inertia_trace_ = _iterate(shifted, self._first_centres(rows) - centre, self.n_rounds)
        self.centres_ = moved + centre
        self.inertia_ = self.inertia_trace_[-1]
        return self

    def predict(self, X: Matrix) -> NDArray[np.intp]:
        """Return the nearest centre of each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        rows = as_matrix("X", X, n_columns=self.centres_.shape[1])
        nearest: NDArray[np.intp] = squared_distances(rows, self.centres_).argmin(axis=1)
        return nearest

    def _first_centres(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.centres is not None:
            first = as_matrix("centres", self.centres, n_columns=rows.shape[1])
            check_count("the number of centres", len(first), self.k, self.k)
            return first
        rng = as_generator(self.seed)
        if self.start == "random":
            return rows[rng.choice(len(rows), self.k, replace=False)]
        return _spread_out(rows, self.k, rng)


def _spread_out(rows: NDArray[np.float64], k: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return k rows, each drawn with a probability that grows with the squared distance to those drawn before."""
    chosen = [int(rng.integers(len(rows)))]
    nearest = squared_distances(rows, rows[chosen])[:, 0]
    while len(chosen) < k:
        total = nearest.sum()
        chances = nearest / total if total > 0 else None  # every row is a centre already: any will do
        chosen.append(int(rng.choice(len(rows), p=chances)))
        nearest = np.minimum(nearest, squared_distances(rows, rows[chosen[-1:]])[:, 0])
    return rows[chosen]


def _iterate(
    rows: NDArray[np.float64], centres: NDArray[np.float64], n_rounds: int
) -> tuple[NDArray[np.float64], NDArray[np.intp], list[float]]:
    """Return centres, clusters and the inertia of each round."""
    lengths = np.einsum("ij,ij->i", rows, rows)  # (n,)
    labels, trace = np.full(len(rows), -1), []
    for _ in range(n_rounds):
        # ‖x - μ‖² = ‖x‖² + (‖μ‖² - 2x·μ); the bracket decides between centres
        scores = (centres**2).sum(axis=1) - 2 * (rows @ centres.T)  # (n, k)
        before, labels = labels, scores.argmin(axis=1)
        distances = np.maximum(lengths + scores[np.arange(len(rows)), labels], 0)
        trace.append(float(distances.sum()))
        if np.array_equal(before, labels):
            break
        centres = _means(rows, labels, distances, len(centres))
    return centres, labels, trace


def _means(
    rows: NDArray[np.float64], labels: NDArray[np.intp], distances: NDArray[np.float64], k: int
) -> NDArray[np.float64]:
    members = (labels[:, None] == np.arange(k)).astype(float)  # (n, k)
    sizes = members.sum(axis=0)
    means: NDArray[np.float64] = (members.T @ rows) / np.maximum(sizes, 1)[:, None]
    empty = np.flatnonzero(sizes == 0)
    if empty.size:
        means[empty] = rows[np.argsort(-distances, kind="stable")[: len(empty)]]
    return means
