"""Workbooks of Excel and of OpenDocument, by calamine: every sheet, hidden ones too, with the values last computed."""

from __future__ import annotations

import datetime as dt
import html
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator

from rag_app.errors import IngestionError
from rag_app.ingestion.formats.archive import open_archive
from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction
from rag_app.ingestion.formats.grid import check_extent
from rag_app.ingestion.formats.table import extract_table
from rag_app.locator import Locator

_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and any workbook under a password
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # the name of a stream
_FILE_PASS = re.compile(rb"\x09\x08\x10\x00.{16}(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)  # a record after the first
_MANIFEST = "META-INF/manifest.xml"
_PROPERTIES = ("docProps/core.xml", "meta.xml")
_PROPERTY = re.compile(r"<dc:(title|creator)\b[^>]*>([^<]*)</dc:")
_EXACT = 10**15  # whole numbers up to here are what the cell shows; above, a float has lost digits
_PYTHON_ERROR = 1
_PROBE = """
import io, sys
import python_calamine
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
except (ImportError, OSError, ValueError):
    pass  # not on this system
workbook = python_calamine.load_workbook(io.BytesIO(sys.stdin.buffer.read()))
for name in workbook.sheet_names:
    workbook.get_sheet_by_name(name)
"""

Value = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def extract_spreadsheet(data: bytes) -> Extraction:
    """Return the rows of the sheets of a workbook; the name of a sheet is the heading above its rows.

    Raises
    ------
    IngestionError
        If it is protected by a password, or its cells lie too far apart to be held in memory.

    Notes
    -----
    Dates are written as in ISO 8601, whole numbers without a fraction. Empty rows are left out; the others keep
    their numbers. A cell with an error is empty.
    """
    import python_calamine

    title = ""
    metadata: dict[str, str] = {}
    archive = None if data.startswith(_COMPOUND) else open_archive(data)
    if _is_protected(data, archive):
        msg = "The workbook is protected by a password."
        raise IngestionError(msg, hint="Save it without the password.")
    if archive:
        check_extent(archive)
        title, metadata = _properties(archive)
    else:
        _check_old(data)
    workbook = python_calamine.load_workbook(io.BytesIO(data))
    blocks: list[ExtractedBlock] = []
    for name in workbook.sheet_names:
        place = Locator((name,), sheet=name)
        sheet = extract_table(_rows(workbook.get_sheet_by_name(name).iter_rows()), place)
        if sheet.blocks:
            blocks += [ExtractedBlock("heading", name, place), *sheet.blocks]
            metadata.update(sheet.metadata)
            title = title or name
    return Extraction(tuple(blocks), title, metadata)


def _rows(rows: Iterator[list[Value]]) -> Iterator[tuple[int, list[str]]]:
    """Yield the numbers and the texts of rows; most rows of a sheet with one far cell are empty."""
    for number, row in enumerate(rows, 1):
        if row.count("") < len(row):
            yield number, [_text(value) for value in row]


def _is_protected(data: bytes, archive: zipfile.ZipFile | None) -> bool:
    """Return whether a workbook is encrypted, which calamine reports as a format that it doesn't know."""
    if archive is None:
        return _ENCRYPTED in data or _FILE_PASS.search(data) is not None
    return _MANIFEST in archive.namelist() and b"encryption-data" in archive.read(_MANIFEST)


def _check_old(data: bytes) -> None:
    """Open a workbook in a process of its own: how far its cells lie apart cannot be told without a parser."""
    probe = subprocess.run([sys.executable, "-c", _PROBE], input=data, capture_output=True, check=False)  # noqa: S603  (our own code)
    if probe.returncode not in {0, _PYTHON_ERROR}:  # what Python reports, the reader in this process reports better
        msg = "The workbook needs more memory than a sheet may take: 2 GiB."
        raise IngestionError(msg, hint="Delete what stands far from the rest of a sheet.")


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)


def _properties(archive: zipfile.ZipFile) -> tuple[str, dict[str, str]]:
    found = dict(_written(archive))
    return found.get("title", ""), {"author": found["creator"]} if "creator" in found else {}


def _written(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    for name in set(_PROPERTIES).intersection(archive.namelist()):
        for match in _PROPERTY.finditer(archive.read(name).decode(errors="replace")):
            text = " ".join(html.unescape(match.group(2)).split())
            if text:
                yield match.group(1), text
