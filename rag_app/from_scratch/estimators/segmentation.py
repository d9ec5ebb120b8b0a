"""Customer segmentation by income and spend: the rule, customers that follow it, and classifiers that learn it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np

from rag_app.from_scratch.arrays import Labels, Matrix, as_generator, as_matrix, check_choice, check_count, check_range
from rag_app.from_scratch.data.scaling import StandardScaler
from rag_app.from_scratch.estimators.classifier import as_examples
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.estimators.specification import Specification, build_predictor
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEGMENTS = ("ES", "SC", "RC", "PC")  # by target code: 1 for high income, and 2 more for high spend
_LEAST, _MOST = 1_000, 100_000
_MIDDLE = 50_500
_N_UNSEEN = 1000

Kind = Literal["logistic", "bayes", "tree", "neighbours", "svm", "mlp"]
_ESTIMATORS: dict[Kind, Specification] = {
    "logistic": {"name": "LogisticRegression", "alpha": 1e-4},
    "bayes": "GaussianNaiveBayes",
    "tree": "DecisionTreeClassifier",
    "neighbours": "KNeighborsClassifier",
    "svm": {"name": "SupportVectorClassifier", "C": 10.0, "kernel": "rbf"},
    "mlp": "MLPClassifier",
}


@register("tool", "M001")
def customer_segment(income: float, spend: float, threshold: float = _MIDDLE) -> dict[str, Any]:
    """Return the segment of a customer by the rule: is income high, is spend high.

    Parameters
    ----------
    income : float
        Income, from 1,000 to 100,000.
    spend : float
        Spend, from 1,000 to 100,000.
    threshold : float, default=50500
        Where high begins, for both; the middle of the range.

    Returns
    -------
    dict
        ``class``: ES (economically stressed: both low), SC (savings customer: income high), RC (risk customer: spend
        high) or PC (prudent customer: both high); ``target``: its code, 0 to 3. A value equal to the threshold is high.

    Raises
    ------
    InvalidInputError
        If a value lies outside the range.

    Notes
    -----
    ``target = [income >= t] + 2 · [spend >= t]``. Smith, "Product differentiation and market segmentation as
    alternative marketing strategies", Journal of Marketing 21 (1956).

    Examples
    --------
    High income (1) and low spend (0): 1 + 2 · 0 = 1.

    >>> customer_segment(65_284.80, 20_000)
    {'class': 'SC', 'target': 1}
    """
    for name, value in (("income", income), ("spend", spend), ("threshold", threshold)):
        check_range(name, value, _LEAST, _MOST)
    target = int(_targets(np.array([[income, spend]]), threshold)[0])
    return {"class": SEGMENTS[target], "target": target}


@register("tool", "M001")
def customers(n: int = 100, noise: float = 0.0, seed: int = 0) -> dict[str, Any]:
    """Return invented customers with income, spend and segment.

    Parameters
    ----------
    n : int, default=100
        Number of customers, at least 1.
    noise : float, default=0.0
        Share of customers whose segment is replaced by another one at random, from 0 to 1.
    seed : int, default=0
        Seed of the generator.

    Returns
    -------
    dict
        ``income``, ``spend``, ``class`` and ``target``: a list each, with an entry for each customer.

    Raises
    ------
    InvalidInputError
        If n or noise is out of range.

    Notes
    -----
    Income and spend are independent and uniform from 1,000 to 100,000; without noise the segment follows the rule of
    `customer_segment` with the threshold 50,500.

    Examples
    --------
    >>> found = customers(3, seed=1)
    >>> [round(v) for v in found["income"]], [round(v) for v in found["spend"]], found["class"]
    ([51670, 15272, 31871], [95096, 94916, 42909], ['PC', 'RC', 'ES'])
    """
    check_count("n", n)
    check_range("noise", noise, 0, 1)
    rows, targets = _draw(n, noise, as_generator(seed))
    return {
        "income": rows[:, 0].tolist(),
        "spend": rows[:, 1].tolist(),
        "class": [SEGMENTS[t] for t in targets],
        "target": targets.tolist(),
    }


@register("estimator", "M001")
class SegmentClassifier(Estimator):
    """Return the segment of each customer, learnt from customers whose segment is known.

    Parameters
    ----------
    kind : {"logistic", "bayes", "tree", "neighbours", "svm", "mlp"}, default="tree"
        Which classifier learns.

    Notes
    -----
    Each column is brought to mean 0 and variance 1 of the customers it learns from, so that neighbours, support vectors
    and networks weigh income and spend alike, in whatever unit they are given. The rule has the boundaries income =
    50,500 and spend = 50,500, which a tree of depth 2 and a softmax of straight lines can represent. Hastie, Tibshirani
    & Friedman, *The Elements of Statistical Learning* (2009).

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The segments in ascending order.
    scaler_ : StandardScaler
        Mean and deviation of each column.
    classifier_ : Estimator
        The classifier that learnt.

    Examples
    --------
    >>> known = customers(200)
    >>> X = list(zip(known["income"], known["spend"]))
    >>> SegmentClassifier(kind="tree").fit(X, known["class"]).predict([[90_000, 9_000], [9_000, 90_000]]).tolist()
    ['SC', 'RC']
    """

    def __init__(self, *, kind: Kind = "tree") -> None:
        self.kind = kind

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Learn the segments.

        Parameters
        ----------
        X : array-like of shape (n, 2)
            Income and spend of each customer, in one unit of your choice.
        y : array-like of shape (n,)
            The segment of each, as text or as code.
        """
        check_choice("kind", self.kind, get_args(Kind))
        rows, self.classes_, codes = as_examples(as_matrix("X", X, n_columns=2), y, min_classes=2)
        self.scaler_ = StandardScaler().fit(rows)
        self.classifier_ = build_predictor(_ESTIMATORS[self.kind]).fit(self.scaler_.transform(rows), codes)
        return self

    def predict(self, X: Matrix) -> NDArray[Any]:
        """Return the segment of each customer, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, 2)
            Income and spend of each customer, in the unit of `fit`.
        """
        self.check_fitted()
        codes = self.classifier_.predict(self.scaler_.transform(as_matrix("X", X, n_columns=2)))
        labels: NDArray[Any] = self.classes_[codes]
        return labels


