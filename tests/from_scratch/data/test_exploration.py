"""A first look at a table: the figures of the standard library's statistics, gaps, duplicates and correlations."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from scipy import stats

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.exploration import explore_table

RNG = np.random.default_rng(0)


def test_numbers_are_summarised_as_the_chapter_describes():
    """Count 4, mean 5, standard deviation 3.4641, minimum 2, quartiles 3.5, 4, 5.5, maximum 10."""
    column = explore_table([{"x": v} for v in (2, 4, 4, 10)])["columns"]["x"]
    assert column == {
        "type": "number",
        "n_missing": 0,
        "count": 4,
        "mean": 5,
        "std": pytest.approx(3.4641, abs=1e-4),
        "min": 2,
        "q1": 3.5,
        "median": 4,
        "q3": 5.5,
        "max": 10,
    }


def test_numbers_agree_with_the_standard_library():
    """Mean, sample deviation and inclusive quartiles."""
    values = RNG.normal(size=31).tolist()
    column = explore_table([{"x": v} for v in values])["columns"]["x"]
    assert column["std"] == pytest.approx(statistics.stdev(values))
    quartiles = statistics.quantiles(values, n=4, method="inclusive")
    assert [column["q1"], column["median"], column["q3"]] == pytest.approx(quartiles)


def test_gaps_duplicates_and_constants_are_counted():
    """None, NaN and no entry are gaps; a flag is a category."""
    found = explore_table([{"a": 1, "b": "x"}, {"a": 1, "b": "x"}, {"a": None, "c": True}, {"a": float("nan")}])
    assert (found["shape"], found["n_duplicates"], found["constant"]) == ([4, 3], 1, ["a", "b", "c"])
    assert (found["columns"]["a"]["n_missing"], found["columns"]["a"]["std"]) == (2, 0)
    assert found["columns"]["b"] == {"type": "category", "n_missing": 2, "n_categories": 1, "top": {"x": 2}}
    assert found["columns"]["c"]["top"] == {"True": 1}
    assert explore_table([{"a": None}])["columns"]["a"]["type"] == "empty"
    assert explore_table([{"a": 3}])["columns"]["a"]["std"] is None


def test_correlations_use_the_rows_that_have_both():
    """As scipy computes them; null beside a constant column or without common rows."""
    x, y = RNG.normal(size=(2, 20))
    rows = [{"x": a, "y": b, "k": 1} for a, b in zip(x.tolist(), y.tolist(), strict=True)] + [{"x": 9}, {"z": 1}]
    found = explore_table(rows)["correlations"]
    assert [found["x"]["y"], found["y"]["x"]] == pytest.approx([stats.pearsonr(x, y).statistic] * 2)
    assert (found["x"]["k"], found["x"]["z"]) == (None, None)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "records must hold at least one row with one column; got 0 rows without columns."),
        ([{}], "records must hold at least one row with one column; got 1 rows without columns."),
        ([{"x": float("inf")}], "The column x must be finite; got inf."),
    ],
)
def test_what_is_refused(records, message):
    """The sentence names what is wrong."""
    with pytest.raises(InvalidInputError) as caught:
        explore_table(records)
    assert str(caught.value) == message
