"""Zero-shot classification: classes that were never seen are recognised by attributes that were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Matrix, Vector, as_matrix, as_vector, check_range
from rag_app.from_scratch.estimators.classifier import Classifier, as_examples
from rag_app.from_scratch.estimators.logistic import LogisticRegression
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray


@register("estimator", "M106")
class AttributeZeroShot(Classifier):
    """Return the class whose attributes fit each row best, among classes of which some were never seen.

    Parameters
    ----------
    signatures : dict of str to list of 0 and 1
        Whether each class has each attribute; all lists of the same length. Classes that do not occur in ``y`` can
        be predicted too.
    alpha : float, default=0.01
        Price of squared weights of the attribute models, at least 0.

    Notes
    -----
    A logistic regression for each attribute learns ``p_m`` from the seen classes that have it and those that lack it.
    ``score(k|x) = Π_m p_m^a_km (1 - p_m)^(1 - a_km)``, divided by the sum over classes. Lampert, Nickisch & Harmeling,
    "Learning to detect unseen object classes by between-class attribute transfer", CVPR (2009).

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        All classes, in the order of the signatures.
    attribute_models_ : list of LogisticRegression
        One for each attribute.

    Examples
    --------
    The first column shows stripes, the second hooves. No zebra is among the rows.

    >>> signatures = {"tiger": [1, 0], "horse": [0, 1], "snake": [0, 0], "zebra": [1, 1]}
    >>> estimator = AttributeZeroShot(signatures=signatures)
    >>> rows, names = [[3, 0], [4, 1], [0, 3], [1, 4], [0, 0], [1, 1]], ["tiger"] * 2 + ["horse"] * 2 + ["snake"] * 2
    >>> estimator.fit(rows, names).predict([[4, 4]]).tolist()
    ['zebra']
    """

    def __init__(self, *, signatures: Mapping[str, Sequence[int]], alpha: float = 0.01) -> None:
        self.signatures = signatures
        self.alpha = alpha

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Learn to see attributes.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example of the seen classes.
        y : array-like of shape (n,)
            The class of each row, a name among the signatures; each attribute must be present in one class and absent
            from another.
        """
        check_range("alpha", self.alpha, 0)
        table = _table(self.signatures)
        rows, seen, codes = as_examples(X, y)
        names = list(self.signatures)
        unknown = [name for name in seen.tolist() if name not in self.signatures]
        if unknown:
            msg = f"y must hold names of signatures; got {unknown[0]!r}."
            raise InvalidInputError(msg)
        present = table[[names.index(name) for name in seen.tolist()]][codes]  # (n, M)
        constant = np.flatnonzero(present.min(axis=0) == present.max(axis=0))
        if len(constant):
            msg = f"y must hold classes with and without each attribute; got no difference in attribute {constant[0]}."
            raise InvalidInputError(msg)
        models = [LogisticRegression(alpha=self.alpha).fit(rows, column) for column in present.T]
        self.classes_, self.attribute_models_ = np.array(names), models
        return self

    def attribute_probabilities(self, X: Matrix) -> NDArray[np.float64]:
        """Return the probability that each row has each attribute, shape (m, M).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        rows = as_matrix("X", X)
        return np.column_stack([model.predict_proba(rows)[:, 1] for model in self.attribute_models_])

    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return the probability of each class for each row, shape (m, K).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        return _shares(_scores(self.attribute_probabilities(X), _table(self.signatures)))


@register("tool", "M106")
def zero_shot_scores(attributes: Vector, signatures: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """Return how well the attributes found in an input fit each class, and the class that fits best.

    Parameters
    ----------
    attributes : array-like of shape (M,)
        The probability that the input has each attribute, in [0, 1].
    signatures : dict of str to list of 0 and 1
        Whether each class has each attribute.

    Returns
    -------
    dict
        "label", the first of the best classes; "scores" and "probabilities" by class. Where all scores are 0, classes
        are equally probable; classes with equal signatures cannot be told apart.

    Raises
    ------
    InvalidInputError
        If a probability is not in [0, 1], or a signature is not 0 or 1 for each attribute.

    Notes
    -----
    ``score(k|x) = Π_m p_m^a_km (1 - p_m)^(1 - a_km)``: attributes are taken as independent. Lampert, Nickisch &
    Harmeling, "Learning to detect unseen object classes by between-class attribute transfer", CVPR (2009).

    Examples
    --------
    0.9 · 0.8 · 0.7 · 0.9 = 0.4536 for the zebra, and 0.9 · 0.2 · 0.3 · 0.9 = 0.0486 for the tiger.

    >>> found = zero_shot_scores([0.9, 0.8, 0.7, 0.1], {"zebra": [1, 1, 1, 0], "tiger": [1, 0, 0, 0]})
    >>> found["label"], {name: round(score, 4) for name, score in found["scores"].items()}
    ('zebra', {'zebra': 0.4536, 'tiger': 0.0486})
    """
    chances = as_vector("attributes", attributes)
    for value in chances.tolist():
        check_range("attributes", value, 0, 1)
    table = _table(signatures, len(chances))
    scores = _scores(chances[None], table)
    names = list(signatures)
    return {
        "label": names[int(scores.argmax())],
        "scores": dict(zip(names, scores[0].tolist(), strict=True)),
        "probabilities": dict(zip(names, _shares(scores)[0].tolist(), strict=True)),
    }


def _table(signatures: Mapping[str, Sequence[int]], n_attributes: int | None = None) -> NDArray[np.float64]:
    table = as_matrix("signatures", list(signatures.values()), n_columns=n_attributes)
    if not np.isin(table, (0, 1)).all():
        msg = f"signatures must be 0 or 1 for each attribute; got {table[~np.isin(table, (0, 1))][0]:g}."
        raise InvalidInputError(msg)
    return table


def _scores(chances: NDArray[np.float64], table: NDArray[np.float64]) -> NDArray[np.float64]:
    # (m, 1, M) against (K, M): p where the class has the attribute, 1 - p where it lacks it
    scores: NDArray[np.float64] = np.where(table == 1, chances[:, None], 1 - chances[:, None]).prod(axis=2)
    return scores  # (m, K)


def _shares(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    totals = scores.sum(axis=1, keepdims=True)
    equal = np.full_like(scores, 1 / scores.shape[1])
    shares: NDArray[np.float64] = np.divide(scores, totals, out=equal, where=totals > 0)
    return shares
