"""What users type and pipe in."""

from __future__ import annotations

import argparse
import io
import re
import sys

import pytest

from rag_app.cli.arguments import read_count, read_lines, read_question
from rag_app.errors import InvalidInputError


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        (["What is a GAN?"], "What is a GAN?"),
        (["What", "is", "a", "GAN?"], "What is a GAN?"),
        (["  What is\ta GAN? \n"], "What is\ta GAN?"),
        (["", "Why?", " "], "Why?"),
        (["¿Qué?"], "¿Qué?"),
        (["heading:mode collapse", "why?"], 'heading:"mode collapse" why?'),
        (["why?", "File:my notes.md"], 'why? File:"my notes.md"'),
        (["file:a.md", "why", "is", "it?"], "file:a.md why is it?"),
        (["file:a.md why is it?"], "file:a.md why is it?"),
        (['heading:"mode collapse" why', "now?"], 'heading:"mode collapse" why now?'),
        (["file: in", "TOML?"], "file: in TOML?"),
    ],
)
def test_words_become_one_question(typed: list[str], question: str) -> None:
    """Joined by a space, without the space around them; a filter that the shell has unquoted is quoted again."""
    assert read_question(typed) == question


@pytest.mark.parametrize("typed", [[], [""], [" ", "\n\t"], ["\u3000"]])
def test_a_blank_question_is_refused(typed: list[str]) -> None:
    """Before anything is loaded."""
    message = 'The question must not be empty. Ask, for example: rag ask "What is mode collapse?"'
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        read_question(typed)


@pytest.mark.parametrize(("text", "count"), [("1", 1), (" 12 ", 12), ("007", 7), ("1000", 1000)])
def test_a_count(text: str, count: int) -> None:
    """A whole number from 1 to 1000."""
    assert read_count(text) == count


@pytest.mark.parametrize("text", ["0", "-1", "+1", "1.5", "1e3", "²", "", "three", "--", "1001", "9" * 30])
def test_a_wrong_count(text: str) -> None:
    """The text is quoted as it was typed."""
    message = f"must be a whole number from 1 to 1000; got {text!r}"
    with pytest.raises(argparse.ArgumentTypeError, match=f"^{re.escape(message)}$"):
        read_count(text)


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        (b"", []),
        (b"one\n\n two \r\nthree", ["one", "", "two", "three"]),
        ("\ufeffcafé ☕\n".encode(), ["café ☕"]),
        (b"\n\xef\xbb\xbfmark in the middle\n", ["", "\ufeffmark in the middle"]),
    ],
)
def test_lines_of_standard_input(monkeypatch: pytest.MonkeyPatch, given: bytes, lines: list[str]) -> None:
    """Any line end; a byte-order mark at the beginning is no text; the system's own encoding does not matter."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="ascii"))
    assert list(read_lines()) == lines


def test_a_line_that_is_not_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines before it are read."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\n\xe9\n")))
    lines = read_lines()
    assert next(lines) == "one"
    with pytest.raises(InvalidInputError, match=r"^Standard input must be text in UTF-8; line 2 is not\. Convert it, "):
        next(lines)


def test_no_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may be started without one."""
    monkeypatch.setattr(sys, "stdin", None)
    assert list(read_lines()) == []
