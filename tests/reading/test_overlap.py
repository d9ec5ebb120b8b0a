"""Stems of content words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import snowballstemmer

from rag_app.reading.overlap import stem, stems


@pytest.mark.parametrize(
    "forms",
    [
        ("collapse", "collapses", "collapsed", "collapsing"),
        ("train", "trains", "trained", "training"),
        ("network", "networks"),
        ("generate", "generates", "generated", "generating"),
    ],
)
def test_the_forms_of_a_word_share_a_stem(forms):
    """Number and tense do not matter."""
    assert len({stem(form) for form in forms}) == 1


def test_threads_stem_their_own_words():
    """As many as a service has, each the words that it was given."""
    asked = [
        f"{letter}{middle}ations" for letter in "bcdfghklmnprst" for middle in ("iz", "ol", "ur", "an", "ent") * 20
    ]
    words = [f"{word[:1]}{i}{word[1:]}" for i, word in enumerate(asked)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(stem, words))
    assert found == [snowballstemmer.stemmer("porter").stemWord(word) for word in words]


def test_different_words_have_different_stems():
    """A generator is not a discriminator."""
    assert len({stem(word) for word in ("generator", "discriminator", "loss", "collapse", "vae")}) == 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The GANs are trained, trained and TRAINED.", {"gan", "train"}),
        ("What is it?", set()),
        ("", set()),
        ("KL(p‖q) = 0.5", {"kl", "p", "q", "0", "5"}),
        ("Größe 模型", {"größe", "模型"}),
    ],
)
def test_content_words_are_stemmed_once(text, expected):
    """Stop words, punctuation and case are dropped; other scripts are kept as they are."""
    assert stems(text) == expected
