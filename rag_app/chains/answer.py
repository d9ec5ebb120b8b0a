"""The way of a question: condense, retrieve, gate, then quote or ask the language model."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rag_app.chains.citations import MarkerReader, cite, read_quote, verify
from rag_app.chains.condense import NO_ANSWER, condense
from rag_app.chains.memory import Recall, recall_all
from rag_app.chains.messages import read_messages
from rag_app.chains.pack import number_passages, pack_passages
from rag_app.chains.sanitising import addresses_llm, defuse, urls_in, visible
from rag_app.chains.tracing import traced
from rag_app.chains.verification import (
    Measure,
    Verifier,
    is_supported,
    notes_on,
    withheld_note,
)
from rag_app.errors import InvalidInputError, LLMResponseError
from rag_app.llms.failures import translated_errors
from rag_app.llms.tally import Tally
from rag_app.llms.tokens import TokenCounter, load_counter
from rag_app.prompting.templates import load_prompt
from rag_app.reading.extract import choose_sentences
from rag_app.retrieval.neighbours import merged_neighbours
from rag_app.retrieval.query import split_query
from rag_app.types import (
    Answer,
    AnswerEvent,
    Citation,
    CitationEvent,
    Claim,
    Event,
    Passage,
    RetrievedEvent,
    TokenEvent,
)

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk

    from rag_app.reading.evidence import Evidence, Reader, SentenceEvidence
    from rag_app.settings import Settings

_REFUSAL = NO_ANSWER.rstrip(".").lower()
_SPACE = re.compile(r"\s+")

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
    measure : callable
        Support of a statement by a passage, for the verification of citations.
    source_text : callable
        Returns the extracted text of a source by name.
    min_evidence : callable
        Returns the threshold of the gate: evidence below which there is no answer.
    extend : callable
        Returns passages with others that are to be read with them, such as a list after its announcement.
    recall : callable
        Returns a conversation as it fits into a prompt.
    respell : callable
        Returns a question with its words as the index spells them.
    """

    settings: Settings
    search: Search
    reader: Reader
    llm: BaseChatModel | None
    measure: Measure
    source_text: Callable[[str], str]
    min_evidence: Callable[[], float]
    extend: Callable[[Sequence[Passage]], list[Passage]] = list
    recall: Recall = recall_all
    respell: Callable[[str], str] = str

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
        said, tally = self.recall(read_messages(messages)), Tally()
        for reply in said.replies:
            tally.add(reply)
        options: dict[str, Any] = {"llm_name": self.llm_name, "prompts_dir": self.settings.prompts_dir}
        standalone = self.respell(condense(query.text, said.messages, self.llm, tally=tally, **options))
        asked = question.strip() if standalone == query.text else query.with_filters(standalone)
        watch.lap("condense")
        passages = self.search(asked, self.settings.k)
        watch.lap("retrieve")
        draft = _with_tally(Answer(asked, llm=self.llm_name, retrieved=tuple(passages), notes=said.notes), tally)
        yield RetrievedEvent(asked, draft.retrieved)
        evidence = self.reader.read(standalone, passages)
        watch.lap("read")
        if evidence.strength < self.min_evidence():
            yield from self._refuse(draft, watch)
        elif self.llm is None:
            yield from self._quote(draft, evidence, watch)
        else:
            yield from self._generate(self.llm, draft, evidence, watch)

    def marker_reader(self, passages: Sequence[Passage]) -> MarkerReader:
        """Return a reader of what a language model says about passages, as they are numbered in its prompt."""
        return MarkerReader(Verifier(passages, self.measure), self._holds)

    def _refuse(self, draft: Answer, watch: _Stopwatch) -> Iterator[Event]:
        yield TokenEvent(NO_ANSWER)
        yield AnswerEvent(replace(draft, text=NO_ANSWER, answered=False, timings_s=watch.laps))

    def _quote(self, draft: Answer, evidence: Evidence, watch: _Stopwatch) -> Iterator[Event]:
        text, citations, inline = "", [], True
        read = merged_neighbours(self.extend(draft.retrieved), self.source_text)
        for sentence in choose_sentences(evidence.within(read, is_left_out=addresses_llm)):
            citation = cite(sentence.passage, sentence.unit)
            if addresses_llm(sentence.text) or not self._holds(citation):
                continue
            citations.append(citation)
            after_inline, inline = inline, sentence.unit.kind == "paragraph"
            separator = "" if not text else " " if inline and after_inline else "\n"
            piece = f"{separator}{_shown(sentence)} [{len(citations)}]"
            text += piece
            yield CitationEvent(len(citations), citation)
            yield TokenEvent(piece)
        watch.lap("answer")
        if not citations:
            yield from self._refuse(draft, watch)
            return
        claims = tuple(
            Claim(_spaced(visible(c.quote)), "supported", 1.0, citation=n) for n, c in enumerate(citations, start=1)
        )
        done = replace(draft, text=text, citations=tuple(citations), claims=claims, timings_s=watch.laps)
        yield AnswerEvent(done)

    def _generate(self, llm: BaseChatModel, draft: Answer, evidence: Evidence, watch: _Stopwatch) -> Iterator[Event]:
        prompt = load_prompt(self.settings.answer_prompt, self.settings.prompts_dir)
        question = split_query(draft.question).text
        passages, left_out = self._pack(prompt.render(passages="", question=question), draft.retrieved)
        values = {"passages": defuse(number_passages(passages)), "question": question}
        with traced("prompt", prompt.label, values) as step:
            step.output = messages = prompt.render(**values)
        markers, reply = self.marker_reader(passages), _Reply()
        events = self._read_reply(llm.stream(messages), markers, reply)
        may_replace = self.settings.unsupported_answer != "flag"
        held = list(events) if may_replace else []
        yield from () if may_replace else events
        watch.lap("answer")
        notes = (*draft.notes, *_packing_notes(left_out))
        draft = _with_tally(replace(draft, prompt=prompt.label, notes=notes, timings_s=watch.laps), reply.tally)
        if may_replace and reply.answers and not is_supported(markers.claims):
            yield from self._replace(draft, markers, evidence, watch)
            return
        yield from held
        yield AnswerEvent(_answer_of(draft, markers, reply))

    def _replace(self, draft: Answer, markers: MarkerReader, evidence: Evidence, watch: _Stopwatch) -> Iterator[Event]:
        """Quote the passages, or find no answer, in place of what a language model said without support."""
        draft = replace(draft, notes=(*draft.notes, withheld_note(markers.claims)))
        quoting = self.settings.unsupported_answer == "extractive"
        yield from self._quote(draft, evidence, watch) if quoting else self._refuse(draft, watch)

    def _read_reply(
        self, chunks: Iterator[AIMessageChunk], markers: MarkerReader, reply: _Reply
    ) -> Iterator[TokenEvent | CitationEvent]:
        """Yield what of a reply may be shown; nothing before it is known whether it begins with "No answer found"."""
        with traced("parser", "rag_citations", None) as step:
            yield from self._parse(chunks, markers, reply)
            step.output = reply.shown

    def _parse(
        self, chunks: Iterator[AIMessageChunk], markers: MarkerReader, reply: _Reply
    ) -> Iterator[TokenEvent | CitationEvent]:
        for chunk in self._translated(chunks):
            reply.add(chunk)
            if not reply.may_refuse:
                yield from reply.show(markers.feed(reply.take()))
        if not reply.said.strip():
            msg = f"The language model {self.llm_name} gave an empty reply."
            raise LLMResponseError(msg, hint="Ask again, or use another model.")
        if not reply.answers:
            yield from reply.show(iter([TokenEvent(NO_ANSWER)]))
            return
        yield from reply.show(markers.feed(reply.take()))
        yield from reply.show(markers.close())

    def _translated(self, chunks: Iterator[AIMessageChunk]) -> Iterator[AIMessageChunk]:
        with translated_errors(self.llm_name):
            yield from chunks

    def _pack(self, empty: list[tuple[str, str]], passages: Sequence[Passage]) -> tuple[list[Passage], list[Passage]]:
        counter = self._counter
        room = self.settings.llm_context_tokens - self.settings.llm_max_tokens
        budget = room - counter.count_messages(text for _, text in empty)
        kept, left_out = pack_passages(self.extend(passages), budget=budget, count_tokens=counter.count)
        return merged_neighbours(kept, self.source_text), [p for p in left_out if p in passages]

    @property
    def _counter(self) -> TokenCounter:
        return load_counter(self.settings.llm, self.settings.llm_base_url)

    def _holds(self, citation: Citation) -> bool:
        return verify(citation, self.source_text(citation.source))


