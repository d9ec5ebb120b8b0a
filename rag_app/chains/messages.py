"""The messages of a conversation, in whatever common form they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag_app.errors import InvalidInputError

_ROLES = {"human": "user", "user": "user", "ai": "assistant", "assistant": "assistant", "system": "system"}


@dataclass(frozen=True, slots=True)
class Message:
    """One message: role is "user", "assistant" or "system"."""

    role: str
    text: str


def read_messages(messages: Sequence[Any] | None) -> list[Message]:
    """Return messages as `Message`.

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
    return [_read(m) for m in messages or ()]


def _read(message: Any) -> Message:  # noqa: ANN401  (any common form)
    if isinstance(message, Message):
        return message
    if isinstance(message, Mapping):
        role, text = message.get("role"), message.get("content")
    elif isinstance(message, tuple) and len(message) == 2:  # noqa: PLR2004  (role and text)
        role, text = message
    else:
        role, text = getattr(message, "type", None), getattr(message, "text", None)
    if not isinstance(role, str) or role not in _ROLES or not isinstance(text, str):
        msg = f"A message must have a role (user, assistant or system) and a text; got {type(message).__name__}."
        raise InvalidInputError(msg, hint='Write, for example: {"role": "user", "content": "What is a GAN?"}')
    return Message(_ROLES[role], text)
