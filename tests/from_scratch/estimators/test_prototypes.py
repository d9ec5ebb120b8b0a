"""Prototypes of classes, and texts sorted by them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.prototypes import PrototypeClassifier, few_shot_texts

RNG = np.random.default_rng(0)
SUPPORT = RNG.normal(size=(15, 4)) + np.repeat(np.eye(3, 4) * 3, 5, axis=0)
LABELS = np.repeat(["a", "b", "c"], 5)
QUERIES = RNG.normal(size=(50, 4)) * 2


def test_the_hand_worked_query():
    """Squared distances 1.25 and 3.25 give 0.8808."""
    estimator = PrototypeClassifier().fit([[0, 0], [2, 0], [2, 2], [4, 2]], ["A", "A", "B", "B"])
    assert estimator.prototypes_.tolist() == [[1, 0], [3, 2]]
    expected = 1 / (1 + np.exp(-2))
    assert estimator.predict_proba([[2, 0.5]])[0] == pytest.approx([expected, 1 - expected])


def test_predictions_are_those_of_the_nearest_centroid():
    """As scikit-learn has it."""
    ours = PrototypeClassifier().fit(SUPPORT, LABELS)
    theirs = NearestCentroid().fit(SUPPORT, LABELS)
    assert ours.prototypes_ == pytest.approx(theirs.centroids_)
    assert ours.predict(QUERIES).tolist() == theirs.predict(QUERIES).tolist()


def test_one_example_is_the_nearest_neighbour():
    """One-shot equals 1-NN."""
    ours = PrototypeClassifier().fit(SUPPORT[::5], LABELS[::5])
    theirs = KNeighborsClassifier(n_neighbors=1).fit(SUPPORT[::5], LABELS[::5])
    assert ours.predict(QUERIES).tolist() == theirs.predict(QUERIES).tolist()


def test_cosine_ignores_lengths():
    """A query ten times as long has the same probabilities, softmax of the cosines; zeros have none to prefer."""
    estimator = PrototypeClassifier(distance="cosine").fit([[2, 0], [0, 1]], [0, 1])
    odds = np.exp([0.6, 0.8])
    assert estimator.predict_proba([[3, 4], [30, 40], [0, 0]]) == pytest.approx(
        np.array([odds / odds.sum(), odds / odds.sum(), [0.5, 0.5]])
    )


def test_far_queries_do_not_overflow():
    """Probabilities stay finite."""
    chances = PrototypeClassifier().fit([[0.0], [1.0]], [0, 1]).predict_proba([[1e6]])
    assert chances.tolist() == [[0.0, 1.0]]


def test_texts_of_the_course():
    """Two topics with two messages each; a text without a known word is no error."""
    support = ["refund my invoice", "invoice charged twice", "forgot my password", "password reset fails"]
    found = few_shot_texts(support, ["billing"] * 2 + ["login"] * 2, ["wrong invoice", "reset the password", "zzz"])
    assert [f["label"] for f in found[:2]] == ["billing", "login"]
    assert all(sum(f["probabilities"].values()) == pytest.approx(1) for f in found)
    assert few_shot_texts(["!"], ["x"], ["?"])[0]["label"] == "x"


def test_mistakes_are_named():
    """The distance, labels that are missing, texts that are none."""
    with pytest.raises(InvalidInputError, match="distance must be one of squared, cosine; got 'far'"):
        PrototypeClassifier(distance="far").fit(SUPPORT, LABELS)
    with pytest.raises(InvalidInputError, match="texts and labels must be of equal length; got 1 and 2"):
        few_shot_texts(["a"], ["x", "y"], ["a"])
    with pytest.raises(InvalidInputError, match=r"new_texts must be a list of texts, at least 1; got \[\]"):
        few_shot_texts(["a"], ["x"], [])
