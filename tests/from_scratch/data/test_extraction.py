"""Records from pages: typed values, entities, spans, nested and broken tables."""

from __future__ import annotations

import pytest

from rag_app.from_scratch.data.extraction import html_to_records

PAGE = (
    "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Pen &amp; ink</td><td>2.50</td></tr>"
    "<tr><td>Book</td><td>12.00</td></tr></table>"
)


def test_the_page_of_the_chapter():
    """Entities are decoded and prices are numbers."""
    assert html_to_records(PAGE) == [{"Item": "Pen & ink", "Price": 2.5}, {"Item": "Book", "Price": 12.0}]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,234", 1234),
        ("-3", -3),
        ("+1.5", 1.5),
        ("007", "007"),
        ("0", 0),
        ("0.5", 0.5),
        ("1,23", "1,23"),
        ("3 kg", "3 kg"),
        ("", None),
        ("<b>a</b><br>b", "a b"),
        ("x<script>var y = '</td>';</script><style>td {}</style>", "x"),
        ("<!-- no -->yes", "yes"),
        ("\n  two\n lines ", "two lines"),
    ],
)
def test_a_cell_becomes_a_value(cell, value):
    """Numbers, texts on one line without markup, and null."""
    assert html_to_records(f"<table><tr><th>x<th>y<tr><td>{cell}</td><td>z</td></table>") == [{"x": value, "y": "z"}]


def test_spans_are_repeated():
    """A cell of two rows counts in both, one of two columns too."""
    page = (
        "<table><tr><th rowspan=1>a<th colspan=2>b</tr><tr><td rowspan=2>1<td>2<td>3</tr>"
        "<tr><td colspan='2'>4</tr></table>"
    )
    assert html_to_records(page) == [{"a": 1, "b": 2, "b_2": 3}, {"a": 1, "b": 4, "b_2": 4}]
    assert html_to_records("<table><tr><td colspan=x>h<tr><td rowspan=99>1</table>") == [{"h": 1}]


def test_tables_within_tables_are_their_own():
    """The outer cell keeps its own text."""
    page = (
        "<table><tr><th>o</th></tr><tr><td>out<table><tr><th>i</th></tr><tr><td>in</td></tr></table></td></tr></table>"
    )
    assert html_to_records(page) == [{"o": "out"}, {"i": "in"}]


@pytest.mark.parametrize(
    ("page", "records"),
    [
        ("", []),
        ("<p>No table <td>here</td></p>", []),
        ("<table></table>", []),
        ("<table><tr></tr></table>", []),
        ("<table><tr><th>only a head</table>", []),
        ("<table><td>h<tr><td>1", [{"h": 1}]),
        ("</table></td><table><tr><th>h</th></tr>stray<tr><td>1</td></tr>", [{"h": 1}]),
        ("<table><tr><th><th>h<tr><td>1<tr><td><td>", [{"column_1": 1, "h": None}]),
        ("</script><table><tr><td>h<tr><td>1", [{"h": 1}]),
    ],
)
def test_broken_pages(page, records):
    """What can be read is read, without an error."""
    assert html_to_records(page) == records
