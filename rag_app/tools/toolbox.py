"""The tools of one conversation with a language model: a search, a catalogue, and those that were selected so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict, Field

from rag_app.registry import Entry, get
from rag_app.tools.adapter import describe_mistakes, tool_of
from rag_app.tools.results import FIND
from rag_app.tools.search import search_tool
from rag_app.tools.selection import ToolSelector, render_signature
from rag_app.types import Passage

N_SELECTED, _N_FOUND = 12, 6  # from benchmarks/tool_selection.py


class FindArguments(BaseModel):
    """Arguments of `find_tools`."""

    model_config = ConfigDict(extra="forbid")

    request: str = Field(description="What is to be computed, in plain words, such as: area under the ROC curve.")


class Toolbox:
    """What a language model may call to answer a question.

    Parameters
    ----------
    selector : ToolSelector
        Selects tools of the register.
    search : callable
        ``search(question, k)`` returns passages.
    number : callable
        Returns passages as text with their numbers. They are counted on over several searches.
    question : str
        Selects the first tools of the register.
    """

    def __init__(
        self,
        selector: ToolSelector,
        search: Callable[[str, int], list[Passage]],
        number: Callable[[int, Passage], str],
        question: str,
    ) -> None:
        self.passages: list[Passage] = []
        self._number = number
        self._lock = Lock()  # a language model may ask for several searches at once
        self._found: list[list[BaseTool]] = []
        self._selector = selector
        self._select(selector.select(question, N_SELECTED))
        self.own: list[BaseTool] = [search_tool(search, render=self._numbered), self._finder()]

    @property
    def selected(self) -> list[BaseTool]:
        """The tools that were selected, the latest first: what was searched for is wanted next."""
        return [tool for found in reversed(self._found) for tool in found]

    def tool(self, name: str) -> BaseTool:
        """Return any tool of the register by name.

        Raises
        ------
        UnknownNameError
            If there is none; the error lists close names.
        """
        return next((tool for tool in self.selected if tool.name == name), None) or tool_of(get(name))

    def _select(self, found: Sequence[Entry]) -> None:
        with self._lock:
            names = {entry.name for entry in found}
            self._found = [[tool for tool in tools if tool.name not in names] for tools in self._found]
            self._found.append([tool_of(entry) for entry in found])

    def _numbered(self, passages: Sequence[Passage]) -> str:
        with self._lock:
            known = {passage.chunk_id for passage in self.passages}
            self.passages += [passage for passage in passages if passage.chunk_id not in known]
            numbers = {passage.chunk_id: n for n, passage in enumerate(self.passages, start=1)}
        return "\n\n".join(self._number(numbers[passage.chunk_id], passage) for passage in passages)

    def _finder(self) -> StructuredTool:
        def find_tools(request: str) -> str:
            found = self._selector.select(request, _N_FOUND)
            self._select(found)
            return "\n".join(map(render_signature, found))

        return StructuredTool.from_function(
            find_tools,
            name=FIND,
            description="Return tools that compute what is asked for: metrics, estimators, networks, statistics.",
            args_schema=FindArguments,
            handle_validation_error=describe_mistakes,
        )
