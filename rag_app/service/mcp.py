"""MCP: search, ask, classify, open a source, and every registered tool, for agents of any make."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from pydantic import BaseModel, Field, ValidationError
from starlette.routing import Route

from rag_app import __version__
from rag_app.errors import RagAppError
from rag_app.registry import entries
from rag_app.service import schemas
from rag_app.service.problems import problem_of
from rag_app.service.work import OverloadedError
from rag_app.types import Answer

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from rag_app.service.engine import Engine

_INSTRUCTIONS = (
    "Ask or search for what the documents say; every citation is a quotation that open_source shows in its place. "
    "The other tools are metrics and estimators of machine learning that compute with the values they are given."
)
_READS = types.ToolAnnotations(readOnlyHint=True, idempotentHint=True, openWorldHint=False)

Found = tuple[list[types.TextContent], dict[str, Any]]


class AskArguments(BaseModel):
    """Arguments of `ask`."""

    question: schemas.QuestionText


class OpenSourceArguments(BaseModel):
    """Arguments of `open_source`."""

    name: str = Field(description="As `source` of a citation or a passage has it.")
    start: int = Field(default=0, ge=0, description="The first character.")
    end: int = Field(default=8_000, ge=0, description="The first character that is left out.")


class Door:
    """The doors of MCP to an engine.

    Parameters
    ----------
    engine : Engine
        Does the work.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._own: dict[str, tuple[type[BaseModel], str, Callable[[Any], Awaitable[Found]]]] = {
            "ask": (AskArguments, "Return the answer of the documents to a question, with citations.", self._ask),
            "search": (schemas.SearchRequest, "Return the passages that best match a question.", self._search),
            "classify": (schemas.ClassifyRequest, "Return the label of each text by what labels mean.", self._classify),
            "open_source": (OpenSourceArguments, "Return the text of a source, or a part of it.", self._open_source),
        }
        self.server: Server[Any, Any] = Server("rag_app", version=__version__, instructions=_INSTRUCTIONS)
        self.server.list_tools()(self._list)  # type: ignore[no-untyped-call]  # the SDK leaves it open
        self.server.call_tool(validate_input=False)(self._call)  # what is wrong is said in our own words
        self._manager = StreamableHTTPSessionManager(self.server, stateless=True)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take requests over HTTP as long as the context is open."""
        async with self._manager.run():
            yield

    def route(self) -> Route:
        """Return the route of the streamable HTTP transport."""
        return Route("/mcp", _Transport(self._manager), methods=["POST"], include_in_schema=False)

    async def serve_stdio(self) -> None:
        """Answer a client at standard input and output until it goes away."""
        from mcp.server.stdio import stdio_server

        async with stdio_server() as (reading, writing):
            await self.server.run(reading, writing, self.server.create_initialization_options())

    async def _list(self) -> list[types.Tool]:
        from rag_app.tools.adapter import arguments_model

        own = [_tool(name, about, arguments) for name, (arguments, about, _) in self._own.items()]
        return [*own, *(_tool(entry.name, entry.summary, arguments_model(entry)) for entry in entries())]

    async def _call(self, name: str, arguments: dict[str, Any]) -> Found | types.CallToolResult:
        try:
            if name not in self._own:
                return _shown(await self._engine.call_tool(name, arguments))
            kind, _, answer = self._own[name]
            return await answer(kind(**arguments))
        except ValidationError as exc:
            from rag_app.tools.adapter import describe_mistakes

            return _refusal(describe_mistakes(exc))
        except (RagAppError, OverloadedError, TimeoutError) as exc:
            problem = problem_of(exc)
            return _refusal(f"{problem.detail} {problem.hint}".strip())

    async def _ask(self, given: AskArguments) -> Found:
        answer = await self._engine.ask(given.question)
        return _text(_readable(answer)), answer.to_json()

    async def _search(self, given: schemas.SearchRequest) -> Found:
        passages = await self._engine.search(given.question, given.k, given.where)
        return _shown({"passages": passages})

    async def _classify(self, given: schemas.ClassifyRequest) -> Found:
        return _shown({"classifications": await self._engine.classify(given)})

    async def _open_source(self, given: OpenSourceArguments) -> Found:
        found = await self._engine.open_source(given.name, given.start, given.end)
        return _text(found["text"]), found


class _Transport:
    """The streamable HTTP transport as an ASGI application."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)


def _tool(name: str, about: str, arguments: type[BaseModel]) -> types.Tool:
    return types.Tool(name=name, description=about, inputSchema=arguments.model_json_schema(), annotations=_READS)


def _shown(result: Any) -> Found:  # noqa: ANN401  (any tool's result)
    structured = dict(result) if isinstance(result, Mapping) else {"result": result}
    return _text(json.dumps(result, ensure_ascii=False)), structured


def _text(text: str) -> list[types.TextContent]:
    return [types.TextContent(type="text", text=text)]


def _refusal(message: str) -> types.CallToolResult:
    return types.CallToolResult(content=[*_text(message)], isError=True)


def _readable(answer: Answer) -> str:
    """Return an answer with its citations below it, as a language model reads it."""
    cited = [
        f"[{number}] {c.source}, {c.locator}, characters {c.start} to {c.end}: “{c.quote}”"
        for number, c in enumerate(answer.citations, start=1)
    ]
    return "\n".join([answer.text, *cited, *answer.notes])
