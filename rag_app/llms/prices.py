"""What a request to a language model costs. A price that is not known is None, never zero."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rag_app.errors import SettingsError

_PACKAGED = Path(__file__).with_name("prices.toml")
_DATE = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")  # of a version: gpt-4o-2024-08-06 is priced as gpt-4o
_MILLION = 1_000_000
_KEYS = {"input", "output"}


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens, read and written."""

    input: float
    output: float


def load_prices(file: Path | None = None, *, packaged: bool = True) -> dict[str, Price]:
    """Return prices by the name of a language model.

    Parameters
    ----------
    file : pathlib.Path, optional
        The setting ``llm_prices``: a price of this file comes before a packaged one.
    packaged : bool, default=True
        Whether the packaged prices count: they are those of the providers, not of a server of the user's own.

    Raises
    ------
    SettingsError
        If the file is not such a table.

    Examples
    --------
    >>> load_prices()["openai:gpt-4o-mini"]
    Price(input=0.15, output=0.6)
    """
    prices = _read(_PACKAGED) if packaged else {}
    return {**prices, **(_read(file) if file else {})}


def cost_of(llm: str, usage: Mapping[str, int], prices: Mapping[str, Price]) -> float | None:
    """Return what a request has cost in US dollars, or None where price or usage are not known.

    Parameters
    ----------
    llm : str
        Such as ``openai:gpt-4o-mini``; a date at its end need not be in the table.
    usage : mapping of str to int
        ``input_tokens`` and ``output_tokens``, as the provider reported them.
    prices : mapping of str to Price
        See `load_prices`.

    Examples
    --------
    420 × 2 / 1,000,000 + 80 × 8 / 1,000,000 = 0.00148.

    >>> cost_of("x:y", {"input_tokens": 420, "output_tokens": 80}, {"x:y": Price(input=2.0, output=8.0)})
    0.00148
    >>> cost_of("x:y", {"input_tokens": 420, "output_tokens": 80}, {}) is None
    True
    """
    price = prices.get(llm) or prices.get(_DATE.sub("", llm))
    if price is None or not {"input_tokens", "output_tokens"} <= set(usage):
        return None
    return (usage["input_tokens"] * price.input + usage["output_tokens"] * price.output) / _MILLION


def _read(file: Path) -> dict[str, Price]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as exc:
        msg = f"RAG_LLM_PRICES must name a TOML file; {str(file)!r} cannot be read: {exc}."
        raise SettingsError(msg) from exc
    return {llm: _price(llm, entry, file) for llm, entry in table.items()}


def _price(llm: str, entry: object, file: Path) -> Price:
    is_price = isinstance(entry, dict) and set(entry) == _KEYS
    if not is_price or not all(type(v) in {int, float} and v >= 0 for v in entry.values()):  # type: ignore[attr-defined]
        msg = f"{llm} in {file} must have an input and an output price that are not negative; got {entry!r}."
        raise SettingsError(msg, hint='Write, for example: ["openai:qwen3"] and below it: input = 0, output = 0')
    return Price(**{key: float(value) for key, value in entry.items()})  # type: ignore[attr-defined]
