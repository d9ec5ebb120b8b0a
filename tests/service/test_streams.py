"""Answers while they come, and clients that go away before."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect
from support.answers import app_on
from support.openai_server import OpenAIServer
from support.service import running, until

from rag_app import build
from rag_app.service import streams
from rag_app.service.streams import EventStream, begun, while_connected


def test_work_ends_when_the_client_has_gone() -> None:
    """The coroutine is cancelled, and who called learns why."""
    cancelled = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(ClientDisconnect):
        asyncio.run(while_connected(gone, work()))
    assert cancelled == [True]


def test_a_client_that_stays_gets_the_result_or_the_error() -> None:
    """Whichever the work ends with."""

    async def stays() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def seven() -> int:
        return 7

    async def fails() -> None:
        raise KeyError("x")

    assert asyncio.run(while_connected(stays, seven())) == 7
    with pytest.raises(KeyError):
        asyncio.run(while_connected(stays, fails()))


def test_an_error_before_the_first_item_is_raised_at_once() -> None:
    """So that a response can still have its status; nothing is lost of what comes."""

    async def numbers(*items: int, error: bool = False) -> AsyncGenerator[int, None]:
        if error:
            raise KeyError("x")
        for item in items:
            yield item

    async def check() -> list[int]:
        with pytest.raises(KeyError):
            await begun(numbers(error=True))
        return [item async for item in await begun(numbers(1, 2, 3))]

    assert asyncio.run(check()) == [1, 2, 3]


def test_a_silent_stream_says_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """By comments, which clients pass over."""
    monkeypatch.setattr(streams, "_PING_S", 0.01)
    sent: list[dict[str, Any]] = []
    pinged = asyncio.Event()

    async def slow() -> AsyncGenerator[str, None]:
        await pinged.wait()
        yield "data: 1\n\n"

    async def stays() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    async def send(message: Any) -> None:
        sent.append(message)
        if b"ping" in message.get("body", b""):
            pinged.set()

    asyncio.run(EventStream(slow())({}, stays, send))
    bodies = [message.get("body") for message in sent]
    assert bodies[-2:] == [b"data: 1\n\n", b""]
    assert b": ping\n\n" in bodies


@contextmanager
def asked(url: str, body: dict[str, Any]) -> Iterator[socket.socket]:
    """Send a question over a connection of its own, which is closed at the end whatever has come."""
    host, port = url.removeprefix("http://").split(":")
    content = json.dumps(body).encode()
    head = {"Host": host, "Content-Type": "application/json", "Content-Length": len(content)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"POST /ask HTTP/1.1\r\n{lines}\r\n".encode() + content)
        yield connection


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_sets_the_language_model_free(course_dir: Path, stream: bool) -> None:  # noqa: FBT001  (a parameter)
    """The connection to the provider is closed long before its reply would have ended, and the place is free."""
    reply = "word " * 2_000
    with OpenAIServer(replies=[reply], delay_s=0.01) as provider:
        app = build(data_dir=course_dir, llm="openai:tiny", llm_base_url=provider.url)
        with running(app, n_threads=1) as url:
            with asked(url, {"question": "What is mode collapse?", "stream": stream}) as connection:
                seen = b""
                while stream and b"event: token" not in seen:
                    seen += connection.recv(4096)
                until(lambda: bool(provider.requests))
            until(lambda: is_running(url, 0), timeout_s=10)  # the whole reply would take twenty


def is_running(url: str, n_requests: int) -> bool:
    """Return whether so many requests are worked on."""
    return f"rag_running {n_requests}.0" in httpx.get(f"{url}/metrics").text


def test_what_waits_is_refused_when_too_much_waits(course_dir: Path) -> None:
    """With the time after which to come again; the place is free again when what runs has ended."""
    with OpenAIServer(replies=["One."], hang=True) as provider:
        app = build(data_dir=course_dir, llm="openai:tiny", llm_base_url=provider.url)
        with running(app, n_threads=1, n_waiting=0) as url:
            body = {"question": "What is mode collapse?"}
            first = threading.Thread(target=lambda: httpx.post(f"{url}/ask", json=body, timeout=60))
            first.start()
            until(lambda: is_running(url, 1) and bool(provider.requests))
            refused = httpx.post(f"{url}/search", json=body)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            provider.hang = False
            first.join()
            assert httpx.post(f"{url}/search", json=body).status_code == 200


def test_two_services_on_one_index_agree(course_dir: Path, tmp_path: Path) -> None:
    """What one of two processes writes, the other reads: here two applications, each with its own Chroma client."""
    data_dir = Path(shutil.copytree(course_dir, tmp_path / "data"))
    body = {"question": "When was the lamp of the lighthouse lit?", "k": 1}
    with running(app_on(data_dir)) as one, running(app_on(data_dir)) as two:
        before = httpx.post(f"{two}/search", json=body).json()
        (tmp_path / "light.md").write_text("# Lighthouse\n\nThe lamp was lit in 1861.\n", encoding="utf-8")
        app_on(data_dir).ingest([tmp_path / "light.md"])
        found = [httpx.post(f"{url}/search", json=body).json() for url in (one, two)]
    assert found[0] == found[1] != before
    assert found[0]["passages"][0]["source"] == "light.md"
