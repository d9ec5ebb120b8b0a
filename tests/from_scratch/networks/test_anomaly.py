"""An anomaly detector flags what it cannot rebuild."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.anomaly import AnomalyDetector

_rng = np.random.default_rng(0)
_t = _rng.uniform(-2, 2, 200)
NORMAL = np.column_stack([_t, _t**2, 100 * _t]) + 0.05 * _rng.normal(size=(200, 3))
PLANTED = _rng.uniform([-2, 0, -200], [2, 4, 200], (50, 3))


@pytest.fixture(scope="module")
def detector():
    """Fitted on normal rows only."""
    return AnomalyDetector().fit(NORMAL[:150])


def test_planted_outliers_have_larger_errors(detector):
    """Normal rows that it never saw are ranked below the planted ones."""
    errors = detector.reconstruction_errors(np.concatenate([NORMAL[150:], PLANTED]))
    assert roc_auc_score(np.repeat([0, 1], 50), errors) >= 0.95


def test_errors_are_counted_in_standard_deviations(detector):
    """By hand; so a column of hundreds counts no more than one of units."""
    scale = detector.autoencoder_.scale_
    expected = (((NORMAL - detector.autoencoder_.predict(NORMAL)) / scale) ** 2).mean(axis=1)
    assert np.allclose(detector.reconstruction_errors(NORMAL), expected)


def test_delta_is_a_quantile_of_held_out_errors(detector):
    """Thirty rows of 150 were held out, and their 99th percentile is the threshold."""
    assert len(detector.held_out_errors_) == 30
    assert detector.delta_ == pytest.approx(np.quantile(detector.held_out_errors_, 0.99))
    assert detector.predict(NORMAL[150:]).mean() < 0.2


def test_a_larger_delta_never_flags_more():
    """A person's delta is taken as given, and the flags of a larger one are among those of a smaller one."""
    deltas = (0.0, 0.5, 2.0, 100.0)
    flags = [AnomalyDetector(delta=delta, n_epochs=20).fit(NORMAL).predict(PLANTED) for delta in deltas]
    assert all((more >= fewer).all() for more, fewer in itertools.pairwise(flags))
    assert flags[0].all()
    assert not flags[-1].any()


def test_what_is_no_threshold_is_refused():
    """A quantile outside [0, 1], a negative delta, and a single row."""
    with pytest.raises(InvalidInputError, match=r"^quantile must be at least 0 and at most 1; got 1.5.$"):
        AnomalyDetector(quantile=1.5).fit(NORMAL)
    with pytest.raises(InvalidInputError, match=r"^delta must be at least 0; got -1.$"):
        AnomalyDetector(delta=-1).fit(NORMAL)
    with pytest.raises(InvalidInputError, match=r"^X must hold at least 2 rows"):
        AnomalyDetector().fit(NORMAL[:1])
