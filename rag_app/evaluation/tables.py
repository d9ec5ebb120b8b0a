"""A TOML file read key by key: what is wrong or unknown is named with its line."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any, NoReturn

from rag_app.errors import EvaluationError

_MOST_SHOWN = 80  # characters of a value
_SECTION = re.compile(r"^\s*\[{1,2}([^\]]+)\]{1,2}")

Check = Callable[[Any], bool]
Rule = tuple[str, Check]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


TEXT: Rule = ("text", lambda v: isinstance(v, str))
NAME: Rule = ("text that is not blank", lambda v: isinstance(v, str) and bool(v.strip()))
NAMES: Rule = (
    "a list of names, at least one",
    lambda v: isinstance(v, list) and bool(v) and all(isinstance(n, str) and n.strip() for n in v),
)
COUNT: Rule = ("a whole number, at least 1", lambda v: type(v) is int and v >= 1)
WHOLE: Rule = ("a whole number, at least 0", lambda v: type(v) is int and v >= 0)
NUMBER: Rule = ("a number", _is_number)
POSITIVE: Rule = ("a positive number", lambda v: _is_number(v) and v > 0)
SHARE: Rule = ("a number from 0 to 1", lambda v: _is_number(v) and 0 <= v <= 1)
MAPPING: Rule = ("a table", lambda v: isinstance(v, dict))


@dataclass(slots=True)
class Table:
    """A table of a TOML file.

    Parameters
    ----------
    values : dict
        What it holds; `take` removes what it returns.
    path : pathlib.Path
        The file.
    lines : list of str
        Of the file, for the place in messages.
    section : str, default=""
        Name of the table; empty for the file itself.
    above : str, default=""
        File and line of the key whose value it is.
    """

    values: dict[str, Any]
    path: Path
    lines: list[str]
    section: str = ""
    above: str = ""

    def take(self, key: str, rule: Rule, default: Any = None) -> Any:  # noqa: ANN401  (what the rule lets through)
        """Return the value of a key, or the default where it is missing.

        Raises
        ------
        EvaluationError
            If the value breaks the rule.
        """
        if key not in self.values:
            return default
        value = self.values.pop(key)
        shown, holds = rule
        self.check(holds(value), key, shown, value)
        return value

    def require(self, key: str, rule: Rule) -> Any:  # noqa: ANN401  (what the rule lets through)
        """Return the value of a key, which must be there."""
        self.check(key in self.values, key, rule[0], None)
        return self.take(key, rule)

    def take_table(self, key: str) -> Table:
        """Return a table of the table; empty where it is missing."""
        section = f"{self.section}.{key}" if self.section else key
        return Table(self.take(key, MAPPING, {}), self.path, self.lines, section, self.place(key))

    def close(self) -> None:
        """Raise an `EvaluationError` where a key is left that nobody asked for."""
        for key in self.values:
            name = f"{self.section}.{key}" if self.section else key
            self.fail(key, f"There is no key named {name}.", "Remove it, or correct its name.")

    def check(self, holds: object, key: str, rule: str, value: object) -> None:
        """Raise an `EvaluationError` where the value of a key breaks a rule."""
        if not holds:
            name = f"{self.section}.{key}" if self.section else key
            got = "nothing" if value is None else shorten(repr(value), _MOST_SHOWN, placeholder=" …")
            msg = f"{self.place(key)}: {name} must be {rule}; got {got}."
            raise EvaluationError(msg)

    def fail(self, key: str, message: str, hint: str | None = None) -> NoReturn:
        """Raise an `EvaluationError` about a key."""
        msg = f"{self.place(key)}: {message}"
        raise EvaluationError(msg, hint=hint)

    def place(self, key: str) -> str:
        """Return file and line of a key: of its table where the key itself is missing, the first line otherwise."""
        at, section = 0, ""
        pattern = re.compile(rf"^\s*[\"']?{re.escape(key)}[\"']?\s*[=.]|[{{,]\s*{re.escape(key)}\s*=")
        for number, line in enumerate(self.lines, start=1):
            head = _SECTION.match(line)
            if head:
                section = head[1].strip()
                if section == (f"{self.section}.{key}" if self.section else key):
                    return f"{self.path}:{number}"
                at = number if section == self.section else at
            elif section == self.section and pattern.search(line):
                return f"{self.path}:{number}"
        return f"{self.path}:{at}" if at else self.above or f"{self.path}:1"


def read_table(path: Path) -> Table:
    """Return what a TOML file holds.

    Raises
    ------
    EvaluationError
        If the file cannot be read or does not parse; the message names the line.
    """
    text = ""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return Table(tomllib.loads(text), path, text.splitlines())
    except tomllib.TOMLDecodeError as exc:
        found = re.search(r"^(.*) \((?:at line (\d+), column \d+|at end of document)\)$", str(exc))
        reason, line = found.groups() if found else (str(exc), None)
        msg = f"{path}:{line or len(text.splitlines())}: the suite must be TOML; it does not parse: {reason}."
        raise EvaluationError(msg) from exc
    except (OSError, UnicodeDecodeError) as exc:
        reason = (exc.strerror or "").lower() if isinstance(exc, OSError) else "it is not text in UTF-8"
        msg = f"The suite must be a TOML file; {path} cannot be read: {reason}."
        raise EvaluationError(msg, hint="List those that are shipped: rag eval list") from exc
