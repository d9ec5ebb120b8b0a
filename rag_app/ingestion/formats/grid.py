"""How far the cells of a workbook lie apart, found out before a reader makes room for all between them.

A workbook of two cells may span 17 billion, and a reader in compiled code that asks for that much memory ends the
whole process.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator

from rag_app.errors import IngestionError

MAX_CELLS = 2**24  # of a sheet, empty ones included; each takes 32 bytes for a moment
_PIECE_BYTES = 2**20
_LONGEST_REFERENCE = 64
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]*)(\d+)["']""")
_ODS_TAG = re.compile(rb"<(?:[\w.-]+:)?(table|table-row|(?:covered-)?table-cell)(?![\w-])([^>]*)>")
_REPEATED = re.compile(rb"""number-(?:rows|columns)-repeated\s*=\s*["'](\d+)["']""")


def check_extent(archive: zipfile.ZipFile) -> None:
    """Raise an error if a sheet spans more cells than memory has room for.

    Parameters
    ----------
    archive : zipfile.ZipFile
        A workbook of Excel (since 2007) or of OpenDocument.

    Raises
    ------
    IngestionError
        If a sheet spans more than 16,777,216 cells, empty ones included.
    """
    for name in archive.namelist():
        if name == "content.xml":
            n_cells = max(_ods_extents(archive.read(name)), default=0)
        elif name.endswith(".xml") and "sharedStrings" not in name:
            n_cells = _xlsx_extent(archive, name)
        else:
            continue
        if n_cells > MAX_CELLS:
            msg = f"A sheet must span at most {MAX_CELLS:,} cells, empty ones included; {name} spans {n_cells:,}."
            raise IngestionError(msg, hint="Delete what stands far from the rest of the sheet.")


def _xlsx_extent(archive: zipfile.ZipFile, name: str) -> int:
    """Return the cells up to the last row and the last column that a part names."""
    last_row = last_column = 0
    rest = b""
    with archive.open(name) as part:
        while piece := part.read(_PIECE_BYTES):
            piece = rest + piece
            found = _REFERENCE.findall(piece)
            last_row = max(last_row, max((int(row) for _, row in found), default=0))
            last_column = max(last_column, max(map(_column, {column for column, _ in found}), default=0))
            rest = piece[-_LONGEST_REFERENCE:]
    return last_row * last_column


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - ord("A") + 1
    return number


def _ods_extents(content: bytes) -> Iterator[int]:
    """Yield, for each table, the cells up to its last row and its last column with something in it."""
    row = rows = columns = column = last_row = 0
    for match in _ODS_TAG.finditer(content):
        kind, attributes = match.groups()
        repeated = _REPEATED.search(attributes)
        times = int(repeated.group(1)) if repeated else 1
        if kind == b"table":
            yield last_row * columns
            row = rows = columns = column = last_row = 0
        elif kind == b"table-row":
            row += rows
            rows, column = times, 0
        else:
            column += times
            if not attributes.endswith(b"/") or b"value" in attributes:
                columns, last_row = max(columns, column), row + rows
    yield last_row * columns
