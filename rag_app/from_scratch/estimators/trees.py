"""Decision tree: questions about one column at a time, each chosen to make the two groups purest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from rag_app.from_scratch.arrays import Labels, Matrix, as_matrix, check_choice, check_count
from rag_app.from_scratch.estimators.classifier import Classifier, as_examples
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Purity = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]

_LEAF = -1


@register("estimator", "M009")
class DecisionTreeClassifier(Classifier):
    """Return the class of the leaf that a row reaches by answering one question after the other.

    Parameters
    ----------
    max_depth : int, optional
        Most questions for a row, at least 1; default: until every leaf is pure.
    criterion : {"gini", "entropy"}, default="gini"
        How impurity is measured.
    min_samples_leaf : int, default=1
        Fewest examples in a leaf.

    Notes
    -----
    With the shares ``p_k`` of the classes in a group, Gini impurity is ``1 - Σ p_k²`` and entropy ``-Σ p_k log₂ p_k``.
    A question ``x_j <= t`` is chosen to minimise the impurity of the two groups, weighted by their sizes; ``t`` lies
    midway between two values that occur. Of equally good questions the first column and the smallest value win. A group
    is asked as long as it is mixed and can be divided, even where no question helps at once: exclusive or needs two.
    Breiman, Friedman, Olshen & Stone, *Classification and Regression Trees* (1984).

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels in ascending order.
    features_ : ndarray of shape (n_nodes,)
        Column that each node asks about; -1 in a leaf. The root is node 0.
    thresholds_ : ndarray of shape (n_nodes,)
        Largest value that goes left; 0 in a leaf.
    children_ : ndarray of shape (n_nodes, 2)
        Nodes to the left and to the right; of a leaf, itself.
    counts_ : ndarray of shape (n_nodes, K)
        Examples of each class that reached each node.
    depth_ : int
        Most questions on a way to a leaf.

    Examples
    --------
    Asking for spend first leaves 3 of 6 with impurity 1 - 4/9 - 1/9: 0.222; income first would leave 4 of 6 with 0.375.

    >>> customers = [[90165, 20000], [65285, 30000], [25389, 80000], [14324, 70000], [8402, 15000], [7620, 90000]]
    >>> tree = DecisionTreeClassifier().fit(customers, ["SC", "SC", "RC", "RC", "ES", "RC"])
    >>> tree.rules()
    ['x1 <= 50000 and x0 <= 36843.5: ES', 'x1 <= 50000 and x0 > 36843.5: SC', 'x1 > 50000: RC']
    """

    def __init__(
        self,
        *,
        max_depth: int | None = None,
        criterion: Literal["gini", "entropy"] = "gini",
        min_samples_leaf: int = 1,
    ) -> None:
        self.max_depth = max_depth
        self.criterion = criterion
        self.min_samples_leaf = min_samples_leaf

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Grow the tree.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The class of each row.
        """
        if self.max_depth is not None:
            check_count("max_depth", self.max_depth)
        check_choice("criterion", self.criterion, tuple(_PURITY))
        check_count("min_samples_leaf", self.min_samples_leaf)
        rows, self.classes_, codes = as_examples(X, y)
        growth = _Growth(np.ascontiguousarray(rows.T), codes, _PURITY[self.criterion], self.min_samples_leaf)
        growth.run(np.inf if self.max_depth is None else self.max_depth)
        self.features_, self.thresholds_ = np.array(growth.features), np.array(growth.thresholds)
        self.children_, self.counts_ = np.array(growth.children), np.array(growth.counts)
        self.depth_ = growth.depth
        self.n_columns_ = rows.shape[1]
        return self

    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return the share of each class in the leaf that each row reaches, shape (m, K).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        rows = as_matrix("X", X, n_columns=self.n_columns_)
        node, everyone = np.zeros(len(rows), np.intp), np.arange(len(rows))
        for _ in range(self.depth_):  # who is in a leaf stays there
            right = rows[everyone, self.features_[node]] > self.thresholds_[node]
            node = self.children_[node, right.astype(np.intp)]
        counts = self.counts_[node]
        shares: NDArray[np.float64] = counts / counts.sum(axis=1, keepdims=True)
        return shares

    def rules(self) -> list[str]:
        """Return the way to each leaf and its class as text, from left to right."""
        self.check_fitted()
        found: list[str] = []
        waiting: list[tuple[int, list[str]]] = [(0, [])]
        while waiting:
            node, way = waiting.pop()
            if self.features_[node] == _LEAF:
                label = self.classes_[self.counts_[node].argmax()]
                found.append(f"{' and '.join(way) or 'always'}: {label}")
                continue
            left, right = self.children_[node].tolist()
            question = f"x{self.features_[node]} {{}} {self.thresholds_[node]:.6g}"
            waiting += [(right, [*way, question.format(">")]), (left, [*way, question.format("<=")])]
        return found


