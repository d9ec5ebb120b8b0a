"""One writer at a time, across processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time

import pytest

from rag_app.errors import LockedError, StoreError
from rag_app.index.lock import write_lock

HOLDER = """
import sys
from pathlib import Path
from rag_app.index.lock import write_lock
with write_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock until a line is written to it."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    with process:
        yield process
        process.kill()


def _refused(folder, holder):
    hint = "Wait until it has finished, then run this again."
    return re.escape(f"Another process (id {holder}) is writing to the index in {folder}. {hint}")


def test_another_process_is_waited_for_and_named(tmp_path, holder):
    """A held lock is refused after the time-out, not before, with the id of the process that holds it."""
    began = time.monotonic()
    with pytest.raises(LockedError, match=_refused(tmp_path, holder.pid)), write_lock(tmp_path, timeout_s=0.3):
        pytest.fail("the lock was given twice")
    assert 0.3 <= time.monotonic() - began < 5


def test_a_lock_is_free_when_its_process_ends(tmp_path, holder):
    """Killed without a chance to tidy up, a process leaves no lock behind."""
    holder.kill()
    holder.wait()
    with write_lock(tmp_path, timeout_s=0.3):
        assert (tmp_path / "lock.owner").read_text() == str(os.getpid())


def test_a_waiting_writer_gets_the_lock(tmp_path, holder):
    """A writer that waits goes on as soon as the other has finished."""
    threading.Timer(0.2, lambda: (holder.stdin.write("\n"), holder.stdin.flush())).start()
    with write_lock(tmp_path, timeout_s=10):
        assert holder.wait(timeout=10) == 0


def test_the_same_process_is_locked_out_too(tmp_path):
    """Two writers in one process exclude each other; afterwards the lock is free."""
    refused = pytest.raises(LockedError, match=_refused(tmp_path, os.getpid()))
    with write_lock(tmp_path), refused, write_lock(tmp_path, timeout_s=0):
        pytest.fail("the lock was given twice")
    with write_lock(tmp_path, timeout_s=0):
        assert (tmp_path / "lock").exists()


def test_a_holder_that_has_not_signed_yet_is_unknown(tmp_path, holder):
    """Without the owner's note the message still makes sense."""
    (tmp_path / "lock.owner").unlink()
    with pytest.raises(LockedError, match=_refused(tmp_path, "unknown")), write_lock(tmp_path, timeout_s=0):
        pytest.fail("the lock was given twice")
    assert holder.poll() is None


def test_an_error_inside_frees_the_lock_and_passes(tmp_path):
    """What goes wrong while writing is not mistaken for trouble with the lock."""
    with pytest.raises(OSError, match="disk full"), write_lock(tmp_path):
        raise OSError(28, "disk full")
    assert not (tmp_path / "lock.owner").exists()
    with write_lock(tmp_path, timeout_s=0):
        assert (tmp_path / "lock.owner").exists()


def test_a_missing_folder_is_made(tmp_path):
    """The data folder need not exist."""
    with write_lock(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize(("inside", "reason"), [("", "file exists"), ("a/b", "not a directory")])
def test_a_folder_that_cannot_be_made_is_refused(tmp_path, inside, reason):
    """A path under a file says so, with a hint."""
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / inside
    message = f"The data folder {folder} must be writable; {reason}. Set RAG_DATA_DIR to a folder of your own."
    with pytest.raises(StoreError, match=re.escape(message)), write_lock(folder):
        pytest.fail("a lock in no folder")
