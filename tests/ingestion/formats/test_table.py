"""Tables: which row is the header, what is no row of the table, where the next table begins, and decks of cards."""

from __future__ import annotations

import pytest

from rag_app.ingestion.formats.table import extract_table
from rag_app.locator import Locator


def _extract(*rows, start=1):
    return extract_table(enumerate(rows, start), Locator())


def _blocks(*rows):
    return [(b.kind, b.text, b.locator.row) for b in _extract(*rows).blocks]


def _headers(*rows):
    return [b.header for b in _extract(*rows).blocks]


@pytest.mark.parametrize(
    ("rows", "blocks"),
    [
        ([], []),
        ([[]], []),
        ([["", " "], ["\n"]], []),
        ([["a", "b"]], [("table", "a | b", 1)]),
        ([["only"]], [("paragraph", "only", 1)]),
        ([["a", "b"], ["1", "2"]], [("table", "a | b", 1), ("table", "1 | 2", 2)]),
        ([["a", "b", "c"], ["1", "", "3"]], [("table", "a | b | c", 1), ("table", "1 |  | 3", 2)]),
        ([["a", "b"], ["1"], ["1", "2", "3"]], [("table", "a | b", 1), ("table", "1", 2), ("table", "1 | 2 | 3", 3)]),
        ([["line\none", "b"], ["1", "x\r\n y"]], [("table", "line one | b", 1), ("table", "1 | x y", 2)]),
        ([[], ["", "a", "", "b"], [], ["", "1", "", "2"]], [("table", "a | b", 2), ("table", "1 | 2", 4)]),
        ([["名前", "年齢"], ["太郎", "30"]], [("table", "名前 | 年齢", 1), ("table", "太郎 | 30", 2)]),
        ([["اسم", "عمر"], ["علي", "30"]], [("table", "اسم | عمر", 1), ("table", "علي | 30", 2)]),
    ],
)  # fmt: skip
def test_rows_keep_their_cells_and_numbers(rows, blocks):
    """Cells are joined by bars, line ends within are spaces; empty rows and columns go, numbers of rows stay."""
    assert _blocks(*rows) == blocks


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ([["item", "euro"], ["tea", "3"]], "item | euro"),
        ([["region", "2023", "2024"], ["north", "5", "6"]], "region | 2023 | 2024"),
        ([["name", "town"], ["Ann", "Rome"]], "name | town"),
        ([["How old are you?", "Why?"], ["5", "so"]], "How old are you? | Why?"),
        ([["1", "2"], ["3", "4"]], ""),
        ([["2023", "2024"], ["3", "4"]], ""),
        ([["Ann", "5"], ["Bob", "6"]], ""),
        ([["Ann", "-5.5"], ["Bob", "6"]], ""),
        ([["Ann", "€ 1,200.50"], ["Bob", "6"]], ""),
        ([["Ann", "50 %"], ["Bob", "6"]], ""),
        ([["Ann", "1e-7"], ["Bob", "6"]], ""),
        ([["Ann", "2024-02-01"], ["Bob", "2024-02-03"]], ""),
        ([["Ann", "3.2.2024 10:00"], ["Bob", "2024-02-03"]], ""),
        ([["Ann", "TRUE"], ["Bob", "FALSE"]], ""),
        ([["A sentence stands here."], ["Another one."]], ""),
        ([["x" * 101, "b"], ["1", "2"]], ""),
        ([["name"], ["Ann"], ["Bob"]], "name"),
        ([["a", "b"]], ""),
    ],
)
def test_first_row_of_names_is_the_header(rows, header):
    """Names of columns are short and no numbers, dates or booleans; years may stand among them."""
    assert set(_headers(*rows)) == {header}


def test_lines_above_the_columns_are_paragraphs():
    """A title over a table is no row of it; the header is the first row of several cells."""
    rows = [["Prices 2024"], ["all in euro"], [], ["item", "euro"], ["tea", "3"]]
    assert _blocks(*rows) == [
        ("paragraph", "Prices 2024", 1),
        ("paragraph", "all in euro", 2),
        ("table", "item | euro", 4),
        ("table", "tea | 3", 5),
    ]
    assert _headers(*rows) == ["", "", "item | euro", "item | euro"]


def test_table_after_an_empty_row_has_its_own_header():
    """A header above numbers, or a line of one cell, begins another table; a row that is neither does not."""
    rows = [["item", "euro"], ["tea", "3"], [], ["town", "people"], ["Rome", "9"], []]
    rows += [["Notes"], ["a", "1"], [], ["b", "2"]]
    assert _headers(*rows) == ["item | euro"] * 2 + ["town | people"] * 2 + ["", "", ""]
    assert [row for _, _, row in _blocks(*rows)] == [1, 2, 4, 5, 7, 8, 10]


def test_rows_of_a_table_stand_on_lines_of_their_own():
    """Every row but the first of a table stands on the line below the one before it."""
    joined = [b.joined for b in _extract(["Title"], ["a", "b"], ["1", "2"], [], ["c", "d"], ["3", "4"]).blocks]
    assert joined == [False, False, True, False, True]


@pytest.mark.parametrize("names", [("question", "answer"), ("Front", "BACK"), ("Term", "definition")])
def test_columns_of_cards_make_cards(names):
    """A column of questions beside one of answers is a deck, whatever the case and the order of the names."""
    for (question, answer), order in (((0, 1), 1), ((1, 0), -1)):
        row = ["What is a GAN?", "Two nets."][::order]
        blocks = _extract(list(names)[::order], row).blocks
        assert [(b.kind, b.text, b.locator.row) for b in blocks] == [
            ("heading", row[question], 2),
            ("paragraph", row[answer], 2),
        ]


def test_other_columns_of_cards():
    """A section is a heading above the question, tags are metadata, a number is left out, the rest stands below."""
    header = ["id", "Section", "Question", "Answer", "Tags", "Source"]
    extraction = _extract(header, ["7", "Nets", "What is a GAN?", "Two nets.", "gan; nets", "p. 4"])
    assert [(b.kind, b.text, b.locator.heading) for b in extraction.blocks] == [
        ("heading", "What is a GAN?", ("Nets", "What is a GAN?")),
        ("paragraph", "Two nets.", ("Nets", "What is a GAN?")),
        ("paragraph", "Source: p. 4", ("Nets", "What is a GAN?")),
    ]
    assert extraction.metadata == {"tags": "gan, nets"}


def test_card_without_an_answer_is_a_fragment():
    """An empty cell, or a stand-in, is found but not quoted."""
    blocks = _extract(["question", "answer"], ["What?", ""], ["Why?", "TO DO"], ["", "It."]).blocks
    assert [(b.kind, b.text) for b in blocks] == [
        ("heading", "What?"),
        ("fragment", "—"),
        ("heading", "Why?"),
        ("fragment", "TO DO"),
        ("heading", "—"),
        ("paragraph", "It."),
    ]


def test_hundred_thousand_rows_with_gaps_are_read():
    """A long column with an empty row after each line is read in one go, and so are as many small tables."""
    assert len(_extract(*[["line of text"], []] * 100_000).blocks) == 100_000
    assert len(_extract(*[["a", "b"], ["x", "1"], []] * 30_000).blocks) == 60_000
