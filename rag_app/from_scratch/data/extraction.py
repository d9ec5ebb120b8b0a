"""Records cut out of web pages: the rows of tables, by the names in their heads."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from rag_app.registry import register

_NUMBER = re.compile(r"[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?")
_SILENT = frozenset(("script", "style", "template"))
_BLOCKS = frozenset(("br", "p", "div", "li"))


@register("tool", "D021")
def html_to_records(html: str) -> list[dict[str, Any]]:
    """Return the rows of the tables of a web page as records, with the cells of each table's head as names.

    Parameters
    ----------
    html : str
        The text of a page, which may be broken. Nothing is fetched.

    Returns
    -------
    list of dict
        One for each row: for each name a number, a text, or null for an empty or missing cell. The first row of a table
        is its head; empty names become column_1, column_2, …, and a second cell of the same name gets _2. A cell that
        spans several columns or rows counts in each of them. Tables within cells are tables of their own. Empty where
        there is no table with rows.

    Notes
    -----
    Whether a page may be read by a program is not said by its HTML: look at robots.txt, the terms of use and the law.
    WHATWG, *HTML living standard*, section 4.9 "Tabular data".

    Examples
    --------
    >>> html_to_records("<table><tr><th>Item<th>Price<tr><td>Pen &amp; ink<td>2.50</table>")
    [{'Item': 'Pen & ink', 'Price': 2.5}]
    """
    parser = _Tables()
    parser.feed(html)
    parser.close()
    return [record for table in parser.tables for record in _records(_grid(table))]


class _Tables(HTMLParser):
    """Collects tables as rows of cells ``[text, columns, rows]``, in the order in which they begin."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[list[Any]]]] = []
        self._open: list[
            tuple[list[list[list[Any]]], list[list[Any]]]
        ] = []  # tables, and the cell that is open in each
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a table, a row or a cell."""
        if tag in _SILENT:
            self._silent += 1
        elif tag == "table":
            self._open.append(([], []))
            self.tables.append(self._open[-1][0])
        elif self._open:
            rows, cell = self._open[-1]
            if tag == "tr":
                cell.clear()
                rows.append([])
            elif tag in ("td", "th"):
                spans = dict(attrs)
                cell[:] = [["", _span(spans.get("colspan")), _span(spans.get("rowspan"))]]
                if not rows:
                    rows.append([])
                rows[-1].append(cell[0])
            elif tag in _BLOCKS:
                self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        """Close a table or a cell."""
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif self._open and tag == "table":
            self._open.pop()
        elif self._open and tag in ("td", "th", "tr"):
            self._open[-1][1].clear()

    def handle_data(self, data: str) -> None:
        """Add text to the open cell."""
        if self._open and self._open[-1][1] and not self._silent:
            self._open[-1][1][0][0] += data


def _span(value: str | None) -> int:
    return max(1, min(1000, int(value))) if value is not None and value.isdecimal() else 1


def _grid(table: list[list[list[Any]]]) -> list[list[str]]:
    """Return a table with cells that span several places repeated in each of them."""
    taken: dict[tuple[int, int], str] = {}
    for r, row in enumerate(table):
        c = 0
        for text, columns, rows in row:
            while (r, c) in taken:
                c += 1
            for down in range(min(rows, len(table) - r)):
                taken |= {(r + down, c + right): " ".join(text.split()) for right in range(columns)}
            c += columns
    width = max((c for _, c in taken), default=-1) + 1
    return [[taken.get((r, c), "") for c in range(width)] for r in range(len(table))]


def _records(grid: list[list[str]]) -> list[dict[str, Any]]:
    filled = [row for row in grid if any(row)]
    if not filled:
        return []
    names: list[str] = []
    for n, head in enumerate(filled[0]):
        name = head or f"column_{n + 1}"
        again = sum(1 for other in filled[0][:n] if other == head and head)
        names.append(f"{name}_{again + 1}" if again else name)
    return [dict(zip(names, map(_value, row), strict=True)) for row in filled[1:]]


def _value(text: str) -> str | float | int | None:
    if not _NUMBER.fullmatch(text):
        return text or None
    plain = text.replace(",", "")
    if plain.lstrip("+-").startswith("0") and plain.lstrip("+-").isdigit() and len(plain) > 1:
        return text  # a code such as 007, whose zeros say something
    return int(plain) if re.fullmatch(r"[-+]?\d+", plain) else float(plain)
