"""HTML: what is kept of a page, in which order, and what is furniture."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.ingestion.formats.html import extract_html


def _blocks(page):
    return [(b.kind, b.text) for b in extract_html(page).blocks]


@pytest.mark.parametrize(
    ("page", "blocks"),
    [
        ("", []),
        ("plain", [("paragraph", "plain")]),
        ("<frameset><frame src=x></frameset>", []),
        ("<p> a\n  b&nbsp;c&amp;d</p>", [("paragraph", "a b c&d")]),
        ("<p>a<p>b<div>c", [("paragraph", "a"), ("paragraph", "b"), ("paragraph", "c")]),
        ("a<b>b<i>c</b>d</i>e", [("paragraph", "abcde")]),
        ("a<br>b<wbr>c<hr>d", [("paragraph", "a bc"), ("paragraph", "d")]),
        ("<dl><dt>a<dd>b</dl>", [("paragraph", "a"), ("paragraph", "b")]),
        ("<blockquote>a<p>b</blockquote>", [("paragraph", "a"), ("paragraph", "b")]),
        ("<custom-tag>a</custom-tag>b", [("paragraph", "a"), ("paragraph", "b")]),
        ("<pre>\n  x = 1\n\n  y</pre>", [("code", "  x = 1\n\n  y")]),
        ("a<pre><code>x<span>y</span></code></pre>b", [("paragraph", "a"), ("code", "xy"), ("paragraph", "b")]),
        ("<pre> \n </pre>", []),
        ("<p>a</div></span></p>b", [("paragraph", "a"), ("paragraph", "b")]),
        ("<p>a<!-- b --><![CDATA[c]]>d", [("paragraph", "ad")]),
        ("<input value=x><p>a", [("paragraph", "a")]),
        ("<form><label>a</label><p>b</form>", [("paragraph", "a"), ("paragraph", "b")]),
    ],
)
def test_text_is_kept_in_paragraphs(page, blocks):
    """Block tags part paragraphs, inline tags don't, white space is one space except in ``<pre>``."""
    assert _blocks(page) == blocks


@pytest.mark.parametrize(
    "tag",
    "script style template noscript svg nav footer button select textarea datalist iframe summary".split(),
)
def test_furniture_is_left_out(tag):
    """What is no text of the page is dropped with everything inside it."""
    assert _blocks(f"<p>a</p><{tag}><option>no</option></{tag}><p>b</p>") == [("paragraph", "a"), ("paragraph", "b")]


@pytest.mark.parametrize(
    ("page", "blocks"),
    [
        ("<ul><li>a<li>b</ul>", [("list", "- a\n- b")]),
        (
            "<ol><li>a<li>b<ul><li>c<ol><li>d</ol></ul>e<li>f</ol>",
            [("list", "1. a\n2. b\n  - c\n    1. d\n   e\n3. f")],
        ),
        ("<ol start=3><li>a<li>b</ol>", [("list", "3. a\n4. b")]),
        (
            "<ol start=x><li>a</ol><ol start><li>b</ol><ol start=-1><li>c</ol>",
            [("list", "1. a"), ("list", "1. b"), ("list", "-1. c")],
        ),
        ("<menu><li>a</menu>", [("list", "- a")]),
        ("<ul><li></li><li>a</ul>", [("list", "- a")]),
        ("<ul><li><p>a</p><p>b</p></li></ul>", [("list", "- a\n  b")]),
        ("<ul><li>a<div>b</div>c</ul>", [("list", "- a\n  b\n  c")]),
        ("<ul><li>a <b>b</b><br>c</ul>d", [("list", "- a b c"), ("paragraph", "d")]),
        ("<ul><ul><li>a</ul></ul>", [("list", "  - a")]),
        ("<ul>a<li>b</ul>", [("list", "a\n- b")]),
        ("<li>a<li>b", [("paragraph", "a"), ("paragraph", "b")]),
        ("<ol><li>a<pre>x</pre>b<li>c</ol>", [("list", "1. a"), ("code", "x"), ("list", "   b\n2. c")]),
        ("<ul><li>a<table><tr><td>b</table><li>c</ul>", [("list", "- a"), ("table", "b"), ("list", "- c")]),
        (
            "<ul><li><h3>a</h3>b<li><h3>c</h3>d</ul>",
            [("heading", "a"), ("list", "- b"), ("heading", "c"), ("list", "- d")],
        ),
        ("<p>a<ul></ul>b", [("paragraph", "a"), ("paragraph", "b")]),
    ],
)
def test_lists_keep_their_order_numbers_and_depth(page, blocks):
    """Items are lines; code, tables and headings inside one are blocks in their place; numbering goes on after them."""
    assert _blocks(page) == blocks


