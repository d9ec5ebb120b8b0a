"""Decision boundaries: where a classifier's answer changes, and how far a row is from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Matrix, Vector, as_matrix, as_vector, check_count, check_range
from rag_app.from_scratch.estimators.classifier import as_examples
from rag_app.from_scratch.estimators.specification import Specification, build_predictor
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MARGIN = 0.1  # of the range of a column, shown beyond its ends


@register("tool", "M002")
def side_of_boundary(w: Vector, b: float, x: Vector) -> float:
    """Return the signed distance of a row from a straight boundary: above 0 on the side of the second class.

    Parameters
    ----------
    w : list of float
        Weights of the boundary ``w·x + b = 0``, shape (d,), not all 0.
    b : float
        Its bias.
    x : list of float
        The row, shape (d,).

    Returns
    -------
    float
        0 on the boundary; the size is the Euclidean distance.

    Raises
    ------
    InvalidInputError
        If lengths differ, a number is not finite, or all weights are 0.

    Notes
    -----
    ``d(x) = (w·x + b) / ‖w‖``. Bishop, *Pattern Recognition and Machine Learning* (2006), section 4.1.

    Examples
    --------
    (2·3 + 2·2 - 8) / √8 = 2 / 2.828.

    >>> round(side_of_boundary([2, 2], -8, [3, 2]), 4)
    0.7071
    """
    weights, row = as_vector("w", w), as_vector("x", x)
    check_range("b", b)
    if len(weights) != len(row):
        msg = f"w and x must be of equal length; got {len(weights)} and {len(row)}."
        raise InvalidInputError(msg)
    length = float(np.linalg.norm(weights))
    if length == 0:
        msg = f"w must have a weight that is not 0; got {weights.tolist()!r}."
        raise InvalidInputError(msg)
    return float(weights @ row + b) / length


@register("tool", "M002")
def gaussian_boundary(mean_0: Vector, mean_1: Vector, covariance: Matrix, prior_1: float = 0.5) -> dict[str, Any]:
    """Return the straight boundary between two normal classes that have the same covariance matrix.

    Parameters
    ----------
    mean_0 : list of float
        Mean of the first class, shape (d,).
    mean_1 : list of float
        Mean of the second class, shape (d,).
    covariance : list of lists of float
        Covariance matrix of both, shape (d, d), symmetric and positive definite.
    prior_1 : float, default=0.5
        Share of the second class, above 0 and below 1.

    Returns
    -------
    dict
        ``w`` and ``b`` of the boundary ``w·x + b = 0``; ``σ(w·x + b)`` is the probability of the second class. All of
        ``w`` is 0 where the means are equal.

    Raises
    ------
    InvalidInputError
        If shapes differ, the matrix is not a covariance matrix, or the prior is out of range.

    Notes
    -----
    ``w = Σ⁻¹(μ₁ - μ₀)`` and ``b = -½(μ₁ᵀΣ⁻¹μ₁ - μ₀ᵀΣ⁻¹μ₀) + log(π₁/π₀)``: linear discriminant analysis. Fisher, "The
    use of multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936).

    Examples
    --------
    w = (3, 3) - (1, 1), b = -(18 - 2) / 2: the line x₁ + x₂ = 4.

    >>> gaussian_boundary([1, 1], [3, 3], [[1, 0], [0, 1]])
    {'w': [2.0, 2.0], 'b': -8.0}
    """
    first, second = as_vector("mean_0", mean_0), as_vector("mean_1", mean_1)
    if len(first) != len(second):
        msg = f"mean_0 and mean_1 must be of equal length; got {len(first)} and {len(second)}."
        raise InvalidInputError(msg)
    spread = as_matrix("covariance", covariance, n_columns=len(first))
    check_range("prior_1", prior_1, 0, 1, open_low=True, open_high=True)
    if spread.shape != (len(first),) * 2 or not np.allclose(spread, spread.T) or np.linalg.eigvalsh(spread)[0] <= 0:
        msg = f"covariance must be square, symmetric and positive definite; got {spread.tolist()!r}."
        raise InvalidInputError(msg)
    w = np.linalg.solve(spread, second - first)
    odds = float(np.log(prior_1) - np.log1p(-prior_1))
    return {"w": w.tolist(), "b": -0.5 * float(w @ (first + second)) + odds}


@register("tool", "M002")
def decision_boundary(
    X: Matrix, y: Labels, estimator: Specification = "LogisticRegression", n_steps: int = 60
) -> dict[str, Any]:
    """Return where a classifier, trained on rows of two columns, changes its answer.

    Parameters
    ----------
    X : list of lists of float
        Rows to learn from, shape (n, 2).
    y : list of labels
        The class of each row; two or more classes.
    estimator : str or dict, default="LogisticRegression"
        The classifier: its name, such as "DecisionTreeClassifier", or {"name": …} with its parameters.
    n_steps : int, default=60
        Points of the grid in each direction, at least 2.

    Returns
    -------
    dict
        ``x`` and ``y``, the coordinates of the grid; ``labels``, a row of predictions for each ``y``; ``segments``,
        pairs of points between which the boundary runs; and the ``accuracy`` on the given rows. No segments where the
        whole grid has one class.

    Raises
    ------
    InvalidInputError
        If rows have not two columns, do not fit the labels, or the estimator is no classifier.

    Notes
    -----
    The grid spans the data with a tenth of its range to spare. Where two points of the grid that are neighbours differ
    in their label, the edge between their cells is a segment, so the boundary is true to one step of the grid. Hastie,
    Tibshirani & Friedman, *The Elements of Statistical Learning* (2009), chapter 2.

    Examples
    --------
    >>> X, y = [[0, 0], [0, 10], [20, 0], [20, 10]], ["a", "a", "b", "b"]
    >>> found = decision_boundary(X, y, "GaussianNaiveBayes", n_steps=2)
    >>> found["labels"], found["segments"], found["accuracy"]
    ([['a', 'b'], ['a', 'b']], [[[10.0, -7.0], [10.0, 5.0]], [[10.0, 5.0], [10.0, 17.0]]], 1.0)
    """
    rows, classes, codes = as_examples(as_matrix("X", X, n_columns=2), y, min_classes=2)
    check_count("n_steps", n_steps, 2)
    fitted = build_predictor(estimator).fit(rows, classes[codes])
    xs, ys = (_ticks(column, n_steps) for column in rows.T)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)  # (n_steps², 2), a row of the picture after the other
    labels = np.asarray(fitted.predict(grid)).reshape(n_steps, n_steps)
    return {
        "x": xs.tolist(),
        "y": ys.tolist(),
        "labels": labels.tolist(),
        "segments": _segments(labels, xs, ys),
        "accuracy": float((fitted.predict(rows) == classes[codes]).mean()),
    }


def _ticks(column: NDArray[np.float64], n_steps: int) -> NDArray[np.float64]:
    room = _MARGIN * (float(np.ptp(column)) or 1.0)
    return np.linspace(column.min() - room, column.max() + room, n_steps)


def _segments(labels: NDArray[Any], xs: NDArray[np.float64], ys: NDArray[np.float64]) -> list[list[list[float]]]:
    """Return the edges between cells of different labels: upright ones first."""
    edges_x, edges_y = _edges(xs), _edges(ys)  # cell i reaches from edge i to edge i + 1
    upright = np.argwhere(labels[:, :-1] != labels[:, 1:])
    level = np.argwhere(labels[:-1] != labels[1:])
    found = [[[edges_x[c + 1], edges_y[r]], [edges_x[c + 1], edges_y[r + 1]]] for r, c in upright]
    found += [[[edges_x[c], edges_y[r + 1]], [edges_x[c + 1], edges_y[r + 1]]] for r, c in level]
    return [[[float(x), float(y)] for x, y in segment] for segment in found]


def _edges(ticks: NDArray[np.float64]) -> NDArray[np.float64]:
    half = (ticks[1] - ticks[0]) / 2
    return np.append(ticks - half, ticks[-1] + half)
