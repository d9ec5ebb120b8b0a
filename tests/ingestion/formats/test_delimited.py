"""CSV and TSV: the character that parts the cells, quotation marks, and rows as a spreadsheet program counts them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.delimited import extract_delimited
from rag_app.ingestion.load import load_source


def _rows(data):
    return [(b.locator.row, b.text) for b in extract_delimited(data).blocks]


def _load(data):
    return load_source(data, uri="/t.csv", name="t.csv", suffix=".csv")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found_out(delimiter):
    """Each of the four is recognised, with the others inside cells."""
    rows = [["item", "note", "euro"], ["tea", "hot, sweet; black", "3"], ["cup", "of clay", "9"]]
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    assert _rows(file.getvalue()) == [(i, " | ".join(row)) for i, row in enumerate(rows, 1)]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ("", []),
        ("\n\n", []),
        ("a\nb c\nd\n", [(1, "a"), (2, "b c"), (3, "d")]),
        ("Oh, world\nno comma\none, two, three\n", [(1, "Oh | world"), (2, "no comma"), (3, "one | two | three")]),
        ("a;b\n1,5;2,5\n3,5;4,5\n", [(1, "a | b"), (2, "1,5 | 2,5"), (3, "3,5 | 4,5")]),
        ("1,5;2,5\n3,5;4,5\n", [(1, "1,5 | 2,5"), (2, "3,5 | 4,5")]),
        ("a,b\r\n1,2\r\n", [(1, "a | b"), (2, "1 | 2")]),
        ('a,b\n"1\n2\n3",x\n4,y\n', [(1, "a | b"), (2, "1 2 3 | x"), (3, "4 | y")]),
        ("a,b\n\n1,2\n", [(1, "a | b"), (3, "1 | 2")]),
        ('a, "b, c"\n1, "d ""e"""\n', [(1, "a | b, c"), (2, '1 | d "e"')]),
        ("a,b,c\n1\n1,2,3,4\n", [(1, "a | b | c"), (2, "1"), (3, "1 | 2 | 3 | 4")]),
        ('a\tb\n"open\tx\ny\tz\n', [(1, "a | b"), (2, '"open | x'), (3, "y | z")]),
        ('size,n\n5" pipe,1\n6" pipe,2\n', [(1, "size | n"), (2, '5" pipe | 1'), (3, '6" pipe | 2')]),
        ("a,b\n1,\n,2\n,\n", [(1, "a | b"), (2, "1"), (3, " | 2")]),
    ],
)  # fmt: skip
def test_rows_are_read_as_a_spreadsheet_program_reads_them(data, rows):
    """Quoted cells may hold delimiters and line ends, ragged rows are kept, a mark that is never closed is text."""
    assert _rows(data) == rows


@settings(max_examples=60)
@given(
    st.lists(
        st.lists(st.text(st.characters(blacklist_categories=["C", "Z"]), min_size=1), min_size=2, max_size=2),
        min_size=2,
        max_size=6,
    )
)
def test_rows_that_a_program_wrote_are_read_again(rows):
    """Whatever the cells, quoted rows are read with every character that they had."""
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    read = "".join(text for _, text in _rows(file.getvalue()))
    for cell in (cell for row in rows for cell in row if cell.strip(" |")):
        assert cell in read or cell.strip(" |—") in read


def test_large_cell_is_read_whole():
    """A cell of 2 MB is no error, and the rows below it keep their numbers."""
    word = "x" * 2_000_000
    assert _rows(f"name,text\na,{word}\nb,c\n") == [(1, "name | text"), (2, f"a | {word}"), (3, "b | c")]


def test_hundred_thousand_rows_are_read():
    """Every row of a long file has its number and the header."""
    blocks = extract_delimited("id,word\n" + "".join(f"{i},w{i}\n" for i in range(100_000))).blocks
    assert len(blocks) == 100_001
    assert (blocks[-1].text, blocks[-1].locator.row, blocks[-1].header) == ("99999 | w99999", 100_001, "id | word")


def test_text_of_a_table_has_a_row_in_each_line():
    """The stored text has the rows below each other, and each block is where it says."""
    source = _load("id;größe\n1;groß\n2;klein\n".encode())
    assert source.text == "id | größe\n1 | groß\n2 | klein"
    assert [source.text[b.start : b.end] for b in source.blocks] == source.text.split("\n")
    assert str(source.blocks[1].locator) == "row 2"


@pytest.mark.parametrize("data", [b"", b"\n,,\n", b"PK\x03\x04\x00\x00" * 99])
def test_file_without_rows_is_refused(data):
    """Nothing but delimiters, or another format under the name, is a reason, not an empty source."""
    with pytest.raises(IngestionError):
        _load(data)
