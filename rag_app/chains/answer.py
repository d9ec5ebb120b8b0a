"""The way of a question: condense, retrieve, gate, then quote or ask the language model."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rag_app.chains.citations import MarkerReader, Similarity, cite, verify
from rag_app.chains.condense import NO_ANSWER, condense
from rag_app.chains.messages import read_messages
from rag_app.chains.pack import number_passages, pack_passages
from rag_app.errors import InvalidInputError, LLMResponseError
from rag_app.llms.factory import translated_errors
from rag_app.llms.tokens import count_tokens
from rag_app.prompting.templates import load_prompt
from rag_app.reading.extract import choose_sentences
from rag_app.retrieval.neighbours import merged_neighbours
from rag_app.retrieval.query import split_query
from rag_app.types import Answer, AnswerEvent, Citation, CitationEvent, Event, Passage, RetrievedEvent, TokenEvent

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk

    from rag_app.reading.evidence import Evidence, Reader
    from rag_app.settings import Settings

_REFUSAL = NO_ANSWER.rstrip(".").lower()
_SPACE = re.compile(r"\s+")
_MESSAGE_TOKENS = 16  # what a chat format adds around the messages
_CUT_RATIO = 0.35  # the count before sending is on the safe side
_USAGE = ("input_tokens", "output_tokens")

Search = Callable[[str, int], list[Passage]]


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers questions from passages.

    Parameters
    ----------
    settings : Settings
        Number of passages and token budgets.
    search : callable
        ``search(question, k)`` returns passages.
    reader : Reader
        Judges the evidence and chooses sentences.
    llm : BaseChatModel or None
        None quotes the passages.
    similarity : callable
        Of a claim to sentences, for the verification of citations.
    source_text : callable
        Returns the extracted text of a source by name.
    min_evidence : callable
        Returns the threshold of the gate: evidence below which there is no answer.
    extend : callable
        Returns passages with others that a language model is to read with them, such as a list after its announcement.
    """

    settings: Settings
    search: Search
    reader: Reader
    llm: BaseChatModel | None
    similarity: Similarity
    source_text: Callable[[str], str]
    min_evidence: Callable[[], float]
    extend: Callable[[Sequence[Passage]], list[Passage]] = list

    @property
    def llm_name(self) -> str:
        """The setting, or the class of a chat model that was given in its place."""
        given = self.llm is not None and self.settings.llm == "extractive"
        return type(self.llm).__name__ if given else self.settings.llm

    def stream(self, question: str, messages: Sequence[Any] | None = None) -> Iterator[Event]:
        """Yield the events of an answer; the last one is an `AnswerEvent`.

        Parameters
        ----------
        question : str
            Not blank. Its words ``file:…`` and ``heading:…`` say where to look, for this question alone.
        messages : sequence, optional
            The conversation before it.

        Raises
        ------
        InvalidInputError
            If the question is blank, or says only where to look.
        LLMError
            If the language model fails.
        """
        if not question.strip():
            msg = "The question must not be empty."
            raise InvalidInputError(msg, hint='Ask, for example: rag ask "What is mode collapse?"')
        watch = _Stopwatch()
        query = split_query(question.strip())
        standalone = condense(query.text, read_messages(messages), self.llm, llm_name=self.llm_name)
        asked = question.strip() if standalone == query.text else query.with_filters(standalone)
        watch.lap("condense")
        passages = self.search(asked, self.settings.k)
        watch.lap("retrieve")
        draft = Answer(asked, llm=self.llm_name, retrieved=tuple(passages))
        yield RetrievedEvent(asked, draft.retrieved)
        evidence = self.reader.read(standalone, passages)
        watch.lap("read")
        if evidence.strength < self.min_evidence():
            yield from self._refuse(draft, watch)
        elif self.llm is None:
            yield from self._quote(draft, evidence, watch)
        else:
            yield from self._generate(self.llm, draft, watch)

    def _refuse(self, draft: Answer, watch: _Stopwatch) -> Iterator[Event]:
        yield TokenEvent(NO_ANSWER)
        yield AnswerEvent(replace(draft, text=NO_ANSWER, answered=False, timings_s=watch.laps))

    def _quote(self, draft: Answer, evidence: Evidence, watch: _Stopwatch) -> Iterator[Event]:
        text, citations, inline = "", [], True
        for sentence in choose_sentences(evidence):
            citation = cite(sentence.passage, sentence.unit)
            if not self._holds(citation):
                continue
            citations.append(citation)
            after_inline, inline = inline, sentence.unit.kind == "paragraph"
            quoted = _SPACE.sub(" ", sentence.text).strip() if inline else sentence.text.strip()
            separator = "" if not text else " " if inline and after_inline else "\n"
            piece = f"{separator}{quoted} [{len(citations)}]"
            text += piece
            yield CitationEvent(len(citations), citation)
            yield TokenEvent(piece)
        watch.lap("answer")
        if not citations:
            yield from self._refuse(draft, watch)
            return
        yield AnswerEvent(replace(draft, text=text, citations=tuple(citations), timings_s=watch.laps))

    def _generate(self, llm: BaseChatModel, draft: Answer, watch: _Stopwatch) -> Iterator[Event]:
        prompt = load_prompt("answer")
        question = split_query(draft.question).text
        passages, left_out = self._pack(prompt.render(passages="", question=question), draft.retrieved)
        messages = prompt.render(passages=number_passages(passages), question=question)
        markers = MarkerReader(passages, self.similarity, self._holds)
        reply = _Reply()
        for event in self._read_reply(llm.stream(messages), markers, reply):
            if isinstance(event, TokenEvent):
                reply.shown += event.text
            yield event
        watch.lap("answer")
        notes = [
            *_packing_notes(left_out),
            *_marker_notes(markers, answered=reply.answers),
            *_usage_notes(reply.usage, self._count(messages)),
        ]
        yield AnswerEvent(
            replace(
                draft,
                text=reply.shown,
                answered=reply.answers,
                citations=tuple(markers.citations),
                prompt=prompt.label,
                usage=reply.usage,
                timings_s=watch.laps,
                notes=tuple(notes),
            )
        )

    def _read_reply(
        self, chunks: Iterator[AIMessageChunk], markers: MarkerReader, reply: _Reply
    ) -> Iterator[TokenEvent | CitationEvent]:
        """Yield what of a reply may be shown; nothing before it is known whether it begins with "No answer found"."""
        for chunk in self._translated(chunks):
            reply.add(chunk)
            if not reply.may_refuse:
                yield from markers.feed(reply.take())
        if not reply.said.strip():
            msg = f"The language model {self.llm_name} gave an empty reply."
            raise LLMResponseError(msg, hint="Ask again, or use another model.")
        if not reply.answers:
            yield TokenEvent(NO_ANSWER)
            return
        yield from markers.feed(reply.take())
        yield from markers.close()

    def _translated(self, chunks: Iterator[AIMessageChunk]) -> Iterator[AIMessageChunk]:
        with translated_errors(self.llm_name):
            yield from chunks

    def _pack(self, empty: list[tuple[str, str]], passages: Sequence[Passage]) -> tuple[list[Passage], list[Passage]]:
        budget = self.settings.llm_context_tokens - self.settings.llm_max_tokens - self._count(empty)
        kept, left_out = pack_passages(self.extend(passages), budget=budget, count_tokens=self._count_text)
        return merged_neighbours(kept, self.source_text), [p for p in left_out if p in passages]

    def _count(self, messages: list[tuple[str, str]]) -> int:
        return sum(self._count_text(text) for _, text in messages) + _MESSAGE_TOKENS

    def _count_text(self, text: str) -> int:
        return count_tokens(text, llm=self.settings.llm, base_url=self.settings.llm_base_url)

    def _holds(self, citation: Citation) -> bool:
        return verify(citation, self.source_text(citation.source))


