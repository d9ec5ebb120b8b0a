"""Markdown: what is kept of each construct, and where it stands."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.ingestion.formats.markdown import extract_markdown


def _blocks(text):
    """Return kinds and texts; blocks that stand on the next line are joined as the source joins them."""
    found = []
    for b in extract_markdown(text).blocks:
        if b.joined:
            found[-1] = (b.kind, f"{found[-1][1]}\n{b.text}")
        else:
            found.append((b.kind, b.text))
    return found


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("", []),
        ("plain", [("paragraph", "plain")]),
        ("one\ntwo  \nthree\\\nfour", [("paragraph", "one two three four")]),
        ("*a* **b** ~~c~~ `d_e` [f](g) <http://h.i> \\*j", [("paragraph", "a b c d_e f http://h.i *j")]),
        ("![picture](x.png) after", [("paragraph", "after")]),
        ("![picture](x.png)", []),
        ("&lt;a&gt; &amp; &eacute; &#65;", [("paragraph", "<a> & é A")]),
        ("a<br>b<BR/>c <b>d</b><!-- e -->f", [("paragraph", "a b c df")]),
        ("[a]: http://b.c\n\n[a]", [("paragraph", "a")]),
        ("***\n\na\n\n---", [("paragraph", "a")]),
        ("    x = 1\n\n    y = 2", [("code", "x = 1\n\ny = 2")]),
        ("```python\nx = 1\n\n  y = 2\n```", [("code", "x = 1\n\n  y = 2")]),
        ("~~~\nnever closed", [("code", "never closed")]),
        ("```\n\n```", []),
        ("> a\n> b\n>\n> - c\n>\n> > d", [("paragraph", "a b"), ("list", "- c"), ("paragraph", "d")]),
    ],
)
def test_text_is_kept_without_its_markup(text, blocks):
    """Emphasis, links, entities, breaks and quotations lose their marks and keep their words."""
    assert _blocks(text) == blocks


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("- a\n- b\n  - c\n    1. d\n    2. e\n- f", [("list", "- a\n- b\n  - c\n    1. d\n    2. e\n- f")]),
        ("3. a\n1. b", [("list", "3. a\n4. b")]),
        ("0. a", [("list", "0. a")]),
        ("- a\n\n  b\n- c", [("list", "- a\n  b\n- c")]),
        ("10. a\n\n    b", [("list", "10. a\n    b")]),
        ("-\n- a", [("list", "- a")]),
        ("- # a\n- b", [("list", "- a\n- b")]),
        ("- a\n\n  ```\n  x\n  ```\n\n  b\n- c", [("list", "- a"), ("code", "x"), ("list", "  b\n- c")]),
        ("- a\n\n      x\n- b", [("list", "- a"), ("code", "x"), ("list", "- b")]),
        ("1. a\n\n   $$x_{1}$$\n\n2. b", [("list", "1. a"), ("paragraph", "$$x_{1}$$"), ("list", "2. b")]),
        ("- a\n  > b\n- c", [("list", "- a"), ("paragraph", "b"), ("list", "- c")]),
        ("- a\n\n  |b|c|\n  |-|-|\n  |d|e|", [("list", "- a"), ("table", "b | c\nd | e")]),
        ("- a\n\n  <p>b</p>\n\n- c", [("list", "- a"), ("paragraph", "b"), ("list", "- c")]),
        ("- > - a\n- b", [("list", "- a"), ("list", "- b")]),
        ("* a\n\ntext\n\n* b", [("list", "* a".replace("*", "-")), ("paragraph", "text"), ("list", "- b")]),
    ],
)
def test_lists_keep_their_order_numbers_and_depth(text, blocks):
    """Items are lines; code, formulas, quotations, tables and HTML inside one are blocks in their place."""
    assert _blocks(text) == blocks


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("|a|b|\n|-|:-:|\n|c|`d`|\n|e|", [("table", "a | b\nc | d\ne | ")]),
        ("|a|\n|-|", [("table", "a")]),
        ("|a \\| b|c|\n|-|-|\n|*d*||", [("table", "a | b | c\nd | ")]),
        ("|a|b|\ntext", [("paragraph", "|a|b| text")]),
    ],
)
def test_tables_are_rows_of_cells(text, blocks):
    """A row is a line, cells are parted by bars, and a missing cell is empty."""
    assert _blocks(text) == blocks


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("$a_{i}^{*} * b_{j} * c$", [("paragraph", "$a_{i}^{*} * b_{j} * c$")]),
        ("$$\\mathcal{L}_{\\theta} = \\sum_i x_i$$", [("paragraph", "$$\\mathcal{L}_{\\theta} = \\sum_i x_i$$")]),
        ("$$\na_1 = {b}_2 \\\\\n\n  c*d*e\n$$", [("paragraph", "$$a_1 = {b}_2 \\\\ c*d*e$$")]),
        ("$$\nx\n$$ (eq1)", [("paragraph", "$$x$$ (eq1)")]),
        ("where $$x_1$$ is and $y$", [("paragraph", "where $$x_1$$ is and $y$")]),
        ("costs $5 and $10_000", [("paragraph", "costs $5 and $10_000")]),
        ("\\$x_1 and x_2", [("paragraph", "$x_1 and x_2")]),
        ("`$x$`", [("paragraph", "$x$")]),
        ("## The $\\ell_2$ norm", [("heading", "The $\\ell_2$ norm")]),
        ("|a|\n|-|\n|$x_1$|", [("table", "a\n$x_1$")]),
    ],
)
def test_formulas_are_left_as_they_are_written(text, blocks):
    """Underscores, braces, stars and backslashes of a formula stay, with its dollars, wherever it stands."""
    assert _blocks(text) == blocks


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("<!-- a\n\nb -->\n\nc", [("paragraph", "c")]),
        ("<!-- never closed\n\nc", []),
        ("<div>\n<p>a <b>b</b>\n</div>", [("paragraph", "a b")]),
        (
            "<details><summary>Answer</summary>\n\nThe *answer*.\n\n- x\n\n</details>\n\nnext",
            [("paragraph", "The answer."), ("list", "- x"), ("paragraph", "next")],
        ),
        ("<script>a</script>\n\nb", [("paragraph", "b")]),
        ("<table><tr><td>a<td>b</table>", [("table", "a | b")]),
        ("<h2>a</h2>\n\nb", [("heading", "a"), ("paragraph", "b")]),
    ],
)
def test_html_blocks_are_read_as_html(text, blocks):
    """Tags and comments go, the text between them is kept, and Markdown inside ``<details>`` is read."""
    assert _blocks(text) == blocks


def test_headings_of_both_styles_make_the_path():
    """ATX and setext headings open and close levels; an empty heading does neither."""
    text = "Title\n=====\n\nSub\nline\n---\n\n### Deep *one* ###\n\ntext\n\n#\n\n## Next\n\n> # Quoted\n\nend"
    blocks = extract_markdown(text).blocks
    assert [(b.kind, b.locator.heading) for b in blocks] == [
        ("heading", ("Title",)),
        ("heading", ("Title", "Sub line")),
        ("heading", ("Title", "Sub line", "Deep one")),
        ("paragraph", ("Title", "Sub line", "Deep one")),
        ("heading", ("Title", "Next")),
        ("heading", ("Quoted",)),
        ("paragraph", ("Quoted",)),
    ]


def test_headings_of_html_blocks_are_headings_of_the_document():
    """A heading written in HTML opens a section as one in Markdown does."""
    blocks = extract_markdown("# A\n\n<h2>B</h2><p>c\n\nd").blocks
    assert [(b.text, b.locator.heading) for b in blocks] == [
        ("A", ("A",)),
        ("B", ("A", "B")),
        ("c", ("A", "B")),
        ("d", ("A", "B")),
    ]


@pytest.mark.parametrize(
    ("text", "title", "metadata"),
    [
        ("# A\n\n# B", "A", {}),
        ("text", "", {}),
        ("---\ntitle: T\nchapter: 09\n---\n# A", "T", {"chapter": "09"}),
        ("---\ntitle: ''\n---\n# A", "A", {}),
        (
            "---\nlang: no\nversion: 1.10\ndate: 2024-13-45\non: yes\n---\n# A",
            "A",
            {"lang": "no", "version": "1.10", "date": "2024-13-45", "on": "yes"},
        ),
        (
            "---\ntags: [a, b]\nnested: {a: b}\nempty:\nwords:\n  - c\n  - [d]\n---\n# A",
            "A",
            {"tags": "a, b", "words": "c"},
        ),
        ("---\n- a\n- b\n---\n# A", "A", {}),
        ("---\na: [unclosed\n---\n# A", "A", {}),
        ("---\nx: !!python/object/apply:os.getcwd []\n---\n# A", "A", {}),
        ("---\nx: " + "[" * 400 + "\n---\n# A", "A", {}),
        ("---\na: &a [x, x]\nb: [*a, *a]\n---\n# A", "A", {"a": "x, x"}),
        ("# A\n\n---\ntitle: T\n---", "A", {}),
    ],
)
def test_front_matter_is_metadata(text, title, metadata):
    """Values stay as they are written, lists are joined, what is no scalar or does not parse is left out."""
    extraction = extract_markdown(text)
    assert (extraction.title, dict(extraction.metadata)) == (title, metadata)


def test_flash_cards_are_read_as_such():
    """Questions and answers that take turns are cards, each under its question."""
    text = "What is a GAN?\n\nTwo nets.\n\nWhat is a VAE?\n\nAn autoencoder.\n\nWhy anneal?\n\nTo explore."
    assert [b.locator.heading for b in extract_markdown(text).blocks][1] == ("What is a GAN?",)


def test_front_matter_is_no_text_and_stands_only_at_the_top():
    """Front matter is not among the blocks; the same lines further down are a heading between rules."""
    assert _blocks("---\na: b\n---\n\nc") == [("paragraph", "c")]
    assert _blocks("c\n\n---\na: b\n---") == [("paragraph", "c"), ("heading", "a: b")]


def test_lines_are_those_of_the_file():
    """The line of every block is where its first word stands, front matter counted."""
    text = """---
