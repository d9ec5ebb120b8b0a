"""``rag classify``: labels for texts from arguments or a pipe."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.command_line import CommandLine, Transcript

LABELS = "billing\tinvoices, refunds and payments\n\nshipping\tparcels and delivery\n"


@pytest.fixture
def labels(rag: CommandLine) -> Path:
    """A file with two labels and a blank line."""
    path = rag.folder / "labels.txt"
    path.write_text(LABELS, encoding="utf-8")
    return path


def test_a_line_for_each_text(rag: CommandLine, labels: Path) -> None:
    """Label, similarity, margin and text, separated by tabs."""
    done = rag("classify", "--labels", labels.name, "I want my money back", "Where is my\tparcel?")
    assert (done.code, done.err) == (0, "")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [(r[0], r[3]) for r in rows] == [
        ("billing", "I want my money back"),
        ("shipping", "Where is my parcel?"),
    ]
    assert all(re.fullmatch(r"0\.\d{3}", figure) for r in rows for figure in r[1:3])


def test_texts_from_a_pipe(rag: CommandLine, labels: Path) -> None:
    """One a line; blank lines and a byte-order mark are passed over."""
    piped = "\ufeffI want my money back\r\n\n   \nWhere is my parcel?"
    done = rag("classify", "--labels", labels.name, stdin=piped)
    assert [line.split("\t")[::3] for line in done.out.splitlines()] == [
        ["billing", "I want my money back"],
        ["shipping", "Where is my parcel?"],
    ]


def test_json_lines(rag: CommandLine, labels: Path) -> None:
    """An object a line: text, label, scores of all labels with the best first, margin."""
    printed = json.loads(rag.inside("classify", "--labels", labels.name, "--json", "Où est mon colis ?").out)
    assert list(printed) == ["text", "label", "scores", "margin"]
    best, second = printed["scores"].values()
    assert printed["text"] == "Où est mon colis ?"
    assert next(iter(printed["scores"])) == printed["label"]
    assert printed["margin"] == pytest.approx(best - second, abs=2e-6)


def test_no_text_is_no_error(rag: CommandLine, labels: Path) -> None:
    """An empty pipe gives an empty result."""
    assert rag.inside("classify", "--labels", labels.name) == Transcript(0, "", "")


def test_a_pipe_that_is_not_utf_8(rag: CommandLine, labels: Path) -> None:
    """The line is named; what came before it is labelled."""
    done = rag.inside("classify", "--labels", labels.name, stdin=b"my money\ncr\xe8me\n")
    assert done.code == 2
    assert done.out.startswith("billing\t")
    assert done.err == (
        "rag: Standard input must be text in UTF-8; line 2 is not. "
        "Convert it, for example: iconv -f latin1 -t utf-8 FILE | rag …\n"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"one\n", "labels must be at least two different names; got ['one']. Pass, for example: "),
        (b"", "labels must be at least two different names; got []. Pass, for example: "),
        (b"a\tfirst\nb\na\tsecond\n", "The labels in labels.txt must differ from one another. Remove the repeated"),
        (b"\xff\xfe\xff", "--labels must name a text file; 'labels.txt' cannot be read. Write a label on each line"),
    ],
)
def test_labels_that_cannot_be_used(rag: CommandLine, labels: Path, content: bytes, message: str) -> None:
    """Too few, repeated, or not text."""
    labels.write_bytes(content)
    done = rag.inside("classify", "--labels", labels.name, "x")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(f"rag: {message}")
