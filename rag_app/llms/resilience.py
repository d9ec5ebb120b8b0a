"""A chat model around others: attempts and fallbacks, kept replies, and a report of what happened."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Generator, Iterator, Sequence
from typing import Any, NoReturn, cast

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    message_chunk_to_message,
    message_to_dict,
    messages_from_dict,
)
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from rag_app.errors import LLMError
from rag_app.llms.attempts import Attempts, Member, Outcome
from rag_app.llms.cache import ReplyCache, request_key
from rag_app.llms.failures import timeout_error, translated_errors
from rag_app.llms.prices import cost_of
from rag_app.llms.tally import OWN
from rag_app.llms.tokens import TokenCounter

_CHOICES = ("tool_choice", "strict", "parallel_tool_calls")  # what is said to a provider together with the tools
_CHANGES = ("id", "response_metadata", "usage_metadata")  # in messages that say the same, from run to run

Pieces = Generator[ChatGenerationChunk]


class ResilientChat(BaseChatModel):
    """Asks the first of some chat models that answers.

    A fallback is never asked after a piece of a reply was given out. Closing a stream closes the provider's. What
    happened stands in the metadata of a reply, for `rag_app.llms.tally.Tally`.

    Parameters
    ----------
    attempts : Attempts
        Who is asked, how often and how long.
    room : int
        Tokens that a prompt may have.
    counter : TokenCounter
        Counts them.
    endings : list of str
        Texts at which a reply ends.
    replies : ReplyCache, optional
        Where replies of the first member are kept.

    Raises
    ------
    LLMError
        If the prompt does not fit, or no member answers.
    """

    attempts: Attempts = Field(exclude=True, repr=False)
    room: int
    counter: TokenCounter = Field(exclude=True, repr=False)
    endings: list[str] = Field(default_factory=list)
    replies: ReplyCache | None = Field(default=None, exclude=True, repr=False)

    @property
    def _llm_type(self) -> str:
        return "resilient"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"llms": [member.name for member in self.attempts.members]}

    @property
    def _preferred(self) -> Member:
        return self.attempts.members[0]

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:  # noqa: ANN401
        return self._preferred.llm._get_ls_params(stop=stop, **kwargs)  # noqa: SLF001  (for what surrounds it)

    def bind_tools(
        self,
        tools: Sequence[Any],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return a chat model that may call tools; each member is told of them in its own provider's way.

        Raises
        ------
        NotImplementedError
            If the first member cannot call tools.
        """
        self._preferred.llm.bind_tools(tools)
        choice = {} if tool_choice is None else {"tool_choice": tool_choice}
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> ChatResult:
        stop = stop or self.endings or None
        key, counted = self._key(messages, stop, kwargs), self._checked_size(messages, kwargs)
        kept = self._kept(key)
        if kept is not None:
            return ChatResult(generations=[ChatGeneration(message=kept)])

        def ask(member: Member, ends_at: float) -> ChatResult:
            result = member.llm._generate(messages, stop, run_manager, **_options(member, kwargs, ends_at))  # noqa: SLF001
            return result if result.generations else _refuse_empty()

        outcome = self.attempts.first(ask)
        generation = outcome.value.generations[0]
        message = cast("AIMessage", generation.message)
        metadata = {**(generation.generation_info or {}), **message.response_metadata}
        message.response_metadata = {**metadata, OWN: self._report(outcome, message, counted)}
        self._keep(key, outcome.member, message)
        return outcome.value

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> Iterator[ChatGenerationChunk]:
        stop = stop or self.endings or None
        key, counted = self._key(messages, stop, kwargs), self._checked_size(messages, kwargs)
        kept = self._kept(key)
        if kept is not None:
            yield ChatGenerationChunk(message=_as_chunk(kept))
            return

        def start(member: Member, ends_at: float) -> tuple[ChatGenerationChunk, Pieces]:
            options = _options(member, kwargs, ends_at)
            pieces = cast("Pieces", member.llm._stream(messages, stop, run_manager, **options))  # noqa: SLF001
            return _first(pieces), pieces

        outcome = self.attempts.first(start)
        whole, rest = outcome.value
        with contextlib.closing(rest):
            yield whole
            for piece in _in_time(rest, outcome):
                whole += piece
                yield piece
        message = cast("AIMessage", message_chunk_to_message(whole.message))
        metadata = {**(whole.generation_info or {}), **message.response_metadata}
        report = self._report(outcome, message, counted)
        message.response_metadata = {**metadata, OWN: report}
        self._keep(key, outcome.member, message)
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata={OWN: report}))

    def _checked_size(self, messages: Sequence[BaseMessage], options: dict[str, Any]) -> int:
        """Return the tokens of a prompt; refuse one that is too long: a server might cut it, and say nothing."""
        told = [json.dumps(options["tools"])] if "tools" in options else []
        n_tokens = self.counter.count_messages([*(message.text for message in messages), *told])
        if n_tokens > self.room:
            msg = f"The prompt must fit into {self.room} tokens; it has about {n_tokens}."
            raise LLMError(msg, hint="Raise RAG_LLM_CONTEXT_TOKENS, or shorten what is sent.")
        return n_tokens

    def _key(self, messages: Sequence[BaseMessage], stop: list[str] | None, options: dict[str, Any]) -> str:
        said = [message.model_dump(exclude=set(_CHANGES)) for message in messages]
        return request_key([self._preferred.identity, said, stop, options])

    def _kept(self, key: str) -> AIMessage | None:
        kept = self.replies.get(key) if self.replies is not None else None
        if kept is None:
            return None
        message = cast("AIMessage", messages_from_dict([kept])[0])
        message.response_metadata[OWN]["notes"].append("The reply was kept from an earlier request (RAG_LLM_CACHE).")
        return message

    def _keep(self, key: str, member: Member, message: AIMessage) -> None:
        if self.replies is not None and member is self._preferred:
            self.replies.put(key, message_to_dict(message.model_copy(update={"id": None})))

    def _report(self, outcome: Outcome[Any], message: AIMessage, counted: int) -> dict[str, Any]:
        usage: dict[str, Any] = {**(message.usage_metadata or {})}
        member = outcome.member
        notes = [f"{failure.message} {member.name} answered in its place." for failure in outcome.failures]
        reported = usage.get("input_tokens", 0)
        if member is self._preferred and self.counter.is_cut(reported, counted):
            notes.append(
                f"The server read {reported} tokens of a prompt of about {counted}: it may have cut the prompt."
            )
        return {"llm": member.name, "cost_usd": cost_of(member.name, usage, member.prices), "notes": notes}


