"""How far cells lie apart: found out from the parts of an archive."""

from __future__ import annotations

import io
import zipfile

import pytest

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.grid import MAX_CELLS, check_extent


def _archive(name, content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return zipfile.ZipFile(file)


def _row(cells, repeated=1):
    return f'<table:table-row table:number-rows-repeated="{repeated}">{cells}</table:table-row>'


def _cell(repeated=1, text="v"):
    repeats = f'table:number-columns-repeated="{repeated}"'
    return (
        f"<table:table-cell {repeats}><text:p>{text}</text:p></table:table-cell>"
        if text
        else f"<table:table-cell {repeats}/>"
    )


@pytest.mark.parametrize(
    "sheet",
    [
        "<c r='XFD1048576'><v>1</v></c>",
        '<c r="a1"/><c r = "xfd1048576"/>',
        '<row r="1048576"><c><v>1</v></c></row><c r="XFD1"/>',
        '<c r="AAAAAA100000"/>',
        f'<c r="XFD1"/>{" " * 2**20}<c r="A1048576"/>',
        f'{" " * (2**20 - 8)}<c r="XFD1048576"/>',
    ],
    ids=["two cells", "lower case", "row alone", "no such column", "far apart in the file", "across pieces"],
)
def test_workbook_with_far_cells_is_refused(sheet):
    """However a reference is written, a sheet that no memory holds is refused before it is read."""
    with pytest.raises(IngestionError, match="must span at most 16,777,216 cells"):
        check_extent(_archive("xl/worksheets/sheet1.xml", sheet))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("xl/worksheets/sheet1.xml", '<row r="1048576"><c r="P1048576"/></row>'),
        ("xl/worksheets/sheet1.xml", ""),
        ("xl/sharedStrings.xml", '<t>r="XFD1048576"</t>'),
        ("xl/media/image1.png", 'r="XFD1048576"'),
        ("content.xml", "<table:table>" + _row(_cell() + _cell(16383, "")) + _row(_cell(16384, ""), 1048575)),
        ("content.xml", "<table:table>" + _row(_cell(), 1_000_000)),
        ("content.xml", ("<table:table>" + _row(_cell(16), 1_000_000)) * 3),
    ],
    ids=["full", "empty", "text", "picture", "empty to the edge", "long", "several sheets"],
)
def test_workbook_that_memory_holds_is_read(name, content):
    """Large sheets are no error, nor are empty cells that fill up the sheet, nor what only looks like a reference."""
    check_extent(_archive(name, content))


@pytest.mark.parametrize(
    "rows",
    [
        _row(_cell(100), 1_000_000),
        _row(_cell(), 1) + _row(_cell(16384, ""), 1_048_000) + _row(_cell(16000, "") + _cell()),
        _row(_cell(1, "") + _cell(), 999_999_999_999),
        _row('<table:table-cell office:value="1" table:number-columns-repeated="999999999"/>'),
    ],
    ids=["repeated", "far corner", "endless", "value"],
)
def test_opendocument_with_repeated_cells_is_refused(rows):
    """A few bytes that stand for billions of cells are counted as what they stand for."""
    with pytest.raises(IngestionError, match=r"content\.xml spans"):
        check_extent(_archive("content.xml", f"<table:table>{rows}</table:table>"))


def test_limit_is_half_a_gibibyte():
    """The cells that are allowed take 512 MiB at 32 bytes each."""
    assert MAX_CELLS * 32 == 512 * 2**20
