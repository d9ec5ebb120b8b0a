"""What text looks like before it is parsed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.ingestion.clean import clean_text


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("a\r\nb\rc\u2028d\u2029e\x85f", "a\nb\nc\nd\ne\nf"),
        ("a\r\r\nb", "a\n\nb"),
        ("a\xa0b\u2003c\u202fd\u3000e", "a b c d e"),
        ("\ufeffa\x00b\x1b\x7fc\u200bd\u2060e\uffff", "abcde"),
        ("\ud800a\udfff", "a"),
        ("a\tb  c", "a\tb  c"),
        ("cafe\u0301 \u1112\u1161\u11ab", "caf\u00e9 \ud55c"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),
        ("\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("ﬁ ² ½ Ω", "ﬁ ² ½ Ω"),
        ("", ""),
    ],
)
def test_characters_without_text_go_and_the_rest_stays(raw, clean):
    """Line ends and spaces become one kind, letters are composed, controls go; ligatures and joined emoji stay."""
    assert clean_text(raw) == clean


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.text())
def test_cleaning_twice_is_cleaning_once(text):
    """A cleaned text is left as it is, can be encoded, and has no line end but the newline."""
    once = clean_text(text)
    assert clean_text(once) == once
    assert once.encode().decode() == once
    assert "\n".join(once.splitlines()) == once.removesuffix("\n")
