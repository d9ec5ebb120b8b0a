"""S3 on loopback: moto's server, in a process of its own; and one that refuses what a test wants refused."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from support.chroma_server import free_port
from support.service import until

KEY, SECRET = "AKIATESTTESTTESTTEST", "a-secret-that-nobody-may-see"
Refusal = tuple[int, str, str]


def environment(url: str) -> dict[str, str]:
    """Return the variables by which a client finds a server and its keys."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def s3_server(log: Path) -> Iterator[str]:
    """Run moto's server with an empty bucket ``shelf``, and give its address; it is stopped at the end."""
    port = free_port()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=out,
            stderr=out,
            env={**os.environ, "MOTO_CALL_RESET_API": "false"},
        )
    try:
        until(lambda: _listens(port) or process.poll() is not None)
        assert process.poll() is None, log.read_text()[-2000:]
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def faulty_s3(refuse: Callable[[str, str], Refusal | None]) -> Iterator[str]:
    """Serve one bucket that says what `refuse` returns for a method and a path: status, code and message."""
    objects: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            path = urlsplit(self.path).path
            sent = self._sent()
            refusal = refuse(self.command, path)
            if refusal is None and self.command == "PUT":
                objects[path] = sent
                return self.reply(200, b"")
            if refusal is None and path in objects:
                return self.reply(200, objects[path])
            status, code, message = refusal or (404, "NoSuchKey", "The specified key does not exist.")
            return self.reply(status, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode())

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815  (as the standard library calls them)

        def _sent(self) -> bytes:
            """Return the body, which S3's client may send in chunks of its own."""
            if self.headers.get("Expect", "").lower() == "100-continue":
                self.send_response_only(100)
                self.end_headers()
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
