"""A chat model that replies from a script: deterministic, for tests and demonstrations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from rag_app.errors import SettingsError

_WORD = re.compile(r"\S+\s*|\s+")


class ScriptedChat(BaseChatModel):
    """Replies with the given texts in turn, starting again after the last, and streams them word by word.

    Parameters
    ----------
    replies : list of str
        At least one.

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

    def _next(self, messages: list[BaseMessage]) -> str:
        self.received.append(messages)
        self.n_calls += 1
        return self.replies[(self.n_calls - 1) % len(self.replies)]

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002  (BaseChatModel's signature)
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **_: Any,  # noqa: ANN401
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self._next(messages)))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,  # noqa: ANN401
    ) -> Iterator[ChatGenerationChunk]:
        for piece in _WORD.findall(self._next(messages)) or [""]:  # LangChain wants a piece of an empty reply too
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if run_manager:
                run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk
