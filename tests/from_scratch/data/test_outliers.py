"""Outliers against scipy and the chapter's masking examples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.outliers import find_outliers, treat_outliers

EIGHT = [10, 10, 11, 11, 12, 12, 13, 50]
TWELVE = [10, 11, 12, 13, 11, 12, 10, 12, 11, 13, 11, 12]
DRAWN = np.random.default_rng(0).standard_t(2, 200)


def test_z_scores_agree_with_scipy():
    """With the population's standard deviation."""
    expected = np.flatnonzero(np.abs(stats.zscore(DRAWN)) > 2).tolist()
    assert find_outliers(DRAWN, "zscore", 2)["positions"] == expected != []


def test_the_box_plot_agrees_with_scipy():
    """Quartiles by linear interpolation and scipy's interquartile range."""
    low, high = np.percentile(DRAWN, [25, 75]) + np.array([-1.5, 1.5]) * stats.iqr(DRAWN)
    assert find_outliers(DRAWN)["bounds"] == pytest.approx([low, high])


def test_the_modified_z_score_is_not_masked():
    """The chapter: median 11.5, MAD 1, so 50 scores 25.97, beyond 3.5 and even 25.9."""
    assert find_outliers(EIGHT, "modified_zscore")["outliers"] == [50]
    assert find_outliers(EIGHT, "modified_zscore", 25.9)["outliers"] == [50]
    assert find_outliers(EIGHT, "modified_zscore", 26)["outliers"] == []


def test_outliers_hide_each_other_from_the_z_score():
    """One 50 among twelve is found, two are not; the fences find both."""
    assert find_outliers([*TWELVE, 50], "zscore")["outliers"] == [50]
    assert find_outliers([*TWELVE, 50, 50], "zscore")["outliers"] == []
    found = find_outliers([*TWELVE, 50, 50], "iqr")
    assert (found["outliers"], found["bounds"]) == ([50, 50], [8.375, 15.375])


def test_no_z_score_exceeds_the_root_of_n_minus_1():
    """So a threshold of 3 is never passed by 10 values or fewer, however far one is."""
    assert find_outliers([0] * 9 + [1e9], "zscore")["outliers"] == []
    assert find_outliers([0] * 9 + [1e9], "zscore", 2.999)["outliers"] == [1e9]


@pytest.mark.parametrize("method", ["iqr", "zscore", "modified_zscore"])
def test_equal_values_have_no_outlier(method):
    """Nor has a single value, though rounding moves a mean."""
    assert find_outliers([0.1] * 7, method)["outliers"] == []
    assert find_outliers([3], method)["bounds"] == [3, 3]


@pytest.mark.parametrize("share", [0, 0.05, 0.1, 0.26])
def test_winsorising_agrees_with_scipy(share):
    """The lowest and highest share become the nearest that remain."""
    expected = np.asarray(stats.mstats.winsorize(DRAWN, (share, share)))
    assert treat_outliers(DRAWN, "winsorise", share=share)["values"] == expected.tolist()


def test_treatments_follow_the_chapter():
    """Capping lowers the mean to 11.6875, removal to 79/7; ln 11 and ln 51."""
    assert np.mean(treat_outliers(EIGHT, "cap")["values"]) == 11.6875
    removed = treat_outliers(EIGHT, "remove")
    assert (np.mean(removed["values"]), removed["n_changed"]) == (79 / 7, 1)
    logs = treat_outliers(EIGHT, "log1p")
    assert (logs["values"][0], logs["values"][-1]) == (pytest.approx(np.log(11)), pytest.approx(np.log(51)))
    assert np.expm1(logs["values"]) == pytest.approx(EIGHT)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: find_outliers([1], threshold=0), "threshold must be above 0; got 0."),
        (lambda: find_outliers([1], "mad"), "method must be one of iqr, zscore, modified_zscore; got 'mad'."),
        (lambda: find_outliers([np.nan]), "values must be finite; got nan."),
        (lambda: find_outliers([]), "values must hold at least 1 number; got 0."),
        (lambda: treat_outliers([-1.0], "log1p"), "values must be above -1 for log1p; got -1.0."),
        (lambda: treat_outliers([1], "winsorise", share=0.5), "share must be at least 0 and below 0.5; got 0.5."),
        (lambda: treat_outliers([1], "hide"), "treatment must be one of cap, remove, log1p, winsorise; got 'hide'."),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
