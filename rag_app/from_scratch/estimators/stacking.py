"""Stacking: estimators of different kinds predict, and one more learns how to combine what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Matrix, Vector, as_matrix, as_vector, check_same_length
from rag_app.from_scratch.estimators.classifier import Classifier, as_examples
from rag_app.from_scratch.estimators.estimator import Estimator
from rag_app.from_scratch.estimators.specification import Specification, build_predictor
from rag_app.from_scratch.metrics.validation import kfold, stratified_kfold
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOGISTIC: Specification = {"name": "LogisticRegression", "alpha": 0.01}  # finite where classes can be separated
_CLASSIFIERS: list[Specification] = [_LOGISTIC, "GaussianNaiveBayes", "DecisionTreeClassifier"]
_REGRESSORS: list[Specification] = ["LinearRegression", "KNeighborsRegressor"]


class _Stacking(Estimator):
    """What both share: out-of-fold predictions, base estimators and the one above them."""

    _method: str  # what base estimators say

    def __init__(
        self,
        *,
        estimators: list[Specification] | None = None,
        meta: Specification | None = None,
        n_folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.estimators = estimators
        self.meta = meta
        self.n_folds = n_folds
        self.seed = seed

    def _learn(
        self,
        rows: NDArray[np.float64],
        targets: NDArray[Any],
        folds: list[list[int]],
        chosen: list[Specification],
        meta: Specification,
    ) -> None:
        """Fit base estimators on all rows but one fold, for what they say about it; then on all rows, to be kept."""
        if not chosen:
            msg = f"estimators must hold at least one; got {chosen!r}."
            raise InvalidInputError(msg)
        self.meta_ = self._build(meta)
        said = []
        for fold in folds:
            base = self._fit_all(np.delete(rows, fold, axis=0), np.delete(targets, fold), chosen)
            said.append(self._say(base, rows[fold]))
        self.out_of_fold_ = np.concatenate(said)[np.argsort(np.concatenate(folds))]  # in the order of rows
        self.base_ = self._fit_all(rows, targets, chosen)
        self.meta_.fit(self.out_of_fold_, targets)
        self.n_columns_ = rows.shape[1]

    def _build(self, specification: Specification) -> Any:  # noqa: ANN401  (an estimator that has the method)
        estimator = build_predictor(specification)
        if not hasattr(estimator, self._method):
            msg = f"estimators must have the method {self._method}; got {estimator!r}."
            raise InvalidInputError(msg)
        return estimator

    def _fit_all(self, rows: NDArray[np.float64], targets: NDArray[Any], chosen: list[Specification]) -> list[Any]:
        return [self._build(specification).fit(rows, targets) for specification in chosen]

    def _say(self, base: list[Any], rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what base estimators say about rows, side by side."""
        said = [getattr(estimator, self._method)(rows) for estimator in base]
        # probabilities sum to 1, so those of all classes but the first say everything
        return np.column_stack([s[:, 1:] if s.ndim == 2 else s for s in said])  # noqa: PLR2004

    def _answer(self, X: Matrix) -> NDArray[np.float64]:
        """Return what the meta-estimator makes of what the base estimators say."""
        self.check_fitted()
        rows = as_matrix("X", X, n_columns=self.n_columns_)
        answer: NDArray[np.float64] = getattr(self.meta_, self._method)(self._say(self.base_, rows))
        return answer


