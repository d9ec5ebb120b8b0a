"""Fixtures for every test: no network beyond loopback, no settings of the developer's own, and a small index."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import socket
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOMES = itertools.count()
sys.path.insert(0, str(ROOT / "tests"))  # so that tests can import support/

# Hundreds of programs are started from here: what they import is compiled once, also where the environment says never.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What starts the tests in the background may ignore Ctrl-C, and the programs they start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _deny_network(event: str, arguments: tuple[object, ...]) -> None:
    """Raise where a socket leaves the machine; a resolver is asked for names of loopback alone."""
    if event == "socket.connect":
        family, address = arguments[0].family, arguments[1]  # type: ignore[attr-defined]
        if family in {socket.AF_INET, socket.AF_INET6} and not str(address[0]).startswith(("127.", "::1", "localhost")):
            raise PermissionError(f"network is denied in tests: {address!r}")
    elif event == "socket.getaddrinfo" and str(arguments[0]) not in {"127.0.0.1", "localhost", "::1", "None", ""}:
        raise PermissionError(f"network is denied in tests: {arguments[0]!r}")


sys.addaudithook(_deny_network)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave what is imported here out of every search for garbage: it is large, and lives to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting or key of the developer's reaches a test, and no test writes to their home.

    Its own home is a name that is not taken: a ``tmp_path`` for each of so many tests takes longer than most of them.
    """
    for name in [n for n in os.environ if n.startswith(("RAG_", "OPENAI_", "LANGSMITH_", "LANGCHAIN_"))]:
        monkeypatch.delenv(name)
    for name in ("COLUMNS", "LINES"):  # of whoever runs the tests: our terminals have sizes of their own
        monkeypatch.delenv(name, raising=False)
    home = tmp_path_factory.getbasetemp() / f"home-{next(HOMES)}"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))


@pytest.fixture(scope="session")
def minilm():
    """The real embedder, loaded once."""
    from rag_app.embeddings.minilm import MiniLM

    return MiniLM()


@pytest.fixture(scope="session")
def knowledge() -> Path:
    """The course's folder."""
    return ROOT / "knowledge"


@pytest.fixture(scope="session")
def course_dir(tmp_path_factory: pytest.TempPathFactory, knowledge: Path) -> Path:
    """A data folder with two chapters ingested: to be read, not written to."""
    from rag_app.app import App
    from rag_app.settings import Settings

    folder = tmp_path_factory.mktemp("course")
    app = App(Settings.load(environ={}, data_dir=folder))
    app.ingest([knowledge / "08-autoencoders.md", knowledge / "09-gans.md"])
    return folder


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory):
    """The address of a running Chroma server, shared by all tests."""
    from support.chroma_server import chroma_server

    with chroma_server(tmp_path_factory.mktemp("chroma") / "server") as url:
        yield url


@pytest.fixture(scope="session")
def postgres():
    """A running PostgreSQL server, where one can be started."""
    from support.postgres import postgres_server, why_not

    if reason := why_not():
        pytest.skip(reason)
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def chroma_url() -> str:
    """Where Chroma runs: inside the process. A module whose tests run against a server too has its own."""
    return ""


@pytest.fixture(scope="session")
def most_exact() -> int:
    """Numbers in vectors that a question is compared with: none, so Chroma is asked. A module may have its own."""
    return 0


@pytest.fixture
def index(tmp_path: Path, minilm, chroma_url: str, most_exact: int):
    """An index in a folder that does not exist yet; written to by the test."""
    from support.indexes import Index

    made = Index(tmp_path / "data", minilm, chroma_url, most_exact)
    yield made
    made.close()


@pytest.fixture
def app(course_dir: Path):
    """The application over the two chapters, without a language model."""
    from rag_app import build

    return build(data_dir=course_dir)
