"""What cannot be read is recorded with its reason, and everything else is ingested."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys

import pytest
from support.command_line import CommandLine

from rag_app.ingestion.discover import discover
from rag_app.ingestion.load import MAX_BYTES

GOOD = "# Cats\n\nCats eat fish.\n"


@pytest.fixture
def notes(tmp_path):
    """A folder with one good file."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "good.md").write_text(GOOD)
    return folder


def _large(path, size):
    with path.open("wb") as file:
        file.truncate(size)


def test_one_of_everything(index, notes, tmp_path):
    """Each kind of trouble is one failed entry with its own reason; the good file is found."""
    (tmp_path / "outside.md").write_text("# Secret\n\nsecret\n")
    (tmp_path / "elsewhere").mkdir()
    (notes / "linked out.md").symlink_to(tmp_path / "outside.md")
    (notes / "linked up.md").symlink_to("../outside.md")
    (notes / "linked folder").symlink_to(tmp_path / "elsewhere")
    (notes / "dangling.md").symlink_to(notes / "nothing.md")
    (notes / "line\nbreak\x1b[31m.md").write_text(GOOD)
    with open(os.fsencode(notes) + b"/caf\xe9.md", "w") as file:
        file.write(GOOD)
    (notes / "empty.md").touch()
    (notes / "blank.md").write_text(" \n\t\n")
    (notes / "binary.md").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    _large(notes / "gigabyte.md", 2**30)
    os.mkfifo(notes / "pipe.md")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(notes / "socket.md"))
        receipt = index.ingest(notes)
    failed = {f.name: f.detail for f in receipt.files if f.status == "failed"}
    assert failed == {
        "linked out.md": "It is a link to a file outside the folder.",
        "linked up.md": "It is a link to a file outside the folder.",
        "linked folder": "It is a link to a folder, and links to folders are not followed.",
        "dangling.md": "It is a link to a file that does not exist.",
        "line\ufffdbreak\ufffd[31m.md": f"The path {notes}/line\ufffdbreak\ufffd[31m.md must not contain control "
        "characters. Rename it.",
        "caf\ufffd.md": f"The path {notes}/caf\ufffd.md must be UTF-8. Rename it.",
        "empty.md": "empty.md holds no text. Leave it out, or export it with its text.",
        "blank.md": "blank.md holds no text. Leave it out, or export it with its text.",
        "binary.md": "The file is binary, not text. Export it as text, Markdown or HTML.",
        "gigabyte.md": "gigabyte.md must not be larger than 512 MiB; it has 1024 MiB. Divide it.",
        "pipe.md": "It is not a file.",
        "socket.md": "It is not a file.",
    }
    assert {f.name: f.status for f in receipt.files if f.status != "failed"} == {"good.md": "new"}
    assert [row.name for row in index.library.sources()] == ["good.md"]
    assert index.search("What do cats eat?")[0].source == "good.md"


def test_a_named_file_that_cannot_be_read_does_not_stop_the_others(index, notes):
    """Of paths as a shell writes them out, those that are no documents fail, and the documents are ingested."""
    (notes / "picture.png").write_bytes(b"\x89PNG")
    os.mkfifo(notes / "pipe.md")
    (notes / "dangling.md").symlink_to(notes / "nothing.md")
    statuses = index.statuses(*sorted(notes.iterdir()))
    assert statuses == {"good.md": "new", "picture.png": "failed", "pipe.md": "failed", "dangling.md": "failed"}


def test_the_largest_file_that_is_read(index, notes):
    """The limit is the first size that is refused, judged without reading it: such a file takes no memory."""
    _large(notes / "large.md", MAX_BYTES + 1)
    assert index.statuses(notes)["large.md"] == "failed"


def test_a_file_that_vanishes_before_it_is_read(index, notes):
    """Between the search for files and the reading, a new file may go: it fails; a known one keeps what it had."""
    (notes / "z.md").write_text("# Z\n\nzebra\n")
    index.ingest(notes / "z.md")

    def delete(name, _done, _total):
        (notes / name).unlink(missing_ok=True)

    receipt = index.sync.run([notes], delete)
    assert {f.name: f.status for f in receipt.files} == {"good.md": "failed", "z.md": "failed"}
    assert receipt.files[0].detail.startswith("good.md cannot be read: no such file or directory.")
    assert index.search("zebra")[0].source == "z.md"
    assert index.statuses(notes) == {"z.md": "removed"}


