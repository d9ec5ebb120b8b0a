"""A setting such as ``openai:gpt-4o-mini`` becomes a LangChain chat model."""

from __future__ import annotations

import importlib.util
import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag_app.errors import MissingExtraError, SettingsError
from rag_app.llms.decoding import load_decoding

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.rate_limiters import InMemoryRateLimiter

    from rag_app.llms.attempts import Member
    from rag_app.settings import Settings

_PACKAGES = {
    "anthropic": "langchain-anthropic",
    "google_genai": "langchain-google-genai",
    "groq": "langchain-groq",
    "mistralai": "langchain-mistralai",
    "ollama": "langchain-ollama",
    "openai": "langchain-openai",
}
# Their clients are made by one generator: each would try again after a timeout too, and each takes a timeout per call.
_KINDRED = frozenset(("openai", "azure_openai", "anthropic", "groq", "deepseek", "xai"))
_NO_RETRIES = {**dict.fromkeys(_KINDRED, 0), "google_genai": 1}  # which counts attempts
_OWN_NAMES = {  # of settings; what has another name would be passed over
    "ollama": {"max_tokens": "num_predict"},
    "mistralai": {"seed": "random_seed"},
}
_REPLIES = "replies.sqlite"


class _Named(NamedTuple):
    """A language model's name and the address of its server, if it has one of its own."""

    llm: str
    base_url: str

    @property
    def provider(self) -> str:
        return self.llm.partition(":")[0]

    @property
    def model(self) -> str:
        return self.llm.partition(":")[2]


def load_llm(settings: Settings) -> BaseChatModel | None:
    """Return the chat model that the settings name, or None for ``extractive``.

    Parameters
    ----------
    settings : Settings
        All that begin with ``llm``.

    Returns
    -------
    ResilientChat or None
        The language model, then its fallbacks.

    Raises
    ------
    SettingsError
        If the provider is unknown, its key is missing or it does not know a setting.
    MissingExtraError
        If the provider's package is not installed.
    """
    if settings.llm == "extractive":
        return None
    from rag_app.llms.attempts import Attempts
    from rag_app.llms.cache import ReplyCache
    from rag_app.llms.resilience import ResilientChat
    from rag_app.llms.tokens import load_counter

    names = [_Named(settings.llm, settings.llm_base_url), *map(_read_fallback, settings.llm_fallbacks)]
    members = tuple(_load_member(named, settings) for named in names)
    return ResilientChat(
        attempts=Attempts(members, settings.llm_timeout_s, _load_pace(settings)),
        room=settings.llm_context_tokens - settings.llm_max_tokens,
        counter=load_counter(settings.llm, settings.llm_base_url),
        endings=list(settings.llm_stop),
        replies=ReplyCache(reply_file(settings)) if settings.llm_cache else None,
    )


def reply_file(settings: Settings) -> Path:
    """Return where replies are kept, if they are: beside the index."""
    return settings.data_dir / _REPLIES


def _read_fallback(text: str) -> _Named:
    llm, found, rest = text.rpartition("@http")  # a model's name may hold another @
    return _Named(llm, f"http{rest}") if found else _Named(text, "")


def _load_pace(settings: Settings) -> InMemoryRateLimiter | None:
    if settings.llm_requests_per_minute is None:
        return None
    from langchain_core.rate_limiters import InMemoryRateLimiter

    pace = InMemoryRateLimiter(requests_per_second=settings.llm_requests_per_minute / 60, check_every_n_seconds=0.02)
    pace.available_tokens = 1  # the first request need not wait
    return pace


def _load_member(named: _Named, settings: Settings) -> Member:
    from rag_app.llms.attempts import Member
    from rag_app.llms.prices import load_prices

    identity = {"llm": named.llm, "base_url": named.base_url, **load_decoding(settings)}
    if named.provider == "gguf" and os.path.isfile(named.model):
        status = os.stat(named.model)
        identity |= {"bytes": status.st_size, "written": status.st_mtime_ns}
    return Member(
        name=named.llm,
        llm=_load_provider(named, settings),
        identity=identity,
        prices=load_prices(settings.llm_prices, packaged=not named.base_url),
        takes_timeout=named.provider in {*_KINDRED, "gguf"},
    )


