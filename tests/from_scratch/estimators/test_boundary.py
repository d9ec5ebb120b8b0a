"""Decision boundaries against their closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.boundary import decision_boundary, gaussian_boundary, side_of_boundary
from rag_app.from_scratch.estimators.logistic import LogisticRegression

SQUARE = ([[0, 0], [0, 10], [20, 0], [20, 10]], ["a", "a", "b", "b"])


def test_the_line_of_the_chapter():
    """Means (1, 1) and (3, 3): x₁ + x₂ = 4; (3, 2) lies 0.7071 beyond it, with the probability σ(2)."""
    line = gaussian_boundary([1, 1], [3, 3], [[1, 0], [0, 1]])
    assert (line["w"], line["b"]) == ([2, 2], -8)
    assert side_of_boundary(line["w"], line["b"], [3, 2]) == pytest.approx(2 / math.sqrt(8))
    assert side_of_boundary(line["w"], line["b"], [1, 3]) == 0
    assert side_of_boundary(line["w"], line["b"], [1, 1]) == pytest.approx(-4 / math.sqrt(8))


def test_the_line_between_gaussians_agrees_with_scikit_learn():
    """Fed with the pooled moments of the same data, whose classes are of different size."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(60, 2)), rng.normal([2, 1], 1, size=(30, 2))]) @ [[2, 1], [0, 1]]
    y = np.repeat([0, 1], [60, 30])
    means = [X[y == k].mean(axis=0) for k in (0, 1)]
    pooled = sum(np.cov(X[y == k].T, bias=True) * (y == k).mean() for k in (0, 1))
    line = gaussian_boundary(*means, pooled, prior_1=1 / 3)
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(X, y)
    assert line["w"] == pytest.approx(theirs.coef_[0].tolist())
    assert line["b"] == pytest.approx(theirs.intercept_[0])


def test_logistic_regression_finds_the_line_between_gaussians():
    """Many rows of two classes with the identity as covariance: weights near (2, 2), bias near -8."""
    rng = np.random.default_rng(1)
    X = np.concatenate([rng.normal(1, 1, (20_000, 2)), rng.normal(3, 1, (20_000, 2))])
    fitted = LogisticRegression().fit(X, np.repeat([0, 1], 20_000))
    assert fitted.weights_[:, 0] == pytest.approx([2, 2], abs=0.1)
    assert fitted.intercepts_[0] == pytest.approx(-8, abs=0.3)


def test_segments_of_a_straight_boundary_lie_on_it():
    """Each is within one step of the grid of the line where the score is 0, and together they cross the picture."""
    rng = np.random.default_rng(2)
    X = np.concatenate([rng.normal(-1, 1, (50, 2)), rng.normal(1, 1, (50, 2))])
    y = np.repeat([0, 1], 50)
    found = decision_boundary(X, y, n_steps=80)
    line = LogisticRegression().fit(X, y)
    w, b = line.weights_[:, 0], line.intercepts_[0]
    step = max(found["x"][1] - found["x"][0], found["y"][1] - found["y"][0])
    ends = [point for segment in found["segments"] for point in segment]
    assert len(found["segments"]) > 60
    assert max(abs(side_of_boundary(w, b, point)) for point in ends) < step
    assert found["accuracy"] == (line.predict(X) == y).mean()


def test_a_tree_has_the_lines_of_the_rule():
    """Four segments: the boundary runs along income = 50,500 and spend = 50,500, to half a step."""
    ticks = np.arange(1000, 100_001, 9900.0)
    X = np.array([[i, s] for i in ticks for s in ticks])
    found = decision_boundary(X, (X >= 50_500) @ [1, 2], "DecisionTreeClassifier", n_steps=50)
    step = found["x"][1] - found["x"][0]
    for (x0, y0), (x1, y1) in found["segments"]:
        assert y0 != y1 or x0 != x1
        assert min(abs(x0 - 45_550), abs(y0 - 45_550)) <= step  # midway between the given rows
    assert found["accuracy"] == 1
    assert np.unique(found["labels"]).tolist() == [0, 1, 2, 3]


def test_a_small_grid_by_hand():
    """Two by two points: upright edges at x = 10; labels are a row for each y."""
    found = decision_boundary(*SQUARE, "GaussianNaiveBayes", n_steps=2)
    assert (found["x"], found["y"]) == ([-2, 22], [-1, 11])
    assert found["labels"] == [["a", "b"], ["a", "b"]]
    assert found["segments"] == [[[10, -7], [10, 5]], [[10, 5], [10, 17]]]


def test_level_edges_and_a_column_without_range():
    """Classes above each other; all rows at the same x."""
    found = decision_boundary([[3, 0], [3, 10]], ["a", "b"], "GaussianNaiveBayes", n_steps=2)
    assert found["x"] == pytest.approx([2.9, 3.1])
    assert [[a[1], b[1]] for a, b in found["segments"]] == [[5, 5], [5, 5]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: side_of_boundary([1], 0, [1, 2]), "w and x must be of equal length; got 1 and 2."),
        (lambda: side_of_boundary([0], 0, [1]), "w must have a weight that is not 0; got [0.0]."),
        (lambda: side_of_boundary([1], float("nan"), [1]), "b must be a number; got nan."),
        (lambda: gaussian_boundary([1], [1, 2], [[1]]), "mean_0 and mean_1 must be of equal length; got 1 and 2."),
        (
            lambda: gaussian_boundary([1], [2], [[0]]),
            "covariance must be square, symmetric and positive definite; got [[0.0]].",
        ),
        (
            lambda: gaussian_boundary([1, 1], [2, 2], [[1, 0]]),
            "covariance must be square, symmetric and positive definite; got [[1.0, 0.0]].",
        ),
        (
            lambda: gaussian_boundary([1], [2], [[1]], prior_1=1),
            "prior_1 must be above 0 and below 1; got 1.",
        ),
        (lambda: decision_boundary(*SQUARE, n_steps=1), "n_steps must be a whole number of at least 2; got 1."),
        (lambda: decision_boundary([[1], [2]], [0, 1]), "X must have rows of 2 numbers; got rows of 1."),
        (
            lambda: decision_boundary(*SQUARE, "PCA"),
            "estimator must be the name of one that learns from rows X and answers y to predict; got 'PCA'.",
        ),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the argument, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert caught.value.message == message