@dataclass(slots=True)
class _Reply:
    """What the language model has said so far, and what of it was shown."""

    said: str = ""
    shown: str = ""
    whole: AIMessageChunk | None = None
    _taken: int = 0

    @property
    def tally(self) -> Tally:
        """What it came to."""
        tally = Tally()
        if self.whole is not None:
            tally.add(self.whole)
        return tally

    def add(self, chunk: AIMessageChunk) -> None:
        """Add the next piece."""
        self.said += chunk.text
        self.whole = chunk if self.whole is None else self.whole + chunk

    def show(self, events: Iterator[TokenEvent | CitationEvent]) -> Iterator[TokenEvent | CitationEvent]:
        """Pass events on, and keep their text."""
        for event in events:
            if isinstance(event, TokenEvent):
                self.shown += event.text
            yield event

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


def _shown(sentence: SentenceEvidence) -> str:
    """Return a quotation as the answer shows it: on one line if it is a sentence, and as it stands if it is code."""
    if sentence.unit.kind == "code":
        return sentence.text.strip()
    text = _spaced(sentence.text) if sentence.unit.kind == "paragraph" else sentence.text.strip()
    return read_quote(text, urls_in(text))


def _spaced(text: str) -> str:
    return _SPACE.sub(" ", text).strip()


def _packing_notes(left_out: Sequence[Passage]) -> Iterator[str]:
    if left_out:
        was = "was" if len(left_out) == 1 else "were"
        yield f"{len(left_out)} of the retrieved passages did not fit into the prompt and {was} left out."


def _answer_of(draft: Answer, markers: MarkerReader, reply: _Reply) -> Answer:
    notes = notes_on(markers.claims, n_links=markers.n_links, n_tags=markers.n_tags) if reply.answers else ()
    return replace(
        draft,
        text=reply.shown,
        answered=reply.answers,
        citations=tuple(markers.citations),
        claims=tuple(markers.claims),
        notes=(*draft.notes, *notes),
    )


def _with_tally(draft: Answer, tally: Tally) -> Answer:
    """Return an answer with what more requests to the language model came to."""
    return replace(
        draft,
        llm=tally.llm or draft.llm,
        usage=dict(Counter(draft.usage) + Counter(tally.usage)),
        cost_usd=None if draft.cost_usd is None or tally.cost_usd is None else draft.cost_usd + tally.cost_usd,
        notes=(*draft.notes, *tally.notes),
    )
