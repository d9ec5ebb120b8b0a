"""Gaps in a table filled: by a statistic of the column, by similar rows, or by what the other columns predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import as_matrix, check_choice, check_count, check_range
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.estimators.linear import LinearRegression
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Gapped = ArrayLike
else:  # what the schema of a tool is made from
    Gapped = Sequence[Sequence[float | None]]

_STATISTICS = ("mean", "median", "mode")


class _Imputer(Estimator):
    """What the imputers share: a value for each column, for where nothing better is known."""

    fill_: NDArray[np.float64]

    def _read(self, X: Gapped) -> NDArray[np.float64]:
        return _as_gapped(X, n_columns=len(self.fill_))


@register("estimator", "D003")
class SimpleImputer(_Imputer):
    """Return rows whose gaps are filled with the mean, the median or the mode of their column.

    Parameters
    ----------
    strategy : {"mean", "median", "mode"}, default="mean"
        What fills a gap: the average, the middle value, or the most frequent one (of several the least).

    Notes
    -----
    One value for each column, from the training rows. Little & Rubin, *Statistical analysis with missing data*, 3rd
    ed. (2019), section 4.2.

    Attributes
    ----------
    fill_ : ndarray of shape (d,)
        What fills each column.

    Examples
    --------
    (20 + 30 + 30 + 100) / 4 = 45, though the median is 30.

    >>> incomes = [[20], [30], [30], [100], [None]]
    >>> SimpleImputer().fit(incomes).fill_.tolist(), SimpleImputer(strategy="median").fit(incomes).fill_.tolist()
    ([45.0], [30.0])
    """

    def __init__(self, *, strategy: Literal["mean", "median", "mode"] = "mean") -> None:
        self.strategy = strategy

    def fit(self, X: Gapped) -> Self:
        """Learn what fills each column.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Rows; None or NaN stands for a gap. Every column has at least one value.
        """
        check_choice("strategy", self.strategy, _STATISTICS)
        rows = _as_known(X)
        if self.strategy == "mode":
            self.fill_ = np.array([_mode(column[~np.isnan(column)]) for column in rows.T])
        else:
            self.fill_ = np.nanmean(rows, axis=0) if self.strategy == "mean" else np.nanmedian(rows, axis=0)
        return self

    def transform(self, X: Gapped) -> NDArray[np.float64]:
        """Return the rows without gaps, shape (m, d).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        rows = self._read(X)
        return np.where(np.isnan(rows), self.fill_, rows)


