"""A long conversation is made to fit: its latest messages as they are, what was said before as a summary."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from rag_app.chains.messages import Message
from rag_app.llms.failures import translated_errors
from rag_app.prompting.templates import load_prompt

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

    from rag_app.settings import Settings

SUMMARY = "summary"  # the role of a message that stands for others
_SHARE = 0.25  # of the room for a prompt: a conversation only says what the question is about
_SUMMARY_SHARE = 0.25  # of that; the latest messages have the rest
_WORDS_A_TOKEN = 0.6
_MOST_KEPT = 64  # summaries


@dataclass(frozen=True, slots=True)
class Remembered:
    """A conversation as it is sent, what the reader should know about that, and the replies that were needed for it."""

    messages: tuple[Message, ...]
    notes: tuple[str, ...] = ()
    replies: tuple[AIMessage, ...] = ()


Recall = Callable[[Sequence[Message]], Remembered]


def recall_all(messages: Sequence[Message]) -> Remembered:
    """Return a conversation as it is."""
    return Remembered(tuple(messages))


def load_recall(llm: BaseChatModel | None, settings: Settings) -> Recall:
    """Return what makes conversations fit; without a language model nothing is too long."""
    if llm is None:
        return recall_all
    from rag_app.llms.tokens import load_counter

    room = settings.llm_context_tokens - settings.llm_max_tokens
    count = load_counter(settings.llm, settings.llm_base_url).count
    return Memory(llm, settings.llm, room, count, prompts_dir=settings.prompts_dir).recall


@dataclass(slots=True)
class Memory:
    """Makes conversations fit into the context of a language model.

    Parameters
    ----------
    llm : BaseChatModel
        Writes the summaries.
    llm_name : str
        The setting, for error messages.
    room : int
        Tokens that a prompt may have; a conversation gets a quarter of them.
    count_tokens : callable
        Counts a text's tokens.
    prompts_dir : pathlib.Path, optional
        A folder of the user's own prompts.

    Notes
    -----
    Where a conversation is cut moves by half of its budget at a time, and summaries are kept: a summary is written once
    for several questions, from the one before it and what came since.
    """

    llm: BaseChatModel
    llm_name: str
    room: int
    count_tokens: Callable[[str], int]
    prompts_dir: Path | None = None
    _summaries: OrderedDict[tuple[Message, ...], str] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def recall(self, messages: Sequence[Message]) -> Remembered:
        """Return a conversation that fits.

        Parameters
        ----------
        messages : sequence of Message
            Oldest first.

        Raises
        ------
        LLMError
            If a summary is needed and the language model fails.
        """
        budget = int(self.room * _SHARE)
        costs = [self._cost(m) for m in messages]
        if sum(costs) <= budget:
            return Remembered(tuple(messages))
        recent = int(budget * (1 - _SUMMARY_SHARE))
        n_old = _n_old(costs, recent)
        old, latest = tuple(messages[:n_old]), [self._clipped(m, recent) for m in messages[n_old:]]
        if not old:
            return Remembered(tuple(latest), ("The last message was cut: it is longer than the prompt may be.",))
        replies: list[AIMessage] = []
        summary = self._summary(old, budget - recent, replies)
        were = "message is" if n_old == 1 else f"{n_old} messages are"
        note = f"The conversation is long: its first {were} known to the language model by a summary."
        return Remembered((Message(SUMMARY, summary), *latest), (note,), tuple(replies))

    def _summary(self, old: tuple[Message, ...], n_tokens: int, replies: list[AIMessage]) -> str:
        """Return the summary of messages, from that of the first of them where there is one."""
        with self._lock:
            known = max((k for k in self._summaries if old[: len(k)] == k), key=len, default=())
            summary = self._summaries.get(known, "")
        for piece in self._pieces(old[len(known) :]):
            text = "\n".join([f"{SUMMARY}: {summary}", piece] if summary else [piece])
            replies.append(self._summarise(text, n_tokens))
            summary = self._clipped(Message(SUMMARY, replies[-1].text.strip()), n_tokens).text
        with self._lock:
            self._summaries[old] = summary
            while len(self._summaries) > _MOST_KEPT:
                self._summaries.popitem(last=False)
        return summary

    def _summarise(self, text: str, n_tokens: int) -> AIMessage:
        limit = f"{int(n_tokens * _WORDS_A_TOKEN)} words"
        prompt = load_prompt("summarise", self.prompts_dir).render(limit=limit, text=text)
        with translated_errors(self.llm_name):
            return self.llm.invoke(prompt)

    def _pieces(self, messages: Sequence[Message]) -> Iterator[str]:
        """Yield a conversation in texts of which each fits into a prompt."""
        most = self.room // 2
        lines: list[str] = []
        used = 0
        for message in messages:
            shown = self._clipped(message, most)
            cost = self._cost(shown)
            if lines and used + cost > most:
                yield "\n".join(lines)
                lines, used = [], 0
            lines.append(_line(shown))
            used += cost
        if lines:
            yield "\n".join(lines)

    def _clipped(self, message: Message, n_tokens: int) -> Message:
        cost = self._cost(message)
        if cost <= n_tokens:
            return message
        return Message(message.role, f"{message.text[: len(message.text) * n_tokens // cost]} …")

    def _cost(self, message: Message) -> int:
        return self.count_tokens(_line(message))


def _n_old(costs: Sequence[int], budget: int) -> int:
    """Return how many messages must go so that the others fit, rounded up to half a budget; the last one stays."""
    step = max(budget // 2, 1)
    must_go = -(-(sum(costs) - budget) // step) * step
    before = accumulate(costs)
    return min(next((i for i, gone in enumerate(before, start=1) if gone >= must_go), len(costs)), len(costs) - 1)


def _line(message: Message) -> str:
    return f"{message.role}: {message.text}"
