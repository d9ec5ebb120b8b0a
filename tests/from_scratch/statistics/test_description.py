"""Centre and spread."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.statistics.description import summary_statistics


@pytest.mark.parametrize("values", [[2, 4, 4, 6, 9], [2, 4, 6, 9], [1, 1, 2, 3, 3], [5, 5, 5], [-1.5, 1e6, 0.25, 7]])
def test_everything_is_what_the_libraries_say(values):
    """Against NumPy and Python's statistics."""
    found = summary_statistics(values)
    assert found["n"] == len(values)
    assert found["mean"] == pytest.approx(statistics.fmean(values))
    assert found["median"] == statistics.median(values)
    assert found["modes"] == sorted(statistics.multimode(values))
    assert found["population_variance"] == pytest.approx(statistics.pvariance(values))
    assert found["sample_variance"] == pytest.approx(statistics.variance(values))
    assert found["population_std"] == pytest.approx(np.std(values))
    assert found["sample_std"] == pytest.approx(np.std(values, ddof=1))
    assert found["standard_error"] == pytest.approx(np.std(values, ddof=1) / len(values) ** 0.5)
    assert (found["min"], found["max"]) == (min(values), max(values))
    assert found["quartiles"] == pytest.approx(np.percentile(values, [25, 50, 75]))


def test_tied_modes_are_all_returned():
    """1 and 3 both occur twice; where every value occurs once, all are modes."""
    assert summary_statistics([3, 1, 2, 3, 1])["modes"] == [1, 3]
    assert summary_statistics([2, 1])["modes"] == [1, 2]


def test_the_median_resists_an_outlier():
    """9 becomes 90: the mean goes from 5 to 21.2, the median stays at 4."""
    assert [summary_statistics(x)[m] for x in ([2, 4, 4, 6, 9], [2, 4, 4, 6, 90]) for m in ("mean", "median")] == [
        5, 4, 21.2, 4,
    ]  # fmt: skip


def test_a_single_number_has_no_sample_variance():
    """What divides by n - 1 is None, the population's variance is 0."""
    found = summary_statistics([3])
    assert (found["sample_variance"], found["sample_std"], found["standard_error"]) == (None, None, None)
    assert (found["population_variance"], found["median"], found["modes"]) == (0, 3, [3])


@pytest.mark.parametrize(
    ("values", "message"),
    [([], "values must hold at least 1 number; got 0."), ([1, float("nan")], "values must be finite; got nan.")],
)
def test_wrong_input_is_refused(values, message):
    """There is no mean of nothing."""
    with pytest.raises(InvalidInputError, match=f"^{message}$"):
        summary_statistics(values)
