"""What users type and pipe in, checked before any work begins."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence

from rag_app.errors import InvalidInputError

_MAX_COUNT = 1000
_FILTER_OF_WORDS = re.compile(r"^(file|heading):([^\s\"'“][^\"]*\s[^\"]*)$", re.IGNORECASE)


def read_question(typed: Sequence[str]) -> str:
    """Return the words of a question as one text: quotes around it are optional.

    Quotes around the value of a filter, which the shell has taken away, are put back.

    Raises
    ------
    InvalidInputError
        If there is nothing but space.

    Examples
    --------
    >>> read_question(["What", "is mode collapse?"])
    'What is mode collapse?'
    >>> read_question(["heading:mode collapse", "What", "causes", "it?"])
    'heading:"mode collapse" What causes it?'
    """
    words = [_FILTER_OF_WORDS.sub(r'\1:"\2"', text) for text in typed] if len(typed) > 1 else typed
    question = " ".join(words).strip()
    if not question:
        msg = "The question must not be empty."
        raise InvalidInputError(msg, hint='Ask, for example: rag ask "What is mode collapse?"')
    return question


def read_count(text: str) -> int:
    """Return a whole number from 1 to 1000: a type for argparse.

    Examples
    --------
    >>> read_count("3")
    3
    """
    if not text.strip().isdecimal() or not 1 <= int(text) <= _MAX_COUNT:
        msg = f"must be a whole number from 1 to {_MAX_COUNT}; got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def read_lines() -> Iterator[str]:
    """Yield the lines of standard input without the space around them.

    Raises
    ------
    InvalidInputError
        At the first line that is not UTF-8.
    """
    if sys.stdin is None:
        return
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as exc:
            msg = f"Standard input must be text in UTF-8; line {number} is not."
            raise InvalidInputError(msg, hint="Convert it, for example: iconv -f latin1 -t utf-8 FILE | rag …") from exc
