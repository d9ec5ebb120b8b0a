"""Scalers against scikit-learn's, and back again."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import preprocessing

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.scaling import MinMaxScaler, StandardScaler

_RNG = np.random.default_rng(0)
TRAIN = np.column_stack([_RNG.normal(3, 10, 40), _RNG.exponential(1000, 40), np.full(40, 7.1)])
NEW = TRAIN[:5] * 1.5
PAIRS = [
    (MinMaxScaler(), preprocessing.MinMaxScaler()),
    (MinMaxScaler(low=-1, high=1), preprocessing.MinMaxScaler((-1, 1))),
    (StandardScaler(), preprocessing.StandardScaler()),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=["0 to 1", "-1 to 1", "z-score"])
def test_scaling_agrees_with_scikit_learn(ours, theirs):
    """On training rows, on new rows beyond their range, and on a constant column; and the way back."""
    ours.fit(TRAIN)
    theirs.fit(TRAIN)
    for rows in (TRAIN, NEW):
        np.testing.assert_allclose(ours.transform(rows), theirs.transform(rows), atol=1e-12)
        np.testing.assert_allclose(ours.inverse_transform(ours.transform(rows)), rows, rtol=1e-12)


def test_a_constant_column_becomes_the_lower_limit_or_zero():
    """Nothing is divided by zero, though the mean of equal values may differ from them in the last digit."""
    rows = [[0.1]] * 10
    assert MinMaxScaler(low=-1, high=1).fit(rows).transform(rows).ravel().tolist() == [-1] * 10
    assert StandardScaler().fit(rows).transform(rows).ravel().tolist() == [0] * 10


def test_the_range_of_test_rows_does_not_leak():
    """(20 - 10) / (50 - 10), as if 90 did not exist: that becomes 2."""
    scaler = MinMaxScaler().fit([[10], [20], [50]])
    assert scaler.transform([[20], [90]]).ravel().tolist() == [0.25, 2.0]


def test_scaled_rows_do_not_know_their_units():
    """Metres or millimetres, from whatever zero: the scaled rows are the same."""
    for scaler in (MinMaxScaler, StandardScaler):
        np.testing.assert_allclose(
            scaler().fit(TRAIN * 1000 + 5).transform(TRAIN * 1000 + 5), scaler().fit(TRAIN).transform(TRAIN), atol=1e-9
        )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MinMaxScaler(low=1, high=1).fit([[1]]), "high must be above low; got 1 and 1."),
        (lambda: StandardScaler().fit([[1]]).transform([[1, 2]]), "X must have rows of 1 numbers; got rows of 2."),
        (lambda: StandardScaler().fit([]), "X must hold at least 1 row of at least one number; got shape (0, 0)."),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
