"""Prototypical networks: a class is the mean of a few embedded examples, and a query belongs to the nearest mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from rag_app.from_scratch.arrays import Labels, Matrix, as_matrix, as_texts, check_choice, check_same_length
from rag_app.from_scratch.estimators.classifier import Classifier, as_examples
from rag_app.from_scratch.estimators.kernels import squared_distances
from rag_app.from_scratch.language.words import words
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import NDArray


@register("estimator", "M105")
class PrototypeClassifier(Classifier):
    """Return the class whose prototype, the mean of its examples, is nearest to each row.

    Parameters
    ----------
    distance : {"squared", "cosine"}, default="squared"
        Squared Euclidean distance, or one minus the cosine; a row of zeros has cosine 0 with everything.

    Notes
    -----
    ``p_k = (1/|S_k|) Σ f(x_i)`` over the support set of class k, and ``P(k|x) = softmax_k(-d(f(x), p_k))``. Rows are
    embeddings ``f(x)``, made by any network. With one example for each class it is the nearest neighbour. Snell,
    Swersky & Zemel, "Prototypical networks for few-shot learning", NIPS (2017).

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        The labels in ascending order.
    prototypes_ : ndarray of shape (K, d)
        The mean of each class.

    Examples
    --------
    Prototypes (1, 0) and (3, 2), squared distances 1.25 and 3.25: e^-1.25 / (e^-1.25 + e^-3.25) = 0.8808.

    >>> estimator = PrototypeClassifier().fit([[0, 0], [2, 0], [2, 2], [4, 2]], ["A", "A", "B", "B"])
    >>> estimator.predict_proba([[2, 0.5]]).round(4).tolist(), estimator.predict([[2, 0.5]]).tolist()
    ([[0.8808, 0.1192]], ['A'])
    """

    def __init__(self, *, distance: Literal["squared", "cosine"] = "squared") -> None:
        self.distance = distance

    def fit(self, X: Matrix, y: Labels) -> Self:
        """Average the examples of each class.

        Parameters
        ----------
        X : array-like of shape (n, d)
            One row for each example of the support set: its embedding.
        y : array-like of shape (n,)
            The class of each row.
        """
        check_choice("distance", self.distance, ("squared", "cosine"))
        rows, self.classes_, codes = as_examples(X, y)
        members = (codes == np.arange(len(self.classes_))[:, None]).astype(float)  # (K, n)
        self.prototypes_ = (members @ rows) / members.sum(axis=1, keepdims=True)
        return self

    def predict_proba(self, X: Matrix) -> NDArray[np.float64]:
        """Return the probability of each class for each row, shape (m, K).

        Parameters
        ----------
        X : array-like of shape (m, d)
            Rows as in `fit`.
        """
        self.check_fitted()
        rows = as_matrix("X", X, n_columns=self.prototypes_.shape[1])
        distances = _DISTANCES[self.distance](rows, self.prototypes_)  # (m, K)
        odds = np.exp(distances.min(axis=1, keepdims=True) - distances)
        probabilities: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
        return probabilities


def _cosine_distances(A: NDArray[np.float64], B: NDArray[np.float64]) -> NDArray[np.float64]:
    distances: NDArray[np.float64] = 1 - _unit(A) @ _unit(B).T
    return distances


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows divided by their lengths; those of zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units: NDArray[np.float64] = rows / np.where(lengths > 0, lengths, 1.0)
    return units


_DISTANCES = {"squared": squared_distances, "cosine": _cosine_distances}


@register("tool", "M105")
def few_shot_texts(texts: Sequence[str], labels: Labels, new_texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return the topic of each new text, learnt from a few labelled ones: the nearest mean of counted words.

    Parameters
    ----------
    texts : sequence of str
        Labelled texts, one or more for each topic.
    labels : array-like of shape (n,)
        The topic of each.
    new_texts : sequence of str
        Texts to sort.

    Returns
    -------
    list of dict
        For each new text its "label" and the "probabilities" of all topics. A text without a known word is near to
        all, and goes to the topic whose texts have least in common.

    Raises
    ------
    InvalidInputError
        If there are no texts, or not a label for each.

    Notes
    -----
    A text is embedded as the counts of its words, divided by their length; an embedding network in its place would
    know synonyms. Snell, Swersky & Zemel, "Prototypical networks for few-shot learning", NIPS (2017).

    Examples
    --------
    >>> support = ["refund my invoice", "invoice charged twice", "forgot my password", "password reset fails"]
    >>> topics = ["billing", "billing", "login", "login"]
    >>> [found["label"] for found in few_shot_texts(support, topics, ["wrong invoice", "reset the password"])]
    ['billing', 'login']
    """
    known, new = as_texts("texts", texts), as_texts("new_texts", new_texts)
    vocabulary = sorted({word for text in known for word in words(text)}) or [""]

    def embed(given: list[str]) -> NDArray[np.float64]:
        counts = [[words(text).count(word) for word in vocabulary] for text in given]
        return _unit(np.array(counts, float))

    check_same_length(texts=known, labels=np.asarray(labels))
    classifier = PrototypeClassifier().fit(embed(known), labels)
    chances = classifier.predict_proba(embed(new))
    names = classifier.classes_.tolist()
    return [
        {
            "label": names[int(row.argmax())],
            "probabilities": {str(n): float(p) for n, p in zip(names, row, strict=True)},
        }
        for row in chances
    ]
