"""Sentences found in texts that write them a little differently."""

from __future__ import annotations

import pytest

from rag_app.evaluation.spans import find_sentence


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("So: It was hot today.", "It was hot today."),
        ("It was\n  hot today.", "It was\n  hot today."),
        ("It **was hot** `today.`", "It **was hot** `today."),
        ("It was hot [1] [2, 3] today. [4]", "It was hot [1] [2, 3] today."),
        ("It was hot today [1] [2].", "It was hot today [1] [2]."),
    ],
)
def test_it_is_found(text: str, found: str):
    """Whatever line breaks, emphasis or markers stand between its words."""
    start, end = find_sentence(text, "It was hot today.")
    assert text[start:end] == found


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("It was cold.", "It was hot."), ("", "It"), ("It was.", ""), ("It was.", " * "), ("a.b", "a+b")],
)
def test_it_is_not_found(text: str, sentence: str):
    """Other words, nothing, and signs that a pattern would read."""
    assert find_sentence(text, sentence) is None


def test_long_texts_take_no_long():
    """No text makes the search try again and again: this one would take years."""
    assert find_sentence("word [1] * " * 5000, "word " * 5001) is None
