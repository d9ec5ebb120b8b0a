"""Texts as their words with vectors."""

from __future__ import annotations

import pytest

from rag_app.reading.worded import split_units


@pytest.mark.parametrize("text", ["word " * 200, "x" * 1000, '{"a": 1, ' * 100], ids=["words", "no space", "JSON"])
def test_long_units_are_cut(text: str) -> None:
    """No unit is much longer than a sentence, and none is empty."""
    spans = split_units(text)
    assert all(0 < end - start <= 260 for start, end in spans)
    assert "".join(text[a:b] for a, b in spans).replace(" ", "") == text.replace(" ", "")
