"""Token counts before a prompt is sent, with and without a vocabulary."""

from __future__ import annotations

import subprocess
import sys

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from rag_app.llms.tokens import count_tokens, load_counter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("a", 1),
        ("abc", 1),
        ("abcd", 2),
        ("twelve bytes", 4),
        ("0.5", 3),
        ("a|b", 2),
        ("é", 2),
        ("日本", 4),
        ("😀", 3),
    ],
)
@pytest.mark.parametrize(
    ("llm", "base_url"),
    [("ollama:llama3", ""), ("openai:gpt-4o-mini", "http://127.0.0.1:1/v1"), ("extractive", "")],
)
def test_estimate_is_a_token_for_three_bytes(text, expected, llm, base_url):
    """Where the tokenizer is not known: three letters, a digit or mark, and a byte and a half of the rest are one."""
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
from rag_app.llms.tokens import count_tokens, load_counter
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
        counter = load_counter("openai:gpt-4o-mini")
        assert (counter.how, counter.is_exact) == ("tiktoken with small", True)
        assert counter.count_messages(["the cat", "the"]) == 5 + 1 + 2 * 8
        assert counter.is_cut(reported=69, counted=100)  # its own tokenizer counts nearly the same
        assert not counter.is_cut(reported=71, counted=100)
    finally:
        tokens._encoding.cache_clear()


def test_vocabulary_that_does_not_come_is_not_waited_for(tmp_path):
    """A network that says nothing holds up nobody: after some seconds the estimate serves."""
    code = """
import socket, sys, threading
listener = socket.create_server(("127.0.0.1", 0))  # accepts, and never answers
address = listener.getsockname()
real = socket.getaddrinfo
socket.getaddrinfo = lambda *_, **__: real(*address[:2])
real_connect = socket.socket.connect
socket.socket.connect = lambda self, _: real_connect(self, address)
from rag_app.llms import tokens
tokens._PATIENCE_S = 0.2
print(tokens.load_counter("openai:gpt-4o-mini").how)
"""
    environment = {"PATH": "", "TIKTOKEN_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "an estimate on the safe side\n"), done.stderr


@pytest.mark.parametrize(("reported", "is_cut"), [(0, False), (34, True), (36, False), (200, False)])
def test_estimate_is_given_some_room(reported, is_cut):
    """English text needs fewer tokens than the estimate; nothing reported says nothing."""
    assert load_counter("ollama:llama3").is_cut(reported, counted=100) is is_cut
