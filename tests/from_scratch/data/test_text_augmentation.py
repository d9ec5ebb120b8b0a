"""Changed texts: how many words, which ones never, and the way to German and back."""

from __future__ import annotations

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.text_augmentation import _TO_ENGLISH, _TO_GERMAN, SYNONYMS, augment_text

TEXT = "The quick reply helped a big team to begin the film in London, not in 1999."


@pytest.mark.parametrize("method", ["synonyms", "noise", "back_translation"])
@pytest.mark.parametrize("seed", range(6))
def test_changes_are_those_that_are_listed(method, seed):
    """Every other word stays where it is; a name, a number and a negation always do."""
    found = augment_text(TEXT, method, share=0.5, seed=seed)
    before, after = TEXT.split(), found["text"].split()
    assert len(before) == len(after)
    differences = [[a.strip(",."), b.strip(",.")] for a, b in zip(before, after, strict=True) if a != b]
    assert differences == found["changed"] != []
    for protected in ("London,", "not", "1999."):
        assert protected in after


@pytest.mark.parametrize(("share", "n"), [(0, 0), (0.01, 1), (0.2, 3), (1, 5)])
def test_the_share_decides_how_many(share, n):
    """Of 14 words, five of which have synonyms."""
    assert len(augment_text(TEXT, "synonyms", share)["changed"]) == n


def test_synonyms_come_from_the_list():
    """The default one is symmetric; another one may be given; capitals stay."""
    for word, others in SYNONYMS.items():
        assert all(word in SYNONYMS[other] for other in others)
    for before, after in augment_text(TEXT, share=1)["changed"]:
        assert after in SYNONYMS[before]
    assert augment_text("Films end.", synonyms={"films": ["movies"]})["text"] == "Movies end."
    assert augment_text("Films end.", synonyms={})["text"] == "Films end."


@pytest.mark.parametrize("seed", range(8))
def test_noise_is_one_typing_error_in_a_word(seed):
    """Two neighbouring letters swapped, or one left out; the first letter stays."""
    ((before, after),) = augment_text("aa helped bb", "noise", seed=seed)["changed"]
    assert (before, after[0]) == ("helped", "h")
    assert len(after) == 5 or sorted(after) == sorted(before)


def test_back_translation_goes_through_german():
    """Words that share a German one come back as the same; every German word has a way back."""
    found = augment_text("A quick reply to a mistake.", "back_translation")
    assert found["text"] == "A fast answer to a error."
    assert set(_TO_GERMAN.values()) == set(_TO_ENGLISH)
    assert all(_TO_GERMAN[back] == german for german, back in _TO_ENGLISH.items())


@pytest.mark.parametrize(
    ("text", "turned"),
    [
        ("We stayed because it rained.", "Because it rained, we stayed."),
        ("London sleeps when it is late", "When it is late, London sleeps"),
        ("The cat ran, although the dog slept!", "Although the dog slept, the cat ran!"),
        ("It rained.", "It rained."),
        ("", ""),
    ],
)
def test_a_sentence_is_turned_round(text, turned):
    """Where it has two parts; and nothing else happens to it."""
    found = augment_text(text, "paraphrase")
    assert found == {"text": turned, "changed": [[text, turned]] if text != turned else []}


@pytest.mark.parametrize("text", ["not never isn’t don't", "", "123 !", "I a"])
@pytest.mark.parametrize("method", ["synonyms", "noise", "back_translation"])
def test_where_nothing_fits_the_text_comes_back(text, method):
    """Negations, no words, numbers, short words."""
    assert augment_text(text, method, 1) == {"text": text, "changed": []}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: augment_text("a", "rhyme"),
            "method must be one of synonyms, noise, paraphrase, back_translation; got 'rhyme'.",
        ),
        (lambda: augment_text("a", share=2), "share must be at least 0 and at most 1; got 2."),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
