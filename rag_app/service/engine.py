"""The application as every door uses it: asynchronous, bounded, counted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from rag_app.chains.router import stream_request
from rag_app.errors import RagAppError
from rag_app.reading.answer_network import load_network
from rag_app.registry import get
from rag_app.service.logs import request_id
from rag_app.service.memory import Memory
from rag_app.service.metrics import Metrics
from rag_app.service.options import ServiceOptions
from rag_app.service.recent_answers import RecentAnswers
from rag_app.service.tool_process import ToolProcesses
from rag_app.service.traces import trace_answer
from rag_app.service.work import Crew
from rag_app.tool_calls import ToolCall
from rag_app.types import Answer, AnswerEvent, Event

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

    from rag_app.app import App
    from rag_app.service.replica import Replica
    from rag_app.service.schemas import ClassifyRequest

T = TypeVar("T")
_WITHOUT_LLM, _WITH_LLM = 4, 32  # threads: the one computes, the other waits


class Engine:
    """An application behind its doors.

    Parameters
    ----------
    app : App or Replica
        Does the work.
    options : ServiceOptions
        What may be spent.
    tracer : Tracer, optional
        Writes the steps of answers down.
    """

    def __init__(self, app: App | Replica, options: ServiceOptions, tracer: Tracer | None = None) -> None:
        self.app = app
        self.options = options
        self.metrics = Metrics()
        n_threads = options.n_threads or (_WITHOUT_LLM if app.settings.llm == "extractive" else _WITH_LLM)
        self.crew = Crew(n_threads, options.n_waiting, options.timeout_s)
        self.tools = ToolProcesses(options.tool_timeout_s)
        self._memory = Memory(app.library)
        self.metrics.watch(self.crew)
        self.writing = asyncio.Lock()  # the index has one writer
        self._tracer = tracer
        self.recent = RecentAnswers(app.settings)

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:  # noqa: ANN401  (the function's own)
        """Return what a function returns that takes its turn with everything else."""
        return await self.crew.run(function, *arguments)

    async def events(self, question: str, messages: Sequence[Any] = ()) -> AsyncGenerator[Event, None]:
        """Yield the events of an answer; whoever stops listening stops the work."""
        events: AsyncIterator[Event] = self.crew.iterate(lambda: self._stream(question, messages))
        async with aclosing(events) as stream:  # type: ignore[type-var]  # it is an async generator
            async for event in stream:
                if isinstance(event, AnswerEvent):
                    await self._remember(event.answer)
                yield event

    async def ask(self, question: str, messages: Sequence[Any] = ()) -> Answer:
        """Return the answer to a question."""
        async with aclosing(self.events(question, messages)) as events:
            async for event in events:
                if isinstance(event, AnswerEvent):
                    return event.answer
        msg = "The chain ended without an answer."
        raise RuntimeError(msg)

    async def search(self, question: str, k: int | None, where: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return passages as JSON, best first."""
        return await self.run(self._search, question, k, where)

    async def classify(self, request: ClassifyRequest) -> list[dict[str, Any]]:
        """Return the classification of each text as JSON."""
        return await self.run(self._classify, request)

    async def open_source(self, name: str, start: int, end: int) -> dict[str, Any]:
        """Return the text of a source from one offset to another as JSON.

        Raises
        ------
        UnknownNameError
            If there is no such source.
        """
        source = await self.run(self.app.source, name)
        text = source.text[start:end]
        about = {"name": source.name, "title": source.title, "sha256": source.sha256, "length": len(source.text)}
        return {
            **about,
            "start": min(start, len(source.text)),
            "end": min(start, len(source.text)) + len(text),
            "text": text,
        }

    async def call_tool(self, name: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401  (any tool's result)
        """Return what a registered tool returns for JSON arguments.

        Raises
        ------
        UnknownNameError
            If there is no such tool.
        InvalidInputError
            If the arguments do not fit, or take too long or too much memory.
        """
        return await self.run(self.tools.call, get(name).name, arguments)

    async def draw_tool(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Return the picture of what a tool returns, as SVG; the errors are those of `call_tool`."""
        return str(await self.run(self.tools.draw, get(name).name, arguments))

    def check(self) -> None:
        """Raise a `StoreError` if there is nothing that questions can be asked of."""
        self.app.search("ready?", 1)

    def warm_up(self) -> None:
        """Load what the first question would have to wait for."""
        try:
            self.app.check_settings()
            self.check()
            if self.app.settings.reader == "learnt":
                load_network()
        except RagAppError:
            return  # `/readyz` says what is missing

    def close(self) -> None:
        """End threads and processes."""
        self.crew.close()
        self.tools.close()
        self.recent.close()

    def _search(self, question: str, k: int | None, where: Mapping[str, Any]) -> list[dict[str, Any]]:
        state, asked = self._memory.state(), ("search", question, k, json.dumps(where, sort_keys=True))
        found: list[dict[str, Any]] | None = self._memory.get(state, asked)
        if found is None:
            found = [passage.to_json() for passage in self.app.search(question, k, where or None)]
            self._memory.keep(state, asked, found)
        return found

    def _stream(self, question: str, messages: Sequence[Any]) -> Iterator[Event]:
        """Yield the events of an answer; without a language model, those that were worked out lately again."""
        state, asked = self._memory.state(), ("ask", question, tuple(messages))
        events = self._memory.get(state, asked)
        if events is not None:
            yield from events
            return
        events = []
        for event in stream_request(question, self._compute) or self.app.stream(question, messages):
            events.append(event)
            yield event
            if isinstance(event, AnswerEvent) and event.answer.llm == "extractive":
                self._memory.keep(state, asked, events)

    def _compute(self, asked: ToolCall) -> ToolCall:
        """Return a call with its result, computed where it can be ended: "causal mask 30000" is easily sent."""
        return replace(asked, result=self.tools.call(asked.name, asked.arguments))

    def _classify(self, request: ClassifyRequest) -> list[dict[str, Any]]:
        labels = [label if isinstance(label, str) else label.model_dump() for label in request.labels]
        classifier = self.app.classifier(
            labels, threshold=request.threshold, multi_label=request.multi_label, adapt=request.adapt
        )
        return [found.to_json() for found in classifier.predict(request.texts)]

    async def _remember(self, answer: Answer) -> None:
        self.metrics.count_answer(answer)
        if self._tracer is not None:
            trace_answer(self._tracer, answer)
        if self.recent.is_shared:
            await asyncio.to_thread(self.recent.keep, request_id.get(), answer)
        else:
            self.recent.keep(request_id.get(), answer)
