"""What makes real documents hard to read: each hazard in a miniature, and in the sources themselves where they are."""

# Letters that were decoded wrongly are what is tested.
# ruff: noqa: RUF001

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from rag_app.ingestion.load import load_source

_SOURCES = Path(__file__).parents[3] / "shared" / "course" / "sources"
_needs_sources = pytest.mark.skipif(not _SOURCES.is_dir(), reason="the sources of the course are not here")


def _read(text, suffix=".txt"):
    return load_source(text.encode(), uri="/folder/a", name="a", suffix=suffix)


def _blocks(text, suffix=".md"):
    source = _read(text, suffix)
    return [(b.kind, source.text[b.start : b.end]) for b in source.blocks]


def _paths(text, suffix=".md"):
    return [" › ".join(b.locator.heading) for b in _read(text, suffix).blocks]


@pytest.mark.parametrize(
    ("hazard", "text", "blocks"),
    [
        (
            "H-000-1: labels without a sentence",
            "The net rebuilds a dog from its code.\n\nDogs\nY\n\n(noise)\n\nloss\n=\n\n$$\\frac{1}{2}$$\n\nEBM",
            [
                ("paragraph", "The net rebuilds a dog from its code."),
                ("fragment", "Dogs\nY"),
                ("fragment", "(noise)"),
                ("fragment", "loss\n="),
                ("fragment", "$$\\frac{1}{2}$$"),
                ("fragment", "EBM"),
            ],
        ),
        (
            "H-000-3: tags that are never closed, in cells",
            "Groups:\tLimits:\n<ul style='x'>three groups of buyers\t<ul>Age: 18 to 99Score: 1 to 5",
            [("table", "Groups: | Limits:"), ("table", "three groups of buyers | Age: 18 to 99; Score: 1 to 5")],
        ),
        (
            "H-000-5: a diagram",
            "```\ngraph TD; X[Plan] --> Y[Build]; Y --> Z(Test)\n```\n\nIt has three steps.",
            [("fragment", "Plan · Build · Test"), ("paragraph", "It has three steps.")],
        ),
        (
            "H-000-6: dead links and bold that is never closed",
            "- [Odds](#) - a reminder ** - for all\n\nHere 2**3 is eight.\n\nAnd this***, is odd.",
            [
                ("list", "- Odds - a reminder - for all"),
                ("paragraph", "Here 2**3 is eight."),
                ("paragraph", "And this, is odd."),
            ],
        ),
        (
            "H-000-8: names of those who comment",
            (
                "Feedback from attendees\n\nMore pictures, please (Zoe)\n\nIt went too fast (for me) (karim)\n\n"
                "We use a net (GAN).\n\nGo on (Ann)"
            ),
            [
                ("paragraph", "Feedback from attendees"),
                ("paragraph", "More pictures, please ([name])"),
                ("paragraph", "It went too fast (for me) ([name])"),
                ("paragraph", "We use a net ([name])"),
                ("paragraph", "Go on ([name])"),
            ],
        ),
        (
            "H-000-8: names and dates in front of comments",
            "# Comments by reviewers\n\nDana (2024-05-01): Add a figure.\n\nNote: no name.\n\nEve (2024-05-02): Fine.",
            [
                ("heading", "Comments by reviewers"),
                ("paragraph", "[name] (2024-05-01): Add a figure."),
                ("paragraph", "Note: no name."),
                ("paragraph", "Eve (2024-05-02): Fine."),
            ],
        ),
        (
            "H-001-2: a table with tabs",
            "Trait\tCat\tDog\nSound\t**meow**\tbark",
            [("table", "Trait | Cat | Dog"), ("table", "Sound | meow | bark")],
        ),
        (
            "H-001-3, H-001-4: typography stays, bold goes",
            "“Spam” – it’s **very** common.",
            [("paragraph", "“Spam” – it’s very common.")],
        ),
        (
            "H-001-5: furniture of slides",
            "# Nets\n\nThey learn.\n\n<https://example.org/a>\n\nThank You!",
            [("heading", "Nets"), ("paragraph", "They learn."), ("fragment", "https://example.org/a")],
        ),
        (
            "H-002-2, H-002-3: letters that were decoded wrongly",
            "- ğŸ”¹One â¡ï¸ two\n- âœ… Ã¼ber",
            [("list", "- One → two"), ("list", "- ✅ über")],
        ),
        (
            "H-002-4, H-002-5: lists in lists, folded and never closed",
            "# A\n\n<details>\n<summary>Notes</summary>\n<ul>\n<li>x\n<ul>\n<li>y\n<ul>\n</ul>\n</details>\n\nz",
            [("heading", "A"), ("list", "- x"), ("list", "  - y"), ("paragraph", "z")],
        ),
        (
            "H-002-6: pictures and comments",
            'Text.\n\n![A cat](cat.gif "Cat")\n\n<!-- ![A dog](dog.gif) -->\n\n<img src=x alt=bird>',
            [("paragraph", "Text.")],
        ),
        ("H-002-7: underscores that are data", "Fill in: the sea is ____ today.", None),
        ("H-004-1: empty headings", "###\n\n### A\n\ntext\n\n#### \n\n##", [("heading", "A"), ("paragraph", "text")]),
        (
            "H-004-2: a table of contents",
            "**Contents**\n\n1. [Cats](#cats)\n   - [Food](#food)\n\n2. [Dogs](#dogs)\n\n# Cats\n\na\n\n# Dogs\n\nb",
            [("heading", "Cats"), ("paragraph", "a"), ("heading", "Dogs"), ("paragraph", "b")],
        ),
        (
            "H-004-2: a table of contents without links",
            "Contents\n========\n\n- Cats\n- Dogs\n- Birds\n\n# Cats\n\na\n\n# Dogs\n\nb\n\n# Birds\n\nc",
            [
                (k, t)
                for pair in ("Cats a", "Dogs b", "Birds c")
                for k, t in zip(("heading", "paragraph"), pair.split(), strict=False)
            ],
        ),
        ("H-004-2: page numbers", "One ...... 3\nTwo . . . . 12\n\nIt begins.", [("paragraph", "It begins.")]),
        (
            "H-004-3: captions",
            "It begins.\n\n<p align='center'><i>Cats asleep -\nImage Courtesy: https://example.org</i></p>",
            [("paragraph", "It begins.")],
        ),
        (
            "H-004-4: escapes",
            'The model\\\'s \\"best\\" range \\[0, 1\\] has p \\< 0.05 and C\\#.',
            [("paragraph", 'The model\'s "best" range [0, 1] has p < 0.05 and C#.')],
        ),
        (
            "H-004-5: code in quotation marks of mail",
            "> import math\n>\n> def area(r):\n>\n> return math.pi \\* r\\*\\*2\n>\n> area(2)",
            [("code", "import math\ndef area(r):\n    return math.pi * r**2\narea(2)")],
        ),
        (
            "H-004-5: a quotation of prose",
            "> A net with one layer, which separates\n> what a line can separate.",
            [("paragraph", "A net with one layer, which separates what a line can separate.")],
        ),
        (
            "H-004-6: prose that is indented",
            "In:\n\n    Cats sleep for most of the day, and they\n    hunt.\n\n    \\- 1950: A cat\\'s first film.\n",
            [
                ("paragraph", "In:"),
                ("paragraph", "Cats sleep for most of the day, and they hunt."),
                ("list", "- 1950: A cat's first film."),
            ],
        ),
        (
            "H-004-6: code that is indented",
            "Run:\n\n    for cat in cats:\n        feed(cat)",
            [("paragraph", "Run:"), ("code", "for cat in cats:\n    feed(cat)")],
        ),
        (
            "H-004-7: hard wraps, divided words and hard spaces",
            "A low\u00a0value is\nstrong evi-\ndence.\n\n- an item\n  goes on",
            [("paragraph", "A low value is strong evidence."), ("list", "- an item goes on")],
        ),
        (
            "H-004-8: headings that are links, bold, broken or end in a colon",
            "# [Cats](https://a.b)**:**\n\n# [**Dogs**](https://a.b/#:~:text=(x\n\n# **Birds:**\n\ntext",
            [("heading", "Cats"), ("heading", "Dogs"), ("heading", "Birds"), ("paragraph", "text")],
        ),
        (
            "H-004-10: rules, and links that say nothing",
            "# A\n**Use**: It draws.\n[Official Documentation](https://a.b)\n\n---\n\nSee\n[the list](https://a.b)",
            [("heading", "A"), ("paragraph", "Use: It draws."), ("paragraph", "See the list")],
        ),
    ],
)
def test_hazards_in_miniature(hazard, text, blocks):
    """Each hazard is read by a general rule."""
    assert _blocks(text) == (blocks or [("paragraph", text)]), hazard


