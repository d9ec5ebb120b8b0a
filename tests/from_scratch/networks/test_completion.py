"""What is missing is expected from what is known."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.completion import complete_gaussian, complete_rows

_rng = np.random.default_rng(0)
MEAN = np.array([1.0, -2.0, 0.5])
COVARIANCE = np.array([[2.0, 0.6, 0.3], [0.6, 1.0, -0.2], [0.3, -0.2, 0.5]])
ROWS = _rng.multivariate_normal(MEAN, COVARIANCE, 3000)


def test_the_worked_example():
    """70 + 0.6 · 10 kg, and a variance of 28 of 64."""
    result = complete_gaussian([170, 70], [[100, 60], [60, 64]], [180, None])
    assert result == {"completed": [180, 76], "covariance": [[28]]}


def test_the_conditional_mean_is_that_of_regression():
    """By least squares on many draws, and by the block of the precision matrix."""
    result = complete_gaussian(MEAN, COVARIANCE, [2.0, None, 1.0])
    design = np.column_stack([ROWS[:, [0, 2]], np.ones(len(ROWS))])
    slopes = np.linalg.lstsq(design, ROWS[:, 1], rcond=None)[0]
    assert result["completed"][1] == pytest.approx(slopes @ [2, 1, 1], abs=0.1)
    assert result["covariance"][0][0] == pytest.approx(1 / np.linalg.inv(COVARIANCE)[1, 1])


def test_nothing_missing_and_nothing_known():
    """The row as it is, or the mean with all of its covariance."""
    assert complete_gaussian(MEAN, COVARIANCE, [1, 2, 3]) == {"completed": [1, 2, 3], "covariance": []}
    nothing = complete_gaussian(MEAN, COVARIANCE, [None, None, None])
    assert nothing["completed"] == MEAN.tolist()
    assert nothing["covariance"] == COVARIANCE.tolist()


def test_a_gaussian_learnt_from_rows_completes_as_the_true_one():
    """Within what 3000 rows leave open, and what is known stays."""
    filled = complete_rows(ROWS, [[2.0, None, 1.0], [None, None, 0.5]])
    assert filled[0] == pytest.approx(complete_gaussian(MEAN, COVARIANCE, [2.0, None, 1.0])["completed"], abs=0.1)
    assert filled[1] == pytest.approx([1, -2, 0.5], abs=0.15)
    assert [filled[0][0], filled[0][2], filled[1][2]] == [2.0, 1.0, 0.5]


def test_a_mixture_takes_the_group_that_is_known():
    """One bell curve would answer between the groups; with nothing known it is the mean of all rows."""
    groups = np.concatenate([_rng.normal([0, 0], 0.1, (200, 2)), _rng.normal([4, -4], 0.1, (200, 2))])
    groups = np.concatenate([groups, _rng.normal([8, 0], 0.1, (200, 2))])
    one, three = (complete_rows(groups, [[4.0, None]], model, 3)[0][1] for model in ("gaussian", "mixture"))
    assert abs(three + 4) < 0.3
    assert abs(one + 4) > 1
    assert complete_rows(groups, [[None, None]], "mixture", 3)[0] == pytest.approx(groups.mean(axis=0), abs=0.1)


def test_an_autoencoder_fills_gaps_better_than_means():
    """On rows near a curve, the half of them that it did not learn."""
    t = _rng.uniform(-1, 1, 300)
    rows = np.column_stack([t, t**2, t]) + 0.05 * _rng.normal(size=(300, 3))
    partial = [[None, row[1], row[2]] for row in rows[200:].tolist()]
    filled = np.array(complete_rows(rows[:200], partial, "vae"))
    error = np.abs(filled[:, 0] - rows[200:, 0]).mean()
    assert error < np.abs(rows[200:, 0] - rows[:200, 0].mean()).mean() / 2
    assert np.array_equal(filled[:, 1:], rows[200:, 1:])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: complete_rows(ROWS, [[1, None]]), "partial[0] must have 3 entries; got 2."),
        (lambda: complete_rows(ROWS, [], "guess"), "model must be one of gaussian, mixture, vae; got 'guess'."),
        (
            lambda: complete_gaussian([0, 0], [[1, 2], [0, 1]], [1, None]),
            "covariance must be symmetric, one row for each mean; got shape (2, 2).",
        ),
        (
            lambda: complete_gaussian([0, 0], [[0, 0], [0, 1]], [1, None]),
            "covariance must be invertible for the known columns; got [[0.0]].",
        ),
    ],
)
def test_what_cannot_be_completed_is_refused(call, message):
    """In one sentence; no rows at all are completed to none."""
    assert complete_rows(ROWS, []) == []
    with pytest.raises(InvalidInputError) as error:
        call()
    assert error.value.args[0] == message
