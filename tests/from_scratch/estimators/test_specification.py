"""An estimator is made from its name and parameters, and what is none is refused."""

from __future__ import annotations

import re

import pytest

from rag_app.errors import InvalidInputError, UnknownNameError
from rag_app.from_scratch.estimators.linear import LinearRegression
from rag_app.from_scratch.estimators.specification import build_predictor

UNSUITABLE = (
    "estimator must be the name of one that learns from rows X and answers y to predict; got {!r}. Run: rag tools list"
)


@pytest.mark.parametrize("estimator", ["LinearRegression", {"name": "LinearRegression"}])
def test_a_name_is_enough(estimator):
    """A name, or a dict with one, gives a new estimator each time."""
    built = build_predictor(estimator)
    assert isinstance(built, LinearRegression)
    assert built is not build_predictor(estimator)
    assert built.fit([[1], [2]], [1, 2]).predict([[3]]) == pytest.approx([3])


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (
            "accuracy",
            UNSUITABLE.format("accuracy"),
        ),
        (
            "FairLogisticRegression",  # needs groups to learn
            UNSUITABLE.format("FairLogisticRegression"),
        ),
        ({}, "estimator must be a name, or hold one under 'name'; got None."),
        ({"name": 3}, "estimator must be a name, or hold one under 'name'; got 3."),
        (
            {"name": "LinearRegression", "k": 3},
            "estimator must have the parameters of LinearRegression (none); got 'k'.",
        ),
    ],
)
def test_what_is_no_predictor_is_refused(estimator, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        build_predictor(estimator)


def test_an_unknown_name_is_refused():
    """The error names close ones."""
    with pytest.raises(UnknownNameError, match="Did you mean LinearRegression"):
        build_predictor("LinearRegresion")