@pytest.mark.parametrize(
    ("hazard", "text", "paths"),
    [
        (
            "H-000-9: capitals are the only headings",
            (
                "WHY DO WE DREAM?\n\nIt is not known why.\n\nTopics left\n\n- **sleep**\n\nHOW DO CATS DREAM?\n\n"
                "They twitch while they are asleep."
            ),
            ["WHY DO WE DREAM?"] * 2 + ["WHY DO WE DREAM? › Topics left"] * 2 + ["HOW DO CATS DREAM?"] * 2,
        ),
        (
            "H-001-1: titles of slides",
            (
                "All About Cats\n\nBy Nobody\n\nWhat is a Cat\n\nA cat is a small animal.\n\nKinds of Cats\n\n"
                "House Cats\n\n- purr"
            ),
            ["All About Cats"] * 2
            + ["All About Cats › What is a Cat"] * 2
            + ["All About Cats › Kinds of Cats"]
            + ["All About Cats › Kinds of Cats › House Cats"] * 2,
        ),
        (
            "H-004-8: numbers in bold are headings",
            "## A\n\n**1. One:**\n\n- x\n\n**a. Deep:**\n\n- y\n\n**2. Two:**\n\n- z\n\n**Bold** text.",
            ["A", "A › 1. One", "A › 1. One", "A › 1. One › a. Deep", "A › 1. One › a. Deep"] + ["A › 2. Two"] * 3,
        ),
        (
            "H-004-8: levels that contradict the contents",
            "- [A](#a)\n  - [B](#b)\n  - [C](#c)\n- [D](#d)\n\n### A\n\n#### B\n\n### C\n\n## C1\n\n# D\n\nend",
            ["A", "A › B", "A › C", "A › C › C1", "D", "D"],
        ),
        (
            "H-004-8: levels that agree with the contents are left as they are",
            "# T\n\n- [A](#a)\n  - [B](#b)\n- [C](#c)\n\n## A\n\n### B\n\n#### B1\n\n##### B2\n\n## C\n\nend",
            ["T", "T › A", "T › A › B", "T › A › B › B1", "T › A › B › B1 › B2", "T › C", "T › C"],
        ),
        (
            "H-004-8: the line that a document opens with is its title",
            "The Guide\n\nSecond Edition\n\n# A\n\na\n\n# B\n\nb",
            ["The Guide", "The Guide"] + ["The Guide › A"] * 2 + ["The Guide › B"] * 2,
        ),
        (
            "H-002-4: a telling label of a folded part",
            "# A\n\n<details>\n<summary>Why so?</summary>\n\nBecause.\n\n</details>\n\nend",
            ["A", "A › Why so?", "A › Why so?", "A"],
        ),
    ],
)
def test_outlines_in_miniature(hazard, text, paths):
    """Headings are found and put in order by general rules."""
    assert _paths(text) == paths, hazard


