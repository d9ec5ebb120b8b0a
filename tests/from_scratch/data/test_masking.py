"""Masks for personal data, and what is left alone."""

from __future__ import annotations

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.masking import KINDS, mask_personal_data, passes_luhn


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Mail first.last+tag@sub.example.co.uk!", "Mail [EMAIL]!"),
        ("Card 4111-1111-1111-1111, or 378282246310005.", "Card [CARD], or [CARD]."),
        ("Pay to DE89 3704 0044 0532 0130 00 today.", "Pay to [IBAN] today."),
        ("Host 192.168.0.12 answered.", "Host [IP] answered."),
        ("Call +49 170 1234567 or (030) 1234-5678.", "Call [PHONE] or [PHONE]."),
        ("Ring 555-123-4567 now", "Ring [PHONE] now"),
    ],
)
def test_a_value_of_each_kind_is_masked(text, masked):
    """And the words around it stay."""
    assert mask_personal_data(text)["text"] == masked


@pytest.mark.parametrize(
    "text",
    [
        "Order 4111 1111 1111 1112 is no card.",
        "DE00 3704 0044 0532 0130 00 is no account.",
        "Version 1.2.3.400 of 2026-11-20 at 14:30 costs 1,234.56.",
        "a@b and @home are no addresses.",
    ],
)
def test_what_only_looks_alike_is_left_alone(text):
    """A wrong check digit, a version, a date, an amount."""
    assert mask_personal_data(text, ["email", "card", "iban", "ip"])["text"] == text


def test_names_are_masked_where_they_are_given():
    """Whole words, whatever the case, the longer name first."""
    text = "Ann and ANNA SMITH met Annabel."
    assert mask_personal_data(text, names=["Ann", "Anna Smith", " "])["text"] == "[NAME] and [NAME] met Annabel."
    assert mask_personal_data(text)["findings"] == []


def test_findings_say_where_but_not_what():
    """Positions in the text that was given, in order; masking again finds nothing."""
    text = "Bob: bob@example.org, bob@example.org"
    found = mask_personal_data(text, names=["Bob"])
    assert [text[f["start"] : f["end"]] for f in found["findings"]] == ["Bob", "bob@example.org", "bob@example.org"]
    assert set(found["findings"][0]) == {"kind", "start", "end"}
    assert mask_personal_data(found["text"], names=["Bob"]) == {"text": found["text"], "findings": []}


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_wanted_kinds_are_masked(kind):
    """One at a time."""
    text = "Bo bo@x.org 4111111111111111 DE89370400440532013000 10.0.0.1 +49 170 1234567"
    assert {f["kind"] for f in mask_personal_data(text, [kind], names=["Bo"])["findings"]} >= {kind}


def test_luhn_catches_every_wrong_digit():
    """Any single digit that is changed makes the sum indivisible by 10."""
    number = "4111111111111111"
    assert passes_luhn(number)
    changed = [number[:i] + d + number[i + 1 :] for i in range(16) for d in "0123456789" if d != number[i]]
    assert not any(map(passes_luhn, changed))


def test_empty_and_long_texts():
    """Nothing to mask, and a long text in time that grows with its length."""
    assert mask_personal_data("") == {"text": "", "findings": []}
    assert mask_personal_data("a" * 20_000 + " " + "1 " * 20_000 + "b." * 20_000, ["email", "ip"])["findings"] == []


def test_an_unknown_kind_is_refused():
    """The sentence lists the kinds."""
    with pytest.raises(InvalidInputError) as caught:
        mask_personal_data("", ["fax"])
    assert str(caught.value) == "kinds must be one of email, iban, card, ip, phone, name; got 'fax'."
