"""SMOTE from its definition: every new point on a segment to a true neighbour; and weights against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.balance import balanced_class_weights, smote

RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(0, 1, (40, 3)), RNG.normal(3, 1, (12, 3))])
Y = ["ok"] * 40 + ["fraud"] * 12


@pytest.mark.parametrize("k", [1, 3, 11])
def test_new_points_lie_between_an_example_and_a_true_neighbour(k):
    """The way over the new point is as long as the direct one, and the end is among the k nearest of the start."""
    found = smote(X, Y, k=k)
    rare = np.arange(40, 52)
    for point, (start, end) in zip(np.array(found["rows"]), found["parents"], strict=True):
        others = [i for i in rare if i != start]
        nearest = sorted(others, key=lambda i: np.linalg.norm(X[i] - X[start]))[:k]
        assert end in nearest
        way = np.linalg.norm(point - X[start]) + np.linalg.norm(point - X[end])
        assert way == pytest.approx(np.linalg.norm(X[start] - X[end]))


@pytest.mark.parametrize(("ratio", "n_new"), [(1, 28), (0.5, 8), (0.3, 0), (0.1, 0)])
def test_the_ratio_decides_how_many(ratio, n_new):
    """40 times the ratio, less the 12 that are there; never fewer than are there."""
    found = smote(X, Y, ratio=ratio)
    assert (len(found["rows"]), found["label"]) == (n_new, "fraud")
    assert found["n_after"] == {"fraud": 12 + n_new, "ok": 40}
    assert found["n_before"] == {"fraud": 12, "ok": 40}


def test_the_chapter_counts():
    """With 950 and 50 examples a ratio of 1 needs 900 and one of 0.5 needs 425."""
    rows, y = np.arange(1000.0)[:, np.newaxis], [0] * 950 + [1] * 50
    assert [len(smote(rows, y, ratio=r)["rows"]) for r in (1, 0.5)] == [900, 425]


def test_a_seed_decides_the_points():
    """And equal examples give their equal."""
    assert smote(X, Y, seed=1) == smote(X, Y, seed=1) != smote(X, Y, seed=2)
    assert smote([[0], [0], [0], [7], [7]], [0, 0, 0, 1, 1], k=1)["rows"] == [[7]]


def test_weights_agree_with_scikit_learn_and_the_chapter():
    """0.5263 and 10 for 950 and 50."""
    y = np.array(Y)
    expected = compute_class_weight("balanced", classes=np.unique(y), y=y)
    assert list(balanced_class_weights(Y).values()) == pytest.approx(expected.tolist())
    assert balanced_class_weights([0] * 950 + [1] * 50) == {"0": pytest.approx(0.5263, abs=1e-4), "1": 10}
    assert balanced_class_weights(["one"]) == {"one": 1}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: smote([[1], [2]], [0, 0]), "y must hold exactly 2 different labels; got [0]."),
        (lambda: smote([[1], [2], [3]], [0, 0, 1]), "y must hold at least 2 examples of the rare class; got 1."),
        (lambda: smote(X, Y, k=12), "k must be a whole number of at least 1 and at most 11; got 12."),
        (lambda: smote(X, Y, ratio=0), "ratio must be above 0 and at most 1; got 0."),
        (lambda: balanced_class_weights([]), "y must be a list of labels, at least one; got []."),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