def _load_provider(named: _Named, settings: Settings) -> BaseChatModel:
    if named.llm == "scripted:instructed":
        from rag_app.llms.instructed import InstructedChat

        return InstructedChat()
    if named.provider == "scripted":
        from rag_app.llms.scripted import ScriptedChat

        return ScriptedChat.from_file(named.model)
    if named.provider == "gguf":
        from rag_app.llms.local import load_local

        return load_local(named.model, settings)
    package = _PACKAGES.get(named.provider)
    if package is not None and importlib.util.find_spec(package.replace("-", "_")) is None:
        feature = f"The language model {named.llm}"
        raise MissingExtraError(feature, package)
    return _initialise(named, _options(named, settings))


def _options(named: _Named, settings: Settings) -> dict[str, Any]:
    """Return what a provider's chat model is set up with; stop texts are sent with each request."""
    names = _OWN_NAMES.get(named.provider, {})
    options = {names.get(k, k): v for k, v in load_decoding(settings).items() if k != "stop"}
    options["timeout"] = settings.llm_timeout_s
    if named.provider in _NO_RETRIES:
        options["max_retries"] = _NO_RETRIES[named.provider]
    if named.provider == "ollama":  # it cuts what is longer than its own default, and says nothing
        options |= {"num_ctx": settings.llm_context_tokens, "client_kwargs": {"timeout": options.pop("timeout")}}
    if named.provider == "openai":
        from rag_app.llms.deadline import load_client

        options |= _openai_options(named, settings) | {"http_client": load_client()}
    elif named.base_url:
        options["base_url"] = named.base_url
    return options


def _openai_options(named: _Named, settings: Settings) -> dict[str, Any]:
    if named.base_url:
        key = os.environ.get("OPENAI_API_KEY") or "none"  # a local server needs no key, the client wants a word
        return {
            "base_url": named.base_url,
            "api_key": key,
            "use_responses_api": False,
            "stream_usage": True,
            "max_tokens": None,  # LangChain would send max_completion_tokens, which llama.cpp's Python server ignores
            "extra_body": {"max_tokens": settings.llm_max_tokens},
        }
    if not os.environ.get("OPENAI_API_KEY"):
        msg = f"The language model {named.llm} needs a key in OPENAI_API_KEY."
        raise SettingsError(msg, hint="Export it, or set RAG_LLM_BASE_URL to a server of your own.")
    return {"stream_usage": True}


def _initialise(named: _Named, options: dict[str, Any]) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a setting that is not known: see below
            llm: BaseChatModel = init_chat_model(named.model, model_provider=named.provider, **options)
    except ImportError as exc:
        feature = f"The language model {named.llm}"
        package = re.search(r"langchain-[\w-]*\w", str(exc))  # langchain-aws for bedrock
        raise MissingExtraError(feature, package.group() if package else f"langchain-{named.provider}") from exc
    except Exception as exc:
        if str(exc).startswith("Unsupported provider"):
            msg = f"RAG_LLM names the provider {named.provider!r}, which LangChain does not know."
            hint = f"Known: {', '.join(sorted(_PACKAGES))} and others of init_chat_model."
        else:
            msg = f"The language model {named.llm} cannot be set up ({type(exc).__name__})."
            hint = "Check its name and the provider's key."
        raise SettingsError(msg, hint=hint) from exc
    _check_known(llm, named, options)
    return llm


def _check_known(llm: BaseChatModel, named: _Named, options: dict[str, Any]) -> None:
    """Raise an error for a decoding setting that the provider would not get: LangChain would pass over it."""
    fields = type(llm).model_fields
    known = {*fields, *(field.alias for field in fields.values()), *getattr(llm, "model_kwargs", ())}
    for name in ("top_p", "seed"):
        if name in options and name not in known:
            msg = f"RAG_LLM_{name.upper()} is not known to the provider {named.provider}."
            raise SettingsError(msg, hint="Leave it out, and choose a preset that does without.")
