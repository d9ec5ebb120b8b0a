"""A scripted server on loopback that speaks the OpenAI protocol, strictly, for tests of real clients.

Use::

    with OpenAIServer(replies=["A generator stops covering the data [1]."]) as server:
        app = build(data_dir=…, llm="openai:any-name", llm_base_url=server.url)
        answer = app.ask("What is mode collapse?")
        server.last.body["messages"]

`server.url` is the address to give as a base URL (``http://127.0.0.1:PORT/v1``); in a subprocess, put it into
``RAG_LLM_BASE_URL`` or ``RAG_EMBEDDINGS_BASE_URL``. Requests are in `server.requests`, oldest first: `path`, `headers`
(names in lower case) and `body` (the parsed JSON); retries are recorded too, so the list also tells how often a client
tried. `server.n_disconnected` counts the clients that went away while they were answered.

What it answers
---------------
- ``POST /v1/chat/completions``: the next of `replies` (starting again after the last), at once or as server-sent
  events, one word a piece. A reply may be a callable that gets the list of messages and returns the text. Usage is
  always in a plain reply and, as the protocol says, in a stream only with ``stream_options.include_usage``.
- ``POST /v1/embeddings``: word-count vectors of length `dimension`, so texts that share words are similar; they are
  *not* of unit length. ``float`` and ``base64`` both work.
- ``GET /v1/models``: one name.
- 400 for an unknown field, a wrong type, a blank or empty input, and token ids in place of text; 404 for another path;
  401 if `api_key` is set and the request does not carry it. Error texts quote the key that was sent, as OpenAI's do,
  so that a test can show that it does not leak.

What it can be told, in the constructor or at any time by setting the attribute
-------------------------------------------------------------------------------
- ``status=429``: answer every request with this status (``n_failures=2``: only the next two).
- ``hang=True``: accept requests and say nothing until the server closes or `hang` is set to False.
- ``prompt_tokens=10``: report this number instead of the counted one, as a server does that cut the prompt.
- ``delay_s=0.1``: wait before each piece of a stream.
- ``cut_after=3``: drop the connection after three pieces of a stream.
- ``hang_after=3``: say nothing more after three pieces of a stream.
- ``schemas=True``: take ``response_format``, as servers do that hold replies to a schema.
- ``ending="length"``: say that this is why a reply ended.
- ``retry_after_ms=500``: ask for this pause with a failure (1 unless told otherwise); None asks for none.
- ``code="insufficient_quota"``: give failures this code.
- ``tools=False``: refuse tools, as the server of a model does that was not trained to call them.
- ``raw_body="<html>"``: answer every request with status 200 and this text, as a wrong address does.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import socketserver
import struct
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from support.openai_schema import BadRequestError, check_chat, read_content

Reply = str | Callable[[list[dict[str, Any]]], str]

_WORD = re.compile(r"\S+\s*|\s+")
_EMBEDDING_FIELDS = {"model": str, "input": (str, list), "encoding_format": str, "dimensions": int, "user": str}


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class OpenAIServer:
    """The server; a context manager. The module's docstring says what it does and can be told."""

    def __init__(
        self,
        replies: Sequence[Reply] = ("The answer is in the passage [1].",),
        *,
        api_key: str = "",
        dimension: int = 16,
        **behaviour: Any,
    ) -> None:
        self.replies = list(replies)
        self.api_key = api_key
        self.dimension = dimension
        self.status = 0
        self.n_failures: int | None = None
        self.hang = False
        self.hang_after: int | None = None
        self.cut_after: int | None = None
        self.delay_s = 0.0
        self.raw_body: str | None = None
        self.prompt_tokens: int | None = None
        self.schemas = False
        self.tools = True
        self.ending = "stop"
        self.retry_after_ms: int | None = 1
        self.code: str | None = None
        self.n_disconnected = 0
        for name, value in behaviour.items():
            if name not in vars(self):
                raise TypeError(name)
            setattr(self, name, value)
        self.requests: list[Request] = []
        self._n_replies = 0
        self._closing = False
        self._turn = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.script = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def last(self) -> Request:
        """The newest request."""
        return self.requests[-1]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self._http.shutdown()
        self._http.server_close()  # waits for the handlers
        self._thread.join()

    def take_failure(self) -> bool:
        """Whether this request is to fail; it counts as one of `n_failures`."""
        with self._turn:
            if not self.status or self.n_failures == 0:
                return False
            if self.n_failures is not None:
                self.n_failures -= 1
            return True

    def next_reply(self, messages: list[dict[str, Any]]) -> str:
        """The text for this conversation."""
        with self._turn:
            reply = self.replies[self._n_replies % len(self.replies)]
            self._n_replies += 1
        return reply(messages) if callable(reply) else reply

    def sleep(self, *, while_hanging: bool = False) -> None:
        """Say nothing until the server closes (or `hang` becomes False)."""
        while not self._closing and (self.hang or not while_hanging):
            time.sleep(0.01)

    def embed(self, text: str) -> list[float]:
        """Counts of the text's words, hashed into `dimension` places; never all zero."""
        vector = [0.0] * self.dimension
        for word in re.findall(r"\w+", text.lower()) or [""]:
            vector[zlib.crc32(word.encode()) % self.dimension] += 1.0
        return vector


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for the handlers: nothing outlives the test
    script: OpenAIServer

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # HTTPServer's own asks the resolver for a name
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # a stream is chunked, so a client notices when it is cut
    server: _Server

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        """List the models."""
        with contextlib.suppress(ConnectionError):
            if self._admitted({}) and self.path == "/v1/models":
                self._send(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    def do_POST(self) -> None:
        """Answer one request."""
        try:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                body = dict(json.loads(raw))
                if self._admitted(body):
                    self._chat(body) if self.path == "/v1/chat/completions" else self._embeddings(body)
            except (BadRequestError, TypeError, ValueError) as exc:
                self._send_error(400, str(exc))
        except ConnectionError:
            self.server.script.n_disconnected += 1

    def _admitted(self, body: dict[str, Any]) -> bool:
        script = self.server.script
        script.requests.append(Request(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        if script.hang:
            script.sleep(while_hanging=True)
            self.close_connection = True
            return False
        sent = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if script.raw_body is not None:
            kind = {"{": "application/json", "d": "text/event-stream"}.get(script.raw_body[:1], "text/html")
            self._send_raw(200, script.raw_body.encode(), {"Content-Type": kind})
        elif script.take_failure():
            self._send_error(script.status, f"Scripted failure for the key {sent}.")
        elif script.api_key and sent != script.api_key:
            self._send_error(401, f"Incorrect API key provided: {sent}.")
        elif self.path not in {"/v1/chat/completions", "/v1/embeddings", "/v1/models"}:
            self._send_error(404, f"Invalid URL ({self.command} {self.path})")
        else:
            return True
        return False

    def _chat(self, body: dict[str, Any]) -> None:
        check_chat(body)
        if body.get("tools") and not self.server.script.tools:
            raise BadRequestError("This model does not support tools.")
        if body.get("n", 1) != 1:
            raise BadRequestError("n must be 1.")
        if "response_format" in body and not self.server.script.schemas:
            raise BadRequestError("Unrecognized request argument supplied: response_format")
        read = sum(_n_tokens(read_content(message)) + 4 for message in body["messages"])
        read += _n_tokens(json.dumps(body["tools"])) if body.get("tools") else 0
        reply = self.server.script.next_reply(body["messages"])
        n_prompt = read if self.server.script.prompt_tokens is None else self.server.script.prompt_tokens
        n_reply = _n_tokens(reply)
        usage = {"prompt_tokens": n_prompt, "completion_tokens": n_reply, "total_tokens": n_prompt + n_reply}
        head = {"id": "chatcmpl-1", "created": 0, "model": body["model"]}
        if body.get("stream"):
            counted = bool(body.get("stream_options", {}).get("include_usage"))
            self._stream(head | {"object": "chat.completion.chunk"}, reply, usage if counted else None)
            return
        calls = _calls(reply) if body.get("tools") else []
        message = (
            {"role": "assistant", "content": None, "tool_calls": calls}
            if calls
            else {"role": "assistant", "content": reply}
        )
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else self.server.script.ending}
        self._send(200, head | {"object": "chat.completion", "choices": [choice], "usage": usage})

    def _stream(self, head: dict[str, Any], reply: str, usage: dict[str, int] | None) -> None:
        script = self.server.script
        self.send_response(200)
        for name, value in (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")):
            self.send_header(name, value)
        self._end_headers()
        for i, piece in enumerate([*_WORD.findall(reply), ""]):
            if i == script.cut_after:
                return
            if i == script.hang_after:
                script.sleep()
                return
            time.sleep(script.delay_s)
            delta = {"content": piece} | ({"role": "assistant"} if i == 0 else {})
            self._event(head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        self._event(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": script.ending}]})
        if usage is not None:
            self._event(head | {"choices": [], "usage": usage})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _embeddings(self, body: dict[str, Any]) -> None:
        _check_fields(body, _EMBEDDING_FIELDS, needed={"model", "input"})
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        if not texts or not all(isinstance(t, str) and t for t in texts):
            raise BadRequestError("input must be text, not empty and not token ids.")
        script, encoding = self.server.script, body.get("encoding_format", "float")
        vectors: list[Any] = [script.embed(t) for t in texts]
        if encoding == "base64":
            vectors = [base64.b64encode(struct.pack(f"<{len(v)}f", *v)).decode() for v in vectors]
        elif encoding != "float":
            raise BadRequestError("encoding_format must be float or base64.")
        data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
        n_read = sum(map(_n_tokens, texts)) if script.prompt_tokens is None else script.prompt_tokens
        usage = {"prompt_tokens": n_read, "total_tokens": n_read}
        self._send(200, {"object": "list", "data": data, "model": body["model"], "usage": usage})

    def _send_error(self, status: int, message: str) -> None:
        script = self.server.script
        error = {"message": message, "type": "scripted", "param": None, "code": script.code}
        told = {} if script.retry_after_ms is None else {"retry-after-ms": str(script.retry_after_ms)}
        self._send(status, {"error": error}, told)

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._send_raw(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _send_raw(self, status: int, raw: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(raw))}.items():
            self.send_header(name, value)
        self._end_headers()
        self.wfile.write(raw)

    def _end_headers(self) -> None:
        self.send_header("Connection", "close")  # no socket is left open in the client's pool
        self.end_headers()
        self.close_connection = True

    def _event(self, body: dict[str, Any]) -> None:
        self._chunk(b"data: " + json.dumps(body).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


def _check_fields(body: dict[str, Any], fields: dict[str, Any], *, needed: set[str]) -> None:
    for name, value in body.items():
        if name not in fields:
            raise BadRequestError(f"Unrecognized request argument supplied: {name}")
        if not isinstance(value, fields[name]) or (isinstance(value, bool) and fields[name] is not bool):
            raise BadRequestError(f"Invalid type for {name}.")
    if needed - set(body):
        raise BadRequestError(f"Missing: {', '.join(sorted(needed - set(body)))}.")


def _calls(reply: str) -> list[dict[str, Any]]:
    """Return the calls of tools that a reply such as ``{"tool_calls": [{"name": …, "args": {…}}]}`` stands for."""
    if not reply.startswith('{"tool_calls"'):
        return []
    return [
        {"id": f"call_{i}", "type": "function", "function": {"name": c["name"], "arguments": json.dumps(c["args"])}}
        for i, c in enumerate(json.loads(reply)["tool_calls"])
    ]


def _n_tokens(text: str) -> int:
    return len(re.findall(r"\w{1,6}|[^\w\s]", text))