title: T
---
# w1

w2
w3

- w4
  - w5

    ```
    w6
    ```
  - w7

> w8
>
> w9

| w10 |
|---|
| w11 |

```
w12
```

$$
w13
$$

<div>
<p>w14
</div>

w15
===
"""
    lines = text.split("\n")
    for block in extract_markdown(text).blocks:
        first = re.search(r"w\d+", block.text).group()
        at = next(i for i, line in enumerate(lines, 1) if re.search(rf"\b{first}\b", line))
        starts_before = {"w6": 1, "w12": 1, "w13": 1}  # the fence or dollars open the block
        assert block.locator.line == at - starts_before.get(first, 0), first


@pytest.mark.parametrize(("mark", "depth"), [("> ", 90), ("- ", 45)])
def test_deep_nesting_is_read(mark, depth):
    """Text far inside quotations and lists is not lost."""
    assert _blocks(mark * depth + "deep")[0][1].strip("- ") == "deep"


@pytest.mark.parametrize(
    "text",
    [
        "<!--" * 20_000,
        "[" * 5_000,
        "> " * 5_000,
        "`" * 20_000,
        "$" * 20_000,
        "* a" * 20_000,
        "| a " * 5_000,
        "\\" * 20_000,
    ],
)
def test_hostile_markup_is_read_in_linear_time(text):
    """Tens of thousands of opened and never closed marks neither raise nor hang."""
    assert len(extract_markdown(text).blocks) <= 1


# -- completeness: words are numbered, and every one must come out, in order -----------------------------------------

_INLINE = st.sampled_from(
    ["{}", "*{}*", "**{}**", "`{}`", "[{}](u)", "${}$", "~~{}~~", "<b>{}</b>", "{}<br>{}", "$${}$$"]
)
_LEAF = st.sampled_from(["para", "code", "math", "table", "heading", "html"])
_TREE = st.recursive(
    st.tuples(_LEAF, _INLINE),
    lambda inner: st.tuples(st.sampled_from(["quote", "bullet", "ordered"]), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=12,
)


def _lines(tree, fresh):
    """Return a tree as lines of Markdown whose words come from `fresh`."""
    kind, inside = tree
    if kind == "quote":
        return [f"> {line}".rstrip() for part in inside for line in [*_lines(part, fresh), ""]]
    if kind in {"bullet", "ordered"}:
        mark = "- " if kind == "bullet" else "1. "
        pad = " " * len(mark)
        return [
            ("" if i else mark) + (pad if i else "") + line
            for part in inside
            for i, line in enumerate([*_lines(part, fresh), ""])
        ]
    word = re.sub(r"\{\}", lambda _: next(fresh), inside)
    return {
        "para": [word],
        "heading": [f"## {word}"],
        "code": ["```", next(fresh), "", "  " + next(fresh), "```"],
        "math": ["$$", next(fresh), "$$"],
        "table": [f"| {next(fresh)} | {next(fresh)} |", "|---|---|", f"| {next(fresh)} | {next(fresh)} |"],
        "html": [f"<p>{next(fresh)} <i>{next(fresh)}</i></p>"],
    }[kind]


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.lists(_TREE, min_size=1, max_size=4))
def test_no_word_is_lost_or_moved(trees):
    """Whatever is nested in whatever, every word of the document comes out once and in reading order."""
    given_words = []

    def fresh():
        while True:
            given_words.append(f"w{len(given_words)}x")
            yield given_words[-1]

    words = fresh()
    text = "\n".join(line for tree in trees for line in [*_lines(tree, words), ""])
    found = re.findall(r"w\d+x", "\n".join(b.text for b in extract_markdown(text).blocks))
    assert found == re.findall(r"w\d+x", text)
