"""Pseudonyms: consistent, injective, dependent on the key, and back with it only."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.pseudonymisation import pseudonymise, reidentify

PEOPLE = [f"person{i}@example.org" for i in range(500)]


def test_pseudonyms_are_those_of_the_chapter():
    """And those of the standard library's HMAC in full length."""
    assert pseudonymise(["anna@example.org"], "other-key", 12)["pseudonyms"] == ["90817ae87d4d"]
    expected = hmac.new(b"k", b"a", hashlib.sha256).hexdigest()
    assert pseudonymise(["a"], "k", 64)["pseudonyms"] == [expected]


def test_pseudonyms_are_consistent_injective_and_dependent_on_the_key():
    """Equal identifiers get equal codes, others other ones, and another key changes all."""
    codes = pseudonymise(PEOPLE, "key")["pseudonyms"]
    assert pseudonymise(PEOPLE[::-1], "key")["pseudonyms"] == codes[::-1]
    assert len(set(codes)) == len(PEOPLE)
    assert not set(codes) & set(pseudonymise(PEOPLE, "yek")["pseudonyms"])


def test_joins_are_preserved():
    """Two tables share the same people before and after."""
    first, second = PEOPLE[:300], PEOPLE[200:]
    both = set(pseudonymise(first, "key")["pseudonyms"]) & set(pseudonymise(second, "key")["pseudonyms"])
    assert both == set(pseudonymise(PEOPLE[200:300], "key")["pseudonyms"])


def test_the_key_leads_back():
    """A wrong key, or a person who is no candidate, leads nowhere."""
    codes = pseudonymise(PEOPLE, "key")["pseudonyms"]
    assert reidentify(codes, PEOPLE[::-1], "key") == PEOPLE
    assert reidentify(codes[:2], PEOPLE, "wrong") == [None, None]
    assert reidentify(codes[:2], PEOPLE[1:], "key") == [None, PEOPLE[1]]


def test_the_chance_of_a_collision_follows_the_birthday_estimate():
    """n²/(2·2^b); a million values and 64 bits: 2.7e-8, here for 500 values of which some are equal."""
    assert pseudonymise(PEOPLE * 2, "key")["collision_chance"] == 500**2 / 2 / 2**64
    assert pseudonymise([], "key") == {"pseudonyms": [], "collision_chance": 0}


def test_a_collision_is_refused():
    """At 32 bits, among 200,000 values about five are expected."""
    with pytest.raises(InvalidInputError, match=r"n_digits must be large enough to tell 200000 values apart; got 8\."):
        pseudonymise([str(i) for i in range(200_000)], "key", 8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pseudonymise(["a"], ""), "key must be a secret of at least one character; got ''."),
        (
            lambda: pseudonymise(["a"], "k", 7),
            "n_digits must be a whole number of at least 8 and at most 64; got 7.",
        ),
        (lambda: reidentify("a", ["a"], "k"), "pseudonyms must be a list of texts, at least 0; got 'a'."),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
