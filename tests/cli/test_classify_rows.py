"""Lines from a pipe, as many as there are at a time."""

from __future__ import annotations

import io
import sys

import pytest

from rag_app.cli.classify_rows import read_blocks
from rag_app.errors import InvalidInputError


class Slow(io.BytesIO):
    """A pipe that has so many bytes at a time."""

    def __init__(self, given: bytes, size: int) -> None:
        super().__init__(given)
        self.size = size

    def read1(self, _: int | None = -1, /) -> bytes:
        """Return what is there."""
        return self.read(self.size)


def blocks(monkeypatch: pytest.MonkeyPatch, given: bytes, size: int) -> list[list[str]]:
    """Read from a pipe."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Slow(given, size), encoding="ascii"))
    return list(read_blocks())


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_lines_do_not_depend_on_how_they_arrive(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Even where a letter comes in two pieces; a byte-order mark at the beginning is no text."""
    given = "\ufeffcafé ☕\r\n\nthree".encode()
    read = [line for block in blocks(monkeypatch, given, size) for line in block]
    assert read == ["café ☕", "", "three"]


def test_what_is_there_comes_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole line waits for no other, and many lines are one block."""
    assert blocks(monkeypatch, b"a\nb\nc\nd", 4) == [["a", "b"], ["c"], ["d"]]
    assert blocks(monkeypatch, b"", 4) == []


def test_without_standard_input_there_are_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a program without a console."""
    monkeypatch.setattr(sys, "stdin", None)
    assert list(read_blocks()) == []


def test_a_line_that_is_not_utf_8_is_named_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted over all blocks; the lines before it are read."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Slow(b"a\nb\nc\n\xe9\nd\n", 4)))
    lines = read_blocks()
    assert next(lines) == ["a", "b"]
    assert next(lines) == ["c"]
    with pytest.raises(InvalidInputError, match=r"^Standard input must be text in UTF-8; line 4 is not\."):
        list(lines)
