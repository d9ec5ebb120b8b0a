"""The messages of a conversation, in whatever common form they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag_app.errors import InvalidInputError

_ROLES = {
    "human": "user",
    "user": "user",
    "ai": "assistant",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",  # OpenAI's newer name
}
_RESULTS = frozenset(("tool", "function"))  # of calls that a language model asked for: nobody said them


@dataclass(frozen=True, slots=True)
class Message:
    """One message: role is "user", "assistant" or "system"."""

    role: str
    text: str


def read_messages(messages: Sequence[Any] | None) -> list[Message]:
    """Return messages as `Message`, without the calls of tools and their results: these were said to nobody.

    Parameters
    ----------
    messages : sequence, optional
        ``Message``, ``{"role": …, "content": …}``, ``(role, text)`` or LangChain messages, oldest first.

    Raises
    ------
    InvalidInputError
        If one has another form.

    Examples
    --------
    >>> read_messages([("human", "What is a GAN?"), {"role": "assistant", "content": "Two nets."}])[1].role
    'assistant'
    """
    return [read for message in messages or () if (read := _read(message)) is not None]


def _read(message: Any) -> Message | None:  # noqa: ANN401  (any common form)
    if isinstance(message, Message):
        return message
    role, text, calls = _fields(message)
    if isinstance(role, str) and (role in _RESULTS or (role in _ROLES and calls and not text)):
        return None
    if not isinstance(role, str) or role not in _ROLES or not isinstance(text, str):
        msg = f"A message must have a role (user, assistant or system) and a text; got {type(message).__name__}."
        raise InvalidInputError(msg, hint='Write, for example: {"role": "user", "content": "What is a GAN?"}')
    return Message(_ROLES[role], text)


def _fields(message: Any) -> tuple[Any, Any, Any]:  # noqa: ANN401  (any common form)
    """Return role, text and calls of tools, whatever they are."""
    if isinstance(message, Mapping):
        return message.get("role"), _text_of(message.get("content")), message.get("tool_calls")
    if isinstance(message, tuple) and len(message) == 2:  # noqa: PLR2004  (role and text)
        return *message, None
    return getattr(message, "type", None), getattr(message, "text", None), getattr(message, "tool_calls", None)


def _text_of(content: Any) -> Any:  # noqa: ANN401  (a text, or what is refused as none)
    """Return the text of a content that OpenAI's protocol lets consist of parts."""
    if isinstance(content, list) and all(isinstance(p, Mapping) and isinstance(p.get("text"), str) for p in content):
        return "".join(part["text"] for part in content)
    return content
