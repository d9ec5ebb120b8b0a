"""``rag ingest``: receipts, and that doing it twice changes nothing."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.command_line import CommandLine, Transcript, status_json

from rag_app import build

COUNTS = "new {}, changed {}, unchanged {}, removed {}, duplicate-of {}, failed {}"


def receipt(done: Transcript) -> list[str]:
    """Return the lines of a receipt, the duration made the same for all."""
    return re.sub(r" in [\d.]+ s$", " in 0.0 s", done.out, flags=re.MULTILINE).splitlines()


def test_the_receipt_says_what_happened_to_each_file(rag_with_notes: CommandLine) -> None:
    """A first run, a second that changes nothing, and one after every kind of change."""
    notes = rag_with_notes.folder / "notes"
    first = rag_with_notes("ingest", "notes")
    assert first.code == 0
    assert receipt(first) == [
        "new café.txt: chunks 1, tokens 29",
        "new lighthouse.md: chunks 3, tokens 88",
        COUNTS.format(2, 0, 0, 0, 0, 0),
        "index: chunks 4, tokens 117, truncated 0; embedded 4 in 0.0 s",
    ]
    assert first.err.splitlines() == ["0/2 café.txt", "1/2 lighthouse.md", "2/2 storing vectors"]
    before = status_json(rag_with_notes)

    second = rag_with_notes.inside("ingest", "notes")
    assert second.code == 0
    assert receipt(second) == [
        COUNTS.format(0, 0, 2, 0, 0, 0),
        "index: chunks 4, tokens 117, truncated 0; embedded 0 in 0.0 s",
    ]
    assert {**status_json(rag_with_notes), "last_run": None} == {**before, "last_run": None}

    (notes / "café.txt").unlink()
    (notes / "photo.png").write_bytes(b"PNG")
    lighthouse = (notes / "lighthouse.md").read_text("utf-8")
    for name in ("lighthouse.md", "same.md"):
        (notes / name).write_text(lighthouse.replace("1861", "1862"), encoding="utf-8")
    third = rag_with_notes.inside("ingest", "notes")
    assert third.code == 0
    assert receipt(third) == [
        "removed café.txt",
        "changed lighthouse.md: chunks 3, tokens 88",
        "duplicate-of lighthouse.md: same.md",
        COUNTS.format(0, 1, 0, 1, 1, 0),
        "index: chunks 3, tokens 88, truncated 0; embedded 1 in 0.0 s",
        "left out, because their type is not read: .png 1",
    ]


def test_json_receipt(rag_with_notes: CommandLine) -> None:
    """Every field, with the file's own figures."""
    done = rag_with_notes.inside("ingest", "notes/*.md", "notes/café.txt", "--json")
    printed = json.loads(done.out)
    assert done.code == 0
    assert printed.pop("duration_s") > 0
    assert printed == {
        "new": 2,
        "changed": 0,
        "unchanged": 0,
        "removed": 0,
        "duplicate-of": 0,
        "failed": 0,
        "chunks": 4,
        "tokens": 117,
        "embedded": 4,
        "truncated": 0,
        "ignored": {},
        "files": [
            {"name": "lighthouse.md", "status": "new", "chunks": 3, "tokens": 88, "detail": ""},
            {"name": "café.txt", "status": "new", "chunks": 1, "tokens": 29, "detail": ""},
        ],
    }


def test_json_receipt_of_a_failure_is_still_json(rag: CommandLine) -> None:
    """Exit code 2, and the reason in the file's entry."""
    (rag.folder / "binary.md").write_bytes(b"\0\0")
    done = rag.inside("ingest", "binary.md", "--json")
    printed = json.loads(done.out)
    assert (done.code, printed["failed"], printed["files"][0]["status"]) == (2, 1, "failed")
    assert printed["files"][0]["detail"].startswith("The file is binary, not text.")


def test_progress_in_a_pipe_is_a_line_for_every_tenth(rag: CommandLine) -> None:
    """Thirty files do not make thirty lines."""
    for i in range(30):
        (rag.folder / f"{i:02}.txt").write_text(f"Note {i} is about the number {i}.\n", encoding="utf-8")
    lines = rag.inside("ingest", ".").err.splitlines()
    assert lines[:2] == ["0/30 00.txt", "3/30 03.txt"]
    assert len(lines) == 11
    assert lines[-1] == "30/30 storing vectors"


@pytest.mark.parametrize("columns", [40, 100])
def test_progress_at_a_terminal_is_a_bar_that_goes_away(rag_with_notes: CommandLine, columns: int) -> None:
    """The file at work and the count are shown; afterwards only the receipt is left."""
    terminal = rag_with_notes.at_terminal("ingest", "notes", columns=columns)
    terminal.wait_for("storing vectors")
    assert "/2" in terminal.raw
    lines = terminal.read_to_end()
    assert "storing vectors" not in "".join(lines)
    assert "new café.txt: chunks 1, tokens 29" in lines
    assert terminal.exit_code == 0


@contextmanager
def watching(rag: CommandLine, *arguments: str) -> Iterator[Iterator[str]]:
    """Run ``rag ingest --watch`` on the notes; give what it prints, line by line, and interrupt it at the end."""
    with rag.start("ingest", "--watch", "notes", *arguments) as process:
        assert process.stdout is not None
        try:
            yield iter(process.stdout.readline, "")
        finally:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        assert (process.returncode, err.splitlines()[-1]) == (0, "watching; Ctrl-C ends it")


def test_watch_ingests_what_changes_until_it_is_interrupted(rag_with_notes: CommandLine) -> None:
    """A line for each change, which a reader elsewhere finds at once; an interruption is no failure."""
    notes = rag_with_notes.folder / "notes"
    time = r"\d\d:\d\d:\d\d"
    with watching(rag_with_notes) as lines:
        assert [next(lines) for _ in range(4)][2] == f"{COUNTS.format(2, 0, 0, 0, 0, 0)}\n"
        reader = build(data_dir=rag_with_notes.data_dir)
        (notes / "dogs.md").write_text("# Dogs\n\nDogs bark.\n")
        assert re.fullmatch(f"{time} new dogs.md\n", next(lines))
        assert reader.search("animals that make noise", k=1)[0].text == "Dogs\n\nDogs bark."
        (notes / "dogs.md").write_text("# Dogs\n\nDogs howl at night.\n")
        assert re.fullmatch(f"{time} changed dogs.md\n", next(lines))
        assert reader.search("animals that make noise", k=1)[0].text == "Dogs\n\nDogs howl at night."
        (notes / "dogs.md").rename(notes / "wolves.md")
        assert [next(lines).split()[1:] for _ in range(2)] == [["removed", "dogs.md"], ["new", "wolves.md"]]
        assert reader.search("animals that make noise", k=1)[0].source == "wolves.md"
        (notes / "wolves.md").unlink()
        assert re.fullmatch(f"{time} removed wolves.md\n", next(lines))
        assert {p.source for p in reader.search("animals that make noise", k=50)} == {"café.txt", "lighthouse.md"}
        reader._vectors.reopen()


def test_watch_tells_a_failure_once(rag_with_notes: CommandLine) -> None:
    """With its reason, and not again with every later change; as JSON, a receipt is printed for each."""
    notes = rag_with_notes.folder / "notes"
    with watching(rag_with_notes) as lines:
        assert [next(lines) for _ in range(4)]
        (notes / "empty.md").write_text("")
        assert re.fullmatch(r"[\d:]+ failed empty\.md: .+\n", next(lines))
        (notes / "more.md").write_text("# More\n\nMore text.\n")
        assert re.fullmatch(r"[\d:]+ new more\.md\n", next(lines))
    with watching(rag_with_notes, "--json") as lines:
        assert json.loads(_document(lines))["unchanged"] == 3
        (notes / "more.md").unlink()
        assert json.loads(_document(lines))["removed"] == 1


def _document(lines: Iterator[str]) -> str:
    """Return the next JSON document, which ends with a brace at the margin."""
    text = ""
    while not text.endswith("\n}\n"):
        text += next(lines)
    return text


def test_a_web_page_is_not_watched(rag: CommandLine) -> None:
    """It is refused before anything is read; the address, which may hold a key, is not printed."""
    done = rag.inside("ingest", "--watch", "https://example.org/?key=SECRET")
    message = "rag: What is watched must be files and folders; got a URL. Ingest web pages without --watch.\n"
    assert (done.code, done.out, done.err) == (2, "", message)
