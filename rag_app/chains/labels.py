"""Labels as the user gives them: names, names with a description, or with a description and examples."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag_app.errors import InvalidInputError

_HINT = 'Pass, for example: ["billing", "refund"]'
_KEYS = ("name", "description", "examples")
_HUMP = re.compile(r"(?<=[a-z]{2})(?=[A-Z])")  # TopUp, but not iPhone
_PUNCTUATION = re.compile(r"[,;:!?()\n]+|\.(?=\s|$)")
_OR = re.compile(r"\b(?:or|and)\b")
_FOR_EXAMPLE = re.compile(r"^(?:such as|for example|like)\b")


@dataclass(frozen=True, slots=True)
class Label:
    """What a text may be sorted into.

    Parameters
    ----------
    name : str
        What it is called, such as ``card_arrival``.
    description : str
        What it means: a phrase, a sentence or a list.
    examples : tuple of str
        Texts that have the label; from one on they are learnt from.
    """

    name: str
    description: str = ""
    examples: tuple[str, ...] = ()

    @property
    def phrases(self) -> tuple[str, ...]:
        """What is read of the label: the words of its name, the parts of its description, and the whole of it.

        Examples
        --------
        >>> Label("whereabouts", "a place, such as a city or a country").phrases
        ('whereabouts', 'a place', 'a city', 'a country', 'a place, such as a city or a country')
        """
        words = " ".join(_HUMP.sub(" ", self.name).replace("_", " ").split()) or self.name
        description = self.description.strip()
        return (words, *_parts(description), description) if description else (words,)


LabelsGiven = Sequence[str | Label | Mapping[str, Any]] | Mapping[str, str]


def as_labels(given: LabelsGiven) -> tuple[Label, ...]:
    """Return labels, whichever way they are given.

    Parameters
    ----------
    given : sequence, or mapping of str to str
        Names, `Label`, or mappings with ``name`` and perhaps ``description`` and ``examples``; or a description for
        each name.

    Raises
    ------
    InvalidInputError
        If there are fewer than two, a name is blank or repeated, or a label has another form.

    Examples
    --------
    >>> as_labels(["spam", {"name": "ham", "examples": ["See you at five."]}])[1].examples
    ('See you at five.',)
    """
    if isinstance(given, str):
        msg = f"labels must be at least two different names; got {given!r}."
        raise InvalidInputError(msg, hint=_HINT)
    rows = [{"name": k, "description": v} for k, v in given.items()] if isinstance(given, Mapping) else given
    labels = tuple(_as_label(row) for row in rows)
    names = [label.name for label in labels]
    if len(names) < 2 or len(set(names)) < len(names) or not all(n.strip() for n in names):  # noqa: PLR2004
        msg = f"labels must be at least two different names; got {names!r}."
        raise InvalidInputError(msg, hint=_HINT)
    return labels


def _as_label(row: Any) -> Label:  # noqa: ANN401  (what a caller or a file gives)
    if isinstance(row, Label):
        return row
    if isinstance(row, str):
        return Label(row)
    if not isinstance(row, Mapping) or not isinstance(row.get("name"), str):
        msg = f"A label must be a name, or have a name and perhaps a description and examples; got {row!r}."
        raise InvalidInputError(msg, hint='Write, for example: {"name": "billing", "description": "invoices"}')
    unknown = [key for key in row if key not in _KEYS]
    if unknown:
        msg = f"A label must have no other keys than {', '.join(_KEYS)}; got {unknown[0]!r} in {row['name']!r}."
        raise InvalidInputError(msg)
    description, examples = row.get("description") or "", row.get("examples") or ()
    if not isinstance(description, str):
        msg = f"The description of {row['name']!r} must be a text; got {description!r}."
        raise InvalidInputError(msg)
    if not isinstance(examples, list | tuple) or not all(isinstance(e, str) and e.strip() for e in examples):
        msg = f"The examples of {row['name']!r} must be a list of texts that are not blank."
        raise InvalidInputError(msg, hint='Write, for example: "examples": ["I was charged twice."]')
    return Label(row["name"], description, tuple(examples))


def _parts(description: str) -> list[str]:
    """Return what a description names one after the other; a description without a list is its only part."""
    parts = [part for part in _PUNCTUATION.split(description) if part.strip()]
    if len(parts) > 1:
        parts = [piece for part in parts for piece in _OR.split(part)]
    bare = (_FOR_EXAMPLE.sub("", part.strip()).strip() for part in parts)
    return [part for part in bare if part]
