"""Passages that say the same as a better one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.answers import passage_of

from rag_app.locator import Locator
from rag_app.retrieval.duplicates import distinct_passages
from rag_app.types import Unit

LAMP = "The lamp was lit for the first time in 1861. It burns paraffin, and its light is seen 20.5 miles away."
HEADING = Locator(("The lighthouse", "The lamp"))
SENTENCES = [
    "The lamp was lit in 1861.",
    "The lamp was lit in 1862.",
    "Ann washes the glass, which is dim.",
    "Salt dims it.",
    "Salt never dims it.",
]


def passage(text, source="a.md", **fields):
    """Return a passage under the heading of the lamp."""
    return passage_of(text, source=source, **{"locator": HEADING, **fields})


def rows(*texts, kind="table", **fields):
    """Return a passage of rows, items or blocks of code, one on each line."""
    units, start = [], 0
    for text in texts:
        units.append(Unit(start, start + len(text), kind))
        start += len(text) + 1
    return passage("\n".join(texts), units=tuple(units), **fields)


def are_same(first, second):
    """Return whether the second of two passages makes room."""
    filler = [passage(f"Filler number {i}.", source=f"{i}.txt") for i in range(2)]
    kept = distinct_passages([first, second, *filler], k=2)
    same = kept == [replace(first, also_in=(second,)), filler[0]]
    assert same or kept == [first, second]
    return same


@pytest.mark.parametrize(
    "text",
    [
        LAMP,
        LAMP.replace("lamp", "Lamp").replace("paraffin", "PARAFFIN"),
        LAMP.replace(" ", "\n "),
        LAMP.replace("The lamp", "A lamp"),
        LAMP.replace("It burns", "However, it also burns"),
        LAMP.replace("paraffin,", "paraffin"),
        LAMP.removesuffix("."),
        LAMP.partition(". ")[0] + ".",
        LAMP.partition(". ")[2],
        " ".join(reversed(LAMP.partition(". ")[::2])),
    ],
)
def test_the_same_in_other_words_of_no_weight_is_a_duplicate(text):
    """Case, spacing, articles, a comma, the full stop, the order of sentences, and a part of what is said already."""
    assert are_same(passage(LAMP), passage(text, source="b.md"))


@pytest.mark.parametrize(
    ("written", "copied"),
    [
        ("“Dim” light – Ann’s…", '"Dim" light - Ann\'s...'),
        ("photo\u00adgraph", "photograph"),
        ("«Dim» light", "“Dim” light"),
    ],
)
def test_typography_makes_no_difference(written, copied):
    """Quotation marks, dashes, ellipses and soft hyphens differ between formats of the same document."""
    assert are_same(passage(written), passage(copied, source="b.md"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1861", "1862"),
        ("20.5", "205"),
        ("20.5", "2.05"),
        ("20.5", "-20.5"),
        ("was lit", "was not lit"),
        ("was lit", "wasn't lit"),
        ("was lit", "is lit"),
        ("was lit", "may be lit"),
        ("was", "was never"),
        ("The lamp", "Plan A"),
        ("lamp", "lamps"),
        ("paraffin", "petrol"),
        ("paraffin, and", "paraffin, or"),
        ("first", "last"),
        ("It burns", "Only it burns"),
        ("miles", "kilometres"),
    ],
)
def test_a_small_difference_that_matters_keeps_both(old, new):
    """A number, a name, a negation, a unit or any other word: whichever of the two is the better one."""
    changed = passage(LAMP.replace(old, new), source="b.md")
    assert not are_same(passage(LAMP), changed)
    assert not are_same(changed, passage(LAMP))


@pytest.mark.parametrize("addition", [" It is old.", "\n\nWhy?"])
def test_more_is_no_duplicate_of_less(addition):
    """A sentence more is something to read; the shorter passage is a duplicate of the longer one if that is better."""
    longer = passage(LAMP + addition, source="b.md")
    assert not are_same(passage(LAMP), longer)
    assert are_same(longer, passage(LAMP))


@pytest.mark.parametrize("locator", [Locator(), Locator(("The lighthouse",)), Locator(("The lighthouse", "Lamp 2"))])
def test_the_same_under_another_heading_is_no_duplicate(locator):
    """A default of 5 is another fact about another thing."""
    assert not are_same(passage("Default: 5."), passage("Default: 5.", source="b.md", locator=locator))


def test_only_the_innermost_heading_counts():
    """A copy of a chapter in a book of another title says the same; the heading's spelling does not matter."""
    book = Locator(("The coast of Norway", "2 Towers", "the  LAMP"))
    assert are_same(passage(LAMP), passage(LAMP, source="b.md", locator=book, title="The coast"))


