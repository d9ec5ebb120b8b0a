"""Groups, recommendations and outliers against brute force with one cosine at a time."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.language.embedding_uses import cluster_embeddings, odd_one_out, recommend_items
from rag_app.from_scratch.metrics.similarity import cosine_similarity

RNG = np.random.default_rng(0)
TOPICS = np.repeat(RNG.normal(size=(3, 16)), 10, axis=0) + 0.2 * RNG.normal(size=(30, 16))


def test_the_groups_of_the_chapter():
    """From t1 and t3: {t1, t2} and {t3, t4}, centres (0.949, 0.316) and (-0.316, 0.949)."""
    found = cluster_embeddings([[1, 0], [0.8, 0.6], [0, 1], [-0.6, 0.8]], starts=[0, 2])
    assert found["labels"] == [0, 0, 1, 1]
    np.testing.assert_allclose(found["centres"], [[0.949, 0.316], [-0.316, 0.949]], atol=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_planted_topics_are_found(seed):
    """Whatever is drawn first, and however long the vectors are."""
    labels = np.array(cluster_embeddings(TOPICS * RNG.uniform(0.1, 9, (30, 1)), 3, seed=seed)["labels"])
    assert len({tuple(set(labels[n : n + 10])) for n in (0, 10, 20)}) == 3
    assert all(len(set(labels[n : n + 10])) == 1 for n in (0, 10, 20))


def test_every_vector_is_with_its_most_similar_centre():
    """And the mean cosine is that of brute force."""
    rows = RNG.normal(size=(40, 5))
    found = cluster_embeddings(rows, 4)
    cosines = [[cosine_similarity(row, centre) for centre in found["centres"]] for row in rows]
    assert np.argmax(cosines, axis=1).tolist() == found["labels"]
    assert found["mean_cosine"] == pytest.approx(np.max(cosines, axis=1).mean())


def test_rounds_only_improve_the_groups():
    """More of them never lower the mean cosine with the centres by more than rounding."""
    rows = RNG.normal(size=(200, 3))
    found = [cluster_embeddings(rows, 5, n_rounds=n)["mean_cosine"] for n in (1, 2, 4, 100)]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_equal_vectors_and_as_many_groups_as_vectors():
    """All in the first group; each in its own."""
    assert cluster_embeddings([[1, 1]] * 3, 2)["labels"] == [0, 0, 0]
    assert sorted(cluster_embeddings(np.eye(4), 4)["labels"]) == [0, 1, 2, 3]


def test_recommendations_agree_with_brute_force():
    """The order of cosines with the mean; more than there are means all."""
    liked, items = TOPICS[:3], TOPICS[5:]
    expected = [cosine_similarity(liked.mean(axis=0), item) for item in items]
    found = recommend_items(liked, items, 100)
    assert [f["position"] for f in found] == np.argsort(-np.array(expected)).tolist()
    assert [f["cosine"] for f in found] == pytest.approx(sorted(expected, reverse=True))
    assert {f["position"] for f in recommend_items(liked, items, 5)} == set(range(5))


def test_the_cosines_of_the_chapter():
    """P 0.984, Q 0.733, R 0.447, S -0.894."""
    found = recommend_items([[1, 0], [0.6, 0.8]], [[0.8, 0.6], [0.96, -0.28], [0, 1], [-1, 0]])
    assert [round(f["cosine"], 3) for f in found] == [0.984, 0.733, 0.447, -0.894]


@pytest.mark.parametrize("place", [0, 7, 12])
def test_a_planted_outlier_is_returned(place):
    """With the mean cosines of brute force; lengths do not matter."""
    group = np.insert(TOPICS[:12] * 3, place, TOPICS[25], axis=0)
    found = odd_one_out(group)
    assert found["position"] == place
    others = [cosine_similarity(group[place], row) for n, row in enumerate(group) if n != place]
    assert found["mean_cosines"][place] == pytest.approx(np.mean(others))
    assert odd_one_out(group * 1e90)["mean_cosines"] == pytest.approx(found["mean_cosines"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: odd_one_out([[1, 0]]),
            "vectors must hold at least 2 rows of at least one number; got shape (1, 2).",
        ),
        (
            lambda: odd_one_out([[1, 0], [0, 0]]),
            "vectors must have a direction; got a row of zeros, at position 1.",
        ),
        (
            lambda: recommend_items([[1, 0], [-1, 0]], [[1, 0]]),
            "the mean of liked must have a direction; got a row of zeros, at position 0.",
        ),
        (lambda: recommend_items([[1, 0]], [[1]]), "candidates must have rows of 2 numbers; got rows of 1."),
        (lambda: cluster_embeddings([[1]], 2), "k must be a whole number of at least 1 and at most 1; got 2."),
        (
            lambda: cluster_embeddings(np.eye(2), starts=[0, 0]),
            "starts must be 2 different positions; got [0, 0].",
        ),
        (
            lambda: cluster_embeddings(np.eye(2), starts=[0, 2]),
            "starts must be a whole number of at least 0 and at most 1; got 2.",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