@dataclass
class _Growth:
    """A tree while it grows; the arrays of the estimator are lists with an entry for each node."""

    columns: NDArray[np.float64]  # (d, n)
    codes: NDArray[np.intp]
    purity: Purity
    min_samples_leaf: int
    features: list[int] = field(default_factory=list)
    thresholds: list[float] = field(default_factory=list)
    children: list[list[int]] = field(default_factory=list)
    counts: list[NDArray[np.int64]] = field(default_factory=list)
    depth: int = 0

    def run(self, max_depth: float) -> None:
        """Grow from the root; a node is known by its rows, in the order of every column."""
        n_classes, is_left = int(self.codes.max()) + 1, np.empty(len(self.codes), bool)
        waiting = [(np.argsort(self.columns, axis=1), 0, 0)]  # (d, n); sorted once, divided ever after
        self._add_leaf(np.bincount(self.codes, minlength=n_classes))
        while waiting:
            order, node, depth = waiting.pop()
            cut = self._best_cut(order, self.counts[node]) if depth < max_depth else None
            if cut is None:
                continue
            self.features[node], position, self.thresholds[node] = cut
            is_left[order[cut[0]]] = np.arange(order.shape[1]) <= position
            goes_left = is_left[order]  # (d, m): every column has the same number of them
            self.depth = max(self.depth, depth + 1)
            for side, chosen in enumerate((goes_left, ~goes_left)):
                part = order[chosen].reshape(len(order), -1)
                self.children[node][side] = len(self.features)
                waiting.append((part, len(self.features), depth + 1))
                self._add_leaf(np.bincount(self.codes[part[0]], minlength=n_classes))

    def _add_leaf(self, counts: NDArray[np.int64]) -> None:
        node = len(self.features)
        self.features.append(_LEAF)
        self.thresholds.append(0.0)
        self.children.append([node, node])
        self.counts.append(counts)

    def _best_cut(self, order: NDArray[np.intp], counts: NDArray[np.int64]) -> tuple[int, int, float] | None:
        """Return column, last position on the left and threshold of the best question, None where there is none."""
        n, least = order.shape[1], self.min_samples_leaf
        if counts.max() == n or n < 2 * least:
            return None
        codes, values = self.codes[order], np.take_along_axis(self.columns, order, axis=1)  # (d, n)
        n_left = np.arange(least, n - least + 1)
        first, last = least - 1, n - least  # positions after which a cut leaves enough on both sides
        scores = np.zeros((len(order), len(n_left)))
        for k in np.flatnonzero(counts):
            left = np.cumsum(codes == k, axis=1)[:, first:last]  # of class k up to each position
            scores += self.purity(left, n_left) + self.purity(counts[k] - left, n - n_left)
        scores[values[:, first:last] == values[:, first + 1 : last + 1]] = -np.inf  # no cut between equal values
        column, best = divmod(int(scores.argmax()), len(n_left))
        if scores[column, best] == -np.inf:
            return None
        position = best + first
        low, high = values[column, position : position + 2]
        middle = low / 2 + high / 2
        return column, position, float(low if middle >= high else middle)


def _gini_purity(counts: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a class's part of ``size · (1 - impurity)``: the sum over classes is largest where impurity is least."""
    purity: NDArray[np.float64] = np.divide(counts * counts, size, dtype=np.float64)
    return purity


def _entropy_purity(counts: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a class's part of ``-size · entropy``; 0 for a class without examples."""
    purity: NDArray[np.float64] = np.multiply(counts, np.log2(np.maximum(counts, 1) / size), dtype=np.float64)
    return purity


_PURITY: dict[str, Purity] = {"gini": _gini_purity, "entropy": _entropy_purity}
