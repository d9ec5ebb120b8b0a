"""A request for a calculation goes to its tool, every other question to the documents."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rag_app.errors import InvalidInputError
from rag_app.tool_calls import ToolCall
from rag_app.tools.requests import Request, read_request
from rag_app.tools.results import render_call
from rag_app.types import Answer, AnswerEvent, Event, TokenEvent, ToolEvent

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag_app.chains.answer import Answerer
    from rag_app.llms.tally import Tally
    from rag_app.prompting.prompt import Prompt
    from rag_app.tools.selection import ToolSelector

_N_OFFERED = 12  # tools that the language model chooses from
_N_ATTEMPTS = 2
Compute = Callable[[ToolCall], ToolCall]

LLM = "tools"  # what answered, where no language model and no document did


def stream_request(question: str, compute: Compute | None = None) -> Iterator[Event] | None:
    """Return the events of an answer that a tool computes, or None where the question is no plain request.

    Parameters
    ----------
    question : str
        As it was typed, such as "f1 of 1,0,1 vs 1,1,1".
    compute : callable, optional
        Returns a call with its result. Default: it is computed here, however long that takes.

    Raises
    ------
    InvalidInputError
        While the events are read, if the values break a rule of the tool; the message says which.
    """
    request = read_request(question)
    return None if request is None else _compute(question, request, compute or _called)


def _compute(question: str, request: Request, compute: Compute) -> Iterator[Event]:
    began = time.perf_counter()
    call = compute(request.call)
    notes = (request.note,) if request.note else ()
    yield from _computed(Answer(question, llm=LLM, notes=notes), call, began)


@dataclass(frozen=True, slots=True)
class RoutedAnswerer:
    """Lets a language model that cannot call tools choose one by a prompt; other questions go to the documents.

    This is the router of a system of language model, tools and documents: Karpas et al., "MRKL systems" (2022). The
    language model says which tool and with what; the figure is the tool's.

    Parameters
    ----------
    answerer : Answerer
        Answers from passages.
    llm : BaseChatModel
        Chooses.
    selector : ToolSelector
        Selects the tools that it chooses from.
    """

    answerer: Answerer
    llm: BaseChatModel
    selector: ToolSelector

    def stream(self, question: str, messages: Sequence[Any] | None = None) -> Iterator[Event]:
        """Yield the events of an answer: that of a tool where one was chosen, otherwise that of the documents.

        Parameters and errors are those of `rag_app.chains.answer.Answerer.stream`.
        """
        from rag_app.llms.tally import Tally

        began, tally = time.perf_counter(), Tally()
        call = self._choose(question, tally) if question.strip() else None
        if call is None:
            yield from self.answerer.stream(question, messages)
            return
        draft = Answer(question, llm=tally.llm or self.answerer.llm_name, prompt=self._prompt().label)
        yield from _computed(
            replace(draft, usage=tally.usage, cost_usd=tally.cost_usd, notes=tuple(tally.notes)), call, began
        )

    def _prompt(self) -> Prompt:
        from rag_app.prompting.templates import load_prompt

        return load_prompt("route_tools", self.answerer.settings.prompts_dir)

    def _choose(self, question: str, tally: Tally) -> ToolCall | None:
        """Return the call that the language model chooses, with its result; None where it chooses none that works."""
        from rag_app.llms.failures import translated_errors
        from rag_app.tools.selection import render_signature

        offered = {entry.name: render_signature(entry) for entry in self.selector.select(question, _N_OFFERED)}
        asked = self._prompt().render(tools="\n".join(offered.values()), request=question)
        for _ in range(_N_ATTEMPTS):
            with translated_errors(self.answerer.llm_name):
                reply = self.llm.invoke(asked)
            tally.add(reply)
            chosen = _read_choice(reply.text)
            if chosen is None or chosen.name not in offered or not _is_given(chosen.arguments, question):
                return None
            try:
                return _called(chosen)
            except InvalidInputError as exc:
                asked = [*asked, ("assistant", reply.text), ("user", f"{exc.message} Reply with corrected JSON alone.")]
        return None


def _called(asked: ToolCall) -> ToolCall:
    from rag_app.registry import get
    from rag_app.tools.adapter import call_tool

    return replace(asked, result=call_tool(get(asked.name), asked.arguments))


def _computed(draft: Answer, call: ToolCall, began: float) -> Iterator[Event]:
    yield ToolEvent(call, is_answer=True)
    text = render_call(call)
    yield TokenEvent(text)
    seconds = {"tool": time.perf_counter() - began}
    yield AnswerEvent(replace(draft, text=text, tool_calls=(call,), timings_s=seconds))


def _read_choice(reply: str) -> ToolCall | None:
    """Return the first choice in a reply: small language models write more than they are asked for."""
    decoder = json.JSONDecoder()
    for start in (i for i, character in enumerate(reply) if character == "{"):
        try:
            value, _ = decoder.raw_decode(reply, start)
        except (json.JSONDecodeError, RecursionError):
            continue
        if isinstance(value, dict) and isinstance(value.get("tool"), str):
            arguments = value.get("arguments", {})
            return ToolCall(value["tool"], arguments) if isinstance(arguments, dict) else None
    return None


def _is_given(arguments: Mapping[str, Any], question: str) -> bool:
    """Return whether every number of some arguments stands in the question: none is made up."""
    from rag_app.chains.figures import unaccounted_numbers

    return not unaccounted_numbers(json.dumps(dict(arguments)), [question], counted=0)
