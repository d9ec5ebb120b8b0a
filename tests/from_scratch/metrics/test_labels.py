"""Class labels become codes, positives, outcomes and chances, or a sentence."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.labels import as_chances, as_outcomes, as_pair, as_positives


def _refused(message):
    return pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$")


def test_pairs_are_of_one_kind():
    """Numbers and booleans compare with each other, text with text; what is mixed is refused."""
    actual, predicted = as_pair([1, 0], [True, False])
    assert (actual == predicted).all()
    with _refused("y_true and y_pred must be both text or both numbers; got 1 and 'a'."):
        as_pair([1, 0], ["a", "b"])
    with _refused("y_true and y_pred must be of equal length; got 2 and 1."):
        as_pair([1, 0], [1])


def test_the_positive_class_is_one_where_labels_are_zero_and_one():
    """Without a positive class, 1 and True are it, even if one of the two does not occur."""
    for labels in ([0, 1, 1], [0, 0], [1], [False, True]):
        array = np.array(labels)
        assert as_positives(array, None, np.unique(array)).tolist() == [bool(v) for v in labels]
    assert as_positives(np.array([0, 0]), 0, np.array([0])).all()


@pytest.mark.parametrize(
    ("labels", "positive", "message"),
    [
        (["ham", "spam"], None, "'ham', 'spam'; got None. Pass positive='spam'."),
        (["ham", "spam"], 1, "'ham', 'spam'; got 1. Pass positive='spam'."),
        ([0, 1, 2], None, "0, 1, 2; got None. Pass positive=2."),
        ([0, 1], 2, "0, 1; got 2. Pass positive=1."),
        (list(range(10)), 12, "0, 1, 2, 3, 4, 5, 6, 7, …; got 12. Pass positive=9."),
    ],
)
def test_a_positive_class_that_does_not_occur_is_refused(labels, positive, message):
    """The error lists the labels, at most eight, and names one that could be passed."""
    with _refused(f"positive must be one of the labels {message}"):
        as_positives(np.array(labels), positive, np.unique(labels))


@pytest.mark.parametrize(("values", "wrong"), [([0, 2, 1], "2"), ([0.5], "0.5"), (["yes"], "'yes'"), ([-1, 1], "-1")])
def test_outcomes_are_zero_and_one(values, wrong):
    """Numbers 0 and 1 and booleans are outcomes, anything else is named."""
    assert as_outcomes("y", [0, 1.0, True]).tolist() == [False, True, True]
    with _refused(f"y must hold only 0 and 1; got {wrong}."):
        as_outcomes("y", values)


@pytest.mark.parametrize("wrong", [-0.1, 1.0001])
def test_chances_lie_between_zero_and_one(wrong):
    """The ends belong to the interval, what is beyond is named."""
    assert as_chances("p", [0, 1, 0.5]).tolist() == [0, 1, 0.5]
    with _refused(f"p must lie in [0, 1]; got {wrong}."):
        as_chances("p", [0.5, wrong])
