"""CSV, TSV and their kin: which character parts the cells is found out."""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Literal

from rag_app.ingestion.formats.extraction import Extraction
from rag_app.ingestion.formats.table import extract_table
from rag_app.locator import Locator

_DELIMITERS = "\t;|,"  # commas last: they also stand within text and numbers
_SAMPLE_CHARACTERS = 2**16
_CONSISTENT = 0.9  # of the rows have as many cells as most


def extract_delimited(data: str) -> Extraction:
    r"""Return the rows of a file of cells parted by commas, semicolons, tabs or bars.

    Examples
    --------
    >>> [(b.text, b.locator.row) for b in extract_delimited('item;euro\n"tea;\ngreen";3,50\n').blocks]
    [('item | euro', 1), ('tea; green | 3,50', 2)]
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # of cells, of which one may be a whole document
    return extract_table(enumerate(_rows(data, _delimiter(data)), 1), Locator())


def _rows(data: str, delimiter: str) -> list[list[str]]:
    rows = list(_reader(data, delimiter))
    # A quotation mark that is never closed swallows the rest of the file: it was no mark of the format.
    is_open = data.count('"') % 2 == 1 and bool(rows) and any("\n" in cell for cell in rows[-1][-1:])
    return list(_reader(data, delimiter, csv.QUOTE_NONE)) if is_open else rows


def _reader(data: str, delimiter: str, quoting: Literal[0, 3] = csv.QUOTE_MINIMAL) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(data, newline=""), delimiter=delimiter, quoting=quoting, skipinitialspace=True)


def _delimiter(data: str) -> str:
    """Return the character that divides most rows into the same number of cells, of which there are several."""
    sample = data[:_SAMPLE_CHARACTERS]
    if len(sample) < len(data) and "\n" in sample:
        sample = sample[: sample.rindex("\n")]
    consistencies = {delimiter: _consistency(sample, delimiter) for delimiter in _DELIMITERS}
    most = max(consistencies.values())
    return next((d for d, c in consistencies.items() if c > 0 and c >= _CONSISTENT * most), ",")


def _consistency(sample: str, delimiter: str) -> float:
    """Return how many of the rows have the usual number of cells, without half of a quoted cell among them."""
    rows = [row for row in _rows(sample, delimiter) if any(row)]
    (n_cells, _), *_ = Counter(map(len, rows)).most_common(1) or [(0, 0)]
    whole = [row for row in rows if len(row) == n_cells and all(cell.count('"') % 2 == 0 for cell in row)]
    return len(whole) / len(rows) if n_cells > 1 else 0.0
