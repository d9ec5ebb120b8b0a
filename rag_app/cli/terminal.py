"""How answers, passages and progress look in a terminal; plain text where the output is not one."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from rag_app.ingestion.sync import Progress
    from rag_app.types import Answer, Citation, Passage, Receipt

_QUOTE_WIDTH = 400
_CONTEXT_WIDTH = 300


def console(*, stderr: bool = False) -> Console:
    """Return a console that neither guesses markup nor colours numbers."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, soft_wrap=not sys.stdout.isatty())


def print_json(value: Any) -> None:  # noqa: ANN401  (anything that JSON holds)
    """Print a value as one JSON document."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def show_answer(out: Console, answer: Answer, *, with_text: bool = True) -> None:
    """Print an answer, its citations and its notes."""
    if with_text:
        out.print(answer.text)
    if answer.citations:
        out.print()
        for number, citation in enumerate(answer.citations, start=1):
            show_citation(out, number, citation)
    if not answer.answered and answer.retrieved:
        out.print("\nThe nearest passages:", style="bold")
        for passage in answer.retrieved[:3]:
            out.print(f"  {passage.source}: {passage.locator}", style="dim")
            out.print(_indented(_clipped(passage.text, 160)))
    for note in answer.notes:
        out.print(f"\nNote: {note}", style="yellow")


def show_citation(out: Console, number: int, citation: Citation) -> None:
    """Print a citation: number, source, heading path, quotation."""
    out.print(f"[{number}] {citation.source}: {citation.locator}", style="cyan")
    out.print(_indented(f"“{_clipped(citation.quote, _QUOTE_WIDTH)}”"))


def show_in_context(out: Console, number: int, citation: Citation, text: str) -> None:
    """Print a quotation in bold between the text before and after it."""
    from rich.text import Text

    before = text[max(0, citation.start - _CONTEXT_WIDTH) : citation.start]
    after = text[citation.end : citation.end + _CONTEXT_WIDTH]
    shown = Text.assemble(
        ("… " if citation.start > _CONTEXT_WIDTH else "") + before.partition(" ")[2],
        (citation.quote, "bold"),
        after.rpartition(" ")[0] + (" …" if citation.end + _CONTEXT_WIDTH < len(text) else ""),
    )
    out.print(f"[{number}] {citation.source}: {citation.locator}", style="cyan")
    out.print(shown)
    out.print()


def show_passage(out: Console, number: int, passage: Passage) -> None:
    """Print a passage with its score."""
    out.print(f"{number}. {passage.source}: {passage.locator}", style="cyan")
    parts = (
        f"score {passage.score:.3f} = ½ · {passage.dense_score:.3f} (meaning) + ½ · {passage.lexical_score:.3f} (words)"
    )
    out.print(f"   {parts}", style="dim")
    out.print(_indented(passage.text))


def show_receipt(out: Console, receipt: Receipt) -> None:
    """Print what an ingestion did."""
    for file in receipt.files:
        if file.status in {"failed", "duplicate-of", "removed"}:
            out.print(f"{file.status} {file.name}{': ' if file.status == 'failed' else ' '}{file.detail}")
    counts = receipt.to_json()
    names = ("new", "changed", "unchanged", "removed", "duplicate-of", "failed")
    out.print(", ".join(f"{name} {counts[name]}" for name in names))
    out.print(
        f"index: {receipt.n_chunks} chunks, {receipt.n_tokens} tokens, truncated {receipt.n_truncated}; "
        f"embedded {receipt.n_embedded} in {receipt.duration_s:.1f} s"
    )
    if receipt.ignored:
        kinds = ", ".join(f"{suffix} {n}" for suffix, n in sorted(receipt.ignored.items()))
        out.print(f"left out, because their type is not read: {kinds}")


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
    """Print rows as an aligned table without lines."""
    from rich.table import Table

    if not rows:
        return
    grid = Table(box=None, pad_edge=False)
    for name in rows[0]:
        grid.add_column(name)
    for row in rows:
        grid.add_row(*row.values())
    out.print(grid)


def _clipped(text: str, width: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else text[: text.rfind(" ", 0, width)] + " …"


def _indented(text: str) -> str:
    return textwrap.indent(text, "    ")
