"""What is explained: a prediction that is a number, or the probability of the class that was chosen."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.estimators.linear import LinearRegression
from rag_app.from_scratch.explain.black_box import build_output
from rag_app.from_scratch.fairness.penalty import FairLogisticRegression

X = np.array([[0.0], [1], [2], [3]])


def test_a_regression_is_explained_by_its_prediction():
    """The output is what it predicts."""
    output = build_output(LinearRegression().fit(X, [3, 5, 7, 9]), X[0])
    assert output.meaning == "prediction"
    assert output.of_rows(X) == pytest.approx([3, 5, 7, 9])


@pytest.mark.parametrize(("row", "label", "column"), [(0, "no", 0), (3, "yes", 1)])
def test_a_classifier_is_explained_by_the_probability_of_its_choice(row, label, column):
    """The output is the probability of the class that it gives the row, for other rows too."""
    fitted = FairLogisticRegression().fit(X, ["no", "no", "yes", "yes"], ["a", "b", "a", "b"])
    output = build_output(fitted, X[row])
    assert output.meaning == f"probability of {label!r}"
    assert output.of_rows(X) == pytest.approx(fitted.predict_proba(X)[:, column])


class _Nearest:
    classes_ = ("no", "yes")

    def predict(self, rows):
        return ["no"] * len(rows)


def test_labels_alone_cannot_be_explained():
    """A classifier without probabilities is refused by name."""
    message = "estimator must predict numbers or have predict_proba; got _Nearest."
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        build_output(_Nearest(), X[0])
