"""A real Chroma server: ``chroma run`` on a free port of loopback, in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

CHROMA = Path(sys.executable).with_name("chroma")
START_S = 60.0


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def chroma_server(folder: Path, port: int | None = None) -> Iterator[str]:
    """Run a server on a folder and give its address; it is stopped at the end."""
    port = port or free_port()
    log = folder.with_name(f"{folder.name}.log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [CHROMA, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)], stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + START_S
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"chroma run did not start: {log.read_text()[-2000:]}")
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def url_of(request: pytest.FixtureRequest) -> str:
    """Return the setting that stands for a fixture's parameter, ``embedded`` or ``server``."""
    return str(request.getfixturevalue("server_url")) if request.param == "server" else ""


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
