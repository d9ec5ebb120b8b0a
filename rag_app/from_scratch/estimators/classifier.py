"""What every classifier shares: rows with labels come in, and the most probable class is the prediction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Labels, Matrix, as_labels, as_matrix, check_same_length
from rag_app.from_scratch.estimators.estimator import Estimator

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Classifier(Estimator, ABC):
    """An estimator that gives every class a probability and predicts the most probable one.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels in ascending order; columns of probabilities are in this order.
    """

    classes_: NDArray[Any]

    @abstractmethod
    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return the probability of each class for each row, shape (m, K)."""

    def predict(self, X: Matrix) -> NDArray[Any]:
        """Return the most probable class of each row, shape (m,); of equally probable ones the first.

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        best = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels


def as_examples(
    X: Matrix, y: Labels, *, min_classes: int = 1, max_classes: int | None = None
) -> tuple[NDArray[np.float64], NDArray[Any], NDArray[np.intp]]:
    """Return rows of shape (n, d), the classes in ascending order, and each row's class as its position among them.

    Raises
    ------
    InvalidInputError
        If rows and labels do not fit each other, or there are too few or too many classes.

    Examples
    --------
    >>> rows, classes, codes = as_examples([[1], [2], [3]], ["spam", "ham", "spam"])
    >>> classes.tolist(), codes.tolist()
    (['ham', 'spam'], [1, 0, 1])
    """
    rows, labels = as_matrix("X", X), as_labels("y", y)
    check_same_length(X=rows, y=labels)
    classes, codes = np.unique(labels, return_inverse=True)
    if not min_classes <= len(classes) <= (max_classes or len(classes)):
        rule = f"exactly {min_classes}" if min_classes == max_classes else f"at least {min_classes}"
        msg = f"y must hold {rule} different labels; got {classes.tolist()[:5]!r}."
        raise InvalidInputError(msg)
    return rows, classes, codes
