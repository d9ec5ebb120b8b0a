"""HTML: what is kept of a page, in which order, and what is furniture."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.ingestion.formats.html import extract_html


def _blocks(page):
    """Return kinds and texts; blocks that stand on the next line are joined as the source joins them."""
    found = []
    for b in extract_html(page).blocks:
        if b.joined:
            found[-1] = (b.kind, f"{found[-1][1]}\n{b.text}")
        else:
            found.append((b.kind, b.text))
    return found


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
        ("<dl><dt>a<dd>b<dt>c:<dd><p>d<p>e</dl>", [("paragraph", "a: b"), ("paragraph", "c: d"), ("paragraph", "e")]),
        (
            "<dl><dt>a<dt>b<dd>c<dt>d</dl>e",
            [("paragraph", "a, b: c"), ("paragraph", "d"), ("paragraph", "e")],
        ),
        ("<dl><dt>a<dd><pre>x</pre></dl>", [("paragraph", "a"), ("code", "x")]),
        ("<ul><li><dl><dt>a<dd>b</dl><li>c</ul>", [("list", "- a: b\n- c")]),
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
    "script style template noscript svg nav footer aside figcaption dialog button select textarea iframe".split(),
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


@pytest.mark.parametrize(
    ("page", "headers"),
    [
        ("<table><tr><th>a<th>b<tr><td>c<td>d<tr><td>e<td>f</table>", ["a | b"] * 3),
        ("<table><thead><tr><td>a</thead><tbody><tr><td>b</table>", ["a"] * 2),
        ("<table><tr><td>a<tr><td>b</table>", [""] * 2),
        ("<table><tr><th>a<td>b<tr><th>c<td>d</table>", [""] * 2),
    ],
)
def test_rows_carry_the_header_of_their_table(page, headers):
    """A first row of header cells is repeated with each row; a table without one has none."""
    assert [b.header for b in extract_html(page).blocks] == headers


@pytest.mark.parametrize(
    ("page", "blocks"),
    [
        ("<details><summary>Click to expand</summary><p>a</details>b", [("a", ()), ("b", ())]),
        ("<details><summary>Notes</summary>a</details>", [("a", ())]),
        (
            "<h2>H</h2><details><summary>Why it <i>works</i></summary><p>a</details><p>b",
            [("H", ("H",)), ("Why it works", ("H", "Why it works")), ("a", ("H", "Why it works")), ("b", ("H",))],
        ),
        ("<details open><summary></summary>a<details>b</details></details>", [("a", ()), ("b", ())]),
    ],
)
def test_folded_parts_are_kept(page, blocks):
    """What is folded is text; its label is a heading unless it only says that there is something to unfold."""
    assert [(b.text, b.locator.heading) for b in extract_html(page).blocks] == blocks


@pytest.mark.parametrize(
    ("page", "texts"),
    [
        ("<p>menu</p><main><p>the text of the page</main><p>about", ["the text of the page"]),
        ("<p>menu</p><article><p>the text of the page</article>", ["the text of the page"]),
        ("<p>the text of the page</p><main>x</main>", ["the text of the page", "x"]),
        ("<article>one thing</article><article>another thing</article>", ["one thing", "another thing"]),
        ("<div role=navigation>menu</div><p>a", ["a"]),
        ("<div id=cookie-banner>We use cookies</div><p>a", ["a"]),
        ("<div class='cookies'>x</div><div class='cookiecutter'>a</div>", ["a"]),
        ("<p hidden>x</p><p aria-hidden=true>y</p><p hidden=until-found>a", ["a"]),
        ("<figure><img alt=x><figcaption>Image</figcaption></figure><p>a", ["a"]),
        ("<ul><li><a href='#x'>X</a><li><a href='#y'>Y</a><li><a href='#z'>Z</a></ul><p>a", ["a"]),
        ("<ul><li><p> <a href='#x'>X</a><li><p><a href='#y'>Y</a><li><p><a href='#z'>Z</a></ul><p>a", ["a"]),
        (
            "<p>a<ol><li><a href='#x'>↑</a> b<li><a href='#y'>↑</a> c<li><a href='#z'>↑</a> d</ol>",
            ["a", "1. ↑ b", "2. ↑ c", "3. ↑ d"],
        ),
        ("<ul><li>🔹One<li>▪ Two<li>✅Three</ul>", ["- One", "- Two", "- ✅ Three"]),
    ],
)
def test_main_part_is_kept_without_page_furniture(page, texts):
    """The main element is the page if most of the text is in it; menus, banners, captions and contents are left out."""
    assert [b.text for b in extract_html(page).blocks] == texts


def test_page_behind_a_banner_is_read():
    """A page that was saved while a banner hid it is not taken for the banner."""
    text = "All of it is here. " * 200
    assert _blocks(f"<div aria-hidden=true class=gdpr><p>{text}</div>") == [("paragraph", text.strip())]


def test_metadata_is_what_the_head_says():
    """Author, date, tags and language are metadata; what is empty is left out."""
    page = """<html lang=en-GB><head><meta name=author content=" Ada  L. "><meta name=keywords content="a, b">
<meta property="article:published_time" content=2024-05-01><meta name=date content=""></head>text"""
    found = dict(extract_html(page.replace('<meta name=date content="">', "")).metadata)
    assert found == {"author": "Ada L.", "date": "2024-05-01", "tags": "a, b", "language": "en-GB"}
    assert dict(extract_html("<html lang=''><meta name=author>text").metadata) == {}


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

_TEXT = st.sampled_from(
    ["{}", "<b>{}</b> {}", "{}<br>{}", "<p>{}</p>", "<div>{}<p>{}</div>", "<pre>{}\n{}</pre>", "<dl><dt>{}<dd>{}</dl>"]
)
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
        ("<details><summary>Notes</summary>", "{}", "</details>"),
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
    words = [w.removesuffix(":") for w in words]
    assert words == re.findall(r"w\d+x", page)
