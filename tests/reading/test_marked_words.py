"""The words of a text with what they are."""

from __future__ import annotations

import pytest

from rag_app.reading.marked_words import MarkedWord, mark_words, number_keys


def _words(text: str) -> dict[str, MarkedWord]:
    return {text[w.start : w.end]: w for w in mark_words(text)}


def test_offsets_are_those_of_the_words() -> None:
    """Every word stands where its offsets say, whatever the script."""
    assert list(_words("Écoles: 3 naïve, US-born.")) == ["Écoles", "3", "naïve", "US", "born"]


@pytest.mark.parametrize(
    ("text", "word", "kind"),
    [
        ("It sold 1,200 tickets.", "1,200", "number"),
        ("It sold twelve tickets.", "twelve", "number"),
        ("It is in Paris.", "Paris", "name"),
        ("Paris is large.", "Paris", "word"),
        ("It is never shut.", "never", "function"),
        ("The 20th day.", "th", "function"),
    ],
)
def test_a_word_has_a_kind(text: str, word: str, kind: str) -> None:
    """Numbers count in figures and in letters; a capital at the beginning of a sentence makes no name."""
    assert _words(text)[word].kind == kind


def test_numbers_have_their_value_as_key() -> None:
    """A number is the same in letters, and without its thousands separators."""
    assert [w.key for w in mark_words("1,200 twelve 12")] == ["1200", "12", "12"]


@pytest.mark.parametrize(
    ("key", "keys"),
    [
        ("17:30", {"17:30", "5:30"}),
        ("9:0", {"9"}),
        ("4.0", {"4"}),
        ("4.5", {"4.5"}),
        ("100", {"100"}),
        ("21:00", {"21", "9"}),
    ],
)
def test_a_number_has_the_forms_in_which_it_may_be_said(key: str, keys: set[str]) -> None:
    """Hours of the afternoon have two, and zeros that say nothing are left out."""
    assert number_keys(key) == keys


def test_negation_reaches_the_next_words_of_its_sentence() -> None:
    """The words shortly after a negation are negated, those of the next sentence are not."""
    words = _words("It does not sell tickets. Visitors pay.")
    assert [words[w].negated for w in ("sell", "tickets", "Visitors")] == [True, True, False]


def test_a_key_whose_value_is_false_is_negated() -> None:
    """Structured data deny by a value: all words of the key are negated, other keys are not."""
    words = _words('{"OutdoorSeating": false, "WiFi": "no", "Parking": true, "Garage": null}')
    assert [words[w].negated for w in ("Outdoor", "Seating", "Wi", "Parking", "Garage")] == [
        True,
        True,
        True,
        False,
        True,
    ]


def test_no_text_has_no_words() -> None:
    """An empty text has none."""
    assert mark_words("") == []
