"""Prompts are files: front matter and one section per role. Anything unknown or undeclared is an error."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag_app.content import content_dir
from rag_app.errors import PromptError, UnknownNameError

_KEYS = frozenset(("name", "version", "purpose", "variables", "output"))
_ROLES = ("system", "user", "assistant")
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n(.*)\Z", re.DOTALL)
_SECTION = re.compile(r"^# +(\S+)[ \t]*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file.

    Parameters
    ----------
    name, purpose, output : str
        From the front matter.
    version : int
        Raised with every change of the text.
    variables : tuple of str
        What `render` needs.
    sections : tuple of (str, str)
        Role and template of each message, in order.
    """

    name: str
    version: int
    purpose: str
    variables: tuple[str, ...]
    output: str
    sections: tuple[tuple[str, str], ...]

    @property
    def label(self) -> str:
        """Name and version, as answers record it."""
        return f"{self.name}@{self.version}"

    def render(self, **values: str) -> list[tuple[str, str]]:
        """Return the messages as (role, text).

        Parameters
        ----------
        **values : str
            One for each declared variable. Braces in a value stay as they are.

        Raises
        ------
        PromptError
            If a variable is missing or was not declared.

        Examples
        --------
        >>> load_prompt("answer").render(passages="[1] …", question="Why?")[1][1].endswith("Question: Why?")
        True
        """
        missing, extra = set(self.variables) - set(values), set(values) - set(self.variables)
        if missing or extra:
            wrong = ", ".join(sorted(missing or extra))
            msg = f"The prompt {self.name} {'needs' if missing else 'does not declare'} the variable {wrong}."
            raise PromptError(msg)
        return [(role, template.format_map(values)) for role, template in self.sections]


def load_prompt(name: str, folder: Path | None = None) -> Prompt:
    """Return a prompt by name.

    Parameters
    ----------
    name : str
        The file's name without ``.md``.
    folder : pathlib.Path, optional
        Default: the packaged ``prompts/``.

    Raises
    ------
    UnknownNameError
        If there is no such file.
    PromptError
        If the file breaks a rule; the message says which.

    Examples
    --------
    >>> load_prompt("answer").variables
    ('passages', 'question')
    """
    folder = folder or content_dir("prompts")
    path = folder / f"{name}.md"
    if name not in list_prompts(folder):
        raise UnknownNameError(kind="prompt", name=name, known=(p.stem for p in folder.glob("*.md")))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"The prompt {name} must be a text file in UTF-8; it cannot be read."
        raise PromptError(msg) from exc
    return parse_prompt(text, name=name)


def list_prompts(folder: Path | None = None) -> list[str]:
    """Return the names of the prompts.

    Examples
    --------
    >>> "answer" in list_prompts()
    True
    """
    return sorted(p.stem for p in (folder or content_dir("prompts")).glob("*.md"))


def parse_prompt(text: str, *, name: str) -> Prompt:
    """Return the prompt that a file's text holds.

    Raises
    ------
    PromptError
        If the front matter or the sections break a rule.
    """
    match = _FRONT_MATTER.match(text)
    if match is None:
        msg = f"The prompt {name} must begin with front matter between two lines of ---."
        raise PromptError(msg)
    head = _read_head(match[1], name)
    sections = _read_sections(match[2], name)
    variables = tuple(str(v) for v in head["variables"])
    used = {field for _, template in sections for field in _fields(template, name)}
    if used != set(variables):
        wrong = sorted(used ^ set(variables))
        msg = f"The prompt {name} must declare the variables that it uses, and no others; look at {', '.join(wrong)}."
        raise PromptError(msg)
    if head["name"] != name:
        msg = f"The prompt in {name}.md must be named {name}; got {head['name']!r}."
        raise PromptError(msg)
    return Prompt(name, int(head["version"]), str(head["purpose"]), variables, str(head["output"]), sections)


def _read_head(text: str, name: str) -> Mapping[str, Any]:
    import yaml

    try:
        head = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        msg = f"The front matter of the prompt {name} must be YAML; it does not parse."
        raise PromptError(msg) from exc
    if not isinstance(head, dict) or set(head) != _KEYS:
        wrong = sorted(_KEYS ^ set(head if isinstance(head, dict) else ()))
        msg = f"The front matter of the prompt {name} must have the keys {', '.join(sorted(_KEYS))}; look at {wrong}."
        raise PromptError(msg)
    if not isinstance(head["version"], int) or not isinstance(head["variables"], list):
        msg = f"In the prompt {name}, version must be a whole number and variables a list."
        raise PromptError(msg)
    return head


def _read_sections(text: str, name: str) -> tuple[tuple[str, str], ...]:
    before, *parts = _SECTION.split(text)
    sections = tuple((role, body.strip()) for role, body in zip(parts[::2], parts[1::2], strict=True))
    if before.strip() or not sections or any(role not in _ROLES for role, _ in sections):
        msg = f"The prompt {name} must consist of sections named {', '.join(f'# {r}' for r in _ROLES)}."
        raise PromptError(msg)
    return sections


def _fields(template: str, name: str) -> list[str]:
    try:
        parts = [part[1:] for part in string.Formatter().parse(template) if part[1] is not None]
    except ValueError as exc:
        msg = f"A brace in the prompt {name} is not closed; write {{{{ for a brace that is text."
        raise PromptError(msg) from exc
    fields = [str(field) for field, _, _ in parts]
    if any(spec or conversion for _, spec, conversion in parts) or not all(f.isidentifier() for f in fields):
        msg = f"A variable in the prompt {name} must be a name in braces, such as {{question}}; look at {fields}."
        raise PromptError(msg)
    return fields
