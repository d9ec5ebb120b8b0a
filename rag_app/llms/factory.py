"""A setting such as ``openai:gpt-4o-mini`` becomes a LangChain chat model."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rag_app.errors import LLMError, LLMResponseError, MissingExtraError, RagAppError, SettingsError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag_app.settings import Settings

_PACKAGES = {
    "anthropic": "langchain-anthropic",
    "google_genai": "langchain-google-genai",
    "groq": "langchain-groq",
    "mistralai": "langchain-mistralai",
    "ollama": "langchain-ollama",
    "openai": "langchain-openai",
}
_RETRYABLE = frozenset((408, 409, 429, 500, 502, 503, 504))
_STATUS_HINTS = {
    400: "Check the model's name, and that its context holds RAG_LLM_CONTEXT_TOKENS.",
    401: "Check the key.",
    404: "Check the model's name and RAG_LLM_BASE_URL.",
}
# Names of classes anywhere among an exception's ancestors: LangChain derives its own from those of the providers,
# whose packages are not imported for this.
_TIMEOUTS = frozenset(("APITimeoutError", "ModelTimeoutError", "TimeoutException", "TimeoutError"))
_UNREACHABLE = frozenset(("APIConnectionError", "ModelConnectionError", "TransportError", "ConnectionError"))
_UNREADABLE = frozenset(("APIError", "ModelError", "ValueError", "LookupError"))  # no JSON, no choices, an error inside


def load_llm(settings: Settings) -> BaseChatModel | None:
    """Return the chat model that the settings name, or None for ``extractive``.

    Parameters
    ----------
    settings : Settings
        `llm`, `llm_base_url` and the decoding settings are read.

    Raises
    ------
    SettingsError
        If the provider is unknown or its key is missing.
    MissingExtraError
        If the provider's package is not installed.
    """
    if settings.llm == "extractive":
        return None
    provider, _, model = settings.llm.partition(":")
    if provider == "scripted":
        from rag_app.llms.scripted import ScriptedChat

        return ScriptedChat.from_file(model)
    package = _PACKAGES.get(provider)
    if package is not None and importlib.util.find_spec(package.replace("-", "_")) is None:
        feature = f"The language model {settings.llm}"
        raise MissingExtraError(feature, package)
    options: dict[str, Any] = {
        "temperature": settings.llm_temperature,
        "max_tokens": settings.llm_max_tokens,
        "timeout": settings.llm_timeout_s,
    }
    if provider == "openai":
        options |= _openai_options(settings)
    elif settings.llm_base_url:
        options["base_url"] = settings.llm_base_url
    return _initialise(provider, model, options)


def _openai_options(settings: Settings) -> dict[str, Any]:
    if settings.llm_base_url:
        key = os.environ.get("OPENAI_API_KEY") or "none"  # a local server needs no key, the client wants a word
        return {
            "base_url": settings.llm_base_url,
            "api_key": key,
            "use_responses_api": False,
            "stream_usage": True,
            "max_tokens": None,  # LangChain would send max_completion_tokens, which llama.cpp's Python server ignores
            "extra_body": {"max_tokens": settings.llm_max_tokens},
        }
    if not os.environ.get("OPENAI_API_KEY"):
        msg = f"The language model {settings.llm} needs a key in OPENAI_API_KEY."
        raise SettingsError(msg, hint="Export it, or set RAG_LLM_BASE_URL to a server of your own.")
    return {"stream_usage": True}


def _initialise(provider: str, model: str, options: dict[str, Any]) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    try:
        llm: BaseChatModel = init_chat_model(model, model_provider=provider, **options)
    except ImportError as exc:
        feature = f"The language model {provider}:{model}"
        package = re.search(r"langchain-[\w-]*\w", str(exc))  # langchain-aws for bedrock
        raise MissingExtraError(feature, package.group() if package else f"langchain-{provider}") from exc
    except Exception as exc:
        if str(exc).startswith("Unsupported provider"):
            msg = f"RAG_LLM names the provider {provider!r}, which LangChain does not know."
            hint = f"Known: {', '.join(sorted(_PACKAGES))} and others of init_chat_model."
        else:
            msg = f"The language model {provider}:{model} cannot be set up ({type(exc).__name__})."
            hint = "Check its name and the provider's key."
        raise SettingsError(msg, hint=hint) from exc
    return llm


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
        raise error from exc


def _translate(exc: Exception, llm: str) -> LLMError | None:
    kinds = {c.__name__ for c in type(exc).__mro__}
    status = getattr(exc, "status_code", None)
    if kinds & _TIMEOUTS:
        msg = f"The language model {llm} did not answer in time."
        return LLMError(msg, hint="Raise RAG_LLM_TIMEOUT_S or use a smaller model.", retryable=True)
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
