"""``rag index publish`` as a user meets it."""

from __future__ import annotations

import json
import re

from support.command_line import CommandLine


def test_a_snapshot_is_written_and_named(rag_on_notes: CommandLine) -> None:
    """With its id and size in one line; the second time it says that it was there already."""
    done = rag_on_notes.inside("index", "publish", "shelf")
    assert done.code == 0
    assert re.fullmatch(r"published generation [0-9a-f]{32} at shelf: sources 2, chunks 4, \d\.\d MB\n", done.out)
    again = rag_on_notes.inside("index", "publish", "shelf", "--keep", "1")
    assert again.out == done.out.replace("published generation", "published already: generation")
    printed = json.loads(rag_on_notes.inside("index", "publish", "shelf", "--json").out)
    assert printed["generation"] in done.out
    assert (printed["new"], printed["removed"], printed["sources"], printed["chunks"]) == (False, [], 2, 4)
    assert printed["bytes"] > 100_000


def test_mistakes_are_one_sentence(rag_on_notes: CommandLine) -> None:
    """An address of no kind, one that cannot be written, a number below one."""
    (rag_on_notes.folder / "file").write_text("in the way")
    for arguments, said in (
        (["nowhere://x"], "URI must be a folder or an address that fsspec knows; got 'nowhere://x'."),
        (["file"], "file cannot be read: not a directory. "),
        (["shelf", "--keep", "0"], "keep must be at least 1; got 0."),
    ):
        done = rag_on_notes.inside("index", "publish", *arguments)
        assert (done.code, done.out) == (2, "")
        assert done.err.splitlines()[-1].startswith(f"rag: {said}")


def test_before_there_is_an_index(rag: CommandLine) -> None:
    """The command that makes one is named, and no folder is made."""
    done = rag.inside("index", "publish", "shelf")
    assert (done.code, done.err) == (2, f"rag: There is no index in {rag.data_dir}. Run: rag ingest\n")
    assert not rag.data_dir.exists()
    assert not (rag.folder / "shelf").exists()
