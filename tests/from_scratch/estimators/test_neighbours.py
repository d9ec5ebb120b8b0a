"""Nearest neighbours against scikit-learn and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn import neighbors

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators import neighbours
from rag_app.from_scratch.estimators.neighbours import KNeighborsClassifier, KNeighborsRegressor, nearest_neighbours

METRICS = {"euclidean": "euclidean", "manhattan": "cityblock", "cosine": "cosine"}
RNG = np.random.default_rng(0)
X, QUERIES, Y = RNG.normal(size=(80, 3)), RNG.normal(size=(20, 3)), RNG.integers(3, size=80)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("k", [1, 5, 80])
def test_neighbours_are_those_of_brute_force(metric, k):
    """Positions and distances, nearest first."""
    distances = cdist(QUERIES, X, METRICS[metric])
    found = nearest_neighbours(X, QUERIES, k, metric)
    assert found["indices"] == np.argsort(distances, axis=1)[:, :k].tolist()
    assert np.array(found["distances"]) == pytest.approx(np.sort(distances, axis=1)[:, :k], abs=1e-12)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("k", [1, 4, 7])
def test_predictions_agree_with_scikit_learn(metric, k):
    """Shares of classes, classes, and means of targets."""
    theirs = neighbors.KNeighborsClassifier(k, metric=metric).fit(X, Y)
    ours = KNeighborsClassifier(k=k, metric=metric).fit(X, Y)
    assert ours.predict_proba(QUERIES) == pytest.approx(theirs.predict_proba(QUERIES))
    assert ours.predict(QUERIES).tolist() == theirs.predict(QUERIES).tolist()
    numbers = neighbors.KNeighborsRegressor(k, metric=metric).fit(X, X[:, 0])
    assert KNeighborsRegressor(k=k, metric=metric).fit(X, X[:, 0]).predict(QUERIES) == pytest.approx(
        numbers.predict(QUERIES)
    )


def test_the_chapter_by_hand():
    """Distances √2, 1, √8 and √13 from (2, 2): two votes for A, one for B."""
    rows = [[1, 1], [2, 1], [4, 4], [5, 4]]
    assert nearest_neighbours(rows, [[2, 2]], 4)["distances"][0] == pytest.approx([1, 2**0.5, 8**0.5, 13**0.5])
    knn = KNeighborsClassifier(k=3).fit(rows, ["A", "A", "B", "B"])
    assert knn.predict_proba([[2, 2]]) == pytest.approx(np.array([[2 / 3, 1 / 3]]))


def test_ties_go_to_the_earlier_row():
    """Of two rows equally near, and of two classes with equal votes, the first."""
    assert nearest_neighbours([[1], [-1], [1]], [[0]], 2)["indices"] == [[0, 1]]
    assert KNeighborsClassifier(k=2).fit([[1], [-1]], ["b", "a"]).predict([[0]]).tolist() == ["a"]


def test_many_queries_are_searched_in_parts(monkeypatch):
    """The result does not depend on how many fit into memory at a time."""
    whole = nearest_neighbours(X, QUERIES, 3)
    monkeypatch.setattr(neighbours, "_CELLS", 100)
    assert nearest_neighbours(X, QUERIES, 3) == whole


def test_what_was_learnt_does_not_follow_the_caller():
    """Changing the rows after fit changes no prediction."""
    rows, targets = np.array([[0.0], [1.0]]), np.array([5.0, 6.0])
    knn = KNeighborsRegressor(k=1).fit(rows, targets)
    rows[:], targets[:] = 9, 9
    assert knn.predict([[0]]).tolist() == [5.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nearest_neighbours([[1]], [[1]], 2), "k must be a whole number of at least 1 and at most 1; got 2."),
        (
            lambda: nearest_neighbours([[1]], [[1]], 1, "hamming"),
            "metric must be one of euclidean, manhattan, cosine; got 'hamming'.",
        ),
        (lambda: nearest_neighbours([[1]], [[1, 2]]), "queries must have rows of 1 numbers; got rows of 2."),
        (
            lambda: nearest_neighbours([[1], [0]], [[1]], 1, "cosine"),
            "X must hold no row of zeros for cosine distance; got one in row 1.",
        ),
        (
            lambda: KNeighborsClassifier(k=1, metric="cosine").fit([[1]], [0]).predict([[0]]),
            "X must hold no row of zeros for cosine distance; got one in row 0.",
        ),
        (
            lambda: KNeighborsClassifier().fit([[1]], [0]),
            "k must be a whole number of at least 1 and at most 1; got 5.",
        ),
        (
            lambda: KNeighborsRegressor(k=1, metric="l1").fit([[1]], [0]),
            "metric must be one of euclidean, manhattan, cosine; got 'l1'.",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the argument, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
