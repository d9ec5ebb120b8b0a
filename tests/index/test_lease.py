"""One writer at a time across machines, on a real Chroma server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager

import chromadb
import pytest

from rag_app.errors import LockedError, StoreError
from rag_app.index.chroma_server import close_client
from rag_app.index.lease import Holder, Lease, holder_of
from rag_app.index.lock import write_lock

WRITER = """
import sys, chromadb, chromadb.errors
from rag_app.index.lease import Holder, Lease
url, name, log, who = sys.argv[1:]
lease = Lease(chromadb.HttpClient(url), chromadb.errors, name, Holder(who, who))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(3):
    lease = Lease(chromadb.HttpClient(url), chromadb.errors, name, Holder(who, who))
    lease.acquire(60)
    with open(log, "a") as file:
        file.write(f"{who} begins\\n")
    lease.check()
    with open(log, "a") as file:
        file.write(f"{who} ends\\n")
    lease.release()
"""


@pytest.fixture
def client(server_url):
    """A connection to the server."""
    made = chromadb.HttpClient(server_url)
    yield made
    close_client(made)


@pytest.fixture
def name(client):
    """A collection to write to."""
    made = f"vectors-{uuid.uuid4().hex}"
    client.create_collection(made, embedding_function=None)
    return made


@pytest.fixture
def lease_of(client, name):
    """Makes leases of machines by name; what is held is let go at the end."""
    made = []

    def make(who, **options):
        made.append(Lease(client, chromadb.errors, name, Holder(f"{who}, process 1", who), **options))
        return made[-1]

    yield make
    for lease in made:
        lease.release()


def leases(client, name):
    """Return the names of a collection's leases."""
    return sorted(c.name.removeprefix(name) for c in client.list_collections() if c.name.startswith(f"{name}."))


@contextmanager
def refused(who):
    """Expect that a machine is named as the writer."""
    message = (
        f"Another machine ({who}, process 1) is writing to the vectors on the server. "
        "Wait until it has finished, or for a minute if it was killed, then run this again."
    )
    with pytest.raises(LockedError, match=f"^{re.escape(message)}$"):
        yield


def test_one_machine_writes_and_the_others_are_told_who(lease_of, client, name):
    """Until it lets go; one lease is left, for its number."""
    one, other = lease_of("one"), lease_of("other")
    one.acquire(0)
    with refused("one"):
        other.acquire(0.3)
    one.check()
    one.release()
    other.acquire(0)
    other.check()
    assert leases(client, name) == [".writer.2"]


def test_whoever_waits_writes_next(lease_of):
    """As soon as the other has finished."""
    one, other = lease_of("one"), lease_of("other")
    one.acquire(0)
    threading.Timer(0.5, one.release).start()
    other.acquire(20)
    other.check()


def test_a_machine_that_is_no_more_is_followed_after_its_time(lease_of):
    """By the clock of the server; when it comes back it may not write."""
    gone, other = lease_of("gone", held_s=1.5), lease_of("other")
    gone._renewing = threading.Thread()  # as if the process were stopped
    gone.acquire(0)
    gone.check()
    with refused("gone"):
        other.acquire(0.2)
    other.acquire(20)
    with pytest.raises(StoreError, match=r"^This process was away for so long that another may write to the vectors"):
        gone.check()
    gone.release()
    other.check()


def test_a_writer_that_was_overtaken_before_its_time_may_not_write(lease_of, client, name):
    """Whoever holds the next number writes, also while the number before it is still there."""
    one = lease_of("one")
    one.acquire(0)
    client.create_collection(f"{name}.writer.2", metadata={"until_ns": 0, "holder": "", "folder": ""})
    with pytest.raises(StoreError, match="This process was away"):
        one.check()
    client.delete_collection(f"{name}.writer.2")
    client.delete_collection(f"{name}.writer.1")
    with pytest.raises(StoreError, match="This process was away"):
        one.check()


def test_a_lease_is_renewed_as_long_as_its_holder_works(lease_of):
    """Longer than it is held without."""
    one, other = lease_of("one", held_s=0.9), lease_of("other")
    one.acquire(0)
    time.sleep(1.8)
    one.check()
    with refused("one"):
        other.acquire(0)


def test_the_next_process_of_a_folder_takes_over_from_a_killed_one(lease_of):
    """At once: it has the folder's lock, so the other is no more."""
    killed, again = lease_of("one"), lease_of("one")
    killed.acquire(0)
    again.acquire(0)
    again.check()
    with pytest.raises(StoreError, match="This process was away"):
        killed.check()


def test_the_lease_of_vectors_that_are_no_more_goes_with_them(lease_of, client, name):
    """Vectors that were built anew have another name."""
    one = lease_of("one")
    one.acquire(0)
    client.delete_collection(name)
    one.release()
    assert leases(client, name) == []


def test_processes_take_turns(server_url, name, tmp_path):
    """Several that begin at once: what one writes is never between the beginning and the end of another."""
    log = tmp_path / "log"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", WRITER, server_url, name, str(log)]
    writers = [subprocess.Popen([*command, f"w{i}"], **pipes) for i in range(2)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0, 0]
    lines = log.read_text().splitlines()
    assert len(lines) == 12
    for begins, ends in zip(lines[::2], lines[1::2], strict=True):
        assert (begins.split()[0], begins.split()[1], ends.split()[1]) == (ends.split()[0], "begins", "ends")


def test_a_holder_is_told_from_a_copy_of_its_folder(tmp_path):
    """By the lock's place on the disk; two processes of one folder are the same holder."""
    for folder in ("a", "b"):
        with write_lock(tmp_path / folder):
            pass
    one, again, copy = (holder_of(tmp_path / folder) for folder in ("a", "a", "b"))
    assert one == again
    assert one.folder != copy.folder
    assert f"process {os.getpid()}" in one.shown
