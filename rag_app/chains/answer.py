"""The way of a question: condense, retrieve, gate, then quote or ask the language model."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rag_app.chains.citations import MarkerReader, Similarity, cite, verify
from rag_app.chains.condense import condense
from rag_app.chains.messages import read_messages
from rag_app.chains.pack import number_passages, pack_passages
from rag_app.errors import InvalidInputError
from rag_app.llms.factory import translated_errors
from rag_app.llms.tokens import count_tokens
from rag_app.prompting.templates import load_prompt
from rag_app.reading.extract import choose_sentences
from rag_app.types import Answer, AnswerEvent, Citation, CitationEvent, Event, Passage, RetrievedEvent, TokenEvent

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag_app.reading.evidence import Evidence, Reader
    from rag_app.settings import Settings

NO_ANSWER = "No answer found."
_SPACE = re.compile(r"\s+")
_MESSAGE_TOKENS = 16  # what a chat format adds around the messages
_CUT_RATIO = 0.7

Search = Callable[[str, int], list[Passage]]


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers questions from passages.

    Parameters
    ----------
    settings : Settings
        Number of passages, threshold of the gate and token budgets.
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
    """

    settings: Settings
    search: Search
    reader: Reader
    llm: BaseChatModel | None
    similarity: Similarity
    source_text: Callable[[str], str]

    def stream(self, question: str, messages: Sequence[Any] | None = None) -> Iterator[Event]:
        """Yield the events of an answer; the last one is an `AnswerEvent`.

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
        if not question.strip():
            msg = "The question must not be empty."
            raise InvalidInputError(msg, hint='Ask, for example: rag ask "What is mode collapse?"')
        watch = _Stopwatch()
        standalone = condense(question, read_messages(messages), self.llm, llm_name=self.settings.llm)
        watch.lap("condense")
        passages = self.search(standalone, self.settings.k)
        watch.lap("retrieve")
        draft = Answer(standalone, llm=self.settings.llm, retrieved=tuple(passages))
        yield RetrievedEvent(standalone, draft.retrieved)
        evidence = self.reader.read(standalone, passages)
        watch.lap("read")
        if evidence.strength < self.settings.min_evidence:
            yield from self._refuse(draft, watch)
        elif self.llm is None:
            yield from self._quote(draft, evidence, watch)
        else:
            yield from self._generate(draft, watch)

    def _refuse(self, draft: Answer, watch: _Stopwatch) -> Iterator[Event]:
        yield TokenEvent(NO_ANSWER)
        yield AnswerEvent(replace(draft, text=NO_ANSWER, answered=False, timings_s=watch.laps))

    def _quote(self, draft: Answer, evidence: Evidence, watch: _Stopwatch) -> Iterator[Event]:
        text, citations = "", []
        for sentence in choose_sentences(evidence):
            citation = cite(sentence.passage, sentence.unit)
            if not self._holds(citation):
                continue
            citations.append(citation)
            inline = sentence.unit.kind == "paragraph"
            quoted = _SPACE.sub(" ", sentence.text).strip() if inline else sentence.text.strip()
            separator = "" if not text else " " if inline else "\n"
            piece = f"{separator}{quoted} [{len(citations)}]"
            text += piece
            yield CitationEvent(len(citations), citation)
            yield TokenEvent(piece)
        watch.lap("answer")
        if not citations:
            yield from self._refuse(draft, watch)
            return
        yield AnswerEvent(replace(draft, text=text, citations=tuple(citations), timings_s=watch.laps))

    def _generate(self, draft: Answer, watch: _Stopwatch) -> Iterator[Event]:
        prompt = load_prompt("answer")
        passages, left_out = self._pack(prompt.render(passages="", question=draft.question), draft.retrieved)
        messages = prompt.render(passages=number_passages(passages), question=draft.question)
        markers = MarkerReader(passages, self.similarity)
        reply = _Reply()
        for event in self._read_reply(messages, markers, reply):
            if isinstance(event, TokenEvent):
                reply.text += event.text
            yield event
        watch.lap("answer")
        citations = tuple(markers.citations)
        answered = not reply.text.strip().lower().startswith(NO_ANSWER.rstrip(".").lower())
        notes = [
            *_packing_notes(left_out),
            *_marker_notes(markers, answered=answered),
            *_usage_notes(reply.usage, self._count(messages)),
        ]
        yield AnswerEvent(
            replace(
                draft,
                text=reply.text,
                answered=answered,
                citations=citations if answered else (),
                prompt=prompt.label,
                usage=reply.usage,
                timings_s=watch.laps,
                notes=tuple(notes),
            )
        )

    def _read_reply(
        self, messages: list[tuple[str, str]], markers: MarkerReader, reply: _Reply
    ) -> Iterator[TokenEvent | CitationEvent]:
        if self.llm is None:
            return
        with translated_errors(self.settings.llm):
            for chunk in self.llm.stream(messages):
                usage = getattr(chunk, "usage_metadata", None) or {}
                for key in ("input_tokens", "output_tokens"):
                    reply.usage[key] = reply.usage.get(key, 0) + int(usage.get(key, 0))
                yield from markers.feed(chunk.text)
        yield from markers.close()

    def _pack(self, empty: list[tuple[str, str]], passages: Sequence[Passage]) -> tuple[list[Passage], list[Passage]]:
        budget = self.settings.llm_context_tokens - self.settings.llm_max_tokens - self._count(empty)
        return pack_passages(passages, budget=budget, count_tokens=self._count_text)

    def _count(self, messages: list[tuple[str, str]]) -> int:
        return sum(self._count_text(text) for _, text in messages) + _MESSAGE_TOKENS

    def _count_text(self, text: str) -> int:
        return count_tokens(text, llm=self.settings.llm, base_url=self.settings.llm_base_url)

    def _holds(self, citation: Citation) -> bool:
        return verify(citation, self.source_text(citation.source))


@dataclass(slots=True)
class _Reply:
    """What the language model has said so far."""

    text: str = ""
    usage: dict[str, int] = field(default_factory=dict)


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
        yield f"{len(left_out)} of the retrieved passages did not fit into the prompt and were left out."


def _marker_notes(markers: MarkerReader, *, answered: bool) -> Iterator[str]:
    if markers.n_removed:
        yield f"{markers.n_removed} citation markers were removed: no passage supports them."
    if answered and not markers.citations:
        yield "No statement of this answer is tied to a passage: do not rely on it."


def _usage_notes(usage: dict[str, int], counted: int) -> Iterator[str]:
    reported = usage.get("input_tokens", 0)
    if reported and reported < _CUT_RATIO * counted / 2:
        yield f"The server read {reported} tokens of a prompt of about {counted}: it may have cut the prompt."
