"""The console, JSON, tables and receipts."""

from __future__ import annotations

import io
import json
import sys

import pytest
from rich.console import Console
from rich.text import Text

from rag_app.cli.terminal import console, print_indented, print_json, read_json_argument, show_receipt, table
from rag_app.receipts import FileReceipt, Receipt


@pytest.fixture
def out(capsys: pytest.CaptureFixture[str]) -> Console:
    """The console of a pipe."""
    assert capsys is not None
    return console()


@pytest.mark.parametrize(
    "text", ["[bold]x[/bold]", ":smile:", "192.168.0.1 and 'text'", "x" * 300, "漢字 " * 60, "  indented"]
)
def test_the_console_takes_text_as_it_is(out: Console, capsys: pytest.CaptureFixture[str], text: str) -> None:
    """No markup, no emoji codes, no colours, no line ends of its own."""
    out.print(text)
    assert capsys.readouterr().out == text + "\n"


def test_the_other_console_writes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """For what is not the result."""
    console(stderr=True).print("busy")
    assert tuple(capsys.readouterr()) == ("", "busy\n")


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "latin-1", "ascii"])
def test_json_is_readable_text_where_that_can_be_written(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """Escapes elsewhere; the value is the same."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, errors="replace"))
    print_json({"text": "café › ☕"})
    sys.stdout.flush()
    written = raw.getvalue().decode(encoding)
    assert json.loads(written) == {"text": "café › ☕"}
    assert ("☕" in written) == (encoding in {"utf-8", "UTF8"})


@pytest.mark.parametrize(
    ("text", "first", "shown"),
    [
        ("one", "    ", "    one\n"),
        ("one\n\n  two", "    ", "    one\n\n      two\n"),
        ("one\ntwo", "", "one\n    two\n"),
        (Text("one\ntwo"), "> ", "> one\n    two\n"),
        ("", "", "\n"),
    ],
)
def test_indented_text_in_a_pipe(
    out: Console, capsys: pytest.CaptureFixture[str], text: str | Text, first: str, shown: str
) -> None:
    """Four columns, the first line's beginning of the caller's choice, blank lines left blank."""
    print_indented(out, text, first=first)
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one two three four", "    one two\n    three four\n"),
        ("one\n\n  two", "    one\n\n      two\n"),
        ("unbreakableword", "    unbreakabl\n    eword\n"),
        ("漢字漢字漢字", "    漢字漢字漢\n    字\n"),
    ],
)
def test_indented_text_at_a_terminal(text: str, shown: str) -> None:
    """No line is longer than 14 columns, none begins further left, none ends in space."""
    out = Console(file=io.StringIO(), width=14, force_terminal=True, color_system=None, highlight=False)
    print_indented(out, text)
    assert out.file.getvalue() == shown  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("[1, 2.5]", [1, 2.5]),
        ('{"a": null}', {"a": None}),
        ('"text"', "text"),
        ("text", "text"),
        ("", ""),
        ("[1,", "[1,"),
        ("true", True),
    ],
)
def test_an_argument_is_json_or_text(text: str, value: object) -> None:
    """What does not parse is the text itself."""
    assert read_json_argument(text) == value


def test_a_table_in_a_pipe(out: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """Aligned to the left, a row a line however long, nothing at the end of it."""
    table(out, [{"name": "a", "text": "x" * 200}, {"name": "longer", "text": ""}])
    assert capsys.readouterr().out == f"name    text\na       {'x' * 200}\nlonger\n"


def test_a_table_at_a_terminal() -> None:
    """Numbers to the right."""
    out = Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None, highlight=False)
    table(out, [{"name": "a", "chunks": "7"}, {"name": "b", "chunks": "1234"}])
    lines = [line.rstrip() for line in out.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    assert lines == ["name  chunks", "a          7", "b       1234"]


def test_a_table_without_rows_is_nothing(out: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even a heading, as there is no row to take it from."""
    table(out, [])
    assert capsys.readouterr().out == ""


def test_a_receipt_of_every_status(out: Console, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each file that something happened to, then the counts."""
    files = (
        FileReceipt("a.md", "new", 2, 30),
        FileReceipt("b.md", "changed", 1, 15),
        FileReceipt("c.md", "unchanged", 5, 70),
        FileReceipt("d.md", "removed"),
        FileReceipt("e.md", "duplicate-of", detail="a.md"),
        FileReceipt("f.md", "failed", detail="f.md holds no text."),
    )
    show_receipt(out, Receipt(files, 8, 115, 3, 0, {".pdf": 2, ".png": 1}, 1.25))
    assert capsys.readouterr().out == (
        "new a.md: chunks 2, tokens 30\n"
        "changed b.md: chunks 1, tokens 15\n"
        "removed d.md\n"
        "duplicate-of a.md: e.md\n"
        "failed f.md: f.md holds no text.\n"
        "new 1, changed 1, unchanged 1, removed 1, duplicate-of 1, failed 1\n"
        "index: chunks 8, tokens 115, truncated 0; embedded 3 in 1.2 s\n"
        "left out, because their type is not read: .pdf 2, .png 1\n"
        "completed with errors\n"
    )
