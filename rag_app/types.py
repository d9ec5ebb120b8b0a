"""The values that pass between the parts: frozen, slotted dataclasses without behaviour beyond rendering themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from rag_app.locator import Locator
from rag_app.tool_calls import ToolCall

BlockKind = Literal["heading", "paragraph", "list", "table", "code", "fragment"]
"""A fragment is text without a sentence, such as the labels of a drawing: found, but never quoted as an answer."""
NOT_QUOTED: frozenset[BlockKind] = frozenset(("heading", "fragment"))
Verdict = Literal["supported", "weak", "misattributed", "unsupported", "fabricated", "uncited"]
"""What was found about a statement of an answer: see `Claim`."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list, table or code block of an extracted text: ``text[start:end]``.

    A piece of the block that does not begin with it is embedded with `header` in front, such as the header row of
    a table.
    """

    kind: BlockKind
    start: int
    end: int
    locator: Locator
    header: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest span that is quoted, with the locator of its block: a sentence, an item, a table row, some code."""

    start: int
    end: int
    kind: BlockKind
    locator: Locator = Locator()


@dataclass(frozen=True, slots=True)
class Source:
    """A document after extraction.

    Parameters
    ----------
    name : str
        What people call it and what citations show: its path below the folder that was ingested.
    uri : str
        Its absolute path or its URL: the identity of the document.
    title : str
        From front matter or the first heading; empty where the document has none.
    text : str
        The extracted text. Every offset in the program refers to it.
    sha256, bytes_sha256 : str
        Hashes of `text` and of the file, in hexadecimal.
    blocks : tuple of Block
        In reading order, not overlapping.
    metadata : mapping of str to str
        From front matter; usable in filters.
    """

    name: str
    uri: str
    title: str
    text: str
    sha256: str
    bytes_sha256: str
    blocks: tuple[Block, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of a source that is embedded and retrieved as one.

    Parameters
    ----------
    id : str
        Hash of the source's name and of what is embedded; equal content keeps its id.
    start, end, text
        ``source.text[start:end]`` is the text.
    context : str
        Title and heading path, and the header row of a table: embedded in front of the text, not stored in it.
    locator : Locator
        Where the chunk begins; in a table file, its first and last row.
    units : tuple of Unit
        The sentences, items, rows and code blocks of the chunk.
    n_tokens : int
        Tokens of context and text together, by the embedder's own tokenizer, specials included.
    """

    id: str
    start: int
    end: int
    text: str
    context: str
    locator: Locator
    units: tuple[Unit, ...]
    n_tokens: int

    @property
    def embedded_text(self) -> str:
        """What the embedder reads."""
        return f"{self.context}\n{self.text}" if self.context else self.text


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrieved chunk with its score.

    Parameters
    ----------
    score : float
        Fused score in [0, 1], or that of a reranker; higher is better.
    dense_score, lexical_score, alignment_score : float
        Its parts: cosine similarity, BM25 over the most that the question could reach, alignment of the best sentence.
    fused_score : float or None
        The fused score where a reranker gave another one.
    evidence : Unit or None
        The sentence that answers best, where it is known.
    also_in : tuple of Passage
        Passages that say the same and are not returned.
    """

    source: str
    sha256: str
    chunk_id: str
    start: int
    end: int
    text: str
    locator: Locator
    title: str = ""
    context: str = ""
    units: tuple[Unit, ...] = ()
    score: float = 0.0
    dense_score: float = 0.0
    lexical_score: float = 0.0
    alignment_score: float = 0.0
    fused_score: float | None = None
    evidence: Unit | None = None
    also_in: tuple[Passage, ...] = ()

    @property
    def embedded_text(self) -> str:
        """What the embedder read."""
        return f"{self.context}\n{self.text}" if self.context else self.text

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag search --json`` prints; ``also_in`` where it says the same elsewhere."""
        shown = {
            "source": self.source,
            "chunk_id": self.chunk_id,
            "start": self.start,
            "end": self.end,
            "score": round(self.score, 6),
            "text": self.text,
            "locator": self.locator.to_json(),
        }
        also_in = [{k: v for k, v in p.to_json().items() if k not in {"score", "text"}} for p in self.also_in]
        return {**shown, "also_in": also_in} if also_in else shown


@dataclass(frozen=True, slots=True)
class Citation:
    """A quotation that holds: ``text[start:end] == quote`` in the extracted text whose hash is `sha256`.

    `verdict` and `support` are those of the first statement that rests on it.
    """

    source: str
    sha256: str
    start: int
    end: int
    quote: str
    locator: Locator
    verdict: Verdict = "supported"
    support: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag ask --json`` prints."""
        return {
            "source": self.source,
            "sha256": self.sha256,
            "start": self.start,
            "end": self.end,
            "quote": self.quote,
            "locator": self.locator.to_json(),
            "verdict": self.verdict,
            "support": round(self.support, 4),
        }


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement of an answer, and what was found about it.

    Parameters
    ----------
    text : str
        The statement, without markers.
    verdict : Verdict
        ``supported`` or ``weak``, by the passage that its marker named; ``misattributed``, where another passage
        supports it and is cited instead; ``unsupported``, by any passage: a marker was removed; ``fabricated``: its
        marker named no passage and was removed; ``uncited``: supported, but without a marker.
    support : float
        How far the passage supports it, in [0, 1]; where it has no marker, the best of all passages.
    marker : int or None
        The number that the language model wrote.
    citation : int or None
        The number in the answer's text, counted from 1.
    """

    text: str
    verdict: Verdict
    support: float
    marker: int | None = None
    citation: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag ask --json`` prints."""
        return {
            "text": self.text,
            "verdict": self.verdict,
            "support": round(self.support, 4),
            "marker": self.marker,
            "citation": self.citation,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or a part of one while it streams: the sum of the parts is the answer.

    Parameters
    ----------
    question : str
        The question as it was searched for: a follow-up is made standalone first.
    text : str
        The answer; ``[n]`` refers to the n-th citation, counted from 1.
    answered : bool
        False where the material holds no answer.
    citations : tuple of Citation
        What the answer rests on.
    retrieved : tuple of Passage
        What was looked at, best first.
    llm : str
        The language model, or "extractive".
    prompt : str
        Name and version of the prompt, empty where none was sent.
    usage : mapping of str to int
        Tokens as the provider reported them.
    notes : tuple of str
        What the reader should know: passages left out, markers removed.
    tool_calls : tuple of ToolCall
        What was computed or looked up for it, in order.
    claims : tuple of Claim
        The statements of the answer with a verdict each.
    cost_usd : float or None
        What the language model has cost, in US dollars; None where a price or the usage is not known.

    Examples
    --------
    >>> (Answer("What?", text="A ") + Answer("What?", text="sum.")).text
    'A sum.'
    """

    question: str
    text: str = ""
    answered: bool = True
    citations: tuple[Citation, ...] = ()
    retrieved: tuple[Passage, ...] = ()
    llm: str = ""
    prompt: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)
    timings_s: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    claims: tuple[Claim, ...] = ()
    cost_usd: float | None = 0.0

    def __add__(self, other: Answer) -> Answer:
        return replace(
            other,
            question=other.question or self.question,
            text=self.text + other.text,
            answered=self.answered and other.answered,
            citations=self.citations + other.citations,
            retrieved=self.retrieved + other.retrieved,
            llm=other.llm or self.llm,
            prompt=other.prompt or self.prompt,
            usage={**self.usage, **other.usage},
            timings_s={**self.timings_s, **other.timings_s},
            notes=self.notes + other.notes,
            tool_calls=self.tool_calls + other.tool_calls,
            claims=self.claims + other.claims,
            cost_usd=None if self.cost_usd is None or other.cost_usd is None else self.cost_usd + other.cost_usd,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag ask --json`` prints."""
        return {
            "question": self.question,
            "answer": self.text,
            "answered": self.answered,
            "citations": [c.to_json() for c in self.citations],
            "retrieved": [p.to_json() for p in self.retrieved],
            "llm": self.llm,
            "prompt": self.prompt,
            "usage": dict(self.usage),
            "cost_usd": self.cost_usd,
            "timings_s": {k: round(v, 4) for k, v in self.timings_s.items()},
            "notes": list(self.notes),
            "tool_calls": [c.to_json() for c in self.tool_calls],
            "claims": [c.to_json() for c in self.claims],
        }


@dataclass(frozen=True, slots=True)
class RetrievedEvent:
    """The passages were found; `question` is the standalone form of what was asked."""

    question: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class TokenEvent:
    """The next piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class CitationEvent:
    """The answer's text now refers to citation `number`, counted from 1."""

    number: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class ToolEvent:
    """A tool was called, and returned or failed; `is_answer` where the text of the answer is nothing but that."""

    call: ToolCall
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class AnswerEvent:
    """The answer is complete."""

    answer: Answer


Event = RetrievedEvent | ToolEvent | TokenEvent | CitationEvent | AnswerEvent


@dataclass(frozen=True, slots=True)
class Classification:
    """The label of a text, or its labels.

    Parameters
    ----------
    label : str or None
        The best label; None where none fits, for the `reason` given. `labels` has every one that applies, best first.
    scores : mapping of str to float
        For each label, best first: probabilities that sum to one; where several may apply, each in [0, 1] by itself.
    margin : float
        Distance between the best and the second score.
    similarity : float or None
        To the most similar label: 0 for unrelated texts, 1 for the same text; None from a language model.
    notes : tuple of str
        What the reader should know: that labels were adapted to the other texts of a batch.
    """

    label: str | None
    scores: Mapping[str, float]
    margin: float
    labels: tuple[str, ...] = ()
    similarity: float | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag classify --json`` prints."""
        return {
            "label": self.label,
            "labels": list(self.labels),
            "scores": {k: round(v, 6) for k, v in self.scores.items()},
            "margin": round(self.margin, 6),
            "similarity": None if self.similarity is None else round(self.similarity, 6),
            "reason": self.reason,
            "notes": list(self.notes),
        }
