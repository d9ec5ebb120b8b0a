"""A chat model that replies from a script: deterministic, for tests and demonstrations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from rag_app.errors import SettingsError

_WORD = re.compile(r"\S+\s*|\s+")


class ScriptedChat(BaseChatModel):
    """Replies with the given texts in turn, starting again after the last, and streams them word by word.

    Parameters
    ----------
    replies : list of str
        At least one. Where tools are bound, ``{"tool_calls": [{"name": …, "args": {…}}]}`` calls them.

    Examples
    --------
    >>> llm = ScriptedChat(replies=["First.", "Second."])
    >>> [llm.invoke("Hello").text for _ in range(3)]
    ['First.', 'Second.', 'First.']
    """

    replies: list[str] = Field(min_length=1)
    n_calls: int = 0
    received: list[list[BaseMessage]] = Field(default_factory=list)

    @classmethod
    def from_file(cls, path: str) -> ScriptedChat:
        """Return a model whose replies are the paragraphs of a text file.

        Raises
        ------
        SettingsError
            If the file cannot be read or holds no reply.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            msg = f"RAG_LLM=scripted:FILE must name a text file; {path!r} cannot be read."
            raise SettingsError(msg) from exc
        replies = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
        if not replies:
            msg = f"RAG_LLM=scripted:FILE must name a file with replies; {path!r} has none."
            raise SettingsError(msg)
        return cls(replies=replies)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(
        self,
        tools: Sequence[Any],
        *,
        tool_choice: str | None = None,  # noqa: ARG002  (BaseChatModel's signature)
        **kwargs: Any,  # noqa: ANN401
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return a chat model that calls tools as its script says."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _next(self, messages: list[BaseMessage]) -> str:
        self.received.append(messages)
        self.n_calls += 1
        return self.replies[(self.n_calls - 1) % len(self.replies)]

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002  (BaseChatModel's signature)
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        tools: Sequence[Any] = (),
        **_: Any,  # noqa: ANN401
    ) -> ChatResult:
        reply = self._next(messages)
        calls = self._calls(reply) if tools else []
        message = AIMessage("", tool_calls=calls) if calls else AIMessage(reply)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,
        tools: Sequence[Any] = (),
        **_: Any,  # noqa: ANN401
    ) -> Iterator[ChatGenerationChunk]:
        reply = self._next(messages)
        calls = self._calls(reply) if tools else []
        if calls:
            yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_calls=calls))
            return
        for piece in _WORD.findall(reply) or [""]:  # LangChain wants a piece of an empty reply too
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if run_manager:
                run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk

    def _calls(self, reply: str) -> list[ToolCall]:
        """Return the calls of tools that a reply stands for."""
        if not reply.startswith('{"tool_calls"'):
            return []
        calls = json.loads(reply)["tool_calls"]
        return [ToolCall(name=c["name"], args=c["args"], id=f"call-{self.n_calls}-{i}") for i, c in enumerate(calls)]
