"""Score matching against the normal distribution in closed form."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.probabilistic.score_matching import score_matching_gaussian, score_matching_loss

DATA = [1, 3, 5, 7]


@pytest.mark.parametrize(("precision", "loss"), [(0.2, -0.1), (0.1, -0.075), (1, 1.5)])
def test_the_losses_of_the_course(precision, loss):
    """λ² · 5 / 2 - λ, least at one over the variance."""
    assert score_matching_loss(f"-{precision} * (x - 4)**2 / 2", DATA) == pytest.approx(loss, abs=1e-6)


def test_the_partition_function_does_not_matter():
    """A constant added to the log-density changes nothing."""
    one = score_matching_loss("-abs(x)**3", DATA)
    assert score_matching_loss("-abs(x)**3 + 5", DATA) == pytest.approx(one, rel=1e-5)
    assert one == pytest.approx(np.mean([(3 * x**2) ** 2 / 2 - 6 * x for x in DATA]), rel=1e-6)


def test_the_closed_form_has_the_least_loss():
    """Every other mean or precision near it is worse."""
    found = score_matching_gaussian([[x] for x in DATA])
    mean, precision = found["mean"][0], found["precision"][0][0]
    assert (mean, precision, found["loss"]) == pytest.approx((4, 0.2, -0.1))
    best = score_matching_loss(f"-{precision} * (x - {mean})**2 / 2", DATA)
    assert best == pytest.approx(found["loss"], abs=1e-6)
    for m, p in ((mean + 0.1, precision), (mean - 0.1, precision), (mean, precision * 1.1), (mean, precision * 0.9)):
        assert score_matching_loss(f"-{p} * (x - {m})**2 / 2", DATA) > best


def test_several_columns():
    """The mean and the inverse of the covariance that divides by n."""
    rows = np.random.default_rng(0).normal(size=(100, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.2], [0, 0, 2]])
    found = score_matching_gaussian(rows)
    np.testing.assert_allclose(found["mean"], rows.mean(axis=0))
    np.testing.assert_allclose(found["precision"], np.linalg.inv(np.cov(rows.T, ddof=0)))
    assert found["loss"] == pytest.approx(-np.trace(found["precision"]) / 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: score_matching_loss("log(x)", [0]),
            "log_density must have a finite value at and near the data; got none for 'log(x)'.",
        ),
        (lambda: score_matching_loss("x", []), "values must hold at least 1 number; got 0."),
        (lambda: score_matching_loss("x", [math.nan]), "values must be finite; got nan."),
        (
            lambda: score_matching_gaussian([[1], [1]]),
            "X must vary in every direction; got 2 rows with a singular covariance.",
        ),
        (
            lambda: score_matching_gaussian([[1, 2], [2, 4], [3, 6]]),
            "X must vary in every direction; got 3 rows with a singular covariance.",
        ),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