@pytest.mark.parametrize("kind", ["table", "code"])
def test_rows_and_code_with_the_same_words_and_other_values_are_kept(kind):
    """One number, one operator or one capital letter is a difference."""
    first = rows("| lamp | 1861 | a |", "| bell | 1870 | b |", kind=kind)
    for old, new in (("1861", "1862"), ("| a |", "| A |"), ("lamp", "the lamp"), ("1870", "-1870")):
        changed = rows(*(t.replace(old, new) for t in first.text.split("\n")), kind=kind, source="b.csv")
        assert not are_same(first, changed)
    assert are_same(first, rows(*first.text.split("\n"), kind=kind, source="b.csv"))


def test_spacing_counts_in_code_and_not_in_tables():
    """The indentation of a statement is what it does; a column's width says nothing."""
    assert not are_same(
        rows("if dim:\n    wash()\nlight()", kind="code"), rows("if dim:\n    wash()\n    light()", kind="code")
    )
    assert are_same(rows("| lamp |  1861 |"), rows("| lamp | 1861 |", source="b.csv"))


def test_a_table_with_another_header_is_another_table():
    """The same numbers under other names of columns."""
    first = rows("| 5 | 3 |", context="Lamps\n| lit | dim |")
    assert are_same(first, rows("| 5 | 3 |", context="Lighthouses\n| lit | dim |", source="b.csv"))
    assert not are_same(first, rows("| 5 | 3 |", context="Lamps\n| dim | lit |", source="b.csv"))


def test_passages_without_units_are_kept():
    """What is not known to be the same is not left out."""
    assert not are_same(passage(LAMP), passage(LAMP, units=(), source="b.md"))


def test_a_copy_of_a_copy_is_named_on_the_one_that_is_kept():
    """Copies, and parts of them, are all named where they are read."""
    copies = [passage(LAMP, source=f"{i}.md") for i in range(3)]
    part = passage(LAMP.partition(". ")[2], source="part.md")
    other = passage("Another thing.", source="other.md")
    (kept,) = distinct_passages([*copies, part, other], k=1)
    assert kept == replace(copies[0], also_in=(*copies[1:], part))
    assert distinct_passages([kept, replace(copies[0], source="3.md")], k=1)[0].also_in == (
        *kept.also_in,
        replace(copies[0], source="3.md"),
    )


@pytest.mark.parametrize(("k", "sources"), [(1, "a"), (2, "ac"), (3, "abc"), (4, "abcd"), (9, "abcd")])
def test_duplicates_fill_the_places_that_nothing_else_takes(k, sources):
    """As many as are wanted are returned, in the order of the search; the best duplicates come back first."""
    passages = [passage(t, source=s) for s, t in (("a", LAMP), ("b", LAMP), ("c", "Other."), ("d", LAMP))]
    kept = distinct_passages(passages, k)
    assert "".join(p.source for p in kept) == sources
    assert {p.source for p in kept} | {o.source for p in kept for o in p.also_in} >= set(sources)


PASSAGES = st.lists(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=4).map(" ".join), max_size=8).map(
    lambda texts: [passage(t, source=str(i)) for i, t in enumerate(texts)]
)


@given(PASSAGES, st.integers(1, 9))
def test_nothing_is_lost_or_moved(passages, k):
    """As many as are wanted, in their order, the first of all among them, and unchanged but for what they name."""
    kept = distinct_passages(passages, k)
    names = [int(p.source) for p in kept]
    assert names == sorted(set(names))
    assert len(kept) == min(k, len(passages))
    assert names[:1] == [0][: len(passages)]
    assert [replace(p, also_in=()) for p in kept] == [passages[i] for i in names]
    if len(kept) == len(passages):
        assert kept == passages


@given(PASSAGES, st.integers(1, 8))
def test_what_is_left_out_is_said_by_the_one_that_names_it(passages, k):
    """Each sentence of a passage that made room stands in the passage that it is named on; and it ranked lower."""
    for p in distinct_passages(passages, k):
        for other in p.also_in:
            assert int(other.source) > int(p.source)
            assert {s.strip(". ") for s in other.text.split(". ")} <= {s.strip(". ") for s in p.text.split(". ")}


@given(PASSAGES, st.integers(1, 4))
def test_recall_is_never_lower(passages, k):
    """Whatever sentence is looked for: if the first k passages hold it, those that are returned do."""
    returned = " ".join(p.text for p in distinct_passages(passages, k))
    assert all(s in returned for p in passages[:k] for s in p.text.split(". "))


@given(st.sampled_from(SENTENCES), st.data())
def test_a_change_of_one_character_in_a_word_is_a_difference(sentence, data):
    """Any letter or digit replaced by another, in any word."""
    at = data.draw(st.integers(0, len(sentence) - 1).filter(lambda i: sentence[i].isalnum()))
    by = data.draw(st.sampled_from("x7"))
    assume(sentence[at].lower() != by)
    assert not are_same(passage(sentence), passage(sentence[:at] + by + sentence[at + 1 :], source="b.md"))