def test_what_is_known_and_turns_bad_keeps_what_it_had(index, notes, tmp_path):
    """A source that becomes a link out of the folder, or too large, is still found as it was, and reported."""
    (notes / "other.md").write_text("# Dogs\n\nDogs bark.\n")
    index.ingest(notes)
    (notes / "good.md").rename(tmp_path / "moved.md")
    (notes / "good.md").symlink_to(tmp_path / "moved.md")
    _large(notes / "other.md", 2**30)
    assert index.statuses(notes) == {"good.md": "failed", "other.md": "failed"}
    assert {p.source for p in index.search("cats and dogs", k=5)} == {"good.md", "other.md"}


# -- permissions -----------------------------------------------------------------------------------------------------


@pytest.fixture
def closed(tmp_path):
    """A folder with files and folders that a test closes."""
    for path in ("notes/good.md", "notes/closed.md", "notes/shut/in.md", "notes/listed/in.md"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(GOOD.replace("Cats", path))
    yield tmp_path
    for path in ("notes/shut", "notes/listed"):
        (tmp_path / path).chmod(0o700)


def _close(root):
    (root / "notes/closed.md").chmod(0)
    (root / "notes/shut").chmod(0)
    (root / "notes/listed").chmod(0o444)  # its files have names, and nothing more is known of them


def _obey_permissions():
    """Give up the superuser's right to pass over permissions: what this process then starts is bound by them."""
    libc, drop_from_bounding_set, dac_override, dac_read_search = ctypes.CDLL(None), 24, 1, 2
    for capability in (dac_override, dac_read_search):
        libc.prctl(drop_from_bounding_set, capability, 0, 0, 0)


def _rag(root, *arguments):
    """Return exit code, output and errors of ``rag`` as run by a user whom permissions bind."""
    done = subprocess.run(
        [sys.executable, "-m", "rag_app", *arguments],
        env={**os.environ, "RAG_DATA_DIR": str(root / "data")},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=_obey_permissions,
    )
    return done.returncode, done.stdout, done.stderr


def test_permission_denied(closed):
    """A file, a folder that may not be listed and one that may not be entered fail, each with the reason."""
    _close(closed)
    code, out, err = _rag(closed, "ingest", "notes")
    assert (code, err.count("Traceback")) == (2, 0)
    assert sorted(line for line in out.splitlines() if line.startswith("failed")) == [
        "failed closed.md: closed.md cannot be read: permission denied. Check its permissions.",
        "failed listed/in.md: It cannot be read: permission denied.",
        "failed shut: The folder cannot be read: permission denied.",
    ]
    assert "new 1, changed 0, unchanged 0, removed 0, duplicate-of 0, failed 3" in out


def test_what_can_no_longer_be_looked_at_has_not_gone(closed):
    """Sources in a folder that is closed afterwards stay in the index, however they are named."""
    rag = CommandLine(closed, closed / "data")
    assert rag.inside("ingest", "notes").code == 0
    _close(closed)
    for given in ("notes", "notes/*/*.md", "notes/shut/in.md"):
        _, out, err = _rag(closed, "ingest", given)
        assert (given, err.count("Traceback"), "removed 0" in out) == (given, 0, True)
    found = json.loads(rag.inside("search", "fish", "--json", "-k", "9").out)
    assert len({passage["source"] for passage in found}) == 4


def test_a_closed_folder_that_is_named_says_why(closed):
    """A path below a closed folder is not said to be missing."""
    _close(closed)
    code, out, err = _rag(closed, "ingest", "notes/good.md", "notes/shut", "notes/shut/in.md")
    assert (code, err.count("Traceback")) == (2, 0)
    assert out.count("permission denied") == 2
    assert "new 1," in out


def test_a_data_folder_that_may_not_be_written_to(closed):
    """One sentence names the folder and what to set."""
    (closed / "data").mkdir(mode=0o555)
    code, _, err = _rag(closed, "ingest", "notes/good.md")
    assert code == 2
    assert err.splitlines()[-1].startswith(f"rag: The data folder {closed}/data must be writable; ")


def test_a_loop_of_links_is_walked_once(notes):
    """Links to folders would make a search without end."""
    (notes / "loop").symlink_to(notes)
    assert list(discover([notes]).files.values()) == ["good.md"]
