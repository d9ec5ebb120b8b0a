"""The only reader of the environment (``RAG_*``) and of ``rag.toml``."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from rag_app.errors import SettingsError

_PREFIX = "RAG_"
_SWITCH = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}
_FILE = Path("rag.toml")
_EMBEDDERS = ("minilm", "sentence-transformers", "openai")


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
    llm_context_tokens : int, default=8192
        Tokens that prompt and answer may fill together.
    llm_max_tokens : int, default=512
        Tokens that the answer may have.
    llm_temperature : float, default=0.0
        Sampling temperature in [0, 2].
    llm_timeout_s : float, default=60.0
        Seconds to wait for the language model.
    embeddings : str, default="minilm"
        ``minilm``, ``sentence-transformers:NAME_OR_PATH`` or ``openai:NAME``.
    embeddings_base_url : str, default=""
        Address of an OpenAI-compatible server for ``openai:`` embeddings.
    chroma_url : str, default=""
        Address of a Chroma server for the vectors; empty means inside the process.
    reranker : str, default="none"
        ``sentence-transformers:NAME_OR_PATH`` of a cross-encoder that orders the best passages anew.
    k : int, default=5
        Passages to retrieve, in [1, 50].
    late_interaction : bool, default=True
        Whether the tokens of passages are stored, and order the best passages anew.
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
    llm_context_tokens: int = 8192
    llm_max_tokens: int = 512
    llm_temperature: float = 0.0
    llm_timeout_s: float = 60.0
    embeddings: str = "minilm"
    embeddings_base_url: str = ""
    chroma_url: str = ""
    reranker: str = "none"
    k: int = 5
    late_interaction: bool = True
    min_evidence: float | None = None

    def __post_init__(self) -> None:
        _check_name("llm", self.llm, alone=("extractive",))
        _check_name("embeddings", self.embeddings, alone=("minilm",), providers=_EMBEDDERS[1:])
        _check_name("reranker", self.reranker, alone=("none",), providers=("sentence-transformers",))
        _check_url("llm_base_url", self.llm_base_url)
        _check_url("embeddings_base_url", self.embeddings_base_url)
        _check_url("chroma_url", self.chroma_url)
        _check_range("k", self.k, 1, 50)
        if self.min_evidence is not None:
            _check_range("min_evidence", self.min_evidence, 0, 1)
        _check_range("llm_temperature", self.llm_temperature, 0, 2)
        _check_range("llm_max_tokens", self.llm_max_tokens, 1, 1_000_000)
        _check_range("llm_context_tokens", self.llm_context_tokens, self.llm_max_tokens + 1, 10_000_000)
        _check_range("llm_timeout_s", self.llm_timeout_s, 0.1, 86_400)

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
        if kind == "int":
            return int(text)
        if kind.startswith("float"):
            return float(text)
        return _path(value) if kind == "Path" else text
    except (
        TypeError,
        ValueError,
        KeyError,
        RuntimeError,
    ):  # RuntimeError: the home folder of a user who does not exist
        rule = {"int": "a whole number", "Path": "a path", "bool": "on or off"}.get(kind, "a number")
        msg = f"{shown} must be {rule}; got {value!r}."
        raise SettingsError(msg) from None


def _path(value: Any) -> Path:  # noqa: ANN401  (what a caller or a TOML file gives)
    if not str(value).strip():
        raise ValueError(value)  # it would mean the current folder
    return Path(value).expanduser()


def _default_data_dir() -> Path:
    from platformdirs import user_data_path

    return user_data_path("rag_app", appauthor=False)


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        msg = f"{_variable(name)} must be between {low} and {high}; got {value!r}."
        raise SettingsError(msg)


def _check_url(name: str, value: str) -> None:
    if value and not value.startswith(("http://", "https://")):
        msg = f"{_variable(name)} must start with http:// or https://; got {value!r}."
        raise SettingsError(msg)


def _check_name(name: str, value: str, *, alone: tuple[str, ...], providers: tuple[str, ...] = ()) -> None:
    provider, colon, rest = value.partition(":")
    if value in alone or (colon and provider and rest and (not providers or provider in providers)):
        return
    forms = [*alone, *(f"{p}:NAME" for p in providers or ("provider",))]
    msg = f"{_variable(name)} must be {' or '.join(forms)}; got {value!r}."
    close = difflib.get_close_matches(value, alone, n=1)
    raise SettingsError(msg, hint=f"Did you mean {close[0]}?" if close else None)
