"""The OpenAI protocol: chat completions, embeddings and the list of what answers, for clients that speak nothing else.

Citations stand in ``choices[0].message.citations``, in a stream in ``choices[0].delta.citations``; each has an
``index``, by which clients join the pieces of a list. ``rag`` has what else is known of an answer.
"""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from rag_app.service import openai_schemas as schemas
from rag_app.service.doors import EVENT, NOT_FOUND, REFUSALS, engine_of
from rag_app.service.logs import request_id
from rag_app.service.problems import Problem, RefusedError, problem_of
from rag_app.service.streams import EventStream, begun, render_event, while_connected
from rag_app.types import Answer, AnswerEvent, CitationEvent, Event, TokenEvent

if TYPE_CHECKING:
    from rag_app.app import App
    from rag_app.service.replica import Replica
    from rag_app.settings import Settings

_IGNORED_ROLES = frozenset(("tool", "function"))
_MOST_CHARACTERS = 400_000  # of all texts to embed

_CHUNKS: dict[str, Any] = {
    "description": "The completion; with `stream`, its chunks.",
    "content": {"text/event-stream": {"schema": EVENT}},
}

router = APIRouter(prefix="/v1", tags=["OpenAI protocol"], responses=REFUSALS | NOT_FOUND)


@router.get("/models", response_model=schemas.ModelList)
async def list_names(request: Request) -> Response:
    """List what answers, and what embeds."""
    settings = engine_of(request).app.settings
    names = [chat_name(settings), settings.embeddings]
    return JSONResponse({"object": "list", "data": [_listed(name) for name in names]})


@router.get("/models/{name:path}", response_model=schemas.ListedModel)
async def show_name(request: Request, name: str) -> Response:
    """Show one of the list."""
    settings = engine_of(request).app.settings
    if name not in {chat_name(settings), settings.embeddings}:
        raise RefusedError(_unknown(name, settings))
    return JSONResponse(_listed(name))


@router.post("/chat/completions", response_model=schemas.Completion, responses={200: _CHUNKS})
async def complete(request: Request, body: schemas.ChatRequest) -> Response:
    """Answer the last message of a conversation; citations survive streaming."""
    engine = engine_of(request)
    name = chat_name(engine.app.settings)
    if body.model != name:
        raise RefusedError(_unknown(body.model, engine.app.settings))
    question, messages = _read(body.messages)
    if body.stream:
        usage = body.stream_options is not None and body.stream_options.include_usage
        events = await begun(engine.events(question, messages))
        return EventStream(_chunks(events, _Frame(name), with_usage=usage))
    answer = await while_connected(request.receive, engine.ask(question, messages))
    return JSONResponse(_completion(answer, _Frame(name)))


@router.post("/embeddings", response_model=schemas.EmbeddingList)
async def embed(request: Request, body: schemas.EmbeddingRequest) -> Response:
    """Embed texts as the index embeds questions."""
    engine = engine_of(request)
    texts = [body.input] if isinstance(body.input, str) else body.input
    _check_embedding(body, texts, engine.app)
    vectors, n_tokens = await while_connected(request.receive, engine.run(_embed, engine.app, texts))
    in_base64 = body.encoding_format == "base64"
    encoded = [_in_base64(vector) if in_base64 else vector.tolist() for vector in vectors]
    data = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(encoded)]
    usage = {"prompt_tokens": n_tokens, "total_tokens": n_tokens}
    return JSONResponse({"object": "list", "data": data, "model": body.model, "usage": usage})


def chat_name(settings: Settings) -> str:
    """Return what clients call the chain: the language model and the prompt, or ``extractive``.

    Examples
    --------
    >>> from rag_app.settings import Settings
    >>> chat_name(Settings.load(environ={}, llm="openai:gpt-4o-mini"))
    'openai:gpt-4o-mini/answer'
    """
    return settings.llm if settings.llm == "extractive" else f"{settings.llm}/{settings.answer_prompt}"