@cache
def _source(number):
    (path,) = _SOURCES.glob(f"{number:03}_*.txt")
    return load_source(path.read_bytes(), uri=str(path), name=path.name, suffix=".txt")


def _at(source, first, last):
    return [(b.kind, source.text[b.start : b.end]) for b in source.blocks if first <= (b.locator.line or 0) <= last]


@_needs_sources
@pytest.mark.parametrize("number", range(5))
def test_sources_are_read_whole(number):
    """Each source has blocks in the order of its lines, no mark-up, no mojibake and no hard spaces."""
    source = _source(number)
    lines = [b.locator.line for b in source.blocks]
    assert all(a <= b for a, b in pairwise(lines))
    text = "\n".join(source.text[b.start : b.end] for b in source.blocks if b.kind != "code")
    assert not any(c in text for c in ("**", "](http", "ğŸ", "âœ", "\xa0", "<ul", "<li", "</", "<!--"))


@_needs_sources
def test_residue_of_slides_is_no_evidence():
    """H-000: what was read off drawings is a fragment, an unexplained figure too; a table keeps its rows."""
    source = _source(0)
    for first, last in ((127, 137), (150, 166), (172, 199)):
        assert {kind for kind, _ in _at(source, first, last)} == {"fragment"}
    assert ("fragment", r"$$\frac{0.735}{0.935}$$") in _at(source, 193, 193)
    assert _at(source, 66, 68)[0][0] == "fragment"
    assert [kind for kind, _ in _at(source, 98, 104)] == ["table"] * 7
    assert "100000; Spend:" in _at(source, 83, 83)[0][1]
    assert [text[-7:] for _, text in _at(source, 15, 25)] == ["[name])"] * 3 + ["[name])"] * 3
    assert {3, 58, 80, 119, 168} <= {b.locator.line for b in source.blocks if b.kind == "heading"}


