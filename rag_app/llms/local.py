"""A GGUF file as a chat model in this process, through llama-cpp-python."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import ConfigDict, Field

from rag_app.errors import LLMError, MissingExtraError, SettingsError
from rag_app.llms.decoding import load_decoding
from rag_app.settings import Settings

if TYPE_CHECKING:
    from llama_cpp import Llama

_ROLES = {"human": "user", "ai": "assistant", "system": "system"}
_TEMPLATE, _TRAINED_FOR = "tokenizer.chat_template", "context_length"
_PLACE = re.compile("\x02(\\d+)\x03")  # where a message's text goes; no text of a template holds such characters


class GGUF:
    """A language model's file: its tokenizer, its chat template and, when asked for, its weights.

    Parameters
    ----------
    path : str
        The file.

    Raises
    ------
    MissingExtraError
        If llama-cpp-python is not installed.
    SettingsError
        If the file cannot be read, or has no chat template.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.turn = threading.Lock()  # there is one context: whoever uses it is alone
        self._tokenizer = _open(path, vocab_only=True)

    @property
    def _metadata(self) -> dict[str, str]:
        return dict(self._tokenizer.metadata)

    @property
    def n_ctx_train(self) -> int:
        """Tokens that it was trained to read at once."""
        found = (int(v) for k, v in self._metadata.items() if k.endswith(f".{_TRAINED_FOR}"))
        return next(found, 0)

    @cached_property
    def _formatter(self) -> Any:  # noqa: ANN401  (llama-cpp-python's)
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        template = self._metadata.get(_TEMPLATE)
        if template is None:
            msg = f"RAG_LLM=gguf:FILE must name a model for conversations; {self.path!r} has no chat template."
            raise SettingsError(msg, hint="Take one whose name ends in instruct or chat.")
        bos, eos = (self._text_of(token) for token in (self._tokenizer.token_bos(), self._tokenizer.token_eos()))
        return Jinja2ChatFormatter(template=template, eos_token=eos, bos_token=bos)

    def _text_of(self, token: int) -> str:
        return self._tokenizer.detokenize([token], special=True).decode() if token >= 0 else ""

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of a text."""
        return len(self._tokens(text))

    def render(self, messages: Sequence[tuple[str, str]]) -> list[int]:
        """Return the tokens of a conversation in the form that the language model was trained on.

        Marks of that form are read as such in the template alone: a text that holds them is text.

        Parameters
        ----------
        messages : sequence of (str, str)
            Role and text.

        Raises
        ------
        LLMError
            If the template refuses these messages.
        """
        places = [{"role": role, "content": f"\x02{i}\x03"} for i, (role, _) in enumerate(messages)]
        try:
            rendered = self._formatter(messages=places).prompt
        except Exception as exc:
            msg = f"The chat template of {self.path} refuses the messages."
            raise LLMError(msg, hint="Some know no system message, or want user and assistant in turn.") from exc
        parts = _PLACE.split(rendered)
        tokens: list[int] = []
        for i, part in enumerate(parts):
            tokens += self._tokens(messages[int(part)][1]) if i % 2 else self._tokens(part, marks=True)
        return tokens

    def _tokens(self, text: str, *, marks: bool = False) -> list[int]:
        return list(self._tokenizer.tokenize(text.encode(), add_bos=False, special=marks))

    @lru_cache(maxsize=1)  # noqa: B019  (files are opened once and stay)
    def engine(self, n_ctx: int) -> Llama:
        """Return the language model with its weights."""
        return _open(self.path, n_ctx=n_ctx)


@lru_cache(maxsize=2)
def load_gguf(path: str) -> GGUF:
    """Return a file, opened once. Raises what `GGUF` raises."""
    return GGUF(path)


def _open(path: str, **options: Any) -> Llama:  # noqa: ANN401  (llama-cpp-python's)
    try:
        import llama_cpp
    except ImportError as exc:
        feature = f"The language model gguf:{path}"
        raise MissingExtraError(feature, "rag-app[local-llm]") from exc
    if not os.path.isfile(path):
        msg = f"RAG_LLM=gguf:FILE must name a file; there is none at {path!r}."
        raise SettingsError(msg)
    llama_cpp.llama_log_set(_silent(), None)
    try:
        return llama_cpp.Llama(path, verbose=False, **options)
    except (ValueError, RuntimeError) as exc:
        msg = f"RAG_LLM=gguf:FILE must name a GGUF file; {path!r} cannot be loaded."
        raise SettingsError(msg, hint="Check that it is complete, and that it fits into memory.") from exc


@lru_cache(maxsize=1)  # llama.cpp calls it as long as the process lives
def _silent() -> Any:  # noqa: ANN401  (ctypes')
    """Return what keeps llama.cpp's warnings out of a terminal: its own switch lets some through."""
    import llama_cpp

    return llama_cpp.llama_log_callback(lambda *_: None)


