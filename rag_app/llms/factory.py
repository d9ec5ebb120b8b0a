"""A setting such as ``openai:gpt-4o-mini`` becomes a LangChain chat model."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rag_app.errors import LLMError, MissingExtraError, SettingsError

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
        return {"base_url": settings.llm_base_url, "api_key": key, "use_responses_api": False, "stream_usage": True}
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
        raise MissingExtraError(feature, exc.name or f"langchain-{provider}") from exc
    except ValueError as exc:
        msg = f"RAG_LLM names the provider {provider!r}, which LangChain does not know."
        raise SettingsError(msg, hint=f"Known: {', '.join(sorted(_PACKAGES))} and others of init_chat_model.") from exc
    return llm


@contextmanager
def translated_errors(llm: str) -> Iterator[None]:
    """Turn whatever a provider raises into an `LLMError` without the key or the prompt.

    Parameters
    ----------
    llm : str
        The setting, for the message.
    """
    try:
        yield
    except LLMError:
        raise
    except Exception as exc:
        status = getattr(exc, "status_code", None)
        kind = type(exc).__name__
        if kind in {"APIConnectionError", "ConnectError"}:
            msg = f"The language model {llm} cannot be reached."
            raise LLMError(msg, hint="Check RAG_LLM_BASE_URL and that the server runs.", retryable=True) from exc
        if kind in {"APITimeoutError", "ReadTimeout"}:
            msg = f"The language model {llm} did not answer in time."
            raise LLMError(msg, hint="Raise RAG_LLM_TIMEOUT_S or use a smaller model.", retryable=True) from exc
        if status is not None:
            hint = {401: "Check the key.", 404: "Check the model's name."}.get(status)
            msg = f"The language model {llm} refused the request with status {status}."
            raise LLMError(msg, hint=hint, retryable=status in _RETRYABLE) from exc
        raise