@register("estimator", "D004")
class KNNImputer(_Imputer):
    """Return rows whose gaps are filled with the average of the k most similar training rows that have a value there.

    Parameters
    ----------
    k : int, default=5
        Neighbours of each gap, at least 1; fewer where fewer have a value.
    weights : {"uniform", "distance"}, default="uniform"
        Whether neighbours count alike, or by one over their distance.

    Notes
    -----
    ``d(a, b) = √(m/|S| Σ_{j∈S} (a_j - b_j)²)`` over the columns S that both rows have, of m columns. A row that shares
    no column with any neighbour gets the column's mean. Troyanskaya et al., "Missing value estimation methods for DNA
    microarrays", Bioinformatics 17 (2001).

    Attributes
    ----------
    rows_ : ndarray of shape (n, d)
        The training rows, gaps as NaN.
    fill_ : ndarray of shape (d,)
        Mean of each column.

    Examples
    --------
    The nearest two rows are at distances √1.5 and √6: (10 + 20) / 2 = 15, where the column's mean would be 40.

    >>> table = [[1, 2, None], [2, 2, 10], [1, 4, 20], [8, 9, 90]]
    >>> KNNImputer(k=2).fit(table).transform(table)[0].tolist()
    [1.0, 2.0, 15.0]
    """

    def __init__(self, *, k: int = 5, weights: Literal["uniform", "distance"] = "uniform") -> None:
        self.k = k
        self.weights = weights

    def fit(self, X: Gapped) -> Self:
        """Keep the rows.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Rows; None or NaN stands for a gap. Every column has at least one value.
        """
        check_count("k", self.k)
        check_choice("weights", self.weights, ("uniform", "distance"))
        self.rows_ = _as_known(X)
        self.fill_ = np.nanmean(self.rows_, axis=0)
        return self

    def transform(self, X: Gapped) -> NDArray[np.float64]:
        """Return the rows without gaps, shape (m, d).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        rows = self._read(X)
        missing = np.isnan(rows)
        filled = np.where(missing, self.fill_, rows)
        receivers = np.flatnonzero(missing.any(axis=1))
        distances = _shared_distances(rows[receivers] - self.fill_, self.rows_ - self.fill_)  # (r, n)
        for column in np.flatnonzero(missing.any(axis=0)):
            donors = np.flatnonzero(~np.isnan(self.rows_[:, column]))
            wanted = np.flatnonzero(missing[receivers, column])
            near = distances[np.ix_(wanted, donors)]
            filled[receivers[wanted], column] = self._average(near, self.rows_[donors, column], self.fill_[column])
        return filled

    def _average(
        self, distances: NDArray[np.float64], values: NDArray[np.float64], fallback: float
    ) -> NDArray[np.float64]:
        """Return the average value of the k nearest for each row of distances, shape (r,)."""
        order = np.argsort(distances, axis=1, kind="stable")[:, : self.k]
        near = np.take_along_axis(distances, order, axis=1)  # (r, k)
        usable = np.isfinite(near)
        weight = usable.astype(float)
        if self.weights == "distance":
            equal = near == 0
            with np.errstate(divide="ignore"):
                weight = np.where(equal.any(axis=1, keepdims=True), equal, np.where(usable, 1 / near, 0)).astype(float)
        total = weight.sum(axis=1)
        averages = (weight * values[order]).sum(axis=1) / np.where(total > 0, total, 1)
        return np.where(total > 0, averages, fallback)


@register("estimator", "D005")
class RegressionImputer(_Imputer):
    """Return rows whose gaps are filled with what linear regression predicts from the other columns.

    Parameters
    ----------
    n_rounds : int, default=1
        How often each column with gaps is predicted again from the others as they are filled by then.

    Notes
    -----
    Gaps begin as the column's mean; then, column by column, fewest gaps first, ``x_j = w·x_{-j} + b`` is fitted where
    x_j is known and fills the rest. Filled values lie on the plane: they show less scatter than real ones. van Buuren
    & Groothuis-Oudshoorn, "mice: multivariate imputation by chained equations in R", J. Stat. Software 45 (2011).

    Attributes
    ----------
    fill_ : ndarray of shape (d,)
        Mean of each column.
    steps_ : list of dict
        ``column`` and ``plane``, the regression that fills it, in the order of use.

    Examples
    --------
    The line through (1, 3), (2, 5), (4, 9) is y = 2x + 1, so 7 at x = 3; the mean would be 5.667.

    >>> pairs = [[1, 3], [2, 5], [4, 9], [3, None]]
    >>> RegressionImputer().fit(pairs).transform(pairs)[3].round(6).tolist()
    [3.0, 7.0]
    """

    def __init__(self, *, n_rounds: int = 1) -> None:
        self.n_rounds = n_rounds

    def fit(self, X: Gapped) -> Self:
        """Learn a regression for each column with gaps.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Rows of at least two columns; None or NaN stands for a gap. Every column has at least one value.
        """
        check_count("n_rounds", self.n_rounds)
        rows = _as_known(X)
        if rows.shape[1] == 1:
            msg = "X must have at least 2 columns, one to predict and one to predict it from; got 1."
            raise InvalidInputError(msg)
        self.fill_ = np.nanmean(rows, axis=0)
        missing = np.isnan(rows)
        filled = np.where(missing, self.fill_, rows)
        gaps = missing.sum(axis=0)
        order = [int(j) for j in np.argsort(gaps, kind="stable") if gaps[j]]
        self.steps_: list[dict[str, Any]] = []
        for column in order * self.n_rounds:
            others, known = np.delete(filled, column, axis=1), ~missing[:, column]
            plane = LinearRegression().fit(others[known], rows[known, column])
            filled[~known, column] = plane.predict(others[~known])
            self.steps_.append({"column": column, "plane": plane})
        return self

    def transform(self, X: Gapped) -> NDArray[np.float64]:
        """Return the rows without gaps, shape (m, d).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`; a gap in a column that had none then is filled with the column's mean.
        """
        self.check_fitted()
        rows = self._read(X)
        missing = np.isnan(rows)
        filled = np.where(missing, self.fill_, rows)
        for step in self.steps_:
            gaps = missing[:, step["column"]]
            if gaps.any():
                filled[gaps, step["column"]] = step["plane"].predict(np.delete(filled[gaps], step["column"], axis=1))
        return filled


@register("tool", "D005")
def drop_missing(X: Gapped, axis: Literal["rows", "columns"] = "rows", max_share: float = 0.0) -> dict[str, Any]:
    """Return a table without the rows, or without the columns, that have gaps.

    Parameters
    ----------
    X : list of lists of float
        The table, shape (n, d); null stands for a gap.
    axis : {"rows", "columns"}, default="rows"
        What to drop.
    max_share : float, default=0.0
        Largest share of gaps that a row or column may have and stay, in [0, 1].

    Returns
    -------
    dict
        ``table``, gaps as null; ``kept`` and ``dropped``, positions; ``share_kept``. All may be dropped.

    Raises
    ------
    InvalidInputError
        If X is no table, or the share is out of range.

    Notes
    -----
    Unbiased only where values are missing completely at random. With a share q of gaps in each of d independent
    columns, ``(1 - q)^d`` of the rows stay. Little & Rubin, *Statistical analysis with missing data*, 3rd ed. (2019).

    Examples
    --------
    >>> drop_missing([[1, 2], [3, None], [5, 6]])
    {'table': [[1.0, 2.0], [5.0, 6.0]], 'kept': [0, 2], 'dropped': [1], 'share_kept': 0.6666666666666666}
    """
    check_choice("axis", axis, ("rows", "columns"))
    check_range("max_share", max_share, 0, 1)
    rows = _as_gapped(X)
    stays = np.isnan(rows).mean(axis=1 if axis == "rows" else 0) <= max_share
    left = rows[stays] if axis == "rows" else rows[:, stays]
    return {
        "table": [[None if np.isnan(v) else float(v) for v in row] for row in left],
        "kept": np.flatnonzero(stays).tolist(),
        "dropped": np.flatnonzero(~stays).tolist(),
        "share_kept": float(stays.mean()),
    }


def _as_gapped(X: Gapped, *, n_columns: int | None = None) -> NDArray[np.float64]:
    """Return rows as an array with NaN for gaps; everything else is a finite number."""
    try:
        rows = np.asarray(X, float)
    except (TypeError, ValueError):
        rows = np.empty(())
    gaps = np.isnan(rows)
    as_matrix("X", np.where(gaps, 0, rows) if rows.ndim else X, n_columns=n_columns)
    return rows


def _as_known(X: Gapped) -> NDArray[np.float64]:
    """Return rows of which every column has at least one value."""
    rows = _as_gapped(X)
    empty = np.flatnonzero(np.isnan(rows).all(axis=0))
    if empty.size:
        msg = f"X must have at least one value in every column; got none in column {empty[0]}, counted from 0."
        raise InvalidInputError(msg, hint="Drop the column.")
    return rows


def _mode(values: NDArray[np.float64]) -> float:
    found, counts = np.unique(values, return_counts=True)
    return float(found[counts.argmax()])


def _shared_distances(A: NDArray[np.float64], B: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return distances on the columns that both rows have, scaled up to all columns; infinite where they share none."""
    in_a, in_b = (~np.isnan(A)).astype(float), (~np.isnan(B)).astype(float)
    a, b = np.nan_to_num(A), np.nan_to_num(B)
    squares = (a**2) @ in_b.T - 2 * a @ b.T + in_a @ (b**2).T  # (r, n)
    shared = in_a @ in_b.T
    scaled = A.shape[1] * np.maximum(squares, 0) / np.maximum(shared, 1)
    return np.where(shared > 0, np.sqrt(scaled), np.inf)
