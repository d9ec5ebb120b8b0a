"""Arguments become arrays, or one sentence."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import (
    as_generator,
    as_labels,
    as_matrix,
    as_probabilities,
    as_texts,
    as_vector,
    check_choice,
    check_count,
    check_range,
    check_same_length,
)

LONG = list(range(100))


@pytest.mark.parametrize("values", [[1, 2], (1.0, 2.0), np.array([1, 2]), ["1", "2"], [True, 2]])
def test_numbers_become_an_array(values):
    """Lists, tuples, arrays, and what reads as a number."""
    assert as_vector("x", values).tolist() == [1.0, 2.0]
    assert as_matrix("X", [values]).tolist() == [[1.0, 2.0]]


def test_the_largest_numbers_can_be_squared():
    """1e100 passes, and its square and cube are numbers."""
    (largest,) = as_vector("x", [-1e100])
    assert math.isfinite(largest**2)
    assert math.isfinite(largest**3)
    check_range("x", 1e100)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: as_vector("x", []), "x must hold at least 1 number; got 0."),
        (lambda: as_vector("x", [1], min_length=2), "x must hold at least 2 numbers; got 1."),
        (lambda: as_vector("x", 3), "x must be a list of numbers; got 3."),
        (lambda: as_vector("x", [[1], [2]]), "x must be a list of numbers; got [[1], [2]]."),
        (lambda: as_vector("x", ["a"]), "x must be a list of numbers; got ['a']."),
        (lambda: as_vector("x", None), "x must be a list of numbers; got None."),
        (lambda: as_vector("x", [1, math.nan]), "x must be finite; got nan."),
        (lambda: as_vector("x", [1, -math.inf]), "x must be finite; got -inf."),
        (lambda: as_vector("x", [1, -1e101]), "x must be at most 1e+100 in size; got -1e+101."),
        (lambda: as_vector("x", [LONG]), f"x must be a list of numbers; got {str([LONG])[:59]}…."),
        (
            lambda: as_matrix("X", [[1], [1, 2]]),
            "X must be a list of rows of numbers, all of the same length; got [[1], [1, 2]].",
        ),
        (lambda: as_matrix("X", []), "X must hold at least 1 row of at least one number; got shape (0, 0)."),
        (lambda: as_matrix("X", [[]]), "X must hold at least 1 row of at least one number; got shape (1, 0)."),
        (
            lambda: as_matrix("X", [[1]], min_rows=2),
            "X must hold at least 2 rows of at least one number; got shape (1, 1).",
        ),
        (lambda: as_matrix("X", [[1, 2]], n_columns=3), "X must have rows of 3 numbers; got rows of 2."),
        (lambda: as_matrix("X", [[1, math.nan]]), "X must be finite; got nan."),
        (lambda: as_labels("y", []), "y must be a list of labels, at least one; got []."),
        (lambda: as_labels("y", "spam"), "y must be a list of labels, at least one; got 'spam'."),
        (lambda: as_labels("y", [[1], [2]]), "y must be a list of labels, at least one; got [[1], [2]]."),
        (lambda: as_labels("y", [[1], [2, 3]]), "y must be a list of labels, at least one; got [[1], [2, 3]]."),
        (lambda: as_labels("y", [None]), "y must be a list of labels, at least one; got [None]."),
        (lambda: as_labels("y", ["a", 1]), "y must be all text or all numbers; got a mixture such as ['a', 1]."),
        (lambda: as_labels("y", [1, math.inf]), "y must be finite; got inf."),
        (
            lambda: as_probabilities("p", [0.5, 0.4]),
            "p must be probabilities that sum to 1; got [0.5, 0.4] with sum 0.9.",
        ),
        (
            lambda: as_probabilities("p", [1.5, -0.5]),
            "p must be probabilities that sum to 1; got [1.5, -0.5] with sum 1.",
        ),
        (lambda: as_texts("texts", "one"), "texts must be a list of texts, at least 1; got 'one'."),
        (lambda: as_texts("texts", 1), "texts must be a list of texts, at least 1; got 1."),
        (lambda: as_texts("texts", ["a", 1]), "texts must be a list of texts, at least 1; got ['a', 1]."),
        (lambda: as_texts("texts", ["a"], min_length=2), "texts must be a list of texts, at least 2; got ['a']."),
        (lambda: as_generator(-1), "seed must be a whole number of at least 0; got -1."),
        (lambda: as_generator(0.5), "seed must be a whole number of at least 0; got 0.5."),
        (lambda: as_generator(True), "seed must be a whole number of at least 0; got True."),
        (lambda: check_same_length(a=[1], b=[1, 2], c=[1]), "a, b and c must be of equal length; got 1, 2 and 1."),
        (lambda: check_choice("kind", "x", ("a", "b")), "kind must be one of a, b; got 'x'."),
        (lambda: check_range("x", 0, 0, open_low=True), "x must be above 0; got 0."),
        (lambda: check_range("x", 1, 0, 1, open_high=True), "x must be at least 0 and below 1; got 1."),
        (lambda: check_range("x", math.nan), "x must be a number; got nan."),
        (lambda: check_range("x", math.inf, 0), "x must be finite; got inf."),
        (lambda: check_range("x", -1e101), "x must be at most 1e+100 in size; got -1e+101."),
        (lambda: check_count("n", 1.0), "n must be a whole number of at least 1; got 1.0."),
        (lambda: check_count("n", 9, 1, 8), "n must be a whole number of at least 1 and at most 8; got 9."),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    """The argument, its rule, and as much of the value as a line holds."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()


def test_a_seed_decides():
    """Equal seeds are equal generators; none is another one each time."""
    assert as_generator(3).random() == as_generator(np.int64(3)).random()
    assert as_generator(None).random() != as_generator(None).random()
