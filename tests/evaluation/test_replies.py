"""Replies of judges: read whatever surrounds them, and told what is wrong with them."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel

from rag_app.evaluation.replies import read_reply


class Grade(BaseModel):
    reason: str
    score: Literal[1, 2, 3]


GOOD = '{"reason": "It says so.", "score": 3}'


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{GOOD}\n```",
        f"Here is my grade:\n{GOOD}\nI hope it helps.",
        f'<think>{{"score": 9}} is too much.</think> {GOOD}',
        GOOD.replace(" ", "\n  "),
    ],
)
def test_words_around_the_json_do_not_matter(text: str):
    """Fences, courtesies, thoughts that hold other JSON, line breaks."""
    assert read_reply(text, Grade, lambda _: "")[0] is not None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it holds no JSON object"),
        ("3", "it holds no JSON object"),
        ('{"reason": "It says so.", "sc', "it holds no JSON object"),
        ('{"reason": "It says so."}', "score: Field required"),
        ('{"reason": "It says so.", "score": 4}', "score: Input should be 1, 2 or 3"),
    ],
)
def test_what_is_wrong_with_a_reply_is_named(text: str, problem: str):
    """In words that the judge can act on."""
    assert read_reply(text, Grade, lambda _: "") == (None, problem)
