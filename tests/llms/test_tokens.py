"""Token counts before a prompt is sent, with and without a vocabulary."""

from __future__ import annotations

import subprocess
import sys

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from rag_app.llms.tokens import count_tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("a", 1), ("abc", 1), ("abcd", 2), ("twelve bytes", 4), ("é", 1), ("日本", 2), ("😀", 2)],
)
@pytest.mark.parametrize(
    ("llm", "base_url"),
    [("ollama:llama3", ""), ("openai:gpt-4o-mini", "http://127.0.0.1:1/v1"), ("extractive", "")],
)
def test_estimate_is_a_token_for_three_bytes(text, expected, llm, base_url):
    """Where the tokenizer is not known, a token is counted for every three bytes of UTF-8 begun."""
    assert count_tokens(text, llm=llm, base_url=base_url) == expected


@given(st.text(), st.text())
def test_estimate_never_shrinks_with_more_text(a, b):
    """Adding text never lowers the count, and a whole costs no more than its parts."""
    whole, parts = (count_tokens(t, llm="x:y") for t in (a + b, a)), count_tokens(b, llm="x:y")
    both, first = whole
    assert first <= both <= first + parts


def test_unknown_model_of_openai_is_estimated():
    """A model whose vocabulary tiktoken does not know is estimated, as every other is."""
    assert count_tokens("twelve bytes", llm="openai:no-such-model-of-openai") == 4


def test_without_network_the_estimate_serves(tmp_path):
    """An OpenAI model whose vocabulary cannot be downloaded is estimated: no crash, no wait, asked for once."""
    code = """
import sys, time
asked = []
def deny(event, arguments):
    if event in {"socket.getaddrinfo", "socket.connect"}:
        asked.append(event)
        raise PermissionError("no network")
sys.addaudithook(deny)
from rag_app.llms.tokens import count_tokens
start = time.monotonic()
counts = [count_tokens("twelve bytes", llm="openai:gpt-4o-mini") for _ in range(100)]
first = len(asked)
assert set(counts) == {4}, counts
assert time.monotonic() - start < 20
count_tokens("again", llm="openai:gpt-4o-mini")
print(first, len(asked))
"""
    environment = {"PATH": "", "TIKTOKEN_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    first, after = map(int, done.stdout.split())
    assert 1 <= first == after


def test_known_vocabulary_is_counted_exactly(monkeypatch):
    """With the vocabulary at hand, the count is tiktoken's own, and special marks in a text are ordinary text."""
    vocabulary = {bytes([b]): b for b in range(256)} | {b"th": 256, b"the": 257}
    small = tiktoken.Encoding(
        "small", pat_str=r"\S+|\s+", mergeable_ranks=vocabulary, special_tokens={"<|endoftext|>": 258}
    )
    monkeypatch.setitem(tiktoken.registry.ENCODINGS, "o200k_base", small)
    from rag_app.llms import tokens

    tokens._encoding.cache_clear()
    try:
        assert count_tokens("the cat", llm="openai:gpt-4o-mini") == 5  # the | space | c a t
        assert count_tokens("<|endoftext|>", llm="openai:gpt-4o-mini") == 13
        assert count_tokens("the cat", llm="openai:gpt-4o-mini", base_url="http://127.0.0.1:1") == 3
    finally:
        tokens._encoding.cache_clear()
