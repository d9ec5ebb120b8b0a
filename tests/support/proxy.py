"""A small proxy: it asks servers in turn, and the next one where one does not answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import count

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from support.service import serving


@contextmanager
def proxy(urls: Sequence[str]) -> Iterator[str]:
    """Run a proxy before servers, and give its address."""
    turn = count()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(timeout=60) as client:
            app.state.client = client
            yield

    async def forward(request: Request) -> Response:
        body, first = await request.body(), next(turn)
        for number in range(first, first + len(urls)):
            url = f"{urls[number % len(urls)]}{request.url.path}"
            try:
                answer = await request.app.state.client.request(request.method, url, content=body, headers=_TYPE)
            except httpx.TransportError:  # it is gone, or went away on the way: what is asked here can be asked again
                continue
            return Response(answer.content, answer.status_code, {"x-served-by": str(number % len(urls))})
        return Response("nobody answers", 502)

    with serving(Starlette(routes=[Route("/{path:path}", forward, methods=["GET", "POST"])], lifespan=lifespan)) as url:
        yield url


_TYPE = {"content-type": "application/json"}
