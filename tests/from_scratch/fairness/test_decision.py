"""What the classifiers share that look at two groups: labels, probabilities, curves and errors."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.fairness.adversary import AdversarialDebiasing
from rag_app.from_scratch.fairness.decision import as_two, contrast_of, probabilities_of, thinned
from rag_app.from_scratch.fairness.penalty import FairLogisticRegression

KINDS = [FairLogisticRegression, AdversarialDebiasing]
X, Y, GROUP = np.array([[0.0], [1], [2], [3]]), ["no", "no", "yes", "yes"], [1, 2, 1, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_labels_and_probabilities_sum_to_one(kind):
    """The more probable of the two labels is predicted, for rows without a group."""
    fitted = kind(n_steps=50).fit(X, Y, GROUP)
    chances = fitted.predict_proba(X)
    assert chances.sum(axis=1) == pytest.approx(np.ones(4))
    assert fitted.predict(X).tolist() == Y
    assert fitted.classes_.tolist() == ["no", "yes"]
    assert (np.diff(chances[:, 1]) > 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_units_and_constant_columns_do_not_matter(kind):
    """Columns are standardised inside; one that never varies gets no weight."""
    plain = kind(n_steps=50, fairness=1).fit(X, Y, GROUP)
    scaled = kind(n_steps=50, fairness=1).fit(np.column_stack([X * 1000 + 5, np.ones(4)]), Y, GROUP)
    assert scaled.weights_ == pytest.approx([plain.weights_[0] / 1000, 0])
    assert scaled.predict_proba([[1505, 1]]) == pytest.approx(plain.predict_proba([[1.5]]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("parameters", "data", "message"),
    [
        ({"fairness": -1}, {}, "fairness must be at least 0; got -1."),
        ({"n_steps": 0}, {}, "n_steps must be a whole number of at least 1; got 0."),
        ({}, {"y": ["no"] * 4}, "y must hold exactly two different labels; got 1."),
        ({}, {"y": [1, 2, 3, 1]}, "y must hold exactly two different labels; got 3."),
        ({}, {"group": [1, 1, 1, 1]}, "group must hold exactly two different labels; got 1."),
        ({}, {"group": [1, 2, 1]}, "X and group must be of equal length; got 4 and 3."),
        ({}, {"X": [[1], [2]]}, "X and y must be of equal length; got 2 and 4."),
    ],
)
def test_wrong_input_is_refused(kind, parameters, data, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        kind(**parameters).fit(**{"X": X, "y": Y, "group": GROUP, **data})


def test_groups_become_a_contrast():
    """Its product with any numbers is the gap between the group means."""
    names, second = as_two("group", ["x", "y", "y"])
    assert names.tolist() == ["x", "y"]
    assert contrast_of(second) @ [1.0, 4.0, 6.0] == pytest.approx(5 - 1)


def test_probabilities_do_not_overflow():
    """The sigmoid of ±1000 is 1 and 0."""
    assert probabilities_of(np.array([-1000.0, 0, 1000])).tolist() == [0, 0.5, 1]


@pytest.mark.parametrize(("n", "kept"), [(1, 1), (30, 30), (2000, 50)])
def test_curves_are_thinned(n, kept):
    """At most 50 points are kept, the first and the last among them."""
    points = thinned(np.arange(float(n)))
    assert (len(points), points[0], points[-1]) == (kept, 0, n - 1)
