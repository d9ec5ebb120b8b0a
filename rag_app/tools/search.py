"""The search as a tool for a language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.tools import StructuredTool, ToolException
from pydantic import BaseModel, ConfigDict, Field

from rag_app.errors import RagAppError
from rag_app.tools.adapter import describe_mistakes
from rag_app.tools.results import SEARCH
from rag_app.types import Passage


class SearchArguments(BaseModel):
    """Arguments of `search_knowledge`."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(description="What to look for, in plain words.")
    k: int = Field(default=5, ge=1, le=50, description="How many passages to return.")


def number_from_one(passages: Sequence[Passage]) -> str:
    """Return passages as text with their places, numbered from 1."""
    return "\n\n".join(f"[{n}] {p.source}, {p.locator}\n{p.text}" for n, p in enumerate(passages, start=1))


def search_tool(
    search: Callable[[str, int], list[Passage]],
    *,
    render: Callable[[Sequence[Passage]], str] = number_from_one,
) -> StructuredTool:
    """Return the tool ``search_knowledge``: its content is text for a language model, its artifact the passages.

    Parameters
    ----------
    search : callable
        ``search(question, k)`` returns passages.
    render : callable, optional
        Returns passages as text.
    """

    def search_knowledge(question: str, k: int = 5) -> tuple[str, list[dict[str, Any]]]:
        try:
            passages = search(question, k)
        except RagAppError as exc:
            raise ToolException(str(exc)) from exc
        return render(passages) or "No passage found.", [p.to_json() for p in passages]

    return StructuredTool.from_function(
        search_knowledge,
        name=SEARCH,
        description="Return the passages of the knowledge base that best match a question, with their sources.",
        args_schema=SearchArguments,
        response_format="content_and_artifact",
        handle_tool_error=True,
        handle_validation_error=describe_mistakes,
    )