@pytest.mark.parametrize(
    ("page", "blocks"),
    [
        ("<table><tr><th>a<th>b<tr><td>c<td></table>", [("table", "a | b\nc | ")]),
        ("<table><thead><tr><td>a</thead><tbody><tr><td>b</tbody><tfoot><tr><td>c</table>", [("table", "a\nb\nc")]),
        ("<table><caption>n</caption><tr><td>a</table>", [("paragraph", "n"), ("table", "a")]),
        ("<table><tr><td><p>a</p><p>b</p><td><div>c<br>d</div></table>", [("table", "a b | c d")]),
        ("<table><tr><td>a<ul><li>b<li>c</ul><td><i>d</i>e</table>", [("table", "a b c | de")]),
        ("<table><tr><td> <td></tr></table>", []),
        (
            "<table><tr><td>a<table><tr><td>b</table>c<td>d</table>",
            [("paragraph", "a"), ("table", "b"), ("paragraph", "c"), ("paragraph", "d")],
        ),
        ("<table><tr><td><h1>a</h1>b<td>c</table>", [("heading", "a"), ("paragraph", "b"), ("paragraph", "c")]),
        ("<table><tr><td><pre>1</pre><td><pre>x</pre></table>", [("code", "1"), ("code", "x")]),
        ("a<table><tr><td>b</table>c", [("paragraph", "a"), ("table", "b"), ("paragraph", "c")]),
    ],
)
def test_tables_are_rows_of_cells(page, blocks):
    """A row is a line whatever its cells hold; a table around headings, code or tables is there for the layout."""
    assert _blocks(page) == blocks


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<title> a\n b </title><h1>c</h1>", "a b"),
        ("<h2>c</h2><h1>d</h1>", "c"),
        ("<title></title><h1>c</h1>", "c"),
        ("<svg><title>logo</title></svg><h1>c</h1>", "c"),
        ("<p>a", ""),
        ("", ""),
    ],
)
def test_title_is_that_of_the_head_or_the_first_heading(page, title):
    """An empty title or one inside a drawing does not count."""
    assert extract_html(page).title == title


def test_headings_make_the_path():
    """Each block has the headings that are open where it stands; an empty heading opens nothing."""
    page = "<h1>A</h1><p>a<h3>C <i>c</i></h3><ul><li>b</ul><h2>B</h2><pre>c</pre><h2> </h2><table><tr><td>d</table>"
    assert [(b.text, b.locator.heading, b.locator.line) for b in extract_html(page).blocks] == [
        ("A", ("A",), None),
        ("a", ("A",), None),
        ("C c", ("A", "C c"), None),
        ("- b", ("A", "C c"), None),
        ("B", ("A", "B"), None),
        ("c", ("A", "B"), None),
        ("d", ("A", "B"), None),
    ]


@pytest.mark.parametrize("tag", ["div", "b", "ul", "li", "section", "font", "blockquote"])
def test_twenty_thousand_nested_tags_are_read(tag):
    """No depth of nesting is too deep or too slow."""
    assert [text.strip() for _, text in _blocks(f"<{tag}>" * 20_000 + "deep" + f"</{tag}>" * 20_000)] == ["deep"]


def test_hundreds_of_nested_tables_are_read():
    """The innermost of nested tables is the one with data."""
    assert _blocks("<table><tr><td>" * 500 + "deep") == [("table", "deep")]


# -- completeness: words are numbered, and every one must come out, in order -----------------------------------------

_TEXT = st.sampled_from(["{}", "<b>{}</b> {}", "{}<br>{}", "<p>{}</p>", "<div>{}<p>{}</div>", "<pre>{}\n{}</pre>"])
_HEADING = st.sampled_from(["<h1>{}</h1>", "<h3>{} <i>{}</i></h3>"])
_WRAP = st.sampled_from(
    [
        ("<div>", "<section>{}</section>", "</div>"),
        ("<ul>", "<li>{}</li>", "</ul>"),
        ("<ol>", "<li>{}", "</ol>"),
        ("<table>", "<tr><td>{}</td></tr>", "</table>"),
        ("<table><tr>", "<td>{}</td>", "</tr></table>"),
        ("<blockquote>", "{}", "</blockquote>"),
        ("<form>", "{}", "</form>"),
        ("<details><summary>no</summary>", "{}", "</details>"),
    ]
)
_TREE = st.recursive(
    _TEXT | _HEADING,
    lambda inner: st.builds(
        lambda wrap, parts: wrap[0] + " ".join(wrap[1].replace("{}", part) for part in parts) + wrap[2],
        _WRAP,
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(_TREE, min_size=1, max_size=4))
def test_no_word_is_lost_moved_or_glued(trees):
    """Whatever is nested in whatever, every word of the page comes out once, whole, and in reading order."""
    numbers = iter(range(10_000))
    page = re.sub(r"\{\}", lambda _: f"w{next(numbers)}x", " ".join(trees))
    found = re.findall(r"\S+", "\n".join(b.text for b in extract_html(page).blocks))
    words = [w for w in found if not re.fullmatch(r"-|\d+\.|\|", w)]
    assert words == re.findall(r"w\d+x", page)
