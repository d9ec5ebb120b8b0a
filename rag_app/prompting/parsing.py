"""A prompt's file: front matter and a section per message. What is unknown or undeclared is an error with its line."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rag_app.errors import PromptError
from rag_app.prompting.prompt import Prompt

_KEYS = ("name", "version", "purpose", "variables", "output")
_ROLES = ("system", "user", "assistant")
_FENCE = "---"
_HEADING = re.compile(r"# +(\S+)[ \t]*")


class _Section(NamedTuple):
    """A message's role, the line of its heading and the lines below it."""

    role: str
    line: int
    body: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.body).strip()


@dataclass(frozen=True, slots=True)
class _Place:
    """The file, for messages."""

    shown: str

    def error(self, line: int, message: str, hint: str | None = None) -> PromptError:
        return PromptError(f"{self.shown}:{line}: {message}", hint=hint)


def parse_prompt(text: str, *, name: str, file: Path | None = None) -> Prompt:
    r"""Return the prompt that a file's text holds.

    Parameters
    ----------
    text : str
        Front matter between two lines of ``---``, then sections named after roles.
    name : str
        What the front matter must say too.
    file : pathlib.Path, optional
        Where it stands, for messages. Default: the name with ``.md``.

    Raises
    ------
    PromptError
        If a rule is broken; the message begins with file and line.

    Examples
    --------
    >>> head = "name: greet\nversion: 1\npurpose: Greet.\nvariables: [name]\noutput: a line"
    >>> parse_prompt(f"---\n{head}\n---\n# user\nGreet {{name}}.", name="greet").sections
    (('user', 'Greet {name}.'),)
    """
    place = _Place(str(file or f"{name}.md"))
    lines = text.split("\n")
    try:
        end = lines.index(_FENCE, 1) if lines[0] == _FENCE else 0
    except ValueError:
        end = 0
    if not end:
        raise place.error(1, "A prompt must begin with front matter between two lines of ---.")
    head = _read_head(lines[1:end], name, place)
    sections = _read_sections(lines, end + 1, place)
    _check_variables(head, sections, place)
    variables = tuple(head["variables"][0])
    texts = tuple((section.role, section.text) for section in sections)
    return Prompt(name, head["version"][0], head["purpose"][0], variables, head["output"][0], texts, file)


def _read_head(lines: Sequence[str], name: str, place: _Place) -> Mapping[str, tuple[Any, int]]:
    """Return the value of each key, with its line."""
    import yaml

    try:
        node = yaml.compose("\n".join(lines), yaml.SafeLoader)
        values = yaml.safe_load("\n".join(lines))
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        raise place.error(2 + (mark.line if mark else 0), "The front matter must be YAML; it does not parse.") from exc
    if not isinstance(node, yaml.MappingNode):
        raise place.error(2, f"The front matter must have the keys {', '.join(_KEYS)}.")
    keys = [(str(key.value), key.start_mark.line + 2) for key, _ in node.value]
    _check_keys(keys, place)
    head = {key: (values[key], line) for key, line in keys}
    _check_values(head, name, place)
    return head


def _check_keys(keys: Sequence[tuple[str, int]], place: _Place) -> None:
    names = [key for key, _ in keys]
    for i, (key, line) in enumerate(keys):
        if key not in _KEYS:
            raise place.error(line, f"The front matter has no key named {key!r}.", f"Known: {', '.join(_KEYS)}.")
        if key in names[:i]:
            raise place.error(line, f"The key {key} must be given once.")
    missing = [key for key in _KEYS if key not in names]
    if missing:
        raise place.error(1, f"The front matter must have the key {', '.join(missing)}.")


def _check_values(head: Mapping[str, tuple[Any, int]], name: str, place: _Place) -> None:
    for key in ("purpose", "output"):
        value, line = head[key]
        if not isinstance(value, str) or not value.strip():
            raise place.error(line, f"{key} must be a text; got {value!r}.")
    value, line = head["name"]
    if value != name:
        raise place.error(line, f"name must be that of the file, {name}; got {value!r}.")
    value, line = head["version"]
    if type(value) is not int or value < 1:
        raise place.error(line, f"version must be a whole number from 1 on; got {value!r}.")
    value, line = head["variables"]
    if not isinstance(value, list) or not all(isinstance(v, str) and v.isidentifier() for v in value):
        raise place.error(line, f"variables must be a list of names; got {value!r}.")


def _read_sections(lines: Sequence[str], start: int, place: _Place) -> list[_Section]:
    sections: list[_Section] = []
    for number, line in enumerate(lines[start:], start=start + 1):
        heading = _HEADING.fullmatch(line)
        if heading:
            sections.append(_Section(heading[1], number, []))
        elif sections:
            sections[-1].body.append(line)
        elif line.strip():
            raise place.error(number, "Text must stand in a section.", f"Begin one with {_shown_roles()}.")
    if not sections:
        raise place.error(len(lines), "A prompt must have a section.", f"Begin one with {_shown_roles()}.")
    _check_order(sections, place)
    return sections


def _check_order(sections: Sequence[_Section], place: _Place) -> None:
    """Raise an error unless user and assistant take turns, after an optional system message and up to the user's.

    A system message may be alone: a conversation follows it.
    """
    expected: tuple[str, ...] = ("system", "user")
    for section in sections:
        if section.role not in _ROLES:
            raise place.error(section.line, f"There is no role named {section.role!r}.", f"Write {_shown_roles()}.")
        if section.role not in expected:
            wanted = " or ".join(f"# {role}" for role in expected)
            raise place.error(section.line, f"{wanted} must stand here; got # {section.role}.")
        if not section.text:
            raise place.error(section.line, f"The section # {section.role} must not be empty.")
        expected = ("assistant",) if section.role == "user" else ("user",)
    if sections[-1].role == "assistant":
        raise place.error(sections[-1].line, "The last section must be # user: it is what the language model answers.")


def _shown_roles() -> str:
    return ", ".join(f"# {role}" for role in _ROLES)


def _check_variables(head: Mapping[str, tuple[Any, int]], sections: Sequence[_Section], place: _Place) -> None:
    declared, line_of_variables = head["variables"]
    used = set()
    for section in sections:
        for number, line in enumerate(section.body, start=section.line + 1):
            for field in _fields(line, number, place):
                if field not in declared:
                    msg = f"The variable {field} is used, but not declared."
                    raise place.error(number, msg, "Add it to variables, or write {{ for a brace that is text.")
                used.add(field)
    for i, variable in enumerate(declared):
        if variable in declared[:i]:
            raise place.error(line_of_variables, f"The variable {variable} must be declared once.")
        if variable not in used:
            raise place.error(line_of_variables, f"The variable {variable} is declared, but not used.")


def _fields(line: str, number: int, place: _Place) -> Iterator[str]:
    try:
        parts = list(string.Formatter().parse(line))
    except ValueError as exc:
        raise place.error(number, "A brace is not closed.", "Write {{ for a brace that is text.") from exc
    for _, field, spec, conversion in parts:
        if field is None:
            continue
        if spec or conversion or not field.isidentifier():
            msg = f"A variable must be a name in braces, such as {{question}}; got {{{field}}}."
            raise place.error(number, msg, "Write {{ for a brace that is text.")
        yield field
