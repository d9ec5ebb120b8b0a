"""A web server on loopback that answers as a test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Request(BaseHTTPRequestHandler):
    """One request; a page answers it."""

    protocol_version = "HTTP/1.1"

    def reply(self, body: bytes = b"", *, status: int = 200, **headers: str) -> None:
        """Send a whole answer; an underscore in a header's name stands for a hyphen."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


Page = Callable[[Request], None]


@contextmanager
def web_server(page: Page) -> Iterator[str]:
    """Run a server that has every GET answered by `page`, and give its address."""

    class Pages(Request):
        def do_GET(self) -> None:
            with suppress(ConnectionError):  # the client may have read enough
                page(self)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