@register("estimator", "M113")
class StackingClassifier(_Stacking, Classifier):
    """Return the class that a meta-classifier finds in the probabilities which different classifiers give.

    Parameters
    ----------
    estimators : list of str or dict, optional
        Classifiers: names, or {"name": "KNeighborsClassifier", "k": 3} with parameters; default: logistic regression,
        Gaussian naive Bayes and a decision tree.
    meta : str or dict, optional
        The classifier that combines them, in the same form; default: logistic regression.
    n_folds : int, default=5
        Parts of the data, each predicted by estimators that learnt from the others; at least 2.
    seed : int, default=0
        Seed of the division into folds.

    Notes
    -----
    The meta-classifier learns from out-of-fold predictions: trained on what the base estimators say about rows that
    they know, it would trust the one that remembers best. It is given the probabilities of every class but the first,
    whose share is what is left. Wolpert, "Stacked generalization", Neural Networks 5 (1992).

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels in ascending order.
    base_ : list of Estimator
        The base estimators, trained on all rows.
    meta_ : Estimator
        The meta-classifier, trained on `out_of_fold_`.
    out_of_fold_ : ndarray of shape (n, n_estimators · (K - 1))
        What estimators that have not seen a row say about it.

    Examples
    --------
    >>> X, y = [[-3], [-2], [-1], [1], [2], [3]], [0, 0, 0, 1, 1, 1]
    >>> two = [{"name": "KNeighborsClassifier", "k": 1}, "GaussianNaiveBayes"]
    >>> StackingClassifier(estimators=two, n_folds=3).fit(X, y).predict([[-1.5], [1.5]]).tolist()
    [0, 1]
    """

    _method = "predict_proba"

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Train the base estimators and the one above them.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The class of each row; two or more classes, at least `n_folds` rows of each.
        """
        rows, self.classes_, codes = as_examples(X, y, min_classes=2)
        folds = stratified_kfold(codes, self.n_folds, self.seed)
        chosen = _CLASSIFIERS if self.estimators is None else self.estimators
        self._learn(rows, codes, folds, chosen, self.meta or _LOGISTIC)
        return self

    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return the probability of each class for each row, shape (m, K).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        return self._answer(X)


@register("estimator", "M113")
class StackingRegressor(_Stacking):
    """Return the number that a meta-regressor makes of the predictions of different regressors.

    Parameters
    ----------
    estimators : list of str or dict, optional
        Regressors: names, or {"name": "RidgeRegression", "alpha": 0.1} with parameters; default: linear regression and
        nearest neighbours.
    meta : str or dict, optional
        The regressor that combines them, in the same form; default: linear regression.
    n_folds : int, default=5
        Parts of the data, each predicted by estimators that learnt from the others; at least 2.
    seed : int, default=0
        Seed of the division into folds.

    Notes
    -----
    ``ŷ = f(ŷ₁(x), …, ŷ_m(x))``, where ``f`` learns from out-of-fold predictions. Wolpert, "Stacked generalization",
    Neural Networks 5 (1992); Breiman, "Stacked regressions", Machine Learning 24 (1996).

    Attributes
    ----------
    base_ : list of Estimator
        The base estimators, trained on all rows.
    meta_ : Estimator
        The meta-regressor, trained on `out_of_fold_`.
    out_of_fold_ : ndarray of shape (n, n_estimators)
        What estimators that have not seen a row predict for it.

    Examples
    --------
    One row held out at a time, the nearest neighbour of 1, 2, 3, 4 predicts 3, 2, 3, 7.

    >>> two = [{"name": "KNeighborsRegressor", "k": 1}, "LinearRegression"]
    >>> StackingRegressor(estimators=two, n_folds=4).fit([[1], [2], [3], [4]], [2, 3, 7, 8]).out_of_fold_[:, 0].tolist()
    [3.0, 2.0, 3.0, 7.0]
    """

    _method = "predict"

    def fit(self, X: Matrix, y: Vector) -> Self:
        """Train the base estimators and the one above them.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example.
        y : array-like of shape (n,)
            The number to predict for each row.
        """
        rows, targets = as_matrix("X", X), as_vector("y", y)
        check_same_length(X=rows, y=targets)
        folds = kfold(len(rows), self.n_folds, self.seed)
        chosen = _REGRESSORS if self.estimators is None else self.estimators
        self._learn(rows, targets, folds, chosen, self.meta or "LinearRegression")
        return self

    def predict(self, X: Matrix) -> NDArray[np.float64]:
        """Return the prediction for each row, shape (m,).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        return self._answer(X)
