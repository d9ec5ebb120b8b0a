"""A call of a tool, as answers record it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool, with what came of it.

    Parameters
    ----------
    name : str
        Of the tool.
    arguments : mapping of str to JSON
        As they were given.
    result : JSON
        What it returned; of a search, the ids of the passages. None where it failed.
    error : str, default=""
        Why it failed.
    """

    name: str
    arguments: Mapping[str, Any]
    result: Any = None
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag ask --json`` prints."""
        return {"name": self.name, "arguments": dict(self.arguments), "result": self.result, "error": self.error}