def _options(member: Member, given: dict[str, Any], ends_at: float) -> dict[str, Any]:
    """Return the keyword arguments of one attempt: tools in the provider's form, and what is left of the time."""
    options = dict(given)
    if "tools" in options:
        choice = {name: options.pop(name) for name in _CHOICES if name in options}
        bound = member.llm.bind_tools(options.pop("tools"), **choice)
        options |= getattr(bound, "kwargs", {})
    if member.takes_timeout:
        options["timeout"] = max(ends_at - time.monotonic(), 0.001)
    return options


def _first(pieces: Pieces) -> ChatGenerationChunk:
    return next(pieces, None) or _refuse_empty()


def _refuse_empty() -> NoReturn:
    msg = "There is nothing in the reply."
    raise ValueError(msg)  # as LangChain does, and as nonsense is translated


def _in_time(pieces: Pieces, outcome: Outcome[Any]) -> Iterator[ChatGenerationChunk]:
    """Yield the pieces of a stream until its time is over; a connection that is cut then has not broken off."""
    try:
        with translated_errors(outcome.member.name):
            for piece in pieces:
                if time.monotonic() > outcome.ends_at:
                    raise timeout_error(outcome.member.name)
                yield piece
    except LLMError as exc:
        if time.monotonic() < outcome.ends_at:
            raise
        raise timeout_error(outcome.member.name) from exc


def _as_chunk(message: AIMessage) -> AIMessageChunk:
    return AIMessageChunk(**message.model_dump(exclude={"type", "id"}), chunk_position="last")
