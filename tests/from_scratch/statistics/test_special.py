"""Probabilities and quantiles against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from rag_app.from_scratch.statistics.special import (
    beta_quantile,
    chi2_tail,
    f_tail,
    incomplete_beta,
    incomplete_gamma_tail,
    normal_cumulative,
    normal_quantile,
    t_cumulative,
    t_quantile,
)

DF = [0.5, 1, 2, 3, 5.07, 10, 30, 1000, 1e6]


@pytest.mark.parametrize("z", [-38, -10, -3, -1.96, -0.5, 0, 0.5, 1.96, 3, 9])
def test_the_normal_distribution(z):
    """The cumulative probability is scipy's, far into the tail, and the quantile undoes it."""
    assert normal_cumulative(z) == pytest.approx(stats.norm.cdf(z), rel=1e-12)
    assert normal_quantile(normal_cumulative(min(z, 5))) == pytest.approx(min(z, 5), abs=1e-8)


@pytest.mark.parametrize("p", [1e-12, 0.001, 0.025, 0.5, 0.8, 0.975, 1 - 1e-12])
def test_quantiles_of_symmetric_distributions(p):
    """The normal and the t quantile are scipy's for every degree of freedom."""
    assert normal_quantile(p) == pytest.approx(stats.norm.ppf(p), rel=1e-9, abs=1e-12)
    for df in (1, 3, 5.07, 1000):
        assert t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("df", DF)
def test_the_t_distribution(df):
    """Both tails are scipy's."""
    for t in (-50, -2.6, -0.1, 0, 0.1, 2.6, 50):
        assert t_cumulative(t, df) == pytest.approx(stats.t.cdf(t, df), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("df", DF)
def test_the_chi_squared_distribution(df):
    """The tail is scipy's on both sides of the mean, where series and fraction meet; at and below 0 it is 1."""
    for x in (1e-6, 0.5 * df, df, df + 1.9, df + 2.1, 2 * df + 5):
        assert chi2_tail(x, df) == pytest.approx(stats.chi2.sf(x, df), rel=1e-7, abs=1e-300)
    assert chi2_tail(0, df) == chi2_tail(-1, df) == 1


@pytest.mark.parametrize("df1", [1, 2, 7.5, 100])
@pytest.mark.parametrize("df2", [1, 4, 60])
def test_the_f_distribution(df1, df2):
    """The tail is scipy's; at and below 0 it is 1."""
    for f in (0.01, 0.9, 1, 3, 80):
        assert f_tail(f, df1, df2) == pytest.approx(stats.f.sf(f, df1, df2), rel=1e-10)
    assert f_tail(0, df1, df2) == f_tail(-1, df1, df2) == 1


def test_the_incomplete_beta_function():
    """It is scipy's on a grid, 0 at 0 and 1 at 1."""
    for a in (0.1, 0.5, 1, 5, 91, 5000):
        for b in (0.1, 0.5, 1, 11, 5000):
            assert (incomplete_beta(a, b, 0), incomplete_beta(a, b, 1)) == (0, 1)
            for x in (1e-9, 0.01, 0.3, 0.5, 0.9, 0.999):
                assert incomplete_beta(a, b, x) == pytest.approx(special.betainc(a, b, x), rel=1e-9, abs=1e-290)


def test_the_incomplete_gamma_function():
    """It is scipy's on a grid."""
    for a in (0.25, 1, 3, 40, 2000):
        for x in np.array([0.01, 0.5, 0.99, 1.01, 1.5]) * (a + 1):
            assert incomplete_gamma_tail(a, x) == pytest.approx(special.gammaincc(a, x), rel=1e-8, abs=1e-290)


@pytest.mark.parametrize(("a", "b"), [(1, 1), (90, 11), (0.5, 0.5), (2, 300)])
def test_the_beta_quantile(a, b):
    """It is scipy's."""
    for p in (0.001, 0.025, 0.5, 0.975, 0.999):
        assert beta_quantile(p, a, b) == pytest.approx(stats.beta.ppf(p, a, b), rel=1e-9)
