"""A disk that is full, or becomes full, while an ingestion writes: real file systems of a few megabytes, and limits."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys

import pytest
from support.command_line import CommandLine
from support.indexes import Index, check_agreement

MEBIBYTE = 2**20
RAG = [sys.executable, "-m", "rag_app"]
IN_NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
TMPFS = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs"]


def _can_mount(folder):
    """Tell whether this machine lets a process mount a file system of its own."""
    if shutil.which("unshare") is None:
        return False
    done = subprocess.run([*IN_NAMESPACE, *TMPFS, str(folder)], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def notes(tmp_path):
    """A folder with a short file, and a longer one that comes later."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "first.txt").write_text("The lamp burns oil.\n")
    sections = [f"## Lamp {i}\n\nIt burns oil of kind {i * 7919 % 1000}." for i in range(25)]
    (tmp_path / "later.md").write_text("\n\n".join(sections))
    return tmp_path / "notes"


def _rag(data_dir, *arguments, **options):
    """Return exit code, output and errors of ``rag``."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}  # it would write, and complain
    done = subprocess.run(
        [*RAG, *map(str, arguments)],
        env={**env, "RAG_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    return done.returncode, done.stdout, done.stderr


def _errors(err):
    """Return what a command wrote to stderr besides its progress."""
    return [line for line in err.splitlines() if not line[0].isdecimal()]


def _check_complete(data_dir, notes, minilm, tmp_path):
    """Assert that an index is that of a run which had room."""
    index, undisturbed = Index(data_dir, minilm), Index(tmp_path / "undisturbed", minilm)
    undisturbed.ingest(notes)
    assert index.rows() == undisturbed.rows()
    assert index.chroma() == undisturbed.chroma()
    check_agreement(index)
    index.close()
    undisturbed.close()


DRIVER = """
import json, os, shutil, subprocess, sys
from pathlib import Path

data, notes, copy, free = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
steps = []

def rag(*arguments):
    done = subprocess.run([sys.executable, "-m", "rag_app", *arguments], capture_output=True, text=True)
    steps.append([done.returncode, done.stdout, done.stderr])

subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", data], check=True)
rag("ingest", str(notes))
shutil.move(notes.with_name("later.md"), notes)
with (data / "ballast").open("wb") as file:
    os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(data).free - free)
rag("ingest", str(notes))
rag("search", "What burns oil?", "--json")
(data / "ballast").unlink()
rag("ingest", str(notes))
shutil.copytree(data, copy)
print(json.dumps(steps))
"""


def _drive(tmp_path, notes, n_free):
    """Ingest on a small disk; fill it; ingest, search; make room; ingest. Return code, output and errors of each."""
    data_dir = tmp_path / "small"
    data_dir.mkdir()
    if not _can_mount(data_dir):
        pytest.skip("needs the right to mount a file system in a namespace of one's own")
    done = subprocess.run(
        [*IN_NAMESPACE, sys.executable, "-c", DRIVER, data_dir, notes, tmp_path / "copy", str(n_free)],
        env={**os.environ, "RAG_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_a_disk_is_not_filled_to_the_last_byte(tmp_path, notes, minilm):
    """With less room than a file needs nothing of it is written, the index is searched as before, a rerun completes."""
    first, refused, searched, again = _drive(tmp_path, notes, 16 * MEBIBYTE + 2**17)
    assert first[0] == 0
    assert refused[0] == 2
    (message,) = _errors(refused[2])
    assert message.startswith(f"rag: The disk of {tmp_path}/small must have ")
    assert message.endswith("Free some space, then run this again: it goes on where it stopped.")
    assert [passage["source"] for passage in json.loads(searched[1])] == ["first.txt"]
    assert (again[0], again[2].count("Traceback")) == (0, 0)
    assert "new 1, changed 0, unchanged 1" in again[1]
    _check_complete(tmp_path / "copy", notes, minilm, tmp_path)


def test_a_disk_without_a_free_byte(tmp_path, notes, minilm):
    """Where another program has filled the disk, one sentence says so, and with room again nothing is missing."""
    _, refused, _, again = _drive(tmp_path, notes, 0)
    assert refused[0] == 2
    (message,) = _errors(refused[2])
    assert message.startswith("rag: ")
    assert again[0] == 0
    _check_complete(tmp_path / "copy", notes, minilm, tmp_path)


@pytest.mark.parametrize("store", ["library.sqlite", "chroma/chroma.sqlite3"])
def test_a_file_that_may_not_grow(tmp_path, notes, minilm, store):
    """A write that fails midway, in the library or in Chroma, ends the run with one sentence; a rerun completes it."""
    data_dir = tmp_path / "data"
    assert _rag(data_dir, "ingest", notes)[0] == 0
    limit = (data_dir / store).stat().st_size + 2**14
    shutil.move(notes.with_name("later.md"), notes)
    code, _, err = _rag(
        data_dir, "ingest", notes, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )
    (message,) = _errors(err)
    assert (code, message.startswith("rag: "), str(data_dir / store.split("/")[0]) in message) == (2, True, True)
    rag = CommandLine(tmp_path, data_dir)
    searched = rag.inside("search", "What burns oil?", "--json")
    assert (searched.code, "first.txt" in {p["source"] for p in json.loads(searched.out)}) == (0, True)
    assert rag.inside("ingest", str(notes)).code == 0
    _check_complete(data_dir, notes, minilm, tmp_path)


def test_a_first_run_that_may_not_write_a_byte(tmp_path, notes):
    """Even the note of who holds the lock may not fit: one sentence, and the lock is free again."""
    code, _, err = _rag(
        tmp_path / "data", "ingest", notes, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    )
    *_, message = _errors(err)  # before it, a library may complain that it cannot write either
    assert (code, message.startswith(f"rag: The data folder {tmp_path}/data must be writable; file too large.")) == (
        2,
        True,
    )
    assert _rag(tmp_path / "data", "ingest", notes)[0] == 0