def load_local(path: str, settings: Settings) -> LocalChat:
    """Return a GGUF file as a chat model.

    Parameters
    ----------
    path : str
        The file.
    settings : Settings
        Its context and its decoding settings.

    Raises
    ------
    SettingsError
        If the file is none, or was not trained for such a context.
    """
    file = load_gguf(path)
    if settings.llm_context_tokens > file.n_ctx_train > 0:
        rule = f"RAG_LLM_CONTEXT_TOKENS must be at most {file.n_ctx_train}, which {path} was trained for"
        msg = f"{rule}; got {settings.llm_context_tokens}."
        raise SettingsError(msg)
    decoding = {k: v for k, v in load_decoding(settings).items() if k != "stop"}
    return LocalChat(file=file, n_ctx=settings.llm_context_tokens, decoding=decoding)


class LocalChat(BaseChatModel):
    """A chat model that runs in this process, one request at a time.

    Parameters
    ----------
    file : GGUF
        The language model.
    n_ctx : int
        Tokens of prompt and reply together.
    decoding : dict
        As `load_decoding` returns it, without stop.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    file: Any = Field(exclude=True, repr=False)
    n_ctx: int
    decoding: dict[str, Any]

    @property
    def _llm_type(self) -> str:
        return "gguf"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": os.path.basename(self.file.path), **self.decoding}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        timeout: float | None = None,
        **_: Any,  # noqa: ANN401
    ) -> Iterator[ChatGenerationChunk]:
        ends_at = time.monotonic() + (threading.TIMEOUT_MAX if timeout is None else timeout)
        tokens = self.file.render([_read(message) for message in messages])
        with self._turn(timeout):
            for chunk in self._complete(tokens, stop):
                if time.monotonic() > ends_at:
                    raise TimeoutError
                if run_manager:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    @contextlib.contextmanager
    def _turn(self, timeout: float | None) -> Iterator[None]:
        if not self.file.turn.acquire(timeout=-1 if timeout is None else timeout):
            raise TimeoutError
        try:
            yield
        finally:
            self.file.turn.release()

    def _complete(self, tokens: list[int], stop: list[str] | None) -> Iterator[ChatGenerationChunk]:
        engine = self.file.engine(self.n_ctx)
        engine.reset()  # what it kept of another prompt changes the last digits, and a seed would draw other tokens
        options = {"top_p": 1.0, **self.decoding, "stop": stop or [], "top_k": 0, "min_p": 0.0}
        pieces = engine.create_completion(tokens, stream=True, **options)
        ending = ""
        with contextlib.closing(pieces):
            for piece in pieces:
                ending = piece["choices"][0]["finish_reason"] or ending
                text = piece["choices"][0]["text"]
                if text:
                    yield ChatGenerationChunk(message=AIMessageChunk(content=text))
        n_written = engine.n_tokens - len(tokens) + (ending == "length")  # the last token was not read any more
        usage = UsageMetadata(input_tokens=len(tokens), output_tokens=n_written, total_tokens=len(tokens) + n_written)
        last = AIMessageChunk(content="", usage_metadata=usage, response_metadata={"finish_reason": ending})
        yield ChatGenerationChunk(message=last)


def _read(message: BaseMessage) -> tuple[str, str]:
    """Return role and text of a message.

    Raises
    ------
    LLMError
        If it is the result of a tool.
    """
    if message.type not in _ROLES:
        msg = f"A GGUF file answers messages of people, not of the kind {message.type!r}."
        raise LLMError(msg, hint="Use a language model that calls tools.")
    return _ROLES[message.type], message.text
