"""Words and stop words."""

from __future__ import annotations

import pytest

from rag_app.from_scratch.language.words import STOP_WORDS, content_words, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t…!?", []),
        ("KL(p‖q) isn't symmetric.", ["kl", "p", "q", "isn't", "symmetric"]),
        ("It’s GPT-4o-mini", ["it’s", "gpt", "4o", "mini"]),
        ("'quoted' dogs' rock'n'roll", ["quoted", "dogs", "rock'n'roll"]),
        ("β-VAE über naïve", ["β", "vae", "über", "naïve"]),
        ("snake_case 3.14", ["snake_case", "3", "14"]),
        ("机器学习 модель", ["机器学习", "модель"]),
        ("A\x00B 😀 c", ["a", "b", "c"]),
    ],
)
def test_words(text, expected):
    """Words are runs of letters, digits and underscores with inner apostrophes, in lower case."""
    assert words(text) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is mode collapse?", ["mode", "collapse"]),
        ("Please explain WHY it happens", ["happens"]),
        ("what is the", []),
        ("Mode mode MODE", ["mode", "mode", "mode"]),
    ],
)
def test_content_words(question, expected):
    """Stop words go whatever their case; the rest stays, in order and with repetitions."""
    assert content_words(question) == expected


def test_stop_words_are_words():
    """Each stop word is one word as `words` reads it, or it could never match."""
    assert all(words(w) == [w] for w in STOP_WORDS)
