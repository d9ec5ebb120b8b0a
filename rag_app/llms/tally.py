"""What requests to a language model came to: tokens, cost, who answered, and what the reader should know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

OWN = "rag_app"  # the key of a reply's metadata under which `ResilientChat` reports
_TOKENS = ("input_tokens", "output_tokens")
_ENDINGS = ("finish_reason", "stop_reason", "done_reason")  # as OpenAI, Anthropic and Ollama call it
_CUT = frozenset(("length", "max_tokens", "MAX_TOKENS"))
_WITHHELD = frozenset(("content_filter", "refusal", "SAFETY"))


@dataclass(slots=True)
class Tally:
    """What is added up over the replies to one question.

    Parameters
    ----------
    usage : dict of str to int
        Tokens as the providers reported them; empty where they report none.
    cost_usd : float or None
        None as soon as the cost of one request is not known.
    llm : str
        The language model that answered last, where it is known.
    notes : list of str
        That a reply was cut, kept from an earlier request, or given by a fallback.

    Examples
    --------
    >>> from langchain_core.messages import AIMessage
    >>> tally = Tally()
    >>> tally.add(AIMessage("And", response_metadata={"finish_reason": "length"}))
    >>> tally.notes
    ['The reply was cut off at its greatest length: raise RAG_LLM_MAX_TOKENS for a whole one.']
    """

    usage: dict[str, int] = field(default_factory=dict)
    cost_usd: float | None = 0.0
    llm: str = ""
    notes: list[str] = field(default_factory=list)

    def add(self, message: AIMessage) -> None:
        """Count a whole reply: a message, or the sum of the pieces of a stream."""
        reported: dict[str, Any] = {**(message.usage_metadata or {})}
        for key in _TOKENS:
            if isinstance(reported.get(key), int):
                self.usage[key] = self.usage.get(key, 0) + reported[key]
        metadata = message.response_metadata
        own = metadata.get(OWN, {})
        cost = own.get("cost_usd")
        self.cost_usd = None if self.cost_usd is None or cost is None else self.cost_usd + cost
        self.llm = own.get("llm", self.llm)
        self.notes += own.get("notes", ())
        self.notes += _ending(metadata)


def is_cut(metadata: Mapping[str, Any]) -> bool:
    """Return whether a reply was cut off at its greatest length, by its metadata.

    Examples
    --------
    >>> is_cut({"finish_reason": "length"}), is_cut({"stop_reason": "end_turn"})
    (True, False)
    """
    return any(metadata.get(name) in _CUT for name in _ENDINGS)


def _ending(metadata: dict[str, Any]) -> list[str]:
    endings = {metadata.get(name) for name in _ENDINGS}
    if is_cut(metadata):
        return ["The reply was cut off at its greatest length: raise RAG_LLM_MAX_TOKENS for a whole one."]
    if endings & _WITHHELD:
        return ["The provider withheld a part of the reply."]
    return []