class _Frame:
    """What every piece of a completion repeats."""

    def __init__(self, name: str) -> None:
        self._about = {"id": f"chatcmpl-{request_id.get()}", "created": int(time.time()), "model": name}

    def completion(self, **rest: Any) -> dict[str, Any]:  # noqa: ANN401  (JSON)
        return {**self._about, "object": "chat.completion", **rest}

    def chunk(self, delta: Mapping[str, Any], finish: str | None = None, **rest: Any) -> str:  # noqa: ANN401  (JSON)
        choice = {"index": 0, "delta": dict(delta), "logprobs": None, "finish_reason": finish}
        return self.piece(choices=[choice], **rest)

    def piece(self, **rest: Any) -> str:  # noqa: ANN401  (JSON)
        return render_event({**self._about, "object": "chat.completion.chunk", **rest})


def _completion(answer: Answer, frame: _Frame) -> dict[str, Any]:
    citations = [_citation(i, c.to_json()) for i, c in enumerate(answer.citations)]
    message = {"role": "assistant", "content": answer.text, "refusal": None, "citations": citations}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return frame.completion(choices=[choice], usage=_usage(answer), rag=_about(answer))


async def _chunks(events: AsyncGenerator[Event, None], frame: _Frame, *, with_usage: bool) -> AsyncGenerator[str, None]:
    nothing = {"usage": None} if with_usage else {}
    try:
        async with aclosing(events):
            yield frame.chunk({"role": "assistant", "content": "", "refusal": None}, **nothing)
            async for event in events:
                if isinstance(event, TokenEvent):
                    yield frame.chunk({"content": event.text}, **nothing)
                elif isinstance(event, CitationEvent):
                    yield frame.chunk({"citations": [_citation(event.number - 1, event.citation.to_json())]}, **nothing)
                elif isinstance(event, AnswerEvent):
                    yield frame.chunk({}, "stop", rag=_about(event.answer), **nothing)
                    if with_usage:
                        yield frame.piece(choices=[], usage=_usage(event.answer))
        yield "data: [DONE]\n\n"
    except Exception as exc:  # noqa: BLE001  (the status has been sent: this is the only way left)
        yield render_event({"error": problem_of(exc).for_openai()})


def _citation(index: int, citation: Mapping[str, Any]) -> dict[str, Any]:
    return {"index": index, "number": index + 1, **citation}


def _about(answer: Answer) -> dict[str, Any]:
    shown = answer.to_json()
    return {name: shown[name] for name in ("question", "answered", "llm", "prompt", "notes")}


def _usage(answer: Answer) -> dict[str, int]:
    """Return tokens as the provider reported them; without a language model there are none."""
    read, written = int(answer.usage.get("input_tokens", 0)), int(answer.usage.get("output_tokens", 0))
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _read(messages: Sequence[schemas.Message]) -> tuple[str, list[tuple[str, str]]]:
    """Return the question and what was said before it; calls of the client's own tools are not for us."""
    read = [m for m in messages if m.role not in _IGNORED_ROLES]
    said = [("system" if m.role == "developer" else str(m.role), m.text) for m in read]
    if not said or said[-1][0] != "user" or not said[-1][1].strip():
        raise RefusedError(Problem(400, "The last message must be the user's, and not blank."))
    return said[-1][1], said[:-1]


def _unknown(name: str, settings: Settings) -> Problem:
    known = f"Known: {chat_name(settings)} for chat, {settings.embeddings} for embeddings."
    return Problem(404, f"There is no llm or embedder named {name[:80]!r}.", known, code="model_not_found")


def _listed(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "rag_app"}


def _check_embedding(body: schemas.EmbeddingRequest, texts: Sequence[str], app: App | Replica) -> None:
    if body.model != app.settings.embeddings:
        raise RefusedError(_unknown(body.model, app.settings))
    if sum(map(len, texts)) > _MOST_CHARACTERS:
        raise RefusedError(Problem(400, f"The texts must have at most {_MOST_CHARACTERS} characters together."))


def _embed(app: App | Replica, texts: Sequence[str]) -> tuple[Any, int]:
    return app.embedder.embed(texts), sum(app.embedder.count_tokens(texts))


def _in_base64(vector: Any) -> str:  # noqa: ANN401  (an array)
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()
