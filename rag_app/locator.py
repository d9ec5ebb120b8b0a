"""Where in a document something stands, in terms that a person can follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Locator:
    """A place in a document. What the format does not have is None or empty.

    Parameters
    ----------
    heading : tuple of str
        Headings, chapters or titles of slides, from the outermost to the innermost.
    page, slide, cell, line : int or None
        Page of a PDF, slide of a presentation, cell of a notebook, line of a text file: counted from 1.
    sheet : str
        Name of a worksheet.
    row, last_row : int or None
        Rows of a table file as its own program numbers them: the header is row 1. The last is None for a single row.
    path : str
        Where in a JSON document, such as ``$.items[3].name``.
    time_s : float or None
        Seconds from the beginning of a recording.

    Examples
    --------
    >>> str(Locator(("GANs", "Mode collapse"), line=41))
    'GANs › Mode collapse, line 41'
    >>> str(Locator(sheet="Costs", row=12, last_row=31)), str(Locator(time_s=3725.5))
    ('sheet Costs, rows 12–31', '1:02:05')
    """

    heading: tuple[str, ...] = ()
    page: int | None = None
    slide: int | None = None
    sheet: str = ""
    row: int | None = None
    last_row: int | None = None
    cell: int | None = None
    path: str = ""
    time_s: float | None = None
    line: int | None = None

    def __str__(self) -> str:
        parts = [" › ".join(self.heading)] if self.heading else []
        numbered = {"page": self.page, "slide": self.slide, "sheet": self.sheet}
        parts += [f"{kind} {at}" for kind, at in numbered.items() if at and at not in self.heading]
        if self.row is not None:
            parts.append(f"row {self.row}" if self.last_row is None else f"rows {self.row}–{self.last_row}")
        parts += [f"cell {self.cell}"] if self.cell is not None else []
        parts += [self.path] if self.path else []
        parts += [_clock(self.time_s)] if self.time_s is not None else []
        parts += [f"line {self.line}"] if self.line is not None else []
        return ", ".join(parts)

    @property
    def place(self) -> dict[str, int | float | str]:
        """What is known besides the heading, by name."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "heading"}
        return {name: value for name, value in values.items() if value not in {None, ""}}

    @classmethod
    def load(cls, heading: list[str] | tuple[str, ...], place: Mapping[str, Any] | None = None) -> Locator:
        """Return the locator that `heading` and `place` were taken from."""
        return cls(tuple(heading), **(place or {}))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: the heading, the line, and what else is known."""
        return {"heading": list(self.heading), "line": self.line, **self.place}


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(int(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
