"""A Ray cluster is joined within seconds, or one sentence says why not."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import sys
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.command_line import CommandLine
from support.ray_cluster import descendants, listening

from rag_app.cluster import Origin, check_reachable, translated
from rag_app.errors import ClusterError

LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}
TO_JOIN = "Start it with ray start --head, or leave --address out to use this machine alone."
N_NOTES = 250
needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs the extra ray")


@pytest.fixture
def rag(tmp_path):
    """``rag`` in a folder with many notes."""
    (tmp_path / "notes").mkdir()
    for i in range(N_NOTES):
        (tmp_path / "notes" / f"{i:03}.md").write_text(f"# Note {i}\n\nThis is note number {i} of many.\n")
    return CommandLine(tmp_path, tmp_path / "data")


@pytest.fixture
def free_port():
    """A port of loopback at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


@pytest.mark.parametrize("address", ["", "nonsense", "a:b", ":6379", "ray://127.0.0.1:10001", "127.0.0.1:99999999999"])
def test_an_address_that_is_none(address):
    """The rule, and what was given."""
    with pytest.raises(ClusterError) as caught:
        check_reachable(address)
    assert repr(address) in str(caught.value) or f"at {address} cannot be reached" in str(caught.value)


@needs_ray
def test_a_server_that_is_not_ray():
    """It is not waited for."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ClusterError) as caught:
            check_reachable(address, timeout_s=0.5)
    assert str(caught.value) == f"What answers at {address} is no Ray cluster that can be joined. {TO_JOIN}"


def test_a_worker_is_like_the_process_that_gives_it_work(tmp_path, monkeypatch):
    """It works in the same folder, if it has one, and refuses to where the program is of another version."""
    monkeypatch.chdir(tmp_path)
    Origin(folder="/").adopt()
    assert Path.cwd() == Path("/")
    Origin(folder="/nowhere").adopt()
    assert Path.cwd() == Path("/")
    with pytest.raises(
        ClusterError, match=r"Every node of the cluster must have rag-app 0\.0\.1; \S+ has \d"
    ) as caught:
        Origin(version="0.0.1").adopt()
    assert caught.value.hint == 'Run there: pip install "rag-app[ray]==0.0.1"'


@needs_ray
@pytest.mark.parametrize(("raised", "reason"), [("first\n  the last line.\n", "the last line"), ("", "RuntimeError")])
def test_what_ray_raises_is_one_sentence(raised, reason):
    """The last line of it, which is the cause; what is kept is said."""
    with pytest.raises(ClusterError) as caught, translated():
        raise RuntimeError(raised)
    assert str(caught.value) == (
        f"Ray stopped before the work was done: {reason}. Run this again: what was finished is kept."
    )


@needs_ray
def test_what_users_get_wrong(rag, free_port):
    """One sentence, a hint, exit code 2; nothing has been written."""
    address = f"127.0.0.1:{free_port}"
    refused = f"The Ray cluster at {address} cannot be reached: connection refused. {TO_JOIN}"
    choices = "argument --engine: invalid choice: 'spark' (choose from 'local', 'ray'). Run: rag ingest --help"
    alone = "address must be empty where the engine is local; got 'a:1'. Add --engine ray."
    for given, message in (
        (["--engine", "spark"], choices),
        (["--address", "a:1"], alone),
        (["--engine", "ray", "--address", address], refused),
    ):
        run = rag if "ray" in given else rag.inside  # where Ray is started, in a process: this one joins another
        transcript = run("ingest", "notes", *given)
        assert (transcript.code, transcript.out, transcript.err) == (2, "", f"rag: {message}\n")
    assert not rag.data_dir.exists()


def test_without_the_extra(rag):
    """The command says what to install, and works without the engine."""
    program = "import sys; sys.modules['ray'] = None; from rag_app.cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = CommandLine(rag.folder, rag.data_dir, (sys.executable, "-c", program))
    transcript = command("ingest", "notes/001.md", "--engine", "ray")
    assert transcript.code == 2
    assert transcript.err == 'rag: The engine ray needs the package rag-app[ray]. Run: pip install "rag-app[ray]"\n'
    assert command("ingest", "notes/001.md").code == 0


@needs_ray
def test_ctrl_c_in_a_cluster_of_ones_own(rag):
    """It listens on loopback alone; the run ends with exit code 130 and leaves nothing; the next one finishes it."""
    process = rag.start("ingest", "notes", "--engine", "ray", env={"PYTHONWARNINGS": ""})
    until = time.monotonic() + 120
    while process.poll() is None and not n_sources(rag.data_dir) and time.monotonic() < until:
        time.sleep(0.01)
    family = [*descendants(process.pid), process.pid]
    heard = listening(family)
    for pid in family:  # as a terminal does
        os.kill(pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.splitlines()[-1]) == (130, "rag: interrupted; what was finished is kept.")
    assert heard
    assert heard <= LOOPBACK
    assert list(Path("/tmp").glob(f"rag-ray-{process.pid}-*")) == []
    n_before = n_sources(rag.data_dir)
    assert 0 < n_before < N_NOTES
    receipt = json.loads(rag("ingest", "notes", "--json").out)
    assert (receipt["unchanged"], receipt["new"]) == (n_before, N_NOTES - n_before)


def n_sources(data_dir):
    """Return the number of sources that SQLite holds by now."""
    try:
        with closing(sqlite3.connect(f"file:{data_dir}/library.sqlite?mode=ro", uri=True)) as db:
            return db.execute("SELECT count(*) FROM sources").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