@_needs_sources
def test_slides_have_titles():
    """H-001: the title of a slide is the heading of its bullets; the last slide is furniture."""
    source = _source(1)
    headings = {b.locator.line for b in source.blocks if b.kind == "heading"}
    assert {4, 10, 53, 64, 83, 150, 159, 189, 201} <= headings
    assert _at(source, 62, 62)[0][0] == _at(source, 6, 8)[0][0] == "fragment"
    assert _at(source, 208, 211) == []
    assert len(_at(source, 152, 157)) == 6


@_needs_sources
def test_folded_notes_are_read():
    """H-002: every folded note is under its heading, its arrows are arrows, and front matter is metadata."""
    source = _source(2)
    assert source.text.count("→") == 9
    assert source.metadata["date"].startswith("2023-11-30")
    assert sum(b.kind == "heading" for b in source.blocks) == 19
    assert "____" in _at(source, 308, 308)[0][1]
    assert "Notes" not in source.text
    assert all(len(b.locator.heading) == 2 for b in source.blocks if b.kind == "list")


@_needs_sources
def test_guide_has_the_outline_of_its_contents():
    """H-004: no contents, no captions; levels as the contents have them; code and prose are told apart."""
    source = _source(4)
    paths = {b.locator.line: b.locator.heading for b in source.blocks if b.kind == "heading"}
    assert _at(source, 7, 127) == []
    assert source.title == paths[128][0]
    assert "Courtesy" not in source.text
    depths = {line: len(paths[line]) for line in (128, 130, 140, 218, 252, 520, 905, 1117, 1411, 1413, 2099, 2190)}
    assert depths == {
        128: 2,
        130: 3,
        140: 4,
        218: 4,
        252: 5,
        520: 6,
        905: 3,
        1117: 3,
        1411: 2,
        1413: 4,
        2099: 3,
        2190: 2,
    }
    assert {kind for kind, _ in _at(source, 1451, 1455)} == {"code"}
    assert sum(b.kind == "code" for b in source.blocks) == 19
    assert {kind for line in (141, 212, 365, 429, 476, 775, 781) for kind, _ in _at(source, line, line)} == {
        "paragraph"
    }
    assert not any("\\" in source.text[b.start : b.end] for b in source.blocks)
