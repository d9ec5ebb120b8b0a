"""A score has a value or says why not."""

from __future__ import annotations

import json
import math
import re

import pytest

from rag_app.errors import EvaluationError, InvalidInputError
from rag_app.evaluation.scores import Score, failed, not_applicable, scored


@pytest.mark.parametrize(
    "score", [scored(1), scored(0.5, "Half.", parts=[1, 2]), not_applicable("No."), failed("Ouch.")]
)
def test_a_score_survives_its_json(score):
    """Whatever its status."""
    assert Score.from_json(json.loads(json.dumps(score.to_json(), allow_nan=False))) == score


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_no_score(value):
    """It would make every mean meaningless."""
    with pytest.raises(InvalidInputError, match="value must be a finite number where the status is scored"):
        scored(value)


@pytest.mark.parametrize(("status", "value"), [("scored", None), ("error", 0.0), ("not-applicable", 1.0)])
def test_status_and_value_agree(status, value):
    """A failure is not a zero."""
    with pytest.raises(InvalidInputError, match=re.escape("value must be a finite number")):
        Score(status, value)


def test_an_unknown_status_is_refused():
    """By its name."""
    with pytest.raises(InvalidInputError, match="status must be one of scored, not-applicable, error; got 'fine'"):
        Score("fine", 1.0)


@pytest.mark.parametrize("value", [{}, {"status": "scored"}, {"status": "scored", "value": "much"}, "scored", None])
def test_json_that_is_no_score(value):
    """Is refused with what it is."""
    with pytest.raises(EvaluationError, match="A score must have status and value; got"):
        Score.from_json(value)
