"""The steps of an agent: which tools it is told of, what a call may cost in time, and when it must come to an end."""

from __future__ import annotations

import contextvars
import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from langchain.agents.middleware import AgentMiddleware, ModelRequest
from langchain.agents.middleware.types import ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, SystemMessage, ToolMessage
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.errors import GraphBubbleUp

from rag_app.errors import RagAppError
from rag_app.llms.tally import Tally
from rag_app.tools.results import SEARCH

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool
    from langgraph.prebuilt.tool_node import ToolCallRequest
    from langgraph.types import Command

    from rag_app.settings import Settings
    from rag_app.tools.toolbox import Toolbox

_LAST_WORD = "\n\nNo tool can be called any more: answer now, with what you have, and say what is missing."
_NO_PRICE = "RAG_AGENT_MAX_COST has no effect: the price of this language model is not known."
_LEFT_OUT = "(left out: the conversation has grown too long)"
_TOOLS_SHARE = 0.4  # of the room for a prompt, at most
_MOST_CHARACTERS = 4000  # of a result that a language model reads: a thousand numbers tell it nothing

T = TypeVar("T")


class Steps(AgentMiddleware[Any, Any, Any]):
    """Watches over one question.

    Parameters
    ----------
    settings : Settings
        The limits.
    toolbox : Toolbox
        The tools.
    count_tokens : callable
        Counts a text's tokens.
    """

    def __init__(self, settings: Settings, toolbox: Toolbox, count_tokens: Callable[[str], int]) -> None:
        super().__init__()
        self.tally = Tally()
        self.notes: list[str] = []
        self.stopped = False
        self._settings = settings
        self._toolbox = toolbox
        self._count = count_tokens
        self._room = settings.llm_context_tokens - settings.llm_max_tokens
        self._n_calls = 0
        self._ends_at = time.monotonic() + settings.agent_timeout_s

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> AIMessage:
        """Ask the language model, which knows of the selected tools; at a limit of none, so that it must answer."""
        limit = self._limit()
        tools: list[BaseTool | dict[str, Any]] = [] if limit else [*self._offered()]
        system = request.system_message.text if request.system_message else ""
        asked = request.override(
            tools=tools,
            system_message=SystemMessage(system + _LAST_WORD if limit else system),
            messages=self._fitting(request.messages, self._room - sum(map(self._price, tools))),
        )
        reply = next(m for m in handler(asked).result if isinstance(m, AIMessage))
        self.tally.add(reply)
        self._n_calls += 1
        if self.tally.cost_usd is None and self._settings.agent_max_cost is not None and _NO_PRICE not in self.notes:
            self.notes.append(_NO_PRICE)
        if limit and reply.tool_calls:
            reply = AIMessage(reply.text)
        if limit:
            self.stopped = True
            self.notes.append(f"{limit}: the answer rests on what was found until then.")
        return reply

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]]
    ) -> ToolMessage | Command[Any]:
        """Call a tool; whatever goes wrong goes back to the language model as a sentence."""
        name = request.tool_call["name"]
        try:
            tool = request.tool or self._toolbox.tool(name)
            left_s = self._ends_at - time.monotonic()
            message = _within(left_s, lambda: handler(request.override(tool=tool)))
        except GraphBubbleUp:
            raise
        except RagAppError as exc:
            return _failed(request, str(exc))
        except TimeoutError:
            return _failed(request, f"{name} did not come to an end in time.")
        except Exception as exc:  # noqa: BLE001  (a mistake of ours in a tool is no reason to lose the conversation)
            return _failed(request, f"{name} failed: {type(exc).__name__}.")
        return _clipped(message) if isinstance(message, ToolMessage) and name != SEARCH else message

    def _limit(self) -> str:
        """Return which limit is reached, as the beginning of a sentence."""
        settings, cost = self._settings, self.tally.cost_usd
        if self._n_calls + 1 >= settings.agent_max_steps:
            return f"Stopped at step {settings.agent_max_steps}"
        if time.monotonic() >= self._ends_at:
            return f"Stopped after {settings.agent_timeout_s:g} seconds"
        if settings.agent_max_cost is not None and cost is not None and cost >= settings.agent_max_cost:
            return f"Stopped at a cost of ${cost:.4f}"
        return ""

    def _offered(self) -> list[BaseTool]:
        """Return the tools that are always there, and as many others as a part of the context holds, latest first."""
        always = self._toolbox.own
        chosen, left = list(always), self._room * _TOOLS_SHARE - sum(map(self._price, always))
        for tool in self._toolbox.selected:
            left -= self._price(tool)
            if left < 0:
                break
            chosen.append(tool)
        return chosen

    def _price(self, tool: Any) -> int:  # noqa: ANN401  (what LangChain takes for a tool)
        """Return the tokens that a language model reads about a tool."""
        return self._count(json.dumps(convert_to_openai_tool(tool)))

    def _fitting(self, messages: Sequence[AnyMessage], room: float) -> list[AnyMessage]:
        """Return messages that fit into a room: the oldest results of tools are left out where they do not."""
        kept = list(messages)
        total = sum(self._count(_content(m)) for m in kept)
        for i, message in enumerate(kept):
            if total <= room:
                break
            if isinstance(message, ToolMessage):
                total -= self._count(message.text) - self._count(_LEFT_OUT)
                kept[i] = message.model_copy(update={"content": _LEFT_OUT, "artifact": None})
        return kept


def _content(message: AnyMessage) -> str:
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return message.text + "".join(json.dumps(call["args"]) for call in calls)


def _failed(request: ToolCallRequest, text: str) -> ToolMessage:
    call = request.tool_call
    return ToolMessage(text, name=call["name"], tool_call_id=call["id"], status="error")


def _clipped(message: ToolMessage) -> ToolMessage:
    text = message.text
    if len(text) <= _MOST_CHARACTERS:
        return message
    shown = f"{text[:_MOST_CHARACTERS]} … ({len(text) - _MOST_CHARACTERS} more characters are left out)"
    return message.model_copy(update={"content": shown, "artifact": text})


def _within(seconds: float, call: Callable[[], T]) -> T:
    """Return what a call returns; a `TimeoutError` where that takes longer: the call is left to itself then."""
    if seconds <= 0:
        raise TimeoutError
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as exc:  # noqa: BLE001  (raised again where it is waited for)
            errors.append(exc)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]
