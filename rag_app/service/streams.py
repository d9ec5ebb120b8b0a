"""Answers while they come: server-sent events, and the end of all work when the client has gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

T = TypeVar("T")
_PING_S = 15.0  # proxies close what says nothing for a minute


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns; it is cancelled when the client goes away.

    Raises
    ------
    ClientDisconnect
        If the client has gone.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def render_event(data: Any, name: str = "") -> str:  # noqa: ANN401  (anything that JSON holds)
    r"""Return a server-sent event.

    Examples
    --------
    >>> render_event({"text": "a\nb"}, "token")
    'event: token\ndata: {"text": "a\\nb"}\n\n'
    """
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n"


class EventStream(Response):
    """A response of server-sent events.

    Parameters
    ----------
    events : async generator of str
        What `render_event` returns; closed at the end, or when the client has gone.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[str, None]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  (an ASGI application)
        """Send the events: ASGI's interface."""
        await while_connected(receive, self._stream(send))

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        pinging = asyncio.ensure_future(_ping(send))
        try:
            async with aclosing(self._events) as events:
                async for event in events:
                    await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
        finally:
            pinging.cancel()
        await send({"type": "http.response.body", "body": b""})


async def _ping(send: Send) -> None:
    while True:
        await asyncio.sleep(_PING_S)
        await send({"type": "http.response.body", "body": b": ping\n\n", "more_body": True})


async def begun(events: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Return a generator of the same items after the first has come: an error before it can still have a status."""
    first = await anext(events)

    async def again() -> AsyncGenerator[T, None]:
        async with aclosing(events):
            yield first
            async for event in events:
                yield event

    return again()
