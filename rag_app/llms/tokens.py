"""How many tokens a text costs a language model, before it is sent."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

# The estimate is on the safe side of a small vocabulary, SmolLM2's 49,152 tokens: prose and program code need at most
# 0.8 of it, other languages 0.92, and nothing but figures 1.05; see benchmarks/token_estimate.py.
_LETTERS = bytes(b for b in range(128) if chr(b).isalpha() or chr(b) == " ")
_BEYOND_ASCII = bytes(range(128, 256))
_LETTERS_PER_TOKEN = 3
_TOKENS_PER_BYTE = 2 / 3  # of other scripts, whose characters have two bytes or more
_FORMAT_TOKENS = 8  # what a chat format adds around a message
_PATIENCE_S = 5.0  # for a vocabulary that is downloaded
_CUT_EXACT = 0.7  # of the tokens that were counted: fewer cannot be those of the whole prompt
_CUT_ESTIMATED = 0.35  # likewise; the estimate is on the safe side


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """Counts tokens.

    Parameters
    ----------
    count : callable
        Returns the number of tokens of a text.
    how : str
        By what, for people.
    is_exact : bool
        Whether it is the language model's own tokenizer.
    """

    count: Callable[[str], int]
    how: str
    is_exact: bool = False

    def count_messages(self, texts: Iterable[str]) -> int:
        """Return the tokens of messages, with those that a chat format puts around them.

        Examples
        --------
        >>> load_counter("ollama:llama3").count_messages(["twelve bytes", "twelve bytes"])
        24
        """
        return sum(self.count(text) + _FORMAT_TOKENS for text in texts)

    def is_cut(self, reported: int, counted: int) -> bool:
        """Return whether a server read so much less than was counted that it must have cut the prompt.

        Examples
        --------
        >>> load_counter("ollama:llama3").is_cut(2048, 8000)
        True
        """
        return 0 < reported < (_CUT_EXACT if self.is_exact else _CUT_ESTIMATED) * counted


def load_counter(llm: str, base_url: str = "") -> TokenCounter:
    """Return what counts the tokens of a language model.

    Parameters
    ----------
    llm : str
        The setting, such as ``openai:gpt-4o-mini``.
    base_url : str
        The setting; a server of the user's own has a tokenizer that is not known here.

    Returns
    -------
    TokenCounter
        tiktoken for OpenAI's own models when their vocabulary can be had, a GGUF file's own tokenizer, otherwise one
        token for every three letters or spaces, for every other ASCII character, and for every byte and a half of
        the rest: more than texts need.

    Examples
    --------
    >>> load_counter("ollama:llama3").how
    'an estimate on the safe side'
    """
    provider, _, name = llm.partition(":")
    if provider == "gguf":
        from rag_app.llms.local import load_gguf

        return TokenCounter(load_gguf(name).count_tokens, "the tokenizer of the file", is_exact=True)
    encoding = _encoding(name) if provider == "openai" and not base_url else None
    if encoding is not None:
        how = f"tiktoken with {encoding.name}"
        return TokenCounter(lambda text: len(encoding.encode(text, disallowed_special=())), how, is_exact=True)
    return TokenCounter(_estimate, "an estimate on the safe side")


def count_tokens(text: str, *, llm: str, base_url: str = "") -> int:
    """Return the number of tokens of a text: see `load_counter`.

    Examples
    --------
    >>> count_tokens("twelve bytes", llm="ollama:llama3")
    4
    """
    return load_counter(llm, base_url).count(text)


def _estimate(text: str) -> int:
    raw = text.encode()
    rest = raw.translate(None, _LETTERS)
    n_marks = len(rest.translate(None, _BEYOND_ASCII))
    n_words = math.ceil((len(raw) - len(rest)) / _LETTERS_PER_TOKEN)
    return n_words + n_marks + math.ceil((len(rest) - n_marks) * _TOKENS_PER_BYTE)


@lru_cache(maxsize=8)
def _encoding(model: str) -> Any:  # noqa: ANN401  (tiktoken is imported for OpenAI's models alone)
    """Return tiktoken's encoding, or None for an unknown model, or where its vocabulary cannot be had in time.

    tiktoken would wait for a network that says nothing for as long as the system does.
    """
    import tiktoken

    found: list[Any] = []

    def load() -> None:
        try:
            found.append(tiktoken.encoding_for_model(model))
        except Exception:  # noqa: BLE001  (the estimate serves)
            found.append(None)

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(_PATIENCE_S)
    return found[0] if found else None
