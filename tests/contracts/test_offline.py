"""Offline means offline: the whole main job, with every way out of the machine closed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NOTES = "# The lighthouse\n\nThe lamp was lit in 1861. Salt on the glass dims the lamp.\n"
JOB = """
import json, sys
from rag_app.cli.main import main
for arguments in json.loads(sys.argv[1]):
    code = main(arguments)
    if code:
        sys.exit(code)
"""
COMMANDS = [
    ["ingest", "notes.md"],
    ["search", "lamp", "-k", "1"],
    ["ask", "When was the lamp lit?"],
    ["ask", "What is the capital of France?", "--json"],
    ["chat"],
]
GUARD = '''
"""Refuse and record every socket that leaves the machine; Python imports this file when it starts."""
import os
import sys

EVENTS = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}


def guard(event, arguments):
    if event in EVENTS:
        address = arguments[EVENTS[event]]
        host = address[0] if isinstance(address, tuple) else address
        if isinstance(address, str) and event in {"socket.connect", "socket.sendto"}:
            return  # a socket of the file system
        if str(host) not in {"127.0.0.1", "::1", "localhost", "None", ""}:
            with open(os.environ["GUARD_LOG"], "a") as log:
                log.write(f"{event} {address!r}\\n")
            raise PermissionError(f"refused: {address!r}")


sys.addaudithook(guard)
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a note, and beside it the guard."""
    folder, guard = tmp_path / "folder", tmp_path / "guard"
    folder.mkdir()
    guard.mkdir()
    (folder / "notes.md").write_text(NOTES, encoding="utf-8")
    (guard / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    return folder


def run(command: list[str], folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command; every service that might be called thinks it is wanted, as nothing turns it off."""
    return subprocess.run(
        command,
        input="What dims the lamp?\n/sources\n",
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "RAG_DATA_DIR": "index", **env},
        timeout=120,
        check=False,
    )


def check(done: subprocess.CompletedProcess[str]) -> None:
    """Assert that the whole job was done."""
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("new notes.md: ")
    for text in ("1. notes.md: ", "The lamp was lit in 1861. [1]", "No answer found.", "Salt on the glass dims the"):
        assert text in done.stdout


def test_nothing_leaves_the_machine(folder: Path) -> None:
    """A hook refuses and records each attempt, even one whose failure would be swallowed: there is none."""
    log = folder.parent / "log"
    env = {"PYTHONPATH": str(folder.parent / "guard"), "GUARD_LOG": str(log)}
    check(run([sys.executable, "-c", JOB, json.dumps(COMMANDS)], folder, **env))
    assert not log.exists()


def test_nothing_is_noted_about_the_machine(folder: Path) -> None:
    """ONNX Runtime would write down an id of the device: in an empty home there is nothing after a whole job."""
    home = folder.parent / "home"
    home.mkdir()
    check(run([sys.executable, "-c", JOB, json.dumps(COMMANDS)], folder, HOME=str(home), XDG_CACHE_HOME=""))
    assert [path for path in home.rglob("*") if path.is_file() and "rag" not in str(path.relative_to(home))] == []


def test_the_guard_would_notice(folder: Path) -> None:
    """The same hook sees a connection, a datagram and a name that is looked up; loopback is let through."""
    log = folder.parent / "log"
    env = {"PYTHONPATH": str(folder.parent / "guard"), "GUARD_LOG": str(log)}
    code = """
import contextlib, socket
for attempt in (
    lambda: socket.create_connection(("192.0.2.1", 80), 1),
    lambda: socket.getaddrinfo("example.org", 80),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)),
    lambda: socket.create_connection(("127.0.0.1", 9), 1),
):
    with contextlib.suppress(OSError):
        attempt()
"""
    assert run([sys.executable, "-c", code], folder, **env).returncode == 0
    lines = log.read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["socket.getaddrinfo", "socket.getaddrinfo", "socket.sendto"]


def has_namespaces() -> bool:
    """Return whether this machine lets us have a network namespace of our own."""
    unshare = shutil.which("unshare")
    return (
        unshare is not None
        and subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.skipif(not has_namespaces(), reason="unshare -rn is not permitted here")
def test_it_works_where_there_is_no_network_at_all(folder: Path) -> None:
    """In a network namespace without an interface, which native code cannot get around either."""
    check(run(["unshare", "-rn", sys.executable, "-c", JOB, json.dumps(COMMANDS)], folder))
