"""Prices, and what a request costs."""

from __future__ import annotations

import re

import pytest

from rag_app.errors import SettingsError
from rag_app.llms.prices import Price, cost_of, load_prices

USAGE = {"input_tokens": 420, "output_tokens": 80}


def test_cost_is_tokens_times_price():
    """420 × 2.00 / 1,000,000 + 80 × 8.00 / 1,000,000 = 0.00084 + 0.00064 = 0.00148, as in the course."""
    assert cost_of("openai:gpt-4.1", USAGE, load_prices()) == pytest.approx(0.00148)


@pytest.mark.parametrize("llm", ["openai:gpt-4.1-2025-04-14", "openai:gpt-4.1-20250414"])
def test_dated_version_has_the_price_of_its_name(llm):
    """Providers add the date of a version to its name."""
    assert cost_of(llm, USAGE, load_prices()) == pytest.approx(0.00148)


@pytest.mark.parametrize(
    ("llm", "usage"),
    [
        ("openai:no-such", USAGE),
        ("ollama:gpt-4.1", USAGE),
        ("openai:gpt-4.1", {}),
        ("openai:gpt-4.1", {"input_tokens": 1}),
    ],
)
def test_unknown_is_not_zero(llm, usage):
    """Without a price, or without usage, the cost is not known."""
    assert cost_of(llm, usage, load_prices()) is None


def test_free_is_zero(tmp_path):
    """A price of zero is a price: one's own machine may cost nothing."""
    file = tmp_path / "prices.toml"
    file.write_text('["openai:qwen3"]\ninput = 0\noutput = 0\n')
    assert cost_of("openai:qwen3", USAGE, load_prices(file, packaged=False)) == 0.0


def test_prices_of_ones_own_come_first(tmp_path):
    """A file adds to the packaged prices and overrides them; a server of one's own has none of these."""
    file = tmp_path / "prices.toml"
    file.write_text('["openai:gpt-4.1"]\ninput = 1.5\noutput = 3\n')
    assert load_prices(file)["openai:gpt-4.1"] == Price(input=1.5, output=3.0)
    assert load_prices(file)["openai:gpt-4o-mini"] == load_prices()["openai:gpt-4o-mini"]
    assert list(load_prices(file, packaged=False)) == ["openai:gpt-4.1"]
    assert load_prices(packaged=False) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "RAG_LLM_PRICES must name a TOML file; '{file}' cannot be read: "),
        ("input = ", "RAG_LLM_PRICES must name a TOML file; '{file}' cannot be read: "),
        ("input = 3", "input in {file} must have an input and an output price that are not negative; got 3."),
        ('["a:b"]\ninput = 1', "a:b in {file} must have an input and an output price that are not negative; got {{"),
        ('["a:b"]\ninput = 1\noutput = -1', "a:b in {file} must have an input and an output price"),
        ('["a:b"]\ninput = 1\noutput = "2"', "a:b in {file} must have an input and an output price"),
        ('["a:b"]\ninput = 1\noutput = 2\ncached = 1', "a:b in {file} must have an input and an output price"),
    ],
)
def test_wrong_file_is_refused(tmp_path, text, message):
    """A file that is missing, broken or has other entries is one sentence that names it."""
    file = tmp_path / "prices.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SettingsError, match=f"^{re.escape(message.format(file=file))}"):
        load_prices(file)
