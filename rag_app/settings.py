"""The only reader of the environment (``RAG_*``) and of ``rag.toml``."""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from rag_app.errors import SettingsError

_PREFIX = "RAG_"
_SWITCH = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}
_FILE = Path("rag.toml")
_EMBEDDERS = ("minilm", "sentence-transformers", "openai")
PRESETS = ("precise", "balanced", "creative")
DATABASES = ("sqlite", "postgresql", "postgresql+psycopg")
UNSUPPORTED_ANSWERS = ("flag", "extractive", "refuse")
_SCHEME = re.compile(r"[a-z][a-z0-9+]*")
_LEAST_TOP_P = 0.001  # zero would keep no token
_MOST_STOPS = 4  # more are refused by OpenAI


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, checked.

    Parameters
    ----------
    data_dir : pathlib.Path
        Folder of the index and the conversations. Default: the platform's folder for user data.
    llm : str, default="extractive"
        ``extractive`` quotes the material without a language model; otherwise ``provider:model``,
        such as ``openai:gpt-4o-mini``.
    llm_base_url : str, default=""
        Address of an OpenAI-compatible server; empty means the provider's own.
    llm_fallbacks : tuple, default=()
        Language models to ask in turn where the first one fails: names, with ``@`` and an address where one has its
        own, such as ``openai:qwen3@http://127.0.0.1:8080/v1``.
    llm_context_tokens : int, default=8192
        Tokens that prompt and answer may fill together.
    llm_max_tokens : int, default=512
        Tokens that the answer may have.
    llm_preset : str, default="precise"
        How the next token is chosen: ``precise``, ``balanced`` or ``creative``. See `rag_app.llms.decoding`.
    llm_temperature : float, default=None
        Sampling temperature in [0, 2]. None: the preset's; so for the next one.
    llm_top_p : float, default=None
        Sum of probabilities, in (0, 1], that the most probable tokens must reach to be kept.
    llm_stop : tuple, default=()
        Texts at which the answer ends, four at most.
    llm_seed : int, default=None
        Makes sampling repeatable where the provider can. None: none is sent.
    llm_timeout_s : float, default=60.0
        Seconds to wait for the language model: for all attempts and fallbacks together. An embedder behind a server
        has as many for each attempt.
    llm_requests_per_minute : int, default=None
        How often the language model may be asked. None: as often as there is something to ask.
    llm_cache : bool, default=False
        Whether replies are kept, and given again to the same request.
    llm_prices : Path, default=None
        A TOML file with the prices of language models, beside those that are known.
    prompts_dir : Path, default=None
        A folder of prompts that come before the packaged ones of the same name.
    answer_prompt : str, default="answer"
        The prompt that questions are answered with.
    agent_max_steps : int, default=8
        How often the language model may be asked for one question where it may call tools.
    agent_timeout_s : float, default=120.0
        Seconds after which it must answer with what it has found.
    agent_max_cost : float, default=None
        US dollars after which it must. None: any.
    embeddings : str, default="minilm"
        ``minilm``, ``sentence-transformers:NAME_OR_PATH`` or ``openai:NAME``.
    embeddings_base_url : str, default=""
        Address of an OpenAI-compatible server for ``openai:`` embeddings.
    chroma_url : str, default=""
        Address of a Chroma server for the vectors; empty means inside the process.
    database_url : str, default=""
        Where conversations and feedback are kept: ``postgresql+psycopg://USER:PASSWORD@HOST/NAME`` or
        ``sqlite:///FILE``; empty means a SQLite file in the data folder. See `rag_app.chains.database`.
    reranker : str, default="none"
        ``sentence-transformers:NAME_OR_PATH`` of a cross-encoder that orders the best passages anew.
    reader : str, default="learnt"
        Chooses the sentences that answer: ``learnt`` by weights of ours, ``transformers:NAME_OR_PATH`` by a network for
        extractive question answering.
    k : int, default=5
        Passages to retrieve, in [1, 50].
    late_interaction : bool, default=True
        Whether the tokens of passages are stored, and order the best passages anew.
    unsupported_answer : str, default="flag"
        What becomes of a language model's answer that the passages do not support: ``flag`` shows it and says so,
        ``extractive`` quotes the passages instead, ``refuse`` says "No answer found".
    min_evidence : float, default=None
        Evidence in [0, 1] below which the answer is "No answer found". None: what ``rag eval calibrate`` has recorded
        in the index, otherwise 0.5.

    Examples
    --------
    >>> Settings.load(environ={"RAG_K": "3"}).k
    3
    """

    data_dir: Path
    llm: str = "extractive"
    llm_base_url: str = ""
    llm_fallbacks: tuple[str, ...] = ()
    llm_context_tokens: int = 8192
    llm_max_tokens: int = 512
    llm_preset: str = "precise"
    llm_temperature: float | None = None
    llm_top_p: float | None = None
    llm_stop: tuple[str, ...] = ()
    llm_seed: int | None = None
    llm_timeout_s: float = 60.0
    llm_requests_per_minute: int | None = None
    llm_cache: bool = False
    llm_prices: Path | None = None
    prompts_dir: Path | None = None
    answer_prompt: str = "answer"
    agent_max_steps: int = 8
    agent_timeout_s: float = 120.0
    agent_max_cost: float | None = None
    embeddings: str = "minilm"
    embeddings_base_url: str = ""
    chroma_url: str = ""
    database_url: str = field(default="", repr=False)
    reranker: str = "none"
    reader: str = "learnt"
    k: int = 5
    late_interaction: bool = True
    unsupported_answer: str = "flag"
    min_evidence: float | None = None

    def __post_init__(self) -> None:
        _check_name("llm", self.llm, alone=("extractive",))
        _check_name("embeddings", self.embeddings, alone=("minilm",), providers=_EMBEDDERS[1:])
        _check_name("reranker", self.reranker, alone=("none",), providers=("sentence-transformers",))
        _check_name("reader", self.reader, alone=("learnt",), providers=("transformers",))
        _check_url("llm_base_url", self.llm_base_url)
        _check_url("embeddings_base_url", self.embeddings_base_url)
        _check_url("chroma_url", self.chroma_url)
        _check_database_url(self.database_url)
        _check_range("k", self.k, 1, 50)
        if self.unsupported_answer not in UNSUPPORTED_ANSWERS:
            _refuse_choice("unsupported_answer", self.unsupported_answer, UNSUPPORTED_ANSWERS)
        _check_range("min_evidence", self.min_evidence, 0, 1)
        self._check_decoding()
        for fallback in self.llm_fallbacks:
            _check_name("llm_fallbacks", fallback, alone=())

    def _check_decoding(self) -> None:
        if self.llm_preset not in PRESETS:
            _refuse_choice("llm_preset", self.llm_preset, PRESETS)
        _check_range("llm_temperature", self.llm_temperature, 0, 2)
        _check_range("llm_top_p", self.llm_top_p, _LEAST_TOP_P, 1)
        _check_range("llm_seed", self.llm_seed, 0, 2**31 - 1)
        if len(self.llm_stop) > _MOST_STOPS or not all(self.llm_stop):
            msg = f"RAG_LLM_STOP must be {_MOST_STOPS} texts at most, none of them empty; got {list(self.llm_stop)!r}."
            raise SettingsError(msg)
        _check_range("llm_max_tokens", self.llm_max_tokens, 1, 1_000_000)
        _check_range("llm_context_tokens", self.llm_context_tokens, self.llm_max_tokens + 1, 10_000_000)
        _check_range("llm_timeout_s", self.llm_timeout_s, 0.1, 86_400)
        _check_range("llm_requests_per_minute", self.llm_requests_per_minute, 1, 1_000_000)
        _check_range("agent_max_steps", self.agent_max_steps, 1, 100)
        _check_range("agent_timeout_s", self.agent_timeout_s, 0.1, 86_400)
        _check_range("agent_max_cost", self.agent_max_cost, 0, 1_000_000)

    @classmethod
    def load(cls, *, environ: Mapping[str, str] | None = None, file: Path = _FILE, **overrides: Any) -> Settings:  # noqa: ANN401  (any setting's type)
        """Return the settings: keyword over environment over ``rag.toml`` over default.

        Parameters
        ----------
        environ : mapping of str to str, optional
            Default: the environment of the process.
        file : pathlib.Path
            Default: ``rag.toml`` in the current folder; it need not exist.
        **overrides
            Settings by name.

        Raises
        ------
        SettingsError
            If a setting is unknown or its value breaks its rule.
        """
        env = os.environ if environ is None else environ
        from_env = {k: v for k, v in env.items() if k.startswith(_PREFIX)}
        given = _named(_read_toml(file), lambda key: f"{key} in {file}")
        given |= _named({k.removeprefix(_PREFIX).lower(): v for k, v in from_env.items()}, _variable)
        given |= _named(overrides, str)
        return cls(**{"data_dir": _default_data_dir(), **given})

    @staticmethod
    def origins(*, environ: Mapping[str, str] | None = None, file: Path = _FILE) -> dict[str, str]:
        """Return the variable or the file that gives a setting, by the names of the settings that are given.

        Examples
        --------
        >>> Settings.origins(environ={"RAG_K": "3"}, file=Path("none.toml"))
        {'k': 'RAG_K'}
        """
        env = os.environ if environ is None else environ
        variables = {k.removeprefix(_PREFIX).lower(): k for k in env if k.startswith(_PREFIX)}
        return {**dict.fromkeys(_read_toml(file), str(file)), **variables}


def _variable(key: str) -> str:
    return _PREFIX + key.upper()


def _read_toml(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as exc:
        msg = f"{file} must be a TOML file; it does not parse: {exc}."
        raise SettingsError(msg, hint='Write lines such as: llm = "openai:gpt-4o-mini"') from exc


def _named(values: Mapping[str, Any], shown: Any) -> dict[str, Any]:  # noqa: ANN401  (a function of the key)
    known = {f.name: f.type for f in fields(Settings)}
    result = {}
    for key, value in values.items():
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"Did you mean {shown(close[0])}?" if close else f"Known: {', '.join(sorted(known))}."
            msg = f"There is no setting named {shown(key)}."
            raise SettingsError(msg, hint=hint)
        result[key] = _convert(shown(key), str(known[key]), value)
    return result


def _convert(shown: str, kind: str, value: Any) -> Any:  # noqa: ANN401  (any setting's type)
    if value is None and kind.endswith("| None"):
        return None
    text = str(value).strip()  # int(3.7) and float(True) would not complain
    try:
        if kind == "bool":
            return _SWITCH[text.lower()]
        if kind.startswith("int"):
            return int(text)
        if kind.startswith("float"):
            return float(text)
        if kind.startswith("tuple"):
            return _texts(value)
        return _path(value) if kind.startswith("Path") else text
    except (
        TypeError,
        ValueError,
        KeyError,
        RuntimeError,
    ):  # RuntimeError: the home folder of a user who does not exist
        rules = {"int": "a whole number", "Path": "a path", "bool": "on or off", "tuple[str, ...]": "a list of texts"}
        rule = rules.get(kind.removesuffix(" | None"), "a number")
        msg = f"{shown} must be {rule}; got {value!r}."
        raise SettingsError(msg) from None


def _path(value: Any) -> Path:  # noqa: ANN401  (what a caller or a TOML file gives)
    if not str(value).strip():
        raise ValueError(value)  # it would mean the current folder
    return Path(value).expanduser()


def _texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401  (what a caller or a TOML file gives)
    """Return the texts of a list, of a list in JSON, or between commas."""
    if isinstance(value, str):
        listed = value.strip().startswith("[")
        value = json.loads(value) if listed else [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
        raise TypeError(value)
    return tuple(value)


def _default_data_dir() -> Path:
    from platformdirs import user_data_path

    return user_data_path("rag_app", appauthor=False)


def _check_range(name: str, value: float | None, low: float, high: float) -> None:
    """Raise an error where a value is given and out of its range."""
    if value is not None and not low <= value <= high:
        msg = f"{_variable(name)} must be between {low} and {high}; got {value!r}."
        raise SettingsError(msg)


def _refuse_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    msg = f"{_variable(name)} must be {' or '.join(choices)}; got {value!r}."
    close = difflib.get_close_matches(value, choices, n=1)
    raise SettingsError(msg, hint=f"Did you mean {close[0]}?" if close else None)


def _check_url(name: str, value: str) -> None:
    if value and not value.startswith(("http://", "https://")):
        msg = f"{_variable(name)} must start with http:// or https://; got {value!r}."
        raise SettingsError(msg)


def _check_database_url(value: str) -> None:
    """Raise an error for a database that is not known; it never repeats the address, which may hold a password."""
    scheme, separator, _ = value.partition("://")
    if value and (not separator or scheme not in DATABASES):
        got = f"{scheme}://…" if separator and _SCHEME.fullmatch(scheme) else "something else"
        msg = f"RAG_DATABASE_URL must be sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME; got {got}."
        raise SettingsError(msg)


def _check_name(name: str, value: str, *, alone: tuple[str, ...], providers: tuple[str, ...] = ()) -> None:
    provider, colon, rest = value.partition(":")
    if value in alone or (colon and provider and rest and (not providers or provider in providers)):
        return
    forms = [*alone, *(f"{p}:NAME" for p in providers or ("provider",))]
    msg = f"{_variable(name)} must be {' or '.join(forms)}; got {value!r}."
    close = difflib.get_close_matches(value, alone, n=1)
    raise SettingsError(msg, hint=f"Did you mean {close[0]}?" if close else None)
