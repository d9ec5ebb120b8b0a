"""Which lines are headings, of which level, and what stands under them."""

from __future__ import annotations

import pytest

from rag_app.ingestion.formats.outline import (
    Draft,
    build_blocks,
    first_heading,
    has_headings,
    split_contents,
    with_headings,
)


def _paragraphs(*texts, mark=""):
    return [Draft("paragraph", text, mark=mark) for text in texts]


def _items(*texts, mark=""):
    return [Draft("list", f"- {text}", mark=mark) for text in texts]


def _headings(drafts):
    return [(d.text, d.level) for d in with_headings(drafts) if d.kind == "heading"]


def test_blocks_have_the_headings_above_them():
    """A heading closes those of its level and below; an end closes them without opening one."""
    drafts = [
        Draft("heading", "A", 1, 1),
        Draft("heading", "C", 2, 3),
        Draft("paragraph", "c", 3),
        Draft("fragment", "", level=3, mark="end"),
        Draft("table", "a", 5, header="h", joined=True),
        Draft("heading", "B", 6, 1),
    ]
    blocks = build_blocks(drafts)
    assert [b.locator.heading for b in blocks] == [("A",), ("A", "C"), ("A", "C"), ("A",), ("B",)]
    assert [b.locator.line for b in blocks] == [1, 2, 3, 5, 6]
    assert (blocks[3].header, blocks[3].joined) == ("h", True)


def test_title_is_the_first_heading():
    """A heading that was guessed is the title only where the document begins with it."""
    drafts = [Draft("paragraph", "text"), Draft("heading", "A", level=1)]
    assert (first_heading(drafts), first_heading(drafts, marked=False), first_heading([])) == ("A", "", "")
    assert first_heading(drafts[1:], marked=False) == "A"
    assert (has_headings(drafts), has_headings(drafts[:1])) == (True, False)


@pytest.mark.parametrize(
    ("n_links", "n_others", "is_contents"),
    [(2, 0, False), (3, 0, True), (4, 1, True), (3, 1, False)],
)
def test_contents_are_lists_of_links_into_the_document(n_links, n_others, is_contents):
    """Three items are needed, and four of five of them must be links to a place in the same document."""
    links = _items(*"abcd"[:n_links], mark="link") + _items(*"x"[:n_others])
    kept, entries = split_contents([*links, *_paragraphs("text")])
    assert (len(entries), len(kept)) == ((len(links), 1) if is_contents else (0, len(links) + 1))


def test_contents_repeat_headings_that_come_later():
    """A list of what follows is a table of contents; a list of what came before is a summary."""
    headings = [Draft("heading", f"{n}. Part (P)", level=1) for n in "ABC"]
    items = _items("A. part", "B. PART", "C. Part:")
    assert len(split_contents([*items, *headings])[1]) == 3
    assert len(split_contents([*headings, *items])[1]) == 0
    assert split_contents([]) == ([], [])


@pytest.mark.parametrize("title", ["Contents", "Table of Contents", "TOC", "Inhalt", "目录"])
def test_the_title_of_contents_goes_with_them(title):
    """A heading that announces contents has nothing below it any more; another heading stays."""
    items = _items("a", "b", "c", mark="link")
    assert split_contents([Draft("heading", title, level=1), *items])[0] == []
    assert len(split_contents([Draft("heading", "My Guide", level=1), *items])[0]) == 1


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("Costs", [("H", 1), ("Costs", 8)]),
        ("1. Costs:", [("H", 1), ("1. Costs", 9)]),
        ("a) Costs", [("H", 1), ("a) Costs", 10)]),
        ("This is bold because it is important.", [("H", 1)]),
        ("word " * 12, [("H", 1)]),
    ],
)
def test_bold_lines_are_headings_below_all_others(text, headings):
    """A short line in bold opens a section; a sentence in bold does not."""
    drafts = [Draft("heading", "H", level=1), *_paragraphs(text.strip(), mark="bold"), *_paragraphs("text")]
    assert _headings(drafts) == headings


def test_bold_at_the_end_is_no_heading():
    """A heading has something below it."""
    assert _headings([Draft("heading", "H", level=1), *_paragraphs("The End", mark="bold")]) == [("H", 1)]


@pytest.mark.parametrize(
    "text",
    [
        "goes on",
        "It ends.",
        "Dear all,",
        "Price: 5",
        "See https://a.b",
        "$$x$$",
        "Ratio = a",
        "A / B",
        "Two\nlines",
        "—",
    ],
)
def test_lines_that_are_no_titles(text):
    """A sentence, a statement, a formula, a link and what begins in lower case are no titles, above a list neither."""
    assert _headings([*_paragraphs("It begins here.", text), *_items("x")]) == []


def test_dates_and_sentence_case_are_no_titles_of_text():
    """Above text a title is in title case; above a list any short line will do."""
    text = "It rained on every one of the days."
    assert _headings(_paragraphs("It begins here.", "March 2024", text)) == []
    assert _headings(_paragraphs("It begins here.", "Some of our plans", text)) == []
    assert _headings([*_paragraphs("It begins here.", "Some of our plans"), *_items("x")]) == [("Some of our plans", 2)]


def test_of_several_titles_the_last_two_count():
    """The last of a run is below the one before it; names in a row are no headings."""
    titles = _paragraphs("It begins here.", "Ann", "Bob", "Types of Cats", "House Cats")
    assert _headings([*titles, *_items("x")]) == [("Types of Cats", 2), ("House Cats", 3)]


def test_document_with_headings_has_no_other_titles():
    """Short lines stay text where headings are marked."""
    assert _headings([Draft("heading", "H", level=2), *_paragraphs("House Cats"), *_items("x")]) == [("H", 2)]


def test_opening_lines_are_the_title_unless_one_heading_is_above_all():
    """Title, author and date in front of chapters are a title and fragments; text in front of them is text."""
    chapters = [Draft("heading", name, level=2) for name in "AB"]
    drafts = with_headings([*_paragraphs("The Guide", "Ann Author"), *chapters])
    assert [(d.kind, d.level) for d in drafts[:2]] == [("heading", 0), ("fragment", 0)]
    assert _headings([*_paragraphs("The Guide"), chapters[0]]) == [("A", 2)]
    assert _headings([*_paragraphs("It begins here."), *chapters]) == [("A", 2), ("B", 2)]


def test_levels_follow_contents_that_contradict_them():
    """Headings that are listed get the level of their entry, others stand below the last of these."""
    entries = [Draft("list", f"- {t}", level=n) for t, n in (("A", 0), ("B", 1), ("A", 1), ("C", 0))]
    drafts = [Draft("heading", t, level=n) for t, n in (("A", 3), ("B", 2), ("x", 1), ("A", 4), ("C", 3))]
    assert [d.level for d in with_headings(drafts, entries)] == [1, 2, 3, 2, 1]


def test_levels_stay_where_contents_agree_or_are_of_another_document():
    """Levels that grow with the depth of the entries are as the author wants them; few matches prove nothing."""
    entries = [Draft("list", f"- {t}", level=n) for t, n in (("A", 0), ("B", 1), ("C", 0))]
    drafts = [Draft("heading", t, level=n) for t, n in (("A", 2), ("B", 4), ("x", 6), ("C", 2))]
    assert with_headings(drafts, entries) == drafts
    assert with_headings([Draft("heading", "C", level=4)], entries)[0].level == 4
