"""Generations that learn from their own samples lose variety, unless real data are among them."""

from __future__ import annotations

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.model_collapse import model_collapse


@pytest.mark.parametrize(("n", "n_generations", "left"), [(10, 20, 0.121577), (10, 50, 0.005154), (100, 50, 0.605006)])
def test_without_real_data_a_share_of_each_generation_is_left(n, n_generations, left):
    """(1 - 1/n)^t."""
    expected = model_collapse(n, n_generations, n_runs=1)["expected_variance"]
    assert expected[0] == 1
    assert expected[-1] == pytest.approx(left, abs=1e-6)
    assert len(expected) == n_generations + 1


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 1.0])
def test_simulation_and_formula_agree(share):
    """The mean over runs, while it is not yet carried by a few of them."""
    result = model_collapse(10, 8, share, seed=1)
    assert result["mean_variance"] == pytest.approx(result["expected_variance"], rel=0.04)


def test_real_data_stop_the_collapse():
    """With half real data the variance settles at 0.875; with nothing else it is that of a fit to n samples."""
    assert model_collapse(10, 60, 0.5, 1)["expected_variance"][-1] == pytest.approx(0.875, abs=1e-6)
    assert model_collapse(10, 60, 1.0, 1)["expected_variance"][-1] == pytest.approx(0.9)


def test_most_runs_collapse_faster_than_the_mean():
    """The mean is carried by few runs."""
    result = model_collapse(10, 20)
    assert result["median_variance"][-1] < result["mean_variance"][-1] / 1.5


def test_one_sample_has_no_variance():
    """The next generation is a point."""
    assert model_collapse(1, 3, n_runs=10)["mean_variance"] == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n must be a whole number of at least 1; got 0."),
        ({"n_generations": 0}, "n_generations must be a whole number of at least 1; got 0."),
        ({"fresh_share": 1.5}, "fresh_share must be at least 0 and at most 1; got 1.5."),
        ({"n_runs": 0}, "n_runs must be a whole number of at least 1; got 0."),
    ],
)
def test_what_makes_no_simulation_is_refused(arguments, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as error:
        model_collapse(**arguments)
    assert error.value.args[0] == message
