"""k-means against scikit-learn's Lloyd iterations and the chapter's table."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans as TheirKMeans

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.kmeans import KMeans

ROWS = np.array([[1.0], [2], [4], [8], [9], [10]])


def _blobs(seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(centre, 1, (60, 2)) for centre in ([0, 0], [6, 0], [0, 6])]) + 100


@pytest.mark.parametrize("k", [1, 2, 5])
def test_it_agrees_with_scikit_learn(k):
    """From the same centres to the same centres, clusters and inertia."""
    X = _blobs()
    first = X[:k] + 0.5
    ours = KMeans(k=k, centres=first).fit(X)
    theirs = TheirKMeans(k, init=first, n_init=1, algorithm="lloyd", tol=0).fit(X)
    assert ours.centres_ == pytest.approx(theirs.cluster_centers_)
    assert ours.labels_.tolist() == theirs.labels_.tolist()
    assert ours.inertia_ == pytest.approx(theirs.inertia_)
    assert ours.predict(X + 1).tolist() == theirs.predict(X + 1).tolist()


def test_the_table_of_the_chapter():
    """Inertia 153, 27.04, 13.4375 and 6.6667."""
    clusters = KMeans(k=2, centres=[[1], [2]]).fit(ROWS)
    assert clusters.inertia_trace_ == pytest.approx([153, 27.04, 13.4375, 20 / 3])
    assert clusters.centres_.ravel() == pytest.approx([7 / 3, 9])
    assert clusters.labels_.tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("start", ["k-means++", "random"])
@pytest.mark.parametrize("seed", range(5))
def test_no_round_raises_the_inertia(start, seed):
    """Whatever it starts from; every centre is the mean of its rows."""
    X = _blobs(seed)
    clusters = KMeans(k=4, start=start, seed=seed).fit(X)
    assert (np.diff(clusters.inertia_trace_) <= 1e-9).all()
    means = [X[clusters.labels_ == j].mean(axis=0) for j in range(4)]
    assert clusters.centres_ == pytest.approx(np.array(means))
    assert clusters.predict(X).tolist() == clusters.labels_.tolist()


def test_spread_starts_find_far_groups_more_often():
    """Ten groups far from each other: the mean inertia over seeds is lower than from rows drawn at random."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(30 * j, 1, (20, 1)) for j in range(10)])
    spread, plain = (
        np.mean([KMeans(k=10, start=start, seed=s).fit(X).inertia_ for s in range(10)])
        for start in ("k-means++", "random")
    )
    assert spread < plain / 2


def test_a_centre_without_rows_moves_to_the_farthest_row():
    """The second centre attracts nothing at first: it takes 10, the row farthest from the first."""
    clusters = KMeans(k=2, centres=[[3], [1000]]).fit(ROWS)
    assert clusters.labels_.tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("start", ["k-means++", "random"])
def test_equal_rows(start):
    """Fewer different rows than clusters: inertia 0, and some clusters stay empty."""
    clusters = KMeans(k=3, start=start).fit([[1, 2]] * 4)
    assert clusters.inertia_ == 0
    assert clusters.centres_.tolist() == [[1, 2]] * 3
    assert KMeans(k=1).fit([[5]]).labels_.tolist() == [0]


def test_it_stops_after_so_many_rounds():
    """The trace has one entry for each."""
    assert len(KMeans(k=2, centres=[[1], [2]], n_rounds=2).fit(ROWS).inertia_trace_) == 2


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"k": 7}, "k must be a whole number of at least 1 and at most 6; got 7."),
        ({"start": "first"}, "start must be one of k-means++, random; got 'first'."),
        ({"n_rounds": 0}, "n_rounds must be a whole number of at least 1; got 0."),
        ({"centres": [[1, 2]]}, "centres must have rows of 1 numbers; got rows of 2."),
        (
            {"k": 2, "centres": [[1]]},
            "the number of centres must be a whole number of at least 2 and at most 2; got 1.",
        ),
    ],
)
def test_what_is_refused(parameters, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        KMeans(**parameters).fit(ROWS)
    assert str(caught.value) == message
