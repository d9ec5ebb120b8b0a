"""An exchange over HTTP ends when its time is over, however it goes on."""

from __future__ import annotations

import threading

import pytest
from support.openai_server import OpenAIServer

from rag_app.llms.deadline import load_client

BODY = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "stream": True}


@pytest.fixture
def client():
    """A client that is closed after the test."""
    with load_client() as made:
        yield made


def _read(client, server, timeout):
    with client.stream("POST", f"{server.url}/chat/completions", json=BODY, timeout=timeout) as response:
        return [line for line in response.iter_lines() if line]


def _timers():
    return [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_stream_that_falls_silent_is_cut_at_the_deadline(client):
    """The limit for one read would begin anew with the last piece: the connection is cut before that is over."""
    with OpenAIServer(["word " * 20], delay_s=0.05, hang_after=8) as server, pytest.raises(Exception) as caught:  # noqa: PT011
        _read(client, server, timeout=0.6)
    assert "Timeout" not in type(caught.value).__name__
    assert type(caught.value).__name__ in {"RemoteProtocolError", "ReadError"}


def test_exchange_that_ends_in_time_leaves_nothing_behind(client):
    """A whole stream is read, its watch is over, and the client can be used again."""
    with OpenAIServer(["One two."]) as server:
        for _ in range(2):
            assert _read(client, server, timeout=5)[-1] == "data: [DONE]"
            assert [timer for timer in _timers() if not timer.finished.is_set()] == []