@register("tool", "M001")
def segment_classifier_accuracies(
    kinds: list[Kind] | None = None, n: int = 200, noise: float = 0.0, seed: int = 0
) -> dict[str, float]:
    """Return how many of 1,000 new customers each kind of classifier puts into the right segment.

    Parameters
    ----------
    kinds : list of {"logistic", "bayes", "tree", "neighbours", "svm", "mlp"}, optional
        Classifiers to compare; default: all.
    n : int, default=200
        Customers to learn from, at least 20.
    noise : float, default=0.0
        Share of them whose segment is wrong, from 0 to 1.
    seed : int, default=0
        Seed of the generator.

    Returns
    -------
    dict of str to float
        Share of right answers for each kind; the new customers have no wrong segments.

    Raises
    ------
    InvalidInputError
        If a kind is unknown, or n or noise is out of range.

    Notes
    -----
    Accuracy is ``(1/m) Σ [ŷ = y]`` over m customers that the classifier has not seen. Hastie, Tibshirani & Friedman,
    *The Elements of Statistical Learning*, 2nd ed. (2009), chapter 7.

    Examples
    --------
    >>> segment_classifier_accuracies(["tree"], n=500)["tree"] > 0.95
    True
    """
    check_count("n", n, 20)
    check_range("noise", noise, 0, 1)
    rng = as_generator(seed)
    rows, targets = _draw(n, noise, rng)
    unseen, right = _draw(_N_UNSEEN, 0.0, rng)
    fitted = {kind: SegmentClassifier(kind=kind).fit(rows, targets) for kind in kinds or get_args(Kind)}
    return {kind: float((estimator.predict(unseen) == right).mean()) for kind, estimator in fitted.items()}


def _draw(n: int, noise: float, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return rows of income and spend, and their targets."""
    rows = rng.uniform(_LEAST, _MOST, (n, 2))
    wrong = rng.random(n) < noise
    shift = np.where(wrong, rng.integers(1, len(SEGMENTS), n), 0)
    return rows, (_targets(rows, _MIDDLE) + shift) % len(SEGMENTS)


def _targets(rows: NDArray[np.float64], threshold: float) -> NDArray[np.intp]:
    targets: NDArray[np.intp] = (rows >= threshold) @ np.array([1, 2])
    return targets
