"""A reply becomes text, code, markers and links."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.chains.scanner import Code, Link, Marker, Scanner, Text


def scan(pieces):
    """Return the items of a reply with neighbouring text joined, and how many tags were taken out."""
    scanner = Scanner()
    items = [item for piece in pieces for item in scanner.feed(piece)] + list(scanner.close())
    joined = []
    for item in items:
        if isinstance(item, Text) and joined and isinstance(joined[-1], Text):
            joined[-1] = Text(joined[-1].text + item.text)
        else:
            joined.append(item)
    return joined, scanner.n_tags


ITEMS = [
    ("", []),
    ("So [1].", [Text("So "), Marker("[1]"), Text(".")]),
    ("[1,\n2] 【3】\uff3b4\uff3d", [Marker("[1,\n2]"), Text(" "), Marker("【3】"), Marker("\uff3b4\uff3d")]),
    ("[0, 1] [x] [1 [12345]", [Text("[0, 1] [x] [1 [12345]")]),
    # code
    ("`[1]` ``a`[1]`` `", [Code("`[1]`"), Text(" "), Code("``a`[1]``"), Text(" `")]),
    ("a `b\n[1]`", [Text("a `b\n"), Marker("[1]"), Text("`")]),
    ("```\n[1]\n```\n[2]", [Code("```\n"), Code("[1]\n"), Code("```\n"), Marker("[2]")]),
    ("  ~~~~ x\n```\n~~~~~\n[1]",
     [Text("  "), Code("~~~~ x\n"), Code("```\n"), Code("~~~~~\n"), Marker("[1]")]),
    ("```js [1]` x\n", [Text("```js "), Marker("[1]"), Text("` x\n")]),
    ("x ```y``` [1]", [Text("x "), Code("```y```"), Text(" "), Marker("[1]")]),
    ("~~gone~~", [Text("~~gone~~")]),
    ("```\n<b>[1] https://a.example", [Code("```\n"), Code("<b>[1] https://a.example")]),
    # links
    ("https://a.example/x?y=1#z.", [Link("https://a.example/x?y=1#z"), Text(".")]),
    ("(www.a.example/b), HTTP://C.example", [Text("("), Link("www.a.example/b"), Text("), "), Link("HTTP://C.example")]),
    ("[a](https://a.example 't')", [Text("[a] ("), Link("https://a.example"), Text(" 't')")]),
    ("![](x.png) f[i](j)", [Text("![] (x.png) f[i] (j)")]),
    ("[1](b)", [Marker("[1]"), Text(" (b)")]),
    ("【1】(b) [a](javascript:alert(2))",
     [Marker("【1】"), Text(" (b) [a] ("), Link("javascript:alert"), Text("(2))")]),
    ("[r]: //a.example/p", [Text("[r]: "), Link("//a.example/p")]),
    ("<https://a.example> <mailto:a@a.example>", [Link("https://a.example"), Text(" "), Link("mailto:a@a.example")]),
    ("<steam://run> <a@a.example>", [Text("< steam://run> < a@a.example>")]),
    ("javascript:alert(1)", [Link("javascript:alert"), Text("(1)")]),
    ("data:text/html;base64,AA data: none", [Link("data:text/html;base64,AA"), Text(" data: none")]),
    ("ht\u200btps://a.example", [Link("https://a.example")]),
    ("xhttps://a and/or 1//2 http d", [Text("xhttps://a and/or 1//2 http d")]),
    ("*https://a.example*", [Text("*"), Link("https://a.example"), Text("*")]),
    # characters
    ("a\u202eb\x1b[1mc\r\nd\u2028e\U000e0041f", [Text("ab[1mc\nd\nef")]),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "items"), ITEMS)
def test_what_a_reply_consists_of(reply, items):
    """Markers and links outside of code; the syntax that would make a link is broken up."""
    assert scan([reply]) == (items, 0)


@pytest.mark.parametrize(
    ("reply", "text", "n_tags"),
    [
        ("a<b>c</b>d<br/>e", "acde", 3),
        ("<img src=x onerror=alert(1)>", "", 1),
        ("<IMG\nsrc='x'>y", "y", 1),
        ("a<!-- b > c -->d", "ad", 1),
        ("a<script>b > c</script >d", "ad", 1),
        ("a<style>b{}</style><svg/onload=x>", "a", 2),
        ("a<script>b", "a< script>b", 0),
        ("a<!-- b", "a< !-- b", 0),
        ("a<img src=x", "a< img src=x", 0),
        ("<unknown onclick=x>", "< unknown onclick=x>", 0),
        ("ht<b></b>tps://a.example <<b>img src=x>", "ht tps://a.example < img src=x>", 3),
        ("[a]<i></i>(b) H<sub>2</sub>O", "[a] (b) H 2O", 4),
        ("1 < 2 <3 <= 4 <", "1 < 2 <3 <= 4 <", 0),
        ("List<String>", "List< String>", 0),
        ("<a " + "x" * 3000 + ">", "< a " + "x" * 3000 + ">", 0),
    ],
)
def test_tags_are_taken_out_or_broken_up(reply, text, n_tags):
    """Whole tags of HTML disappear, scripts with what is in them; what is left makes no tag."""
    items, n = scan([reply])
    assert ("".join(item.text for item in items), n) == (text, n_tags)


ALPHABET = [
    *("[", "]", "(", ")", "<", ">", "!", "`", "``", "```", "~~~", "\n", " ", "1", "12", ",", ";", ":", "/", "//", "."),
    *("a", "b ", "img ", "script", "</script>", "<!--", "-->", "https://", "www.", "data:", "javascript:", "mailto:"),
    *(
        "a.example",
        "h",
        "ht",
        "w",
        "d",
        "da",
        "x/y",
        "[1]",
        "【2】",
        "0",
        "\u200b",
        "\r",
        "\u2028",
        "_",
        "*",
        "'",
        '"',
        "é",
    ),
]


@given(parts=st.lists(st.sampled_from(ALPHABET), max_size=16), data=st.data())
@settings(deadline=None, max_examples=600)
def test_however_a_reply_is_cut_the_items_are_the_same(parts, data):
    """Cutting a reply at any places, down to letters, changes nothing but where text is cut."""
    reply = "".join(parts)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(reply)))))
    pieces = [reply[a:b] for a, b in zip([0, *cuts], [*cuts, len(reply)], strict=True)]
    assert scan(pieces) == scan([reply]) == scan(reply)


def test_text_is_not_held_back():
    """Only what may become a marker, a link, a tag or code waits for the next piece."""
    scanner = Scanner()
    pieces = ["Mode ", "collapse wh", "ttp", " h", "as", " <", " 3 [", "x] `a", "` so"]
    shown = ["".join(item.text for item in scanner.feed(piece)) for piece in pieces]
    assert shown == ["Mode ", "collapse wh", "ttp", " ", "has", " ", "< 3 ", "[x] ", "`a` so"]
