"""Rows of cells, as spreadsheets and CSV files hold them, become the rows of a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag_app.ingestion.formats.cards import Card, build_deck
from rag_app.ingestion.formats.extraction import ExtractedBlock, Extraction
from rag_app.locator import Locator

_NUMBER = re.compile(r"[-+(]?[^\w\s.,-]?\s?\d[\d.,\s%)]*(?:[eE][-+]?\d+)?\s?[^\w\s]?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?|\d{1,2}:\d{2}(?::\d{2})?")
_BOOLEANS = frozenset(("true", "false"))
_YEAR = re.compile(r"(?:19|20)\d\d")
_TAG_BREAK = re.compile(r"[,;]\s*")
_LONG = 100  # characters of a cell that is no name of a column
_SIDES = (("question", "answer"), ("front", "back"), ("term", "definition"))
_SECTIONS = ("section", "chapter", "deck", "topic")
_UNSHOWN = frozenset(("id", "no", "no.", "nr", "nr.", "number", "#", "tags", *_SECTIONS))


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row and its number, as the program that made it counts."""

    number: int
    cells: tuple[str, ...]

    @property
    def text(self) -> str:
        """The cells up to the last one that is not empty."""
        return " | ".join(self.cells).rstrip(" |")

    @property
    def filled(self) -> list[str]:
        """The cells that are not empty."""
        return [cell for cell in self.cells if cell]


def extract_table(rows: Iterable[tuple[int, Sequence[str]]], place: Locator) -> Extraction:
    """Return the rows of a table, one block each, or flash cards where the columns are those of cards.

    Parameters
    ----------
    rows : iterable of tuple
        The number and the cells of each row.
    place : Locator
        Where the table stands.

    Returns
    -------
    Extraction
        Rows without text and columns without text are left out. Lines of one cell above the columns are paragraphs.
        The first row of several cells is the header, repeated with every row, unless there is a number in it; years
        may stand there. After an empty row another table may begin, with a header of its own.

    Examples
    --------
    >>> rows = [(1, ["Prices"]), (3, ["item", "euro"]), (4, ["tea", "3"])]
    >>> [(b.kind, b.text, b.header, b.locator.row) for b in extract_table(rows, Locator()).blocks]
    [('paragraph', 'Prices', '', 1), ('table', 'item | euro', 'item | euro', 3), ('table', 'tea | 3', 'item | euro', 4)]
    """
    filled = [row for row in (Row(n, tuple(" ".join(c.split()) for c in cells)) for n, cells in rows) if row.filled]
    blocks: list[ExtractedBlock] = []
    metadata: dict[str, str] = {}
    for table in _tables(_without_empty_columns(filled)):
        deck = _deck(table, place)
        metadata.update(deck.metadata if deck else {})
        blocks += deck.blocks if deck else _table_blocks(table, place)
    return Extraction(tuple(blocks), metadata=metadata)


def _without_empty_columns(rows: Sequence[Row]) -> list[Row]:
    """Columns that are empty from top to bottom would be empty places in every row."""
    used = sorted({i for row in rows for i, cell in enumerate(row.cells) if cell})
    if used == list(range(len(used))):
        return list(rows)
    return [Row(row.number, tuple(row.cells[i] for i in used if i < len(row.cells))) for row in rows]


def _tables(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Divide rows where, after an empty one, a line of one cell or a header above numbers says that a table begins."""
    start, has_columns = 0, False
    for i, row in enumerate(rows):
        follows_gap = i > 0 and row.number > rows[i - 1].number + 1
        if follows_gap and has_columns and _opens_table(rows[i : i + 2]):
            yield list(rows[start:i])
            start, has_columns = i, False
        has_columns = has_columns or len(row.filled) > 1
    if rows:
        yield list(rows[start:])


def _opens_table(rows: Sequence[Row]) -> bool:
    return len(rows[0].filled) == 1 or (_is_header(rows[0]) and any(map(_is_value, rows[-1].filled)))


def _header_index(table: Sequence[Row]) -> int | None:
    """Return which row is the header: the first that is not a line of one cell above several columns."""
    several = max(len(row.filled) for row in table) > 1
    first = next((i for i, row in enumerate(table) if len(row.filled) > 1 or not several), 0)
    return first if _is_header(table[first]) and len(table) > first + 1 else None


def _is_header(row: Row) -> bool:
    cells = row.filled
    values = [cell for cell in cells if _is_value(cell)]
    is_name = all(len(cell) <= _LONG and not cell.endswith((".", "!")) for cell in cells)
    return is_name and len(values) < len(cells) and all(_YEAR.fullmatch(cell) for cell in values)


def _is_value(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell) or _DATE.fullmatch(cell)) or cell.casefold() in _BOOLEANS


def _table_blocks(table: Sequence[Row], place: Locator) -> Iterator[ExtractedBlock]:
    at = _header_index(table)
    header = "" if at is None else table[at].text
    titles = next((i for i, row in enumerate(table) if len(row.filled) > 1), int(len(table) == 1))
    for i, row in enumerate(table):
        locator = replace(place, row=row.number)
        if i < titles:
            yield ExtractedBlock("paragraph", row.text, locator)
        else:
            yield ExtractedBlock("table", row.text, locator, header, joined=i > titles)


def _deck(table: Sequence[Row], place: Locator) -> Extraction | None:
    """Return the cards of a table that has a column of questions and one of answers."""
    at = _header_index(table)
    if at is None:
        return None
    names = table[at].cells
    known = {name.casefold() for name in names}
    sides = next((pair for pair in _SIDES if known.issuperset(pair)), None)
    if sides is None:
        return None
    cards = (_card(names, row, sides, place) for row in table[at + 1 :])
    return build_deck(cards, "\n".join(row.text for row in table))


def _card(names: Sequence[str], row: Row, sides: tuple[str, str], place: Locator) -> Card:
    by_name = {name.casefold(): cell for name, cell in zip(names, row.cells, strict=False) if cell}
    section = next((by_name[name] for name in _SECTIONS if name in by_name), "")
    where = replace(place, heading=(*place.heading, section) if section else place.heading, row=row.number)
    unshown = _UNSHOWN.union(sides)
    others = [f"{n}: {c}" for n, c in zip(names, row.cells, strict=False) if n and c and n.casefold() not in unshown]
    tags = tuple(tag for tag in _TAG_BREAK.split(by_name.get("tags", "")) if tag)
    question, answer = (by_name.get(side, "") for side in sides)
    return Card(question, answer, where, where, tags, "\n".join(others))
