"""Labels in every form that they are given in, and what is read of them."""

from __future__ import annotations

import re

import pytest

from rag_app.chains.labels import Label, as_labels
from rag_app.errors import InvalidInputError


def test_every_form_gives_the_same_labels():
    """Names, names with descriptions, mappings and labels may stand beside one another."""
    billing, refund = Label("billing"), Label("refund", "money back")
    assert as_labels(["billing", refund]) == (billing, refund)
    assert as_labels({"billing": "", "refund": "money back"}) == (billing, refund)
    assert as_labels(["billing", {"name": "refund", "description": "money back"}]) == (billing, refund)
    assert as_labels(({"name": "billing", "description": None, "examples": None}, refund)) == (billing, refund)


def test_examples_are_kept_in_order():
    """As a tuple."""
    given = {"name": "billing", "examples": ["I was charged twice.", "Where is my invoice?"]}
    assert as_labels([given, "refund"])[0].examples == ("I was charged twice.", "Where is my invoice?")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("card_arrival", "card arrival"),
        ("reverted_card_payment?", "reverted card payment?"),
        ("EducationalInstitution", "Educational Institution"),
        ("iPhone", "iPhone"),
        ("top-up", "top-up"),
        ("Sci/Tech", "Sci/Tech"),
        ("ABBR", "ABBR"),
        ("__", "__"),
    ],
)
def test_a_name_is_read_as_words(name, words):
    """Underscores and humps separate words; a name without words stays."""
    assert Label(name).phrases == (words,)


@pytest.mark.parametrize(
    ("description", "parts"),
    [
        ("invoices", ["invoices"]),
        ("invoices and payments", ["invoices and payments"]),
        ("invoices, refunds and payments", ["invoices", "refunds", "payments"]),
        ("a place, such as a city or a country", ["a place", "a city", "a country"]),
        ("Who is it? Which person or group?", ["Who is it", "Which person", "group"]),
        ("news (sport excluded)", ["news", "sport excluded"]),
        ("version 3.5 of it", ["version 3.5 of it"]),
        ("cats; dogs:\nbirds.", ["cats", "dogs", "birds"]),
        ("orders, anders, candor", ["orders", "anders", "candor"]),
    ],
)
def test_a_description_that_lists_is_read_part_by_part(description, parts):
    """And as a whole; a description without a list is its own only part."""
    assert Label("x", f" {description} ").phrases == ("x", *parts, description)


@pytest.mark.parametrize(
    "labels", [[], ["one"], ["same", "same"], ["one", " "], ["one", ""], {}, {"one": "x"}, {"one": "x", "\t": "y"}]
)
def test_labels_must_be_two_different_names(labels):
    """The error shows what was given, with an example."""
    rule = f"labels must be at least two different names; got {list(labels)!r}. "
    with pytest.raises(InvalidInputError, match=f"^{re.escape(rule)}Pass, for example: "):
        as_labels(labels)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("billing", "labels must be at least two different names; got 'billing'. Pass, for example: "),
        ([1, "a"], "A label must be a name, or have a name and perhaps a description and examples; got 1. Write, "),
        (
            [{"description": "x"}, "a"],
            "A label must be a name, or have a name and perhaps a description and examples; ",
        ),
        ([{"name": 1}, "a"], "A label must be a name, or have a name and perhaps a description and examples; "),
        (
            [{"name": "b", "desc": "x"}, "a"],
            "A label must have no other keys than name, description, examples; got 'desc' in 'b'.",
        ),
        ([{"name": "b", "description": 1}, "a"], "The description of 'b' must be a text; got 1."),
        ({"b": 1, "a": ""}, "The description of 'b' must be a text; got 1."),
        (
            [{"name": "b", "examples": "x"}, "a"],
            "The examples of 'b' must be a list of texts that are not blank. Write",
        ),
        (
            [{"name": "b", "examples": ["x", " "]}, "a"],
            "The examples of 'b' must be a list of texts that are not blank",
        ),
        (
            [{"name": "b", "examples": [1]}, "a"],
            "The examples of 'b' must be a list of texts that are not blank. Write",
        ),
        ([{"name": "b", "examples": 1}, "a"], "The examples of 'b' must be a list of texts that are not blank. Write"),
    ],
)
def test_a_wrong_label_is_named(labels, message):
    """With the rule that it breaks."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}"):
        as_labels(labels)
