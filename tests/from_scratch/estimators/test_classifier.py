"""Rows with labels."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.bayes import GaussianNaiveBayes
from rag_app.from_scratch.estimators.classifier import as_examples


@pytest.mark.parametrize("labels", [["b", "a", "b"], [7, -1, 7], [True, False, True], [0.5, 0.25, 0.5]])
def test_labels_of_every_kind(labels):
    """Classes are in ascending order, and codes point at them; predictions are labels of the same kind."""
    _, classes, codes = as_examples([[1], [9], [1]], labels)
    assert classes.tolist() == sorted(set(labels))
    assert [classes[c] for c in codes] == labels
    assert GaussianNaiveBayes().fit([[1], [9], [1]], labels).predict([[1], [9]]).tolist() == labels[:2]


def test_of_equally_probable_classes_the_first_is_predicted():
    """A row in the middle."""
    assert GaussianNaiveBayes().fit([[-1], [1]], ["b", "a"]).predict([[0]]).tolist() == ["a"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_classes": 2}, "y must hold at least 2 different labels; got [1]."),
        ({"min_classes": 2, "max_classes": 2}, "y must hold exactly 2 different labels; got [1]."),
    ],
)
def test_too_few_classes(arguments, message):
    """The sentence says how many there must be and which there are."""
    with pytest.raises(InvalidInputError) as caught:
        as_examples(np.ones((2, 1)), [1, 1], **arguments)
    assert str(caught.value) == message
