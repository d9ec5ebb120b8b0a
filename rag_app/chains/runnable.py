"""The answer chain as a LangChain Runnable: invoke, stream, batch and their async twins."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, NotRequired

from langchain_core.runnables import Runnable, RunnableGenerator
from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from rag_app.errors import InvalidInputError
from rag_app.types import Answer, AnswerEvent, CitationEvent, Event, RetrievedEvent, TokenEvent, ToolEvent

_MESSAGES_SCHEMA = {
    "type": "array",
    "description": "The conversation before the question, oldest first; LangChain's messages are taken too.",
    "items": {
        "type": "object",
        "properties": {
            "role": {"type": "string", "enum": ["user", "assistant", "system"]},
            "content": {"type": "string"},
        },
        "required": ["role", "content"],
    },
}


class Question(TypedDict):
    """A question with the conversation before it."""

    question: Annotated[str, Field(description="What to answer; its words file:… and heading:… say where to look.")]
    messages: NotRequired[Annotated[Sequence[Any] | None, WithJsonSchema(_MESSAGES_SCHEMA)]]


Stream = Callable[[str, Sequence[Any] | None], Iterator[Event]]


def answer_chain(stream: Stream, *, name: str = "rag_answer") -> Runnable[str | Question, Answer]:
    """Return a Runnable from a question to an `Answer`.

    Parameters
    ----------
    stream : callable
        ``stream(question, messages)`` yields the events of one answer.
    name : str, default="rag_answer"
        What a trace calls it.

    Returns
    -------
    Runnable
        Its `stream` yields parts whose sum is what `invoke` returns: first the passages, then text and citations
        as they come, at last the notes and figures. ``bind(messages=…)`` gives every question the same conversation.
    """

    def transform(values: Iterator[str | Question], messages: Sequence[Any] | None = None) -> Iterator[Answer]:
        question, own = _read(functools.reduce(_joined, values))
        for event in stream(question, own or messages):
            yield _part(event)

    async def atransform(
        values: AsyncIterator[str | Question], messages: Sequence[Any] | None = None
    ) -> AsyncIterator[Answer]:
        question, own = _read(functools.reduce(_joined, [v async for v in values]))
        async for event in _in_thread(stream, question, own or messages):
            yield _part(event)

    chain: Runnable[Any, Answer] = RunnableGenerator(transform, atransform, name=name)
    return chain.with_types(input_type=str | Question, output_type=Answer)  # type: ignore[arg-type]


def _joined(value: Any, piece: Any) -> Any:  # noqa: ANN401  (whatever a chain passes on)
    """Return an input with the next piece of it: a chain before this one may stream what it passes on."""
    if isinstance(value, Mapping) and isinstance(piece, Mapping):
        return {**value, **{key: _joined(value[key], new) if key in value else new for key, new in piece.items()}}
    return value + piece


def _read(value: Any) -> tuple[str, Sequence[Any] | None]:  # noqa: ANN401  (whatever a chain passes on)
    if isinstance(value, str):
        return value, None
    if isinstance(value, Mapping) and isinstance(value.get("question"), str):
        return value["question"], value.get("messages")
    msg = f"The chain's input must be a string or a mapping with a question; got {type(value).__name__}."
    raise InvalidInputError(msg, hint='Pass, for example: {"question": "What is a GAN?", "messages": []}')


def _part(event: Event) -> Answer:
    if isinstance(event, RetrievedEvent):
        return Answer(event.question, retrieved=event.passages)
    if isinstance(event, ToolEvent):
        return Answer("", tool_calls=(event.call,))
    if isinstance(event, TokenEvent):
        return Answer("", text=event.text)
    if isinstance(event, CitationEvent):
        return Answer("", citations=(event.citation,))
    return _rest(event)


def _rest(event: AnswerEvent) -> Answer:
    done = event.answer
    return Answer(
        done.question,
        answered=done.answered,
        llm=done.llm,
        prompt=done.prompt,
        usage=done.usage,
        cost_usd=done.cost_usd,
        timings_s=done.timings_s,
        notes=done.notes,
        claims=done.claims,
    )


async def _in_thread(stream: Stream, question: str, messages: Sequence[Any] | None) -> AsyncIterator[Event]:
    """Run an iterator in a thread of its own; a consumer that goes away ends it at its next event."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Event | BaseException | None] = asyncio.Queue()
    stopped = threading.Event()

    def put(item: Event | BaseException | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody waits
            loop.call_soon_threadsafe(queue.put_nowait, item)

    def work() -> None:
        try:
            for event in stream(question, messages):
                if stopped.is_set():
                    return
                put(event)
        except BaseException as exc:  # noqa: BLE001  (raised again where it is awaited)
            put(exc)
        else:
            put(None)

    threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True).start()
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
