"""What requests and responses hold: the only place where the service's JSON is declared."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_MOST_CHARACTERS = 8_000  # of a question
_MOST_TEXTS = 256
_MOST_LABELS = 512


class Readable(BaseModel):
    """A body whose texts are texts: JSON can escape halves of characters, which nothing can store or print."""

    @model_validator(mode="before")
    @classmethod
    def _check_characters(cls, data: Any) -> Any:  # noqa: ANN401  (JSON)
        try:
            json.dumps(data, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError:
            msg = "must hold whole characters: a surrogate stands alone"
            raise ValueError(msg) from None
        return data


def _not_blank(text: str) -> str:
    if not text.strip():
        msg = "must not be blank"
        raise ValueError(msg)
    return text


NotBlank = Annotated[str, AfterValidator(_not_blank)]
QuestionText = Annotated[
    NotBlank, Field(min_length=1, max_length=_MOST_CHARACTERS, examples=["What is mode collapse?"])
]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Request(Readable):
    """A body: what it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid")


class ChatMessage(Request):
    """A message of the conversation so far."""

    role: Literal["user", "assistant", "system"]
    content: str = Field(max_length=100_000)


class AskRequest(Request):
    """A question, with the conversation before it."""

    question: QuestionText
    messages: list[ChatMessage] = Field(default_factory=list, max_length=200, description="Oldest first.")
    stream: bool = Field(default=False, description="Answer with server-sent events as the answer comes.")


class SearchRequest(Request):
    """What to look for, and where."""

    question: QuestionText
    k: int | None = Field(default=None, ge=1, le=50, description="How many passages; default: the setting.")
    where: dict[str, str | list[str]] = Field(
        default_factory=dict,
        max_length=16,
        description="A filter: `file`, `heading`, `source`, `title`, or a key of the front matter.",
        examples=[{"file": "09-gans.md"}],
    )


class Label(Request):
    """A label with what it means."""

    name: NotBlank
    description: str = ""
    examples: list[NotBlank] = Field(default_factory=list, max_length=_MOST_TEXTS)


class ClassifyRequest(Request):
    """Texts, and the labels to choose from."""

    texts: list[Annotated[NotBlank, Field(max_length=_MOST_CHARACTERS)]] = Field(
        min_length=1, max_length=_MOST_TEXTS, examples=[["Where is my parcel?"]]
    )
    labels: list[NotBlank | Label] = Field(
        min_length=2, max_length=_MOST_LABELS, examples=[["delivery", {"name": "billing", "description": "invoices"}]]
    )
    multi_label: bool = Field(default=False, description="Each label applies or does not, whichever others do.")
    threshold: Number | None = Field(default=None, ge=-1, le=1, description="Below it, no label fits.")
    adapt: bool = Field(default=False, description="Texts that are sent together move the labels.")


class FeedbackRequest(Request):
    """What a reader thought of an answer."""

    id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="The `id` of the answer.")
    rating: Literal["good", "bad"]
    why: str = Field(default="", max_length=4_000)


class Locator(BaseModel):
    """A place in a document, in terms that a person can follow."""

    model_config = ConfigDict(extra="allow")

    heading: list[str]
    line: int | None


class Citation(BaseModel):
    """A quotation that holds: `text[start:end] == quote` in the extracted text whose hash is `sha256`."""

    model_config = ConfigDict(extra="allow")

    source: str
    sha256: str
    start: int
    end: int
    quote: str
    locator: Locator


class Passage(BaseModel):
    """A retrieved chunk with its score."""

    source: str
    chunk_id: str
    start: int
    end: int
    score: float
    text: str
    locator: Locator
    also_in: list[dict[str, Any]] | None = None


class Answer(BaseModel):
    """An answer with its verified citations, what was looked at and what was computed."""

    model_config = ConfigDict(extra="allow")

    id: str
    question: str
    answer: str
    answered: bool
    citations: list[Citation]
    retrieved: list[Passage]
    llm: str
    prompt: str
    usage: dict[str, Any]
    timings_s: dict[str, float]
    notes: list[str]


class SearchResult(BaseModel):
    """Passages, best first."""

    passages: list[Passage]


class Classification(BaseModel):
    """The label of a text, or its labels."""

    label: str | None
    labels: list[str]
    scores: dict[str, float]
    margin: float
    similarity: float | None
    reason: str
    notes: list[str]


class ClassifyResult(BaseModel):
    """One classification for each text, in their order."""

    classifications: list[Classification]


class SourceRow(BaseModel):
    """A source as it is listed."""

    name: str
    title: str
    chunks: int
    tokens: int


class SourceList(BaseModel):
    """Every source, in the order of names."""

    sources: list[SourceRow]


class Source(BaseModel):
    """A part of a source: `text` is what stands from `start` to `end` of its `length` characters."""

    name: str
    title: str
    sha256: str
    length: int
    start: int
    end: int
    text: str


class ToolRow(BaseModel):
    """A tool as it is listed."""

    name: str
    kind: Literal["metric", "estimator", "tool"]
    summary: str
    has_plot: bool


class ToolList(BaseModel):
    """Every tool, in the order of names."""

    tools: list[ToolRow]


class Section(BaseModel):
    """Where the course explains a tool."""

    number: str
    heading: str
    file: str


class Tool(ToolRow):
    """A tool with all that is known of it."""

    documentation: str
    parameters: dict[str, Any] = Field(description="The JSON schema of its arguments.")
    sections: list[Section]
    example: dict[str, Any] | None = Field(description="Arguments that can be called with, where there is an example.")


class ToolResult(BaseModel):
    """What a tool returned."""

    result: Any


class IndexState(BaseModel):
    """Which of the published generations of an index is served."""

    generation: str
    published: str
    taken: str
    is_latest: bool
    problem: str = ""


class State(BaseModel):
    """How the service is; with `index` where it serves what was published elsewhere."""

    status: Literal["ok"]
    index: IndexState | None = None


class Kept(BaseModel):
    """The feedback was kept."""

    status: Literal["kept"]


class FileReceipt(BaseModel):
    """What happened to one file."""

    name: str
    status: str
    chunks: int
    tokens: int
    detail: str


class Receipt(BaseModel):
    """What an ingestion did."""

    model_config = ConfigDict(extra="allow")

    chunks: int
    tokens: int
    embedded: int
    truncated: int
    files: list[FileReceipt]


class Mistake(BaseModel):
    """A place of the request that is wrong."""

    pointer: str
    detail: str


class ProblemDetails(BaseModel):
    """RFC 9457: what went wrong, and what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    errors: list[Mistake] = Field(default_factory=list)
    request_id: str = ""
