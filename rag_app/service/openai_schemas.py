"""What requests and responses of the OpenAI protocol hold. Fields that we have no use for are let through."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from rag_app.service.schemas import NotBlank, Readable

_MOST_TEXTS = 256


class Lenient(Readable):
    """A body whose other fields are let through, as clients send those of servers that they know."""

    model_config = ConfigDict(extra="allow")


class TextPart(Lenient):
    """A part of a message: text is the only kind that is read."""

    type: Literal["text"]
    text: str


class Message(Lenient):
    """A message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[TextPart] | None = None

    @property
    def text(self) -> str:
        """The message as one text."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(Lenient):
    """What a stream has besides."""

    include_usage: bool = False


class Format(Lenient):
    """What an answer has to look like: text."""

    type: Literal["text"]


class ChatRequest(Lenient):
    """A conversation to be answered. Decoding is the service's own affair: its settings say how."""

    model: str = Field(max_length=500, examples=["extractive"])
    messages: list[Message] = Field(
        min_length=1, max_length=1_000, examples=[[{"role": "user", "content": "What is mode collapse?"}]]
    )
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = Field(default=1, description="One answer, no more.")
    response_format: Format | None = None
    tool_choice: Any = Field(default=None, description="`auto` or `none`: tools of the client are not called.")

    @field_validator("tool_choice")
    @classmethod
    def _check_choice(cls, value: Any) -> Any:  # noqa: ANN401  (JSON)
        if value not in (None, "auto", "none"):
            msg = "must be auto or none: tools of the client are not called"
            raise ValueError(msg)
        return value


def _refuse_ids(value: Any) -> Any:  # noqa: ANN401  (JSON)
    if isinstance(value, list) and any(not isinstance(item, str) for item in value):
        msg = "must be text: token ids of another vocabulary mean nothing here"
        raise ValueError(msg)
    return value


class EmbeddingRequest(Lenient):
    """Texts to be embedded."""

    model: str = Field(max_length=500, examples=["minilm"])
    input: Annotated[
        NotBlank | Annotated[list[NotBlank], Field(min_length=1, max_length=_MOST_TEXTS)], BeforeValidator(_refuse_ids)
    ] = Field(examples=["What is mode collapse?"])
    encoding_format: Literal["float", "base64"] | None = "float"
    dimensions: None = Field(default=None, description="Vectors are not shortened.")


class ListedModel(BaseModel):
    """Something that answers, or that embeds."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(BaseModel):
    """What answers, and what embeds."""

    object: Literal["list"]
    data: list[ListedModel]


class Usage(BaseModel):
    """Tokens as the provider reported them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Choice(Lenient):
    """The answer."""

    index: Literal[0]
    message: dict[str, Any]
    finish_reason: str


class Completion(Lenient):
    """An answer, whose message has `citations`."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    rag: dict[str, Any]


class Embedding(BaseModel):
    """The vector of a text."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingUsage(BaseModel):
    """Tokens that were read."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(BaseModel):
    """The vectors of texts, in their order."""

    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: EmbeddingUsage
