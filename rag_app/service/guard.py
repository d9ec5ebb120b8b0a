"""What every request passes first: its id, its host, its origin, its key, its rate and its size; then it is logged."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag_app.evaluation.html import script_hash
from rag_app.service.logs import request_id, without_keys
from rag_app.service.problems import Problem, problem_of

if TYPE_CHECKING:
    from rag_app.service.keys import Keys
    from rag_app.service.limits import RateLimit
    from rag_app.service.metrics import Metrics
    from rag_app.service.options import ServiceOptions

_OPEN = frozenset(("/", "/healthz", "/readyz", "/openapi.json"))
_PAGE = "/web/"
_UPLOADS = "/ingest"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(:\d{1,5})?")
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_BODY_TIMEOUT_S, _LEAST_BYTES_PER_S = 30.0, 100_000
_CLIENT_CLOSED = 499  # nobody is there to read it: for the log
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"}
_POLICY = "default-src 'none'; frame-ancestors 'none'"
_PAGE_POLICY = (  # a report of an evaluation is a frame in the page, with its own script
    f"default-src 'self'; script-src 'self' {script_hash()}; img-src 'self' data: blob:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
)
_logger = logging.getLogger(__name__)


class Guard:
    """An ASGI middleware that lets a request through, or answers why not.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    options : ServiceOptions
        Hosts, origins and sizes.
    keys : Keys
        Where there are any, or other machines can reach the service, a request must carry one of them.
    rate : RateLimit
        For each key.
    metrics : Metrics
        Counts requests.
    """

    def __init__(self, app: ASGIApp, *, options: ServiceOptions, keys: Keys, rate: RateLimit, metrics: Metrics) -> None:
        self._app = app
        self._options = options
        self._keys = keys
        self._rate = rate
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle what the server sends: ASGI's interface."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._pass(scope, receive, send)
        else:  # the service has no web sockets
            await send({"type": "websocket.close", "code": 1008})

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, headers = time.perf_counter(), Headers(scope=scope)
        given = headers.get("x-request-id", "")
        plain = _REQUEST_ID.fullmatch(given) and without_keys(given) == given
        token = request_id.set(given if plain else uuid.uuid4().hex)
        path = _path(scope)
        answered = _Answered(send, path)
        client = scope["client"][0] if scope.get("client") else "unknown"
        try:
            found = self._client(scope, headers)
            if isinstance(found, Problem):
                await found.response(path)(scope, receive, answered.send)
            else:
                client = scope.setdefault("state", {})["client"] = found
                await self._app(scope, self._limited(scope, headers, receive), answered.send)
        except ClientDisconnect:
            pass
        except Exception as exc:
            if answered.status:
                raise  # an answer that has begun can only be broken off
            await problem_of(exc).response(path)(scope, receive, answered.send)
        finally:
            self._log(scope, answered.status or _CLIENT_CLOSED, time.perf_counter() - began, client)
            request_id.reset(token)

    def _client(self, scope: Scope, headers: Headers) -> str | Problem:
        """Return the name of the client's key or its address, or why its request is refused."""
        wrong = self._wrong_address(scope["method"], headers)
        if wrong is not None:
            return wrong
        address = scope["client"][0] if scope.get("client") else "unknown"
        if _path(scope) in _OPEN or _path(scope).startswith(_PAGE):
            return str(address)
        if not len(self._keys) and self._options.is_local:  # otherwise the last key that is withdrawn would let all in
            return self._too_large(scope, headers) or str(address)
        name = self._keys.find(_bearer(headers))
        if name is None:
            return Problem(401, "A valid key is needed.", "Send it in the header: Authorization: Bearer KEY")
        wait_s = self._rate.wait_s(name)
        if wait_s:
            detail = f"There may be {self._options.requests_per_minute} requests a minute for each key."
            return Problem(429, detail, "Send it again later.", retry_after_s=wait_s)
        return self._too_large(scope, headers) or name

    def _wrong_address(self, method: str, headers: Headers) -> Problem | None:
        """Refuse what a page of another site can make a browser send."""
        host = _HOST.fullmatch(headers.get("host", ""))
        if host is None or host[1].lower() not in self._options.hosts:
            hint = "Start the service with --allow-host and the name that clients use."
            return Problem(421, "The header Host must name this service.", hint)
        origin = headers.get("origin")
        if origin is None or method in _SAFE or origin in self._options.allowed_origins:
            return None
        if urlsplit(origin).netloc.lower() == headers["host"].lower():
            return None
        return Problem(403, "Pages of other sites may not call this service.", "Start it with --allow-origin.")

    def _too_large(self, scope: Scope, headers: Headers) -> Problem | None:
        length, most = headers.get("content-length", "0"), self._most_bytes(scope)
        if not length.isdecimal() or int(length) > most:
            return Problem(413, f"The body must have at most {most} bytes.")
        return None

    def _most_bytes(self, scope: Scope) -> int:
        is_upload = _path(scope) == _UPLOADS
        return self._options.max_upload_bytes if is_upload else self._options.max_body_bytes

    def _limited(self, scope: Scope, headers: Headers, receive: Receive) -> Receive:
        """Return what reads a body that is neither too large nor too slow."""
        most = self._most_bytes(scope)
        deadline = time.monotonic() + _BODY_TIMEOUT_S + most / _LEAST_BYTES_PER_S
        n_bytes, complete = 0, "content-length" not in headers and "transfer-encoding" not in headers

        async def limited() -> Message:
            nonlocal n_bytes, complete
            if complete:
                return await receive()  # waits for the client to go away
            try:
                async with asyncio.timeout(max(deadline - time.monotonic(), 0)):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "The body took longer to arrive than it may.") from None
            n_bytes += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if n_bytes > most:
                raise HTTPException(413, f"The body must have at most {most} bytes.")
            return message

        return limited

    def _log(self, scope: Scope, status: int, duration_s: float, client: str) -> None:
        route = _route(scope)
        self._metrics.count_request(scope["method"], route, status, duration_s)
        about = {"method": scope["method"], "route": route, "status": status, "client": client}
        _logger.info("request", extra={**about, "duration_s": round(duration_s, 4)})


class _Answered:
    """Passes an answer on with its id and what a browser is told; remembers the status."""

    def __init__(self, send: Send, path: str) -> None:
        self._send = send
        self._headers: Mapping[str, str] = {
            **_HEADERS,
            "X-Request-Id": request_id.get(),
            "Content-Security-Policy": _PAGE_POLICY if path.startswith(_PAGE) else _POLICY,
        }
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers[name] = value
        await self._send(message)


def _bearer(headers: Headers) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _path(scope: Scope) -> str:
    """Return the path below where the service is mounted."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


def _route(scope: Scope) -> str:
    """Return the template of a path: what clients put into it is not logged."""
    path = getattr(scope.get("route"), "path", "")
    return str(path) or "unmatched"
