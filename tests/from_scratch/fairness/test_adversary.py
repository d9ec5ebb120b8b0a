"""Adversarial debiasing: the plain classifier without it, less of a gap with it, and an adversary that guesses."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from rag_app.from_scratch.fairness.adversary import AdversarialDebiasing
from rag_app.registry import get
from rag_app.tools.adapter import call_tool


@pytest.fixture(scope="module")
def biased():
    """Return data in which one group is favoured, and a column reveals it."""
    rng = np.random.default_rng(0)
    group = np.arange(1000) % 2
    skill = rng.normal(size=1000)
    y = (skill + 1.5 * group + 0.5 * rng.normal(size=1000) > 0.75).astype(int)
    return np.column_stack([skill, group + 0.3 * rng.normal(size=1000)]), y, group


@pytest.fixture(scope="module")
def fitted(biased):
    """Return classifiers by the weight of the adversary."""
    return {w: AdversarialDebiasing(fairness=w).fit(*biased) for w in (0, 0.5, 2, 10)}


def test_without_an_adversary_it_is_logistic_regression(biased, fitted):
    """Weights and intercept are those of the library's maximum likelihood."""
    X, y, _ = biased
    expected = LogisticRegression(C=np.inf, tol=1e-8).fit(X, y)
    assert fitted[0].weights_ == pytest.approx(expected.coef_[0], rel=1e-3)
    assert fitted[0].intercept_ == pytest.approx(expected.intercept_[0], rel=1e-3)


def test_the_gap_falls_with_the_weight_of_the_adversary(biased, fitted):
    """On planted bias the parity gap falls, while the skill that is no bias keeps its weight."""
    gaps = [fitted[w].parity_gap_ for w in (0, 0.5, 2, 10)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 0.3
    assert abs(gaps[-1]) < 0.05
    X, _, group = biased
    chances = fitted[10].predict_proba(X)[:, 1]
    assert chances[group == 1].mean() - chances[group == 0].mean() == pytest.approx(gaps[-1])
    assert fitted[10].weights_[0] > 1


def test_the_adversary_ends_up_guessing(fitted):
    """Its loss is well below ln 2 for the plain classifier, and all but ln 2 for the debiased one."""
    assert fitted[0].adversary_losses_[-1] < 0.65
    assert fitted[10].adversary_losses_[-1] == pytest.approx(np.log(2), abs=2e-3)


def test_the_curves_show_the_training(fitted):
    """The prediction loss falls where nothing holds it back, and 50 points are kept of each curve."""
    assert fitted[0].losses_[-1] < fitted[0].losses_[0] == pytest.approx(np.log(2))
    assert len(fitted[2].losses_) == len(fitted[2].adversary_losses_) == 50


def test_it_is_a_tool(biased):
    """Data and groups go in as JSON, gap, curves and predictions come out."""
    X, y, group = (v[:40].tolist() for v in biased)
    found = call_tool(get("AdversarialDebiasing"), {"X": X, "y": y, "group": group, "fairness": 1.0, "n_steps": 30})
    assert {"parity_gap_", "losses_", "adversary_losses_", "weights_", "intercept_", "classes_"} == set(found["learnt"])
    assert len(found["predictions"]) == 40
