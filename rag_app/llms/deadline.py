"""HTTP whose whole exchange has a deadline: a client's own limit starts anew with every piece that it reads.

OpenAI's client stands on httpx or on its successor, whichever its version brings, so nothing is imported from either.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Any

_BEGAN = "rag_app.began"


def load_client() -> Any:  # noqa: ANN401  (of one library or the other)
    """Return an HTTP client like OpenAI's own, whose exchanges end when the time for one read has passed."""
    from openai import DefaultHttpxClient

    return DefaultHttpxClient(event_hooks={"request": [_begin], "response": [_watch]})


def _begin(request: Any) -> None:  # noqa: ANN401
    request.extensions = {**request.extensions, _BEGAN: time.monotonic()}


def _watch(response: Any) -> None:  # noqa: ANN401
    """Cut the connection of a response when its time is over, unless it was read to its end before."""
    extensions = response.request.extensions
    connection = response.extensions["network_stream"].get_extra_info("socket")
    seconds = extensions["timeout"]["read"] - (time.monotonic() - extensions[_BEGAN])
    timer = threading.Timer(max(seconds, 0), _cut, (connection,))
    timer.daemon = True
    timer.start()
    close = response.stream.close

    def close_in_time() -> None:
        timer.cancel()
        close()

    response.stream.close = close_in_time


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RDWR)  # wakes up who waits for it in another thread
