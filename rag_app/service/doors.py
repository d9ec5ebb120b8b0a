"""HTTP: ask, search, classify, sources, tools, feedback, and how the service is."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import JSONResponse, Response

from rag_app.registry import Entry, entries, get
from rag_app.service import metrics, schemas
from rag_app.service.logs import request_id
from rag_app.service.problems import MEDIA_TYPE, Problem, RefusedError, problem_of
from rag_app.service.replica import Replica
from rag_app.service.streams import EventStream, begun, render_event, while_connected
from rag_app.types import AnswerEvent, CitationEvent, Event, RetrievedEvent, TokenEvent, ToolEvent

if TYPE_CHECKING:
    from rag_app.service.engine import Engine

_PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": HTTPStatus(status).phrase, **_PROBLEM}
    for status in (400, 401, 403, 413, 421, 422, 429, 502, 503, 504)
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": HTTPStatus.NOT_FOUND.phrase, **_PROBLEM}}
EVENT = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["data"],
}
_EVENTS = {
    "description": "The answer; with `stream`, the events `retrieved`, `tool`, `token` and `citation`, then `answer`.",
    "content": {"text/event-stream": {"schema": EVENT, "example": 'event: token\ndata: {"text": "Mode"}'}},
}


def engine_of(request: Request) -> Engine:
    """Return the engine behind a request."""
    engine: Engine = request.app.state.engine
    return engine


router = APIRouter(responses=REFUSALS)


@router.post("/ask", tags=["questions"], response_model=schemas.Answer, responses={200: _EVENTS})
async def ask(request: Request, body: schemas.AskRequest) -> Response:
    """Answer a question, with verified citations."""
    engine = engine_of(request)
    messages = [(m.role, m.content) for m in body.messages]
    if body.stream:
        return EventStream(_rendered(await begun(engine.events(body.question, messages))))
    answer = await while_connected(request.receive, engine.ask(body.question, messages))
    return JSONResponse({"id": request_id.get(), **answer.to_json()})


async def _rendered(events: AsyncGenerator[Event, None]) -> AsyncGenerator[str, None]:
    """Yield events as text; what goes wrong on the way is the last of them."""
    try:
        async with aclosing(events):
            async for event in events:
                name, data = _shown(event)
                yield render_event(data, name)
    except Exception as exc:  # noqa: BLE001  (the status has been sent: this is the only way left)
        yield render_event(problem_of(exc).to_json(), "error")


def _shown(event: Event) -> tuple[str, dict[str, Any]]:
    if isinstance(event, RetrievedEvent):
        return "retrieved", {"question": event.question, "passages": [p.to_json() for p in event.passages]}
    if isinstance(event, TokenEvent):
        return "token", {"text": event.text}
    if isinstance(event, CitationEvent):
        return "citation", {"number": event.number, "citation": event.citation.to_json()}
    if isinstance(event, ToolEvent):
        return "tool", event.call.to_json()
    assert isinstance(event, AnswerEvent)
    return "answer", {"id": request_id.get(), **event.answer.to_json()}


@router.post("/search", tags=["questions"], response_model=schemas.SearchResult)
async def search(request: Request, body: schemas.SearchRequest) -> Response:
    """Find the passages that match a question, best first."""
    found = engine_of(request).search(body.question, body.k, body.where)
    return JSONResponse({"passages": await while_connected(request.receive, found)})


@router.post("/classify", tags=["questions"], response_model=schemas.ClassifyResult)
async def classify(request: Request, body: schemas.ClassifyRequest) -> Response:
    """Label texts by what the labels mean."""
    found = engine_of(request).classify(body)
    return JSONResponse({"classifications": await while_connected(request.receive, found)})


@router.post("/feedback", tags=["questions"], response_model=schemas.Kept, responses=NOT_FOUND)
async def feedback(request: Request, body: schemas.FeedbackRequest) -> Response:
    """Keep what a reader thought of one of the last thousand answers, with its question."""
    engine = engine_of(request)
    if not await engine.run(engine.recent.rate, body.id, body.rating, body.why):
        hint = "Send the id of one of the last thousand answers of this service."
        raise RefusedError(Problem(404, "There is no recent answer of this id.", hint))
    return JSONResponse({"status": "kept"})


@router.get("/sources", tags=["sources"], response_model=schemas.SourceList)
async def list_sources(request: Request) -> Response:
    """List every source."""
    rows = await engine_of(request).run(engine_of(request).app.library.sources)
    shown = [{"name": r.name, "title": r.title, "chunks": r.n_chunks, "tokens": r.n_tokens} for r in rows]
    return JSONResponse({"sources": shown})


@router.get("/sources/{name:path}", tags=["sources"], response_model=schemas.Source, responses=NOT_FOUND)
async def open_source(
    request: Request,
    name: str,
    start: Annotated[int, Query(ge=0, le=2**31, description="The first character.")] = 0,
    end: Annotated[int, Query(ge=0, le=2**31, description="The first character that is left out.")] = 2**31,
) -> Response:
    """Open a source: the extracted text that the offsets of citations refer to, or a part of it."""
    return JSONResponse(await engine_of(request).open_source(name, start, end))


@router.get("/tools", tags=["tools"], response_model=schemas.ToolList)
async def list_tools() -> Response:
    """List the metrics, estimators and tools of the course."""
    return JSONResponse({"tools": [_row(entry) for entry in entries()]})


@router.get("/tools/{name}", tags=["tools"], response_model=schemas.Tool, responses=NOT_FOUND)
async def show_tool(name: str) -> Response:
    """Describe a tool: its documentation, the JSON schema of its arguments, where the course explains it."""
    from rag_app.tools.adapter import arguments_model
    from rag_app.tools.course import sections
    from rag_app.tools.examples import example_call

    entry = get(name)
    call = example_call(entry)
    found = [{"number": number, "heading": heading, "file": file} for number, heading, file in sections(entry)]
    about = {"documentation": inspect.getdoc(entry.target), "parameters": arguments_model(entry).model_json_schema()}
    return JSONResponse({**_row(entry), **about, "sections": found, "example": call and dict(call.arguments)})


@router.post("/tools/{name}", tags=["tools"], response_model=schemas.ToolResult, responses=NOT_FOUND)
async def call_tool(request: Request, name: str, arguments: Annotated[dict[str, Any], Body()]) -> Response:
    """Call a tool with arguments by name."""
    found = engine_of(request).call_tool(name, arguments)
    return JSONResponse({"result": await while_connected(request.receive, found)})


@router.post(
    "/tools/{name}/plot",
    tags=["tools"],
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}, **NOT_FOUND},
)
async def draw_tool(request: Request, name: str, arguments: Annotated[dict[str, Any], Body()]) -> Response:
    """Draw what a tool returns for arguments."""
    found = engine_of(request).draw_tool(name, arguments)
    return Response(await while_connected(request.receive, found), media_type="image/svg+xml")


def _row(entry: Entry) -> dict[str, Any]:
    from rag_app.tools.plots.pictures import PICTURES

    return {"name": entry.name, "kind": entry.kind, "summary": entry.summary, "has_plot": entry.name in PICTURES}


@router.get("/healthz", tags=["operations"], response_model=schemas.State)
async def health(request: Request) -> Response:
    """Tell that the service runs."""
    return JSONResponse(_state(engine_of(request)))


@router.get("/readyz", tags=["operations"], response_model=schemas.State)
async def readiness(request: Request) -> Response:
    """Tell that there is an index that questions can be asked of."""
    engine = engine_of(request)
    await engine.run(engine.check)
    return JSONResponse(_state(engine))


def _state(engine: Engine) -> dict[str, Any]:
    index = {"index": dict(engine.app.state())} if isinstance(engine.app, Replica) else {}
    return {"status": "ok", **index}


@router.get("/metrics", tags=["operations"], response_class=Response)
async def figures(request: Request) -> Response:
    """Give figures to Prometheus."""
    return Response(engine_of(request).metrics.render(), media_type=metrics.MEDIA_TYPE)
