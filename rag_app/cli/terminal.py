"""The console, progress, tables and receipts; plain text where the output is not a terminal."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from rag_app.ingestion.sync import Progress
    from rag_app.receipts import Receipt

_INDENT = "    "


def console(*, stderr: bool = False) -> Console:
    """Return a console that takes text as it is: no markup, no emoji codes, no coloured numbers."""
    from rich.console import Console as RichConsole

    class Console(RichConsole):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    out = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    out.soft_wrap = not out.is_terminal
    return out


def print_json(value: Any, *, indent: int | None = 2) -> None:  # noqa: ANN401  (anything that JSON holds)
    """Print a value as one JSON document; without indentation it stands on one line."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    print(json.dumps(value, ensure_ascii=encoding != "utf8", indent=indent))


def print_indented(out: Console, text: str | Text, *, first: str = _INDENT, style: str = "") -> None:
    """Print text four columns from the left, the lines that a terminal's width makes of it too.

    Parameters
    ----------
    first : str, default="    "
        What the first line begins with in place of the indentation.
    """
    from rich.text import Text as RichText

    whole = RichText(text, style) if isinstance(text, str) else text
    if not out.is_terminal:
        out.print(first + textwrap.indent(whole.plain, _INDENT)[len(_INDENT) :])
        return
    for line in whole.split("\n", allow_blank=True):
        for part in line.wrap(out, out.width - len(_INDENT)):
            part.rstrip()
            out.print(RichText.assemble(first, part) if part.plain else "")
            first = _INDENT


def show_receipt(out: Console, receipt: Receipt) -> None:
    """Print what an ingestion did."""
    for file in receipt.files:
        if file.status == "failed":
            out.print(f"failed {file.name}: {file.detail}", style="red")
        elif file.status in {"new", "changed"}:
            out.print(f"{file.status} {file.name}: chunks {file.n_chunks}, tokens {file.n_tokens}")
        elif file.status == "duplicate-of":
            out.print(f"duplicate-of {file.detail}: {file.name}")
        elif file.status == "removed":
            out.print(f"removed {file.name}")
    counts = receipt.to_json()
    names = ("new", "changed", "unchanged", "removed", "duplicate-of", "failed")
    out.print(", ".join(f"{name} {counts[name]}" for name in names))
    out.print(
        f"index: chunks {receipt.n_chunks}, tokens {receipt.n_tokens}, truncated {receipt.n_truncated}; "
        f"embedded {receipt.n_embedded} in {receipt.duration_s:.1f} s"
    )
    if receipt.ignored:
        kinds = ", ".join(f"{suffix} {n}" for suffix, n in sorted(receipt.ignored.items()))
        out.print(f"left out, because their type is not read: {kinds}")
    if receipt.count("failed"):
        out.print("completed with errors", style="red")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show files done and the file at work on stderr; a line for every tenth of the files where it is no terminal."""
    out = console(stderr=True)
    if not out.is_terminal:
        yield _Lines()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()
    with Bar(*columns, console=out, transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def show(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)

        yield show


class _Lines:
    def __init__(self) -> None:
        self._tenth = -1

    def __call__(self, name: str, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if tenth != self._tenth:
            self._tenth = tenth
            print(f"{done}/{total} {name}", file=sys.stderr)


def read_json_argument(text: str) -> Any:  # noqa: ANN401  (anything that JSON holds)
    """Return a value typed on the command line: JSON where it parses, otherwise the text itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def table(out: Console, rows: list[Mapping[str, str]]) -> None:
    """Print rows as an aligned table without lines; where the output is no terminal, a row stays on one line."""
    if not rows:
        return
    if out.is_terminal:
        out.print(_grid(rows))
        return
    lines = [{name: name for name in rows[0]}, *rows]
    widths = {name: max(len(line[name]) for line in lines) for name in rows[0]}
    for line in lines:
        out.print("  ".join(line[name].ljust(width) for name, width in widths.items()).rstrip())


def _grid(rows: list[Mapping[str, str]]) -> Table:
    from rich.table import Table

    grid = Table(box=None, pad_edge=False)
    for name in rows[0]:
        grid.add_column(name, justify="right" if all(row[name].isdecimal() for row in rows) else "left")
    for row in rows:
        grid.add_row(*row.values())
    return grid
