"""Code that is set as prose, and prose that is set as code."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MOSTLY = 0.6
_MIN_PROSE_WORDS = 8
_MANY_PROSE_WORDS = 16
_MIN_PROSE_SHARE = 0.8
_INDENT = "    "
_STATEMENT = re.compile(
    r"""
    (?:import|from)\s+[\w.]+(?:\s+(?:import|as)\s+.+)?;?      # import numpy as np
    | (?:def|class|for|while|if|elif|else|try|except|with|async|function|func|fn)\b.*[:{]  # def add(a, b):
    | (?:return|raise|yield|assert|del|const|let|var|pass|break|continue)\b[^.]*;?  # return a + b
    | [\w.\[\]'", ]+\s?[-+*/%|&]?=(?!=)\s?\S.*                # y = x ** 2
    | @?[\w.]+\(.*\)?[,;:]?                                   # plt.show()
    | \w+\s[-+*/%]\s\w+(?:\s*\#.*)?                          # a + b  # a comment
    | [\])}]+[,;)]?                                           # the end of a call
    | ['"].*['"]\)*[,;]?                                      # an argument by itself
    | \#.* | //.*
    """,
    re.VERBOSE,
)
_ENDS_BLOCK = re.compile(r"(?:return|raise|break|continue|pass)\b")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_PROSE_WORD = re.compile(r"[\"'“‘(*_]*[^\W\d_]+(?:[-’'/][^\W\d_]+)*[\"'”’)*_]*[.,;:!?]*")  # noqa: RUF001  (typography)
_MARKER = re.compile(r"\\?[-*•>+]|\d+[.)]")
_SENTENCE_END = re.compile(r"\w[\"”’)*]*[.:!?。]$", re.MULTILINE)


def is_prose(text: str) -> bool:
    r"""Return whether an indented block is prose instead of code: words and the ends of sentences.

    Examples
    --------
    >>> is_prose("Autoencoders learn a short code for their input,\nfrom which they rebuild it.")
    True
    >>> is_prose("for x in data:\n    model.fit(x)"), is_prose("git commit --message wip")
    (False, False)
    """
    words = [w for w in _ESCAPE.sub(r"\1", text).split() if not _MARKER.fullmatch(w)]
    n_plain = sum(1 for w in words if _PROSE_WORD.fullmatch(w))
    enough = len(words) >= _MIN_PROSE_WORDS and n_plain >= _MIN_PROSE_SHARE * len(words)
    whole = len(words) >= _MANY_PROSE_WORDS or bool(_SENTENCE_END.search(text))
    return enough and whole and not is_code(text.split("\n"))


def is_code(lines: Sequence[str]) -> bool:
    """Return whether most lines are statements of a programming language.

    Examples
    --------
    >>> is_code(["x = f(1)", "print(x)"]), is_code(["A simple network, with one layer."])
    (True, False)
    """
    stripped = [line.strip() for line in lines if line.strip()]
    return bool(stripped) and sum(bool(_STATEMENT.fullmatch(s)) for s in stripped) >= _MOSTLY * len(stripped)


def split_statements(lines: Sequence[str]) -> list[str]:
    r"""Return the statements of a quotation: its paragraphs, in one line each, without marks and escapes.

    Examples
    --------
    >>> split_statements([">", "> x = \\[1,", "> 2\\]", ">", "> f(x)"])
    ['x = [1, 2]', 'f(x)']
    """
    bare = [_ESCAPE.sub(r"\1", re.sub(r"^[\s>]+", "", line)).rstrip() for line in lines]
    paragraphs = re.split(r"\n{2,}", "\n".join(bare).strip("\n"))
    return [" ".join(paragraph.split("\n")) for paragraph in paragraphs if paragraph.strip()]


def join_statements(statements: Sequence[str]) -> str:
    r"""Return statements as code, indented again below colons and within brackets.

    Examples
    --------
    >>> print(join_statements(["def f(x):", "return g(", "x,", ")", "f(1)"]))
    def f(x):
        return g(
            x,
        )
    f(1)
    """
    lines = []
    below = 0
    brackets: list[int] = []  # how many each unfinished statement has left open
    ends = False
    for statement in statements:
        n_closed = len(re.findall(r"[)\]}]", statement)) - len(re.findall(r"[(\[{]", statement))
        closes = statement[0] in ")]}" and brackets
        lines.append(_INDENT * (below + len(brackets) - bool(closes)) + statement)
        _balance(brackets, n_closed)
        ends = ends or bool(_ENDS_BLOCK.match(statement))
        if brackets:
            continue
        if ends:
            below, ends = max(below - 1, 0), False
        elif statement.endswith(":"):
            below += 1
    return "\n".join(lines)


def _balance(brackets: list[int], n_closed: int) -> None:
    if n_closed < 0:
        brackets.append(-n_closed)
    while n_closed > 0 and brackets:
        brackets[-1], n_closed = brackets[-1] - n_closed, n_closed - brackets[-1]
        if brackets[-1] <= 0:
            brackets.pop()
