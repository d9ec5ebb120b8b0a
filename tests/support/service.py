"""The service as clients meet it: a server on a free port of loopback, in a thread of this process."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from rag_app.service.api import create_service
from rag_app.service.options import ServiceOptions

START_S = 30.0


@contextmanager
def running(app, **options) -> Iterator[str]:
    """Serve an application and give its address; running requests are finished at the end."""
    service = create_service(app, ServiceOptions(**options))
    with serving(service) as url:
        yield url


@contextmanager
def serving(service) -> Iterator[str]:
    """Serve an ASGI application and give its address."""
    config = uvicorn.Config(service, port=0, log_config=None, access_log=False, timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + START_S
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the service did not start")
            time.sleep(0.005)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Return when a condition holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come to that")
        time.sleep(0.01)


def read_events(response: httpx.Response) -> list[tuple[str, object]]:
    """Return the server-sent events of a response as name and data."""
    events = []
    for block in response.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            events.append((fields.get("event", ""), json.loads(fields["data"])))
    return events


def problem(response: httpx.Response) -> tuple[int, str]:
    """Return status and detail of a response that must be a problem."""
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert body["request_id"] == response.headers["x-request-id"]
    return response.status_code, body["detail"]
