"""Disparate impact, equal opportunity and equalised odds by the course's figures and by scikit-learn."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sklearn.metrics import recall_score

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.fairness import disparate_impact, equal_opportunity, equalised_odds


def _applicants(**counts):
    """Return selections and groups for `name=(selected, size)`."""
    selected = [int(i < s) for s, n in counts.values() for i in range(n)]
    return selected, [name for name, (_, n) in counts.items() for _ in range(n)]


def _loans(**counts):
    """Return outcomes, predictions and groups for `name=(deserving, of them accepted, others accepted)` of 100 each."""
    y, predicted, groups = [], [], []
    for name, (deserving, accepted, others) in counts.items():
        y += [1] * deserving + [0] * (100 - deserving)
        predicted += [int(i < accepted) for i in range(deserving)] + [int(i < others) for i in range(100 - deserving)]
        groups += [name] * 100
    return y, predicted, groups


def test_the_course_figure_of_disparate_impact():
    """0.30 against 0.50 is a ratio of 0.6: flagged."""
    found = disparate_impact(*_applicants(A=(50, 100), B=(30, 100)))
    assert found == {"rates": {"A": 0.5, "B": 0.3}, "ratios": {"A": 1, "B": 0.6}, "flagged": ["B"], "parity_gap": 0.2}


@pytest.mark.parametrize(("low", "high"), [(4, 5), (32, 40), (36, 45), (40, 50)])
def test_exactly_four_fifths_is_not_flagged(low, high):
    """The rule says "less than", whatever binary fractions make of 4/100 over 5/100; one fewer is flagged."""
    found = disparate_impact(*_applicants(A=(high, 100), B=(low, 100)))
    assert (found["flagged"], found["ratios"]["B"]) == ([], 0.8)
    assert disparate_impact(*_applicants(A=(high, 100), B=(low - 1, 100)))["flagged"] == ["B"]


def test_disparate_impact_of_nobody_and_of_one_group():
    """Where nobody is selected, or all are of one group, no group is worse off."""
    nobody = disparate_impact(*_applicants(A=(0, 3), B=(0, 2)))
    assert (nobody["ratios"], nobody["flagged"], nobody["parity_gap"]) == ({"A": 1, "B": 1}, [], 0)
    assert disparate_impact([1, 0], [7, 7])["ratios"] == {"7": 1}


def test_several_groups_are_compared_with_the_most_favoured():
    """Two of three groups are below four fifths of the highest rate."""
    found = disparate_impact(*_applicants(A=(1, 10), B=(10, 10), C=(7, 10)))
    assert found["flagged"] == ["A", "C"]


def test_the_course_figure_of_equal_opportunity():
    """48 of 60 against 26 of 40: rates 0.80 and 0.65, a gap of 0.15."""
    found = equal_opportunity(*_loans(A=(60, 48, 0), B=(40, 26, 0)))
    assert found == {"true_positive_rates": {"A": 0.8, "B": 0.65}, "gap": 0.15}


def test_equal_opportunity_and_the_four_fifths_rule_can_disagree():
    """48 of 60 and 32 of 40: equal opportunity, and a selection ratio of 0.667."""
    y, predicted, group = _loans(A=(60, 48, 0), B=(40, 32, 0))
    assert equal_opportunity(y, predicted, group)["gap"] == 0
    found = disparate_impact(predicted, group)
    assert (found["flagged"], round(found["ratios"]["B"], 3)) == (["B"], 0.667)


def test_equalised_odds_compares_false_positives_too():
    """Equal true positive rates, false positive rates of 10/40 and 30/60."""
    found = equalised_odds(*_loans(A=(60, 48, 10), B=(40, 32, 30)))
    assert found["true_positive_rates"] == {"A": 0.8, "B": 0.8}
    assert found["false_positive_rates"] == {"A": 0.25, "B": 0.5}
    assert found["gap"] == 0.25


def test_rates_are_scikit_learns_recall_by_group():
    """On random data each group's rates are the library's recall of class 1 and of class 0."""
    rng = np.random.default_rng(0)
    y, predicted, group = [*rng.integers(0, 2, (2, 200)).tolist(), rng.choice(list("abc"), 200).tolist()]
    found = equalised_odds(y, predicted, group)
    assert found["true_positive_rates"] == equal_opportunity(y, predicted, group)["true_positive_rates"]
    for name in "abc":
        rows = [i for i, g in enumerate(group) if g == name]
        truth, said = [y[i] for i in rows], [predicted[i] for i in rows]
        assert found["true_positive_rates"][name] == pytest.approx(recall_score(truth, said))
        assert found["false_positive_rates"][name] == pytest.approx(1 - recall_score(truth, said, pos_label=0))


def test_names_and_order_do_not_matter():
    """Renaming the groups and shuffling people leaves the gap."""
    y, predicted, group = (np.array(v) for v in _loans(A=(60, 48, 10), B=(40, 26, 30)))
    order = np.random.default_rng(1).permutation(len(y))
    renamed = np.where(group == "A", 2, 1)[order]
    assert equalised_odds(y[order], predicted[order], renamed)["gap"] == equalised_odds(y, predicted, group)["gap"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: disparate_impact([], []), "selected must be a list of labels, at least one; got []."),
        (lambda: disparate_impact([2], ["a"]), "selected must hold only 0 and 1; got 2."),
        (lambda: disparate_impact([1], ["a", "b"]), "selected and group must be of equal length; got 1 and 2."),
        (lambda: equal_opportunity([1, 0], [1, 1], ["a", "b"]), "y_true must hold 1 in every group; got none in 'b'."),
        (lambda: equalised_odds([1, 0, 1], [1, 1, 1], [5, 5, 6]), "y_true must hold 0 in every group; got none in 6."),
        (
            lambda: equal_opportunity([1], [1, 0], ["a"]),
            "y_true, y_pred and group must be of equal length; got 1, 2 and 1.",
        ),
    ],
)
def test_wrong_input_is_refused(call, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
