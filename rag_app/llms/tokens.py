"""How many tokens a text costs a language model, before it is sent."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

_BYTES_PER_TOKEN = 3  # English text has about four; fewer is on the safe side


def count_tokens(text: str, *, llm: str, base_url: str = "") -> int:
    """Return the number of tokens of a text.

    Parameters
    ----------
    text : str
        What will be sent.
    llm : str
        The setting, such as ``openai:gpt-4o-mini``.
    base_url : str
        The setting; a server of the user's own has a tokenizer that is not known here.

    Returns
    -------
    int
        By tiktoken for OpenAI's own models when their vocabulary can be had, otherwise one token for every three
        bytes, which is more than English text needs.

    Examples
    --------
    >>> count_tokens("twelve bytes", llm="ollama:llama3")
    4
    """
    provider, _, model = llm.partition(":")
    encoding = _encoding(model) if provider == "openai" and not base_url else None
    if encoding is not None:
        return len(encoding.encode(text, disallowed_special=()))
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)


@lru_cache(maxsize=8)
def _encoding(model: str) -> Any:  # noqa: ANN401  (tiktoken is imported for OpenAI's models alone)
    import tiktoken

    try:
        return tiktoken.encoding_for_model(model)
    except Exception:  # noqa: BLE001  (an unknown model, or no network for its vocabulary: the estimate serves)
        return None
