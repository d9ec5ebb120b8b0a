"""An agent: the language model searches, computes and trains in several steps, and its answer is checked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rag_app.chains.condense import NO_ANSWER
from rag_app.chains.figures import unaccounted_numbers
from rag_app.chains.memory import SUMMARY
from rag_app.chains.messages import Message, read_messages
from rag_app.chains.pack import number_passage
from rag_app.chains.router import RoutedAnswerer
from rag_app.chains.sanitising import defuse
from rag_app.chains.verification import notes_on
from rag_app.errors import InvalidInputError, LLMError, LLMResponseError
from rag_app.llms.failures import translated_errors
from rag_app.llms.tokens import load_counter
from rag_app.prompting.templates import load_prompt
from rag_app.tool_calls import ToolCall
from rag_app.tools.results import LOOKED_UP, SEARCH
from rag_app.types import Answer, AnswerEvent, Event, Passage, RetrievedEvent, TokenEvent, ToolEvent

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, ToolMessage
    from langgraph.graph.state import CompiledStateGraph

    from rag_app.chains.answer import Answerer, Search
    from rag_app.chains.steps import Steps
    from rag_app.tools.selection import ToolSelector
    from rag_app.tools.toolbox import Toolbox

_NODES_A_STEP = 4  # of the graph, at most; it counts them, we count steps
_BAD_REQUEST = 400
_REFUSAL = NO_ANSWER.rstrip(".").lower()


def load_agent(answerer: Answerer, search: Search, selector: ToolSelector) -> Agent | RoutedAnswerer | Answerer:
    """Return what answers with tools, as far as the language model can.

    Parameters
    ----------
    answerer : Answerer
        Answers from passages.
    search : callable
        ``search(question, k)`` returns passages.
    selector : ToolSelector
        Selects the tools that the language model is told of.

    Returns
    -------
    Agent, RoutedAnswerer or Answerer
        The first for a language model that calls tools, the second for another one, the third without any.
    """
    if answerer.llm is None:
        return answerer
    if not _calls_tools(answerer.llm):
        return RoutedAnswerer(answerer, answerer.llm, selector)
    return Agent(answerer, answerer.llm, search, selector)


@dataclass(frozen=True, slots=True)
class Agent:
    """Answers questions with a language model that calls tools.

    Parameters
    ----------
    answerer : Answerer
        Has the settings and what citations are verified by.
    llm : BaseChatModel
        It must know `bind_tools`.
    search : callable
        ``search(question, k)`` returns passages.
    selector : ToolSelector
        Selects the tools that the language model is told of.
    """

    answerer: Answerer
    llm: BaseChatModel
    search: Search
    selector: ToolSelector

    def stream(self, question: str, messages: Sequence[Any] | None = None) -> Iterator[Event]:
        """Yield the calls of tools as they are made, then the passages, the text and the citations, then the answer.

        Parameters
        ----------
        question : str
            Not blank.
        messages : sequence, optional
            The conversation before it.

        Raises
        ------
        InvalidInputError
            If the question is blank.
        LLMError
            If the language model fails.
        """
        from rag_app.chains.steps import Steps
        from rag_app.tools.toolbox import Toolbox

        if not question.strip():
            msg = "The question must not be empty."
            raise InvalidInputError(msg, hint='Ask, for example: rag ask "What is mode collapse?"')
        began = time.perf_counter()
        settings = self.answerer.settings
        toolbox = Toolbox(self.selector, self.search, _shown, question)
        steps = Steps(settings, toolbox, load_counter(settings.llm, settings.llm_base_url).count)
        said = self.answerer.recall(read_messages(messages))
        for reply in said.replies:
            steps.tally.add(reply)
        work = _Work([*map(_as_pair, said.messages), ("user", question)])
        try:
            with translated_errors(self.answerer.llm_name):
                for call in work.run(self._graph(toolbox, steps), _NODES_A_STEP * settings.agent_max_steps):
                    yield ToolEvent(call)
        except LLMError as exc:
            if work.calls or getattr(exc.__cause__, "status_code", None) != _BAD_REQUEST:
                raise
            yield from self._route(question, messages)
            return
        if toolbox.passages:
            yield RetrievedEvent(question, tuple(toolbox.passages))
        draft = Answer(
            question,
            retrieved=tuple(toolbox.passages),
            llm=steps.tally.llm or self.answerer.llm_name,
            prompt=load_prompt("agent", settings.prompts_dir).label,
            usage=steps.tally.usage,
            cost_usd=steps.tally.cost_usd,
            timings_s={"agent": time.perf_counter() - began},
            notes=(*said.notes, *steps.tally.notes, *steps.notes),
            tool_calls=tuple(work.calls),
        )
        yield from self._conclude(draft, work, stopped=steps.stopped)

    def _route(self, question: str, messages: Sequence[Any] | None) -> Iterator[Event]:
        """Yield the events of an answer for which no tool is sent: some servers refuse them."""
        for event in RoutedAnswerer(self.answerer, self.llm, self.selector).stream(question, messages):
            if isinstance(event, AnswerEvent):
                note = f"The language model {self.answerer.llm_name} refused tools and was asked by a prompt instead."
                yield AnswerEvent(replace(event.answer, notes=(note, *event.answer.notes)))
            else:
                yield event

    def _graph(self, toolbox: Toolbox, steps: Steps) -> CompiledStateGraph[Any, Any, Any, Any]:
        from langchain.agents import create_agent

        ((_, system),) = load_prompt("agent", self.answerer.settings.prompts_dir).render()
        return create_agent(self.llm, toolbox.own, system_prompt=system, middleware=[steps], name="rag_agent_steps")

    def _conclude(self, draft: Answer, work: _Work, *, stopped: bool) -> Iterator[Event]:
        """Yield what of the reply may be shown, with verified citations, and the answer."""
        said = work.reply.strip()
        if not said and not stopped:
            msg = f"The language model {self.answerer.llm_name} gave an empty reply."
            raise LLMResponseError(msg, hint="Ask again, or use another model.")
        if not said or said.lstrip("\"'“*").lower().startswith(_REFUSAL):
            yield TokenEvent(NO_ANSWER)
            yield AnswerEvent(replace(draft, text=NO_ANSWER, answered=False))
            return
        reader = self.answerer.marker_reader(draft.retrieved)
        events = [*reader.feed(said), *reader.close()]
        yield from events
        claims = [claim for claim in reader.claims if claim.marker is not None or not work.computed(claim.text)]
        notes = notes_on(claims, n_links=reader.n_links, n_tags=reader.n_tags) if claims else ()
        passages = (passage.text for passage in draft.retrieved)
        odd = unaccounted_numbers(said, [*work.results(), *passages, *(text for _, text in work.said)])
        yield AnswerEvent(
            replace(
                draft,
                text="".join(event.text for event in events if isinstance(event, TokenEvent)),
                citations=tuple(reader.citations),
                claims=tuple(claims),
                notes=(*draft.notes, *notes, *_odd_notes(odd)),
            )
        )


@dataclass(slots=True)
class _Work:
    """What an agent does for one question.

    Parameters
    ----------
    said : list of (str, str)
        The conversation, with the question at its end.
    """

    said: list[tuple[str, str]]
    calls: list[ToolCall] = field(default_factory=list)
    reply: str = ""
    _arguments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self, graph: CompiledStateGraph[Any, Any, Any, Any], most_nodes: int) -> Iterator[ToolCall]:
        """Run an agent to its end and yield the calls of tools."""
        updates = graph.stream({"messages": self.said}, {"recursion_limit": most_nodes}, stream_mode="updates")
        for update in updates:
            for change in update.values():
                for message in (change or {}).get("messages", ()):
                    yield from self._read(message)

    def computed(self, statement: str) -> bool:
        """Return whether a statement has numbers, and tools returned all of them."""
        return any(c.isdigit() for c in statement) and not unaccounted_numbers(statement, self.results())

    def results(self) -> list[str]:
        """Return what tools were given and what they returned, as text."""
        return [json.dumps([dict(call.arguments), call.result]) for call in self.calls if call.name not in LOOKED_UP]

    def _read(self, message: AIMessage | ToolMessage) -> Iterator[ToolCall]:
        if message.type == "tool":
            call = _call_of(message, self._arguments.get(message.tool_call_id, {}))
            self.calls.append(call)
            yield call
            return
        self.reply = message.text
        self._arguments |= {str(call["id"]): call["args"] for call in message.tool_calls}


def _call_of(message: ToolMessage, arguments: dict[str, Any]) -> ToolCall:
    name = message.name or ""
    if message.status == "error":
        return ToolCall(name, arguments, error=message.text)
    if name == SEARCH:
        return ToolCall(name, arguments, [passage["chunk_id"] for passage in message.artifact or ()])
    text = message.artifact if isinstance(message.artifact, str) else message.text  # the whole of what was clipped
    try:
        return ToolCall(name, arguments, json.loads(text))
    except json.JSONDecodeError:
        return ToolCall(name, arguments, text)


def _shown(number: int, passage: Passage) -> str:
    return defuse(number_passage(number, passage))


def _as_pair(message: Message) -> tuple[str, str]:
    """Return a message as LangChain takes it."""
    if message.role == SUMMARY:
        return "system", f"What was said before, in short: {message.text}"
    return message.role, message.text


def _calls_tools(llm: BaseChatModel) -> bool:
    from rag_app.tools.toolbox import FindArguments

    try:
        llm.bind_tools([FindArguments])
    except NotImplementedError:
        return False
    return True


def _odd_notes(numbers: Sequence[str]) -> Iterator[str]:
    if numbers:
        are = "is" if len(numbers) == 1 else "are"
        yield f"{', '.join(numbers)} {are} in no result of a tool and in no passage: do not rely on it."
