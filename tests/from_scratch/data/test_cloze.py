"""A cloze: the blank, the word, and back."""

from __future__ import annotations

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.cloze import BLANK, build_cloze

SENTENCE = "Rain fell all night and the pond is full."


@pytest.mark.parametrize("sentence", [SENTENCE, "Isn't it well-known?", "  ¿Qué es ____ esto?  "])
def test_the_word_put_back_restores_the_sentence(sentence):
    """For every word, though blanks may be in the sentence already."""
    for position in range(3):
        found = build_cloze(sentence, position)
        start, cloze = found["start"], found["cloze"]
        assert cloze[start : start + 4] == BLANK
        assert cloze[:start] + found["target"] + cloze[start + 4 :] == sentence


def test_the_example_of_the_chapter():
    """Index 8 hides the last word, the full stop stays; index 6 hides "pond"."""
    assert build_cloze() == build_cloze(SENTENCE, 8)
    assert build_cloze(SENTENCE, 8)["cloze"].endswith("the pond is ____.")
    assert build_cloze(SENTENCE, 6)["target"] == "pond"


@pytest.mark.parametrize(
    ("sentence", "position", "message"),
    [
        (SENTENCE, 9, "position must be that of one of 9 words; got 9."),
        (SENTENCE, -10, "position must be that of one of 9 words; got -10."),
        ("…", 0, "position must be that of one of 0 words; got 0."),
    ],
)
def test_what_is_refused(sentence, position, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        build_cloze(sentence, position)
    assert str(caught.value) == message
