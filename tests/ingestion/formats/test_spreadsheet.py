"""Workbooks: what cells show, sheets and rows, properties, and files that are damaged, protected or hostile."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import openpyxl
import pytest
import xlsxwriter
from support.xls import compound, xls

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.spreadsheet import extract_spreadsheet
from rag_app.ingestion.load import load_source

_ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    "<office:body><office:spreadsheet>{}</office:spreadsheet></office:body></office:document-content>"
)


def _xlsx(**sheets):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return _saved(workbook)


def _saved(workbook):
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def _ods(body, **parts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        for name, content in {"META-INF/manifest": "<m/>", "content": _ODS.format(body), **parts}.items():
            archive.writestr(f"{name}.xml", content)
    return file.getvalue()


def _blocks(data):
    return [(b.kind, b.text, b.locator.sheet, b.locator.row) for b in extract_spreadsheet(data).blocks]


def _load(data, suffix=".xlsx"):
    return load_source(data, uri=f"/t{suffix}", name=f"t{suffix}", suffix=suffix)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (5.0, "5"),
        (5.5, "5.5"),
        (-0.25, "-0.25"),
        (1e-7, "1e-07"),
        (123456789012345, "123456789012345"),
        (1.5e300, "1.5e+300"),
        (True, "TRUE"),
        (dt.date(2024, 2, 29), "2024-02-29"),
        (dt.datetime(2024, 2, 29, 13, 5), "2024-02-29 13:05:00"),  # noqa: DTZ001  (cells have no time zone)
        (dt.time(3, 4, 5), "03:04:05"),
        (dt.timedelta(hours=36, minutes=5), "36:05:00"),
        ("two\nlines", "two lines"),
        ("名前", "名前"),
        ("مرحبا", "مرحبا"),
        ("=1+1", "x"),
    ],
)
def test_value_is_written_as_a_person_reads_it(value, text):
    """Whole numbers have no fraction, dates are ISO 8601; a formula that was never computed is empty."""
    assert _blocks(_xlsx(S=[["name", "value"], ["x", value]]))[-1][1] == ("x" if value == "=1+1" else f"x | {text}")


def test_formula_shows_what_was_computed_last():
    """The stored result is read, and a cell with an error is empty."""
    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(file)
    sheet = workbook.add_worksheet()
    sheet.write_row(0, 0, ["sum", "bad", "text"])
    sheet.write_formula(1, 0, "=A2+B2", None, 12)
    sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
    sheet.write_formula(1, 2, '="a"&"b"', None, "ab")
    workbook.close()
    assert _blocks(file.getvalue())[-1][1] == "12 |  | ab"


def test_sheets_are_headings_above_their_rows():
    """Each sheet with text is a section, hidden ones too; empty sheets are left out, and charts."""
    workbook = openpyxl.Workbook()
    workbook.active.title = "Costs"
    workbook.active.append(["item", "euro"])
    workbook.active.append(["tea", 3])
    workbook.create_sheet("Empty")
    hidden = workbook.create_sheet("Hidden")
    hidden.sheet_state = "hidden"
    hidden.append(["a note"])
    workbook.create_chartsheet("Chart")
    blocks = extract_spreadsheet(_saved(workbook)).blocks
    assert [(b.kind, b.text, b.locator.heading, b.locator.row, b.header) for b in blocks] == [
        ("heading", "Costs", ("Costs",), None, ""),
        ("table", "item | euro", ("Costs",), 1, "item | euro"),
        ("table", "tea | 3", ("Costs",), 2, "item | euro"),
        ("heading", "Hidden", ("Hidden",), None, ""),
        ("paragraph", "a note", ("Hidden",), 1, ""),
    ]


def test_table_may_stand_anywhere_on_a_sheet():
    """Empty rows and columns in front are left out, a title is no row of the table, and rows keep their numbers."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "S"
    for cell, value in {"C3": "Budget", "C5": "item", "E5": "euro", "C6": "tea", "E6": 3, "C9": "cup", "E9": 4}.items():
        sheet[cell] = value
    assert _blocks(_saved(workbook))[1:] == [
        ("paragraph", "Budget", "S", 3),
        ("table", "item | euro", "S", 5),
        ("table", "tea | 3", "S", 6),
        ("table", "cup | 4", "S", 9),
    ]


def test_title_and_author_are_the_properties():
    """The title is that of the properties, otherwise the first sheet; hostile XML in them is not expanded."""
    workbook = openpyxl.Workbook()
    workbook.active.append(["text"])
    workbook.properties.title = "Costs & more"
    workbook.properties.creator = "Ann"
    extraction = extract_spreadsheet(_saved(workbook))
    assert (extraction.title, extraction.metadata) == ("Costs & more", {"author": "Ann"})
    workbook.properties.title = workbook.properties.creator = None
    extraction = extract_spreadsheet(_saved(workbook))
    assert (extraction.title, extraction.metadata) == ("Sheet", {})


def test_cards_in_a_workbook():
    """A sheet with columns of questions and answers is a deck, below the name of the sheet."""
    blocks = extract_spreadsheet(_xlsx(Deck=[["Question", "Answer"], ["What?", "It."]])).blocks
    assert [(b.kind, b.text, b.locator.heading, b.locator.row) for b in blocks] == [
        ("heading", "Deck", ("Deck",), None),
        ("heading", "What?", ("Deck", "What?"), 2),
        ("paragraph", "It.", ("Deck", "What?"), 2),
    ]