@dataclass(slots=True)
class _Reply:
    """What the language model has said so far, and what of it was shown."""

    said: str = ""
    shown: str = ""
    usage: dict[str, int] = field(default_factory=dict)
    _taken: int = 0

    def add(self, chunk: AIMessageChunk) -> None:
        """Add the next piece, and what it tells of the usage."""
        self.said += chunk.text
        reported: dict[str, Any] = {**(chunk.usage_metadata or {})}
        for key in _USAGE:
            n_tokens = reported.get(key)
            if isinstance(n_tokens, int):
                self.usage[key] = self.usage.get(key, 0) + n_tokens

    def take(self) -> str:
        """Return what was not taken before."""
        piece, self._taken = self.said[self._taken :], len(self.said)
        return piece

    @property
    def may_refuse(self) -> bool:
        """Whether the reply is, or may still become, "No answer found"."""
        return _REFUSAL.startswith(self._beginning)

    @property
    def answers(self) -> bool:
        """Whether the reply is something else than "No answer found"."""
        return self._beginning != _REFUSAL

    @property
    def _beginning(self) -> str:
        return self.said.lstrip(" \n\"'“*").lower()[: len(_REFUSAL)]


class _Stopwatch:
    """Seconds by step."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


def _packing_notes(left_out: Sequence[Passage]) -> Iterator[str]:
    if left_out:
        was = "was" if len(left_out) == 1 else "were"
        yield f"{len(left_out)} of the retrieved passages did not fit into the prompt and {was} left out."


def _marker_notes(markers: MarkerReader, *, answered: bool) -> Iterator[str]:
    if markers.n_removed:
        were = "marker was" if markers.n_removed == 1 else "markers were"
        yield f"{markers.n_removed} citation {were} removed: no passage supports what was said."
    if answered and not markers.citations:
        yield "No statement of this answer is tied to a passage: do not rely on it."


def _usage_notes(usage: dict[str, int], counted: int) -> Iterator[str]:
    reported = usage.get("input_tokens", 0)
    if 0 < reported < _CUT_RATIO * counted:
        yield f"The server read {reported} tokens of a prompt of about {counted}: it may have cut the prompt."
