"""Ridge and lasso against the chapter's figures, scikit-learn and the conditions of the minimum."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Lasso, Ridge

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.linear import LinearRegression
from rag_app.from_scratch.estimators.penalised import (
    LassoRegression,
    RidgeRegression,
    ridge_penalty_gradient,
    soft_threshold,
)

LINE = ([[1], [2], [3]], [5, 7, 9])


@pytest.fixture
def data():
    """Eighty rows of five columns, two of which are correlated and one of which says nothing."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 5))
    X[:, 1] += 0.9 * X[:, 0]
    return X, X @ [2, -1, 0.5, 3, 0] + 4 + rng.normal(size=80)


@pytest.mark.parametrize("solver", ["closed", "gradient"])
@pytest.mark.parametrize("alpha", [0.0, 0.1, 1.0, 50.0])
def test_ridge_agrees_with_scikit_learn(data, solver, alpha):
    """Both solvers find the minimum of the mean of squares plus the penalty: alpha times n there."""
    ours = RidgeRegression(alpha=alpha, solver=solver, n_steps=5000).fit(*data)
    theirs = Ridge(alpha=alpha * len(data[1]), solver="cholesky").fit(*data)
    assert ours.weights_ == pytest.approx(theirs.coef_, abs=1e-8)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-8)
    assert ours.predict(data[0]) == pytest.approx(theirs.predict(data[0]), abs=1e-8)


def test_ridge_by_hand():
    """The chapter's slope 0.8, intercept 5.4, and predictions 6.2, 7.0 and 7.8."""
    ridge = RidgeRegression(alpha=1).fit(*LINE)
    assert ridge.weights_ == pytest.approx([0.8])
    assert ridge.intercept_ == pytest.approx(5.4)
    assert ridge.predict(LINE[0]) == pytest.approx([6.2, 7.0, 7.8])


def test_the_gradient_of_the_penalty_cancels_that_of_the_error():
    """At the slope 0.8 the penalty pulls with 1.6 and the error with 2 (2/3 · 0.8 - 4/3) = -1.6."""
    assert ridge_penalty_gradient([0.8], 1) == pytest.approx([1.6])
    assert pytest.approx(-1.6) == 2 * (2 / 3 * 0.8 - 4 / 3)


def test_the_penalty_gradient_is_that_of_the_penalty():
    """Central differences of α‖w‖²."""
    w, alpha, h = np.array([0.3, -2.0, 0.0]), 0.7, 1e-6
    slopes = [alpha * (((w + e) ** 2).sum() - ((w - e) ** 2).sum()) / (2 * h) for e in h * np.eye(3)]
    assert ridge_penalty_gradient(w, alpha) == pytest.approx(slopes, abs=1e-8)


def test_descent_lowers_the_cost_at_every_step(data):
    """From weights of 0, whose cost is the variance of the targets, down to the closed form's cost."""
    walk = RidgeRegression(alpha=0.1, solver="gradient").fit(*data).cost_trace_
    assert walk[0] == pytest.approx(np.var(data[1]))
    assert (np.diff(walk) <= 1e-12).all()
    assert walk[-1] == pytest.approx(RidgeRegression(alpha=0.1).fit(*data).cost_trace_[0], abs=1e-10)


def test_ridge_of_dependent_columns_and_constants():
    """Two equal columns share the weight; constant columns get none, and without a price too."""
    X = np.array([[1.0, 1.0, 7.0], [2.0, 2.0, 7.0], [3.0, 3.0, 7.0]])
    for alpha in (0.0, 1.0):
        w = RidgeRegression(alpha=alpha).fit(X, [5, 7, 9]).weights_
        assert w[0] == pytest.approx(w[1])
        assert w[2] == pytest.approx(0)
    flat = RidgeRegression(alpha=0, solver="gradient").fit([[7], [7]], [1, 2])
    assert (flat.weights_.tolist(), flat.intercept_) == ([0.0], 1.5)


