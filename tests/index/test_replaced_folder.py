"""A folder of Chroma's that is replaced while others hold it open."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import closing

import pytest
from langchain_chroma import Chroma
from support.indexes import ask_chroma

from rag_app import build
from rag_app.index.vectors import COLLECTION

READER = """
import sys
from rag_app import build
from rag_app.retrieval.hybrid import HybridSearch
app = build(data_dir=sys.argv[1])
app._search = HybridSearch(app.library, app._vectors, app._embedder, app._lexical, app._aligner, most_exact=0)
n = 0
while app.library.get_meta("stop") is None:
    assert app.search("What dims the lamp?")[0].source in {"lighthouse.md", "harbour.md"}
    n += 1
print(n)
"""


@pytest.mark.parametrize("asks_chroma", [True, False])
def test_what_is_written_afterwards_is_there(notes_app, tmp_path, minilm, asks_chroma):
    """Others of the same process, ours and a plain LangChain store, hold what is no more; nothing is written there."""
    folder = str(notes_app._vectors.folder)
    other = build(data_dir=notes_app.settings.data_dir)
    if asks_chroma:
        ask_chroma(other)
    plain = Chroma(COLLECTION, persist_directory=folder, embedding_function=minilm)
    with closing(plain._client):
        assert other.search("lamp")
        for i in range(3):
            notes_app.compact()
            (tmp_path / f"{i}.md").write_text(f"# Note {i}\n\nThis is the note of the number {i}.\n")
            notes_app.ingest([tmp_path / f"{i}.md"])
            assert notes_app.verify().problems == ()
            assert other.search(f"note of the number {i}")[0].source == f"{i}.md"
            assert len(other._vectors.ids()) == other.library.count_chunks()
    other._vectors.reopen()
    notes_app._vectors.reopen()
    again = Chroma(COLLECTION, persist_directory=folder, embedding_function=minilm)
    with closing(again._client):
        assert len(again.get()["ids"]) == notes_app.library.count_chunks()


def test_a_reader_in_another_process_does_not_notice(notes_app):
    """It asks all the time while the folder is replaced again and again, and finds what it looks for."""
    command = [sys.executable, "-c", READER, str(notes_app.settings.data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
        for _ in range(3):
            notes_app.compact()
        notes_app.library.set_meta("stop", "")
        out, err = reader.communicate(timeout=60)
    assert (reader.returncode, err) == (0, "")
    assert int(out) > 0


def test_a_question_waits_while_the_folder_is_away(notes_app):
    """For the moment between the two renamings of a writer."""
    folder = notes_app._vectors.folder
    moved = notes_app._vectors._old
    ask_chroma(notes_app)
    notes_app._vectors.reopen()
    folder.rename(moved)
    back = threading.Timer(0.1, moved.rename, [folder])
    back.start()
    try:
        assert notes_app.search("What dims the lamp?")[0].source in {"lighthouse.md", "harbour.md"}
    finally:
        back.join()
