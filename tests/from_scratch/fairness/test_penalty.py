"""The fairness penalty by hand and by differences; the classifier by the course's figures and scikit-learn."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.fairness.penalty import FairLogisticRegression, fairness_penalty


@pytest.fixture(scope="module")
def biased():
    """Return the data of the course: one group is favoured, and a column reveals it."""
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, 2000)
    skill = rng.normal(size=2000)
    proxy = group + 0.3 * rng.normal(size=2000)
    y = skill + 1.5 * group + 0.5 * rng.normal(size=2000) > 0.75
    return np.column_stack([skill, proxy]), y, group


@pytest.mark.parametrize(("fairness", "gap", "accuracy"), [(0, 0.375, 0.847), (0.5, 0.277, 0.836), (5, 0.066, 0.762)])
def test_the_course_figures(biased, fairness, gap, accuracy):
    """The parity gap falls with the weight of the penalty, and so does the accuracy on biased labels."""
    X, y, _ = biased
    fitted = FairLogisticRegression(fairness=fairness).fit(*biased)
    assert fitted.parity_gap_ == pytest.approx(gap, abs=6e-4)
    assert (fitted.predict(X) == y).mean() == pytest.approx(accuracy, abs=6e-4)
    assert fitted.losses_[-1] < fitted.losses_[0]


def test_without_a_penalty_it_is_logistic_regression(biased):
    """Weights and intercept are those of the library's maximum likelihood."""
    X, y, _ = biased
    expected = LogisticRegression(C=np.inf, tol=1e-8).fit(X, y)
    fitted = FairLogisticRegression().fit(*biased)
    assert fitted.weights_ == pytest.approx(expected.coef_[0], rel=1e-3)
    assert fitted.intercept_ == pytest.approx(expected.intercept_[0], rel=1e-3)


def test_a_small_group_is_treated_fairly_too():
    """With one row in twenty in a group, the descent stays stable and closes the gap."""
    rng = np.random.default_rng(0)
    group = (rng.random(2000) < 0.05).astype(int)
    X = np.column_stack([rng.normal(size=2000), group + 0.3 * rng.normal(size=2000)])
    y = X[:, 0] + 1.5 * group > 0.75
    plain, fair = (FairLogisticRegression(fairness=w).fit(X, y, group) for w in (0, 10))
    assert abs(fair.parity_gap_) < abs(plain.parity_gap_) / 5


def test_the_gradient_of_the_penalty_is_its_derivative():
    """Each entry equals the central difference, and the penalty the squared gap of means."""
    rng = np.random.default_rng(0)
    p, group = rng.uniform(0.1, 0.9, 9), ["a", "b", "b"] * 3
    found = fairness_penalty(p, group)
    is_b = np.array(group) == "b"
    assert found["penalty"] == pytest.approx((p[is_b].mean() - p[~is_b].mean()) ** 2)
    for i in range(9):
        step = 1e-6 * np.eye(9)[i]
        numeric = (fairness_penalty(p + step, group)["penalty"] - fairness_penalty(p - step, group)["penalty"]) / 2e-6
        assert found["gradient"][i] == pytest.approx(numeric, abs=1e-8)


def test_parity_costs_nothing():
    """Equal means have penalty 0 and no gradient."""
    assert fairness_penalty([0.2, 0.4, 0.3], [1, 1, 2])["penalty"] == pytest.approx(0)


@pytest.mark.parametrize(
    ("p", "group", "message"),
    [
        ([0.5], ["a"], "group must hold exactly two different labels; got 1."),
        ([0.5, 2], ["a", "b"], "probabilities must lie in [0, 1]; got 2.0."),
        ([0.5, 0.5, 0.5], ["a", "b"], "probabilities and group must be of equal length; got 3 and 2."),
    ],
)
def test_wrong_input_is_refused(p, group, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        fairness_penalty(p, group)