@pytest.mark.parametrize("alpha", [0.01, 0.3, 2.0])
def test_lasso_agrees_with_scikit_learn(data, alpha):
    """Weights, intercept and which weights are exactly 0."""
    ours = LassoRegression(alpha=alpha).fit(*data)
    theirs = Lasso(alpha=alpha, tol=1e-12, max_iter=100_000).fit(*data)
    assert ours.weights_ == pytest.approx(theirs.coef_, abs=1e-7)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-7)
    assert (ours.weights_ == 0).tolist() == (theirs.coef_ == 0).tolist()


def test_lasso_by_hand():
    """The chapter's slope 1.25 and intercept 4.5, and slope 0 from α = 4/3 on."""
    lasso = LassoRegression(alpha=0.5).fit(*LINE)
    assert (lasso.weights_[0], lasso.intercept_) == (pytest.approx(1.25), pytest.approx(4.5))
    nothing = LassoRegression(alpha=4 / 3 + 1e-9).fit(*LINE)
    assert (nothing.weights_.tolist(), nothing.predict([[100]]).tolist()) == ([0.0], [7.0])
    assert LassoRegression(alpha=1.3).fit(*LINE).weights_[0] > 0


def test_lasso_without_a_price_is_least_squares(data):
    """α = 0."""
    assert LassoRegression(alpha=0).fit(*data).weights_ == pytest.approx(LinearRegression().fit(*data).weights_)


def test_lasso_of_orthonormal_columns_is_soft_thresholding():
    """With XᵀX = nI each weight is the least-squares weight moved towards 0 by α."""
    X = np.sqrt(64) * np.linalg.qr(np.random.default_rng(1).normal(size=(64, 5)))[0]
    X = np.linalg.qr(np.column_stack([np.ones(64), X]))[0][:, 1:] * np.sqrt(64)
    y = X @ [3, 0.4, -2, 0.05, 1]
    assert LassoRegression(alpha=0.5).fit(X, y).weights_ == pytest.approx(soft_threshold(X.T @ y / 64, 0.5), abs=1e-9)


def test_lasso_stops_after_so_many_rounds(data):
    """One round is not enough for correlated columns; a constant column has weight 0."""
    assert LassoRegression(alpha=0.1, n_rounds=1).fit(*data).n_rounds_ == 1
    assert 1 < LassoRegression(alpha=0.1).fit(*data).n_rounds_ < 1000
    assert LassoRegression(alpha=0.1).fit([[1, 5], [2, 5]], [0, 1]).weights_[1] == 0
    assert LassoRegression().fit([[5], [5]], [0, 1]).weights_.tolist() == [0.0]


def test_soft_threshold_by_hand():
    """3 - 0.5 = 2.5; 0.4 and -0.5 lie within the threshold; no negative zero."""
    assert soft_threshold([3, 0.4, -0.5, -2], 0.5) == [2.5, 0.0, 0.0, -1.5]
    assert str(soft_threshold([-0.1], 1)[0]) == "0.0"
    assert soft_threshold([1, -2], 0) == [1.0, -2.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RidgeRegression(alpha=-1).fit(*LINE), "alpha must be at least 0; got -1."),
        (lambda: LassoRegression(alpha=-1).fit(*LINE), "alpha must be at least 0; got -1."),
        (lambda: RidgeRegression(solver="svd").fit(*LINE), "solver must be one of closed, gradient; got 'svd'."),
        (lambda: RidgeRegression(n_steps=0).fit(*LINE), "n_steps must be a whole number of at least 1; got 0."),
        (lambda: LassoRegression(n_rounds=0).fit(*LINE), "n_rounds must be a whole number of at least 1; got 0."),
        (lambda: ridge_penalty_gradient([1], -1), "alpha must be at least 0; got -1."),
        (lambda: ridge_penalty_gradient([], 1), "w must hold at least 1 number; got 0."),
        (lambda: soft_threshold([1], -1), "threshold must be at least 0; got -1."),
        (lambda: RidgeRegression().fit(*LINE).predict([[1, 2]]), "X must have rows of 1 numbers; got rows of 2."),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the argument, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
