"""Filling and dropping gaps against scikit-learn and against the chapter's figures."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.linear_model
from sklearn import impute
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  (what scikit-learn asks for)

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.imputation import KNNImputer, RegressionImputer, SimpleImputer, drop_missing

_RNG = np.random.default_rng(0)
FULL = _RNG.normal(size=(40, 4)) @ _RNG.normal(size=(4, 4)).round(1) + 5
GAPPED = np.where(_RNG.random(FULL.shape) < [0.1, 0.2, 0.3, 0.0], np.nan, FULL.round(1))
NAMES = {"mean": "mean", "median": "median", "mode": "most_frequent"}


@pytest.mark.parametrize("strategy", NAMES)
def test_a_statistic_agrees_with_scikit_learn(strategy):
    """For training rows and for new ones."""
    ours, theirs = SimpleImputer(strategy=strategy).fit(GAPPED), impute.SimpleImputer(strategy=NAMES[strategy])
    theirs.fit(GAPPED)
    np.testing.assert_allclose(ours.transform(GAPPED), theirs.transform(GAPPED))
    np.testing.assert_allclose(ours.transform([[np.nan] * 4]), theirs.transform([[np.nan] * 4]))


def test_the_mean_makes_a_column_look_less_variable():
    """The chapter's incomes: the variance falls from 1,025 to 820."""
    incomes = [[20], [30], [30], [100], [None]]
    filled = SimpleImputer().fit(incomes).transform(incomes)
    assert (filled[:4].var(), filled.var()) == (1025, 820)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("k", [1, 3, 100])
def test_neighbours_agree_with_scikit_learn(k, weights):
    """Distances over the columns that both rows have; more neighbours than rows means all of them."""
    ours = KNNImputer(k=k, weights=weights).fit(GAPPED).transform(GAPPED)
    np.testing.assert_allclose(ours, impute.KNNImputer(n_neighbors=k, weights=weights).fit_transform(GAPPED))


def test_weights_of_neighbours_follow_the_chapter():
    """Q at √1.5 counts twice as much as R at √6: (2 · 10 + 20) / 3; an equal row decides alone."""
    table = [[1, 2, None], [2, 2, 10], [1, 4, 20], [8, 9, 90]]
    imputer = KNNImputer(k=2, weights="distance").fit(table)
    assert imputer.transform(table)[0, 2] == pytest.approx(40 / 3)
    assert imputer.transform([[8, 9, None]])[0, 2] == 90


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_a_row_that_shares_no_column_gets_the_mean(weights):
    """There is no distance to any neighbour."""
    imputer = KNNImputer(weights=weights).fit([[1, None], [3, None], [None, 5]])
    assert imputer.transform([[None, 7], [2, None]]).tolist() == [[2, 7], [2, 5]]


def test_a_regression_agrees_with_scikit_learn():
    """One round of its iterative imputer with plain least squares, fewest gaps first; new rows likewise."""
    theirs = impute.IterativeImputer(
        sklearn.linear_model.LinearRegression(), max_iter=1, tol=1e9, imputation_order="ascending"
    ).fit(GAPPED)
    ours = RegressionImputer().fit(GAPPED)
    np.testing.assert_allclose(ours.transform(GAPPED), theirs.transform(GAPPED))
    new = GAPPED[[5, 6]] + 1
    np.testing.assert_allclose(ours.transform(new), theirs.transform(new))


def test_more_rounds_settle():
    """The change from round to round becomes small."""
    one, nine, ten = (RegressionImputer(n_rounds=n).fit(GAPPED).transform(GAPPED) for n in (1, 30, 31))
    assert np.abs(ten - nine).max() < 1e-2 * np.abs(nine - one).max()


def test_a_table_without_gaps_stays_as_it_is():
    """Every imputer returns what it was given; a gap in a column that had none is filled with the mean."""
    for imputer in (SimpleImputer(), KNNImputer(), RegressionImputer()):
        assert imputer.fit(FULL).transform(FULL).tolist() == FULL.tolist()
    assert RegressionImputer().fit([[1, 2], [3, 4]]).transform([[None, 2]]).tolist() == [[2, 2]]


def test_dropping_counts():
    """Nine tenths to the fifth power of the rows stay, as the chapter says; columns go by their share."""
    rng = np.random.default_rng(1)
    table = np.where(rng.random((20_000, 5)) < 0.1, np.nan, 1.0)
    assert drop_missing(table)["share_kept"] == pytest.approx(0.9**5, abs=0.01)
    found = drop_missing([[1, None], [2, 3], [None, None]], "columns", max_share=0.5)
    assert found == {"table": [[1], [2], [None]], "kept": [0], "dropped": [1], "share_kept": 0.5}
    assert drop_missing([[None]])["table"] == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: SimpleImputer().fit([[1, None], [2, None]]),
            "X must have at least one value in every column; got none in column 1, counted from 0. Drop the column.",
        ),
        (lambda: SimpleImputer(strategy="sum").fit([[1]]), "strategy must be one of mean, median, mode; got 'sum'."),
        (lambda: KNNImputer(k=0).fit([[1]]), "k must be a whole number of at least 1; got 0."),
        (lambda: KNNImputer().fit([[np.inf, None]]), "X must be finite; got inf."),
        (
            lambda: RegressionImputer().fit([[1], [None]]),
            "X must have at least 2 columns, one to predict and one to predict it from; got 1.",
        ),
        (
            lambda: SimpleImputer().fit([["red"]]),
            "X must be a list of rows of numbers, all of the same length; got [['red']].",
        ),
        (lambda: SimpleImputer().fit([[1]]).transform([[1, 2]]), "X must have rows of 1 numbers; got rows of 2."),
        (lambda: drop_missing([[1]], max_share=2), "max_share must be at least 0 and at most 1; got 2."),
        (lambda: drop_missing([[1]], "both"), "axis must be one of rows, columns; got 'both'."),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
