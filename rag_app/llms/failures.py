"""What a provider raises becomes one of our errors: a sentence without the key or the prompt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rag_app.errors import LLMError, LLMResponseError, RagAppError

_RETRYABLE = frozenset((408, 409, 429, 500, 502, 503, 504))
_STATUS_HINTS = {
    400: "Check the model's name, that its context holds RAG_LLM_CONTEXT_TOKENS, and its decoding settings.",
    401: "Check the key.",
    404: "Check the model's name and RAG_LLM_BASE_URL.",
}
# Names of classes anywhere among an exception's ancestors: LangChain derives its own from those of the providers,
# whose packages are not imported for this.
_TIMEOUTS = frozenset(("APITimeoutError", "ModelTimeoutError", "TimeoutException", "TimeoutError"))
_UNREACHABLE = frozenset(("APIConnectionError", "ModelConnectionError", "TransportError", "ConnectionError"))
_UNREADABLE = frozenset(("APIError", "ModelError", "ValueError", "LookupError"))  # no JSON, no choices, an error inside


@contextmanager
def translated_errors(llm: str) -> Iterator[None]:
    """Turn what a provider raises into an `LLMError` without the key or the prompt.

    Parameters
    ----------
    llm : str
        The setting, for the message.

    Raises
    ------
    LLMError
        If the provider cannot be reached, does not answer in time or refuses.
    LLMResponseError
        If the provider's reply cannot be read.
    """
    try:
        yield
    except RagAppError:
        raise
    except Exception as exc:
        error = _translate(exc, llm)
        if error is None:
            raise
        raise error from ProviderError(exc)


class ProviderError(Exception):
    """What a provider raised, without its words: they may quote the key or the prompt, and traces show causes.

    Parameters
    ----------
    raised : Exception
        Its class, its status, its code and the response are kept.
    """

    def __init__(self, raised: Exception) -> None:
        self.status_code = getattr(raised, "status_code", None)
        self.code = getattr(raised, "code", None)
        self.response = getattr(raised, "response", None)
        status = "" if self.status_code is None else f", status {self.status_code}"
        super().__init__(f"{type(raised).__module__}.{type(raised).__qualname__}{status}")


def timeout_error(llm: str) -> LLMError:
    """Return the error for a language model that takes too long."""
    msg = f"The language model {llm} did not answer in time."
    return LLMError(msg, hint="Raise RAG_LLM_TIMEOUT_S or use a smaller model.", retryable=True)


def _translate(exc: Exception, llm: str) -> LLMError | None:
    kinds = {c.__name__ for c in type(exc).__mro__}
    status = getattr(exc, "status_code", None)
    if kinds & _TIMEOUTS:
        return timeout_error(llm)
    if kinds & _UNREACHABLE:
        msg = f"The language model {llm} cannot be reached."
        return LLMError(msg, hint="Check RAG_LLM_BASE_URL and that the server runs.", retryable=True)
    if status is not None:
        msg = f"The language model {llm} refused the request with status {status}."
        return LLMError(msg, hint=_STATUS_HINTS.get(status), retryable=status in _RETRYABLE)
    if kinds & _UNREADABLE:
        msg = f"The language model {llm} sent a reply that cannot be read."
        return LLMResponseError(msg, hint="Check RAG_LLM_BASE_URL; the address often ends in /v1.")
    return None
