"""Replies that are kept."""

from __future__ import annotations

import threading

import pytest

from rag_app.errors import StoreError
from rag_app.llms.cache import ReplyCache, request_key


@pytest.fixture
def cache(tmp_path):
    """A cache in a folder that does not exist yet."""
    return ReplyCache(tmp_path / "data" / "replies.sqlite")


def test_reply_is_found_again(cache):
    """A key has the newest reply; another key has none; another object reads the same file."""
    assert cache.get("a") is None
    assert not cache.path.exists()
    cache.put("a", {"content": "Grüße ☕"})
    cache.put("a", {"content": "newer"})
    assert cache.get("a") == {"content": "newer"}
    assert cache.get("b") is None
    assert ReplyCache(cache.path).get("a") == {"content": "newer"}


def test_nothing_is_left_of_what_was_forgotten(cache):
    """After `clear` no byte of a reply is in the folder, and the cache works on."""
    for i in range(200):
        cache.put(str(i), {"content": f"the secret of the lighthouse {i} " * 20})
    cache.clear()
    assert all(b"lighthouse" not in file.read_bytes() for file in cache.path.parent.iterdir())
    assert cache.get("1") is None
    cache.put("1", {"content": "new"})
    assert cache.get("1") == {"content": "new"}


def test_nothing_to_forget_makes_no_file(cache):
    """Where nothing was kept, nothing is made."""
    cache.clear()
    assert not cache.path.parent.exists()


def test_several_threads_write(cache):
    """Requests under way at the same time keep their replies."""
    threads = [threading.Thread(target=cache.put, args=(str(i), {"n": i})) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [cache.get(str(i)) for i in range(16)] == [{"n": i} for i in range(16)]


def test_damaged_file_is_one_sentence(cache):
    """A file that is no database names itself and the way out."""
    cache.path.parent.mkdir()
    cache.path.write_bytes(b"no database at all" * 100)
    message = "The kept replies of language models in .*replies.sqlite cannot be used: .*RAG_LLM_CACHE=off"
    with pytest.raises(StoreError, match=message):
        cache.get("a")


@pytest.mark.parametrize(
    "other",
    [
        {"llm": "b", "messages": ["x"], "seed": 1},
        {"llm": "a", "messages": ["x", "x"], "seed": 1},
        {"llm": "a", "messages": ["x"], "seed": 2},
        {"llm": "a", "messages": ["x"]},
    ],
)
def test_requests_that_differ_have_other_keys(other):
    """Whatever differs makes another key; the order of names does not."""
    key = request_key({"llm": "a", "messages": ["x"], "seed": 1})
    assert key == request_key({"seed": 1, "messages": ["x"], "llm": "a"})
    assert key != request_key(other)