def test_old_workbook_is_read():
    """A workbook of Excel before 2007 has sheets and rows as any other."""
    data = xls({(1, 0): "item", (1, 1): "euro", (3, 0): "tea", (3, 1): 3.0})
    assert _blocks(data) == [
        ("heading", "Old", "Old", None),
        ("table", "item | euro", "Old", 2),
        ("table", "tea | 3", "Old", 4),
    ]


def test_opendocument_is_read():
    """Repeated cells and rows are counted; the properties are those of the document."""
    repeated = 'table:number-columns-repeated="{}" office:value-type="string"'
    cell = f"<table:table-cell {repeated}><text:p>{{}}</text:p></table:table-cell>"
    header = "".join(cell.format(1, name) for name in ("item", "note", "old"))
    body = (
        '<table:table table:name="Kosten">'
        '<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>'
        f"<table:table-row>{header}</table:table-row>"
        f"<table:table-row>{cell.format(1, 'tea')}{cell.format(2, 'hot')}"
        '<table:table-cell table:number-columns-repeated="16381"/></table:table-row></table:table>'
    )
    data = _ods(body, meta="<m><dc:title>Haushalt</dc:title><dc:creator>Ann &amp; Bob</dc:creator></m>")
    assert _blocks(data)[1:] == [("table", "item | note | old", "Kosten", 3), ("table", "tea | hot | hot", "Kosten", 4)]
    extraction = extract_spreadsheet(data)
    assert (extraction.title, extraction.metadata) == ("Haushalt", {"author": "Ann & Bob"})


def test_text_has_a_row_in_each_line():
    """The stored text has the rows below each other, and a place that a person can follow."""
    source = _load(_xlsx(Costs=[["item", "euro"], ["tea", 3]]))
    assert source.text == "Costs\n\nitem | euro\ntea | 3"
    assert source.blocks[-1].locator.place == {"sheet": "Costs", "row": 2}


def test_control_characters_are_removed():
    """A control character in a cell, as Excel escapes it, does no harm."""
    data = _xlsx(S=[["name", "value"], ["a_x0007_b", "c"]])
    assert "\x07" not in _load(data).text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "damaged"),
        (b"item;euro\n", "damaged"),
        (_xlsx(S=[["a"]])[:-200], "damaged"),
        (_xlsx(S=[]), "holds no text"),
        (xls({(0, 0): "a"})[:700], "cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "cannot be read"),
    ],
    ids=["empty", "text", "truncated", "no cells", "old, truncated", "old, zeros"],
)
def test_damaged_workbook_is_refused(data, reason):
    """Whatever is wrong with the bytes, there is a reason."""
    with pytest.raises(IngestionError, match=reason):
        _load(data)


@pytest.mark.parametrize(
    "data",
    [
        compound("EncryptedPackage", b"x" * 5000),
        xls({(0, 0): "a"}, protected=True),
        _ods("", **{"META-INF/manifest": '<m><file-entry path="content.xml"><encryption-data/></file-entry></m>'}),
    ],
    ids=["new", "old", "opendocument"],
)
def test_protected_workbook_is_refused(data):
    """A workbook under a password says so."""
    with pytest.raises(IngestionError, match="protected by a password"):
        _load(data)


def test_old_workbook_with_far_cells_is_refused():
    """The oldest format has no sheets of that size; one that claims to is tried in a process of its own."""
    with pytest.raises(IngestionError, match="more memory than a sheet may take"):
        _load(xls({(0, 0): "near", (65_535, 65_535): "far"}), ".xls")


def test_two_cells_that_span_billions_are_refused():
    """A sheet that asks for more memory than there is does not end the process."""
    workbook = openpyxl.Workbook()
    workbook.active["A1"] = workbook.active["XFD1048576"] = "far"
    with pytest.raises(IngestionError, match="must span at most"):
        _load(_saved(workbook))


def test_zip_bomb_is_refused():
    """A part that expands to far more than the file has is refused before it is parsed."""
    with pytest.raises(IngestionError, match="expands from"):
        _load(_ods("", bomb=" " * 2**25), ".ods")


def test_entities_are_not_expanded():
    """A part that defines entities, or names a file, adds nothing to the text."""
    workbook = _xlsx(S=[["before"]])
    source, target = zipfile.ZipFile(io.BytesIO(workbook)), io.BytesIO()
    hostile = (
        '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "AAAA"><!ENTITY f SYSTEM "file:///etc/hostname">]>'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>kept &a;&f;</t></is></c></row></sheetData></worksheet>'
    )
    with zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            archive.writestr(name, hostile if name == "xl/worksheets/sheet1.xml" else source.read(name))
    try:
        text = _load(target.getvalue()).text
    except IngestionError as exc:
        text = str(exc)
    with open("/etc/hostname") as file:
        secret = file.read().strip()
    assert "AAAA" not in text
    assert not secret or secret not in text


def test_hundred_thousand_rows_are_read():
    """Every row of a long sheet is a block with its number."""
    file = io.BytesIO()
    workbook = xlsxwriter.Workbook(file, {"constant_memory": True})
    sheet = workbook.add_worksheet("S")
    for row in range(100_000):
        sheet.write_row(row, 0, [f"name {row}", row] if row else ["name", "number"])
    workbook.close()
    blocks = extract_spreadsheet(file.getvalue()).blocks
    assert (len(blocks), blocks[-1].text, blocks[-1].locator.row) == (100_001, "name 99999 | 99999", 100_000)
