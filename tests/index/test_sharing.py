"""Vectors on one server, shared by machines that each have a copy of the library."""

from __future__ import annotations

import re
import shutil
import sqlite3
import threading
from contextlib import closing

import pytest
from support.indexes import Index, check_agreement

from rag_app.app import App
from rag_app.errors import LockedError, StoreError
from rag_app.index.sharing import check_current, check_embedder, index_lock
from rag_app.ingestion.reindex import reindex
from rag_app.settings import Settings

QUESTION = "What do cats eat?"
OWN = (
    "Copy library.sqlite and chroma/server from that machine, "
    "or run rag index reindex: this library gets vectors of its own."
)


class OtherEmbedder:
    """The same vectors under another name: what an embedder of equal dimension looks like to an index."""

    name, revision = "sentence-transformers:other", "0123456789abcdef"

    def __init__(self, minilm):
        self._minilm = minilm

    def __getattr__(self, name):
        return getattr(self._minilm, name)


@pytest.fixture
def notes(tmp_path):
    """Three files."""
    folder = tmp_path / "notes"
    folder.mkdir()
    for name, text in {"cats": "Cats eat fish.", "dogs": "Dogs bark at night.", "mice": "Mice eat cheese."}.items():
        (folder / f"{name}.md").write_text(f"# {name.title()}\n\n{text}\n")
    return folder


@pytest.fixture
def machines(tmp_path, minilm, server_url):
    """Makes machines: the first is empty, others begin with a copy of another one's library."""
    made = []

    def make(of=None, embedder=None):
        folder = tmp_path / f"machine{len(made)}"
        if of is not None:
            (folder / "chroma").mkdir(parents=True)
            copy_library(of, folder)
            shutil.copy(of.folder / "chroma" / "server", folder / "chroma" / "server")
        made.append(Index(folder, embedder or minilm, server_url))
        return made[-1]

    yield make
    for index in made:
        index.close()


def copy_library(index, folder):
    """Copy a library to a folder, where one may be in use: as SQLite's own ``.backup`` does."""
    files = (sqlite3.connect(place / "library.sqlite") for place in (index.folder, folder))
    with closing(next(files)) as source, closing(next(files)) as target:
        source.backup(target)


def shown(index, question=QUESTION):
    """Return what a search shows; the server and the library round differently."""
    return [(p.source, p.text, round(p.score, 5)) for p in index.search(question)]


# -- readers -----------------------------------------------------------------------------------------------------------


def test_readers_share_the_vectors_of_the_writer(machines, notes):
    """On machines of their own they find the same; there is one collection."""
    writer = machines()
    writer.ingest(notes)
    readers = [machines(of=writer) for _ in range(2)]
    assert shown(readers[0]) == shown(readers[1]) == shown(writer) != []
    for reader in readers:
        check_agreement(reader)
        check_current(reader.library, reader.vectors)


def test_a_reader_sees_its_own_generation_until_it_has_the_next_one(machines, notes):
    """What was added is not shown, even where it is nearer than all that is known; what was changed is as it was."""
    writer = machines()
    writer.ingest(notes)
    reader = machines(of=writer)
    before = shown(reader)
    for i in range(150):
        (notes / f"more{i:03}.md").write_text(f"# Cats\n\nCats eat fish number {i}.\n")
    (notes / "mice.md").write_text("# Mice\n\nMice eat bread.\n")
    writer.ingest(notes)
    assert shown(reader) == before
    assert [p.text for p in reader.search("What do mice eat?", k=1)] == ["Mice\n\nMice eat cheese."]
    copy_library(writer, reader.folder)
    assert shown(reader) == shown(writer) != before
    assert [p.text for p in reader.search("What do mice eat?", k=1)] == ["Mice\n\nMice eat bread."]


def test_readers_are_not_disturbed_by_a_writer(machines, notes):
    """Many searches while files come and go: each shows what the first did."""
    writer = machines()
    writer.ingest(notes)
    readers = [machines(of=writer) for _ in range(2)]
    before, seen, stop = shown(writer), [], threading.Event()

    def read(reader):
        while not stop.is_set():
            seen.append(shown(reader))

    threads = [threading.Thread(target=read, args=(reader,)) for reader in readers]
    for thread in threads:
        thread.start()
    for i in range(2):
        (notes / "other.md").write_text(f"# Cats\n\nCats eat fish number {i}.\n")
        writer.ingest(notes)
    stop.set()
    for thread in threads:
        thread.join()
    assert len(seen) >= len(readers)
    assert all(found == before for found in seen)


def test_a_reader_whose_vectors_were_built_anew_is_told_what_to_copy(machines, notes, minilm):
    """The others' collection is no more; with the copy it goes on."""
    writer = machines()
    writer.ingest(notes)
    reader = machines(of=writer)
    shown(reader)
    reindex(writer.library, writer.vectors, minilm)
    message = (
        f"There are no vectors in {reader.vectors.url}. Run rag ingest on any file: they are written anew from the"
    )
    with pytest.raises(StoreError, match=re.escape(message)) as caught:
        shown(reader)
    assert "copy library.sqlite and chroma/server from there instead" in caught.value.hint
    shutil.copy(writer.folder / "chroma" / "server", reader.folder / "chroma" / "server")
    copy_library(writer, reader.folder)
    assert shown(reader) == shown(writer)


# -- writers -----------------------------------------------------------------------------------------------------------


def test_two_machines_do_not_write_at_once(machines, notes):
    """The second is told who writes, and nothing of it is changed."""
    one = machines()
    one.ingest(notes)
    other = machines(of=one)
    rows = other.rows()
    with (
        index_lock(one.library, one.vectors),
        pytest.raises(LockedError, match=r"^Another machine \(.+, process \d+\) is writing to the vectors on the"),
    ):
        other.ingest(notes)
    assert other.rows() == rows
    assert other.ingest(notes).count("unchanged") == 3


def test_whoever_has_the_latest_library_may_write(machines, notes):
    """From machine to machine; one that was overtaken is told by whom, and what to do."""
    one = machines()
    one.ingest(notes)
    other = machines(of=one)
    (notes / "ants.md").write_text("# Ants\n\nAnts build nests.\n")
    assert other.ingest(notes).count("new") == 1
    rows = one.rows()
    message = rf"^The vectors on {one.vectors.url} are newer than this library: .+, process \d+ wrote them at .+ UTC\. "
    with pytest.raises(StoreError, match=message + re.escape(OWN)):
        one.ingest(notes)
    assert one.rows() == rows
    check_agreement(other)
    copy_library(other, one.folder)
    (notes / "ants.md").unlink()
    assert one.ingest(notes).count("removed") == 1
    check_agreement(one)


def test_a_machine_that_is_behind_gets_vectors_of_its_own(machines, notes, minilm):
    """By building them anew; those of the others are left as they are."""
    one = machines()
    one.ingest(notes)
    other = machines(of=one)
    (notes / "ants.md").write_text("# Ants\n\nAnts build nests.\n")
    other.ingest(notes)
    reindex(one.library, one.vectors, minilm)
    for index, n_sources in ((one, 3), (other, 4)):
        assert len(index.library.sources()) == n_sources
        check_agreement(index)
        index.ingest(notes)
        check_agreement(index)


@pytest.mark.parametrize("n_steps", [1, 2])
def test_an_interruption_between_the_two_notes_locks_nobody_out(machines, notes, n_steps):
    """Who writes is noted in the library and on the server, one after the other."""
    writer = machines()
    writer.ingest(notes)
    stamp = "0" * 32
    writer.library.set_meta("vectors_stamp_next", stamp)
    if n_steps == 2:
        writer.vectors.note(stamp=stamp)
    writer.close()
    assert writer.ingest(notes).count("unchanged") == 3
    check_current(writer.library, writer.vectors)


def test_a_writer_that_lost_its_turn_stops_before_it_writes(machines, notes):
    """Another took over while it was away: its chunks do not reach the server, and it may not go on."""
    one = machines()
    one.ingest(notes)
    held = one.chroma()
    (notes / "ants.md").write_text("# Ants\n\nAnts build nests.\n")

    def overtake(_name, _done, _total):
        name = one.vectors._name()
        numbers = [c.name for c in one.vectors._client.list_collections() if c.name.startswith(f"{name}.writer.")]
        for taken in numbers:
            number = int(taken.rpartition(".")[2]) + 1
            state = {"holder": "another", "folder": "another", "until_ns": 0}
            one.vectors._client.get_or_create_collection(
                f"{name}.writer.{number}", metadata=state, embedding_function=None
            )

    with pytest.raises(StoreError, match="This process was away for so long that another may write"):
        one.sync.run([notes], overtake)
    assert one.chroma() == held
    assert one.ingest(notes).count("unchanged") == 4  # the other has not changed the vectors
    check_agreement(one)


def test_a_library_without_its_own_marker_is_behind(machines, notes):
    """Whoever names another's collection as their own cannot write to it."""
    one, other = machines(), machines()
    one.ingest(notes)
    (other.folder / "chroma").mkdir(parents=True)
    shutil.copy(one.folder / "chroma" / "server", other.folder / "chroma" / "server")
    with pytest.raises(StoreError, match="are newer than this library"):
        other.ingest(notes)
    check_agreement(one)


# -- the embedder ------------------------------------------------------------------------------------------------------


def test_vectors_of_another_embedder_are_refused_on_every_machine(machines, notes, minilm):
    """Even of equal dimension, and even where the library and the settings agree; with what corrects it."""
    one, other = machines(), machines(embedder=OtherEmbedder(minilm))
    one.ingest(notes)
    other.ingest(notes)
    shutil.copy(one.folder / "chroma" / "server", other.folder / "chroma" / "server")
    other.vectors.reopen()
    message = (
        f"The vectors on {one.vectors.url} were made by minilm ({minilm.revision[:12]}); "
        f"those of this library by sentence-transformers:other (0123456789ab). {OWN}"
    )
    with pytest.raises(StoreError, match=f"^{re.escape(message)}$"):
        check_embedder(other.library, other.vectors)
    check_embedder(one.library, one.vectors)
    reindex(other.library, other.vectors, other.embedder)
    check_embedder(other.library, other.vectors)
    assert shown(other) == shown(one)


def test_the_application_checks_the_embedder_of_a_server(machines, notes, server_url):
    """At each search, since another machine may have built the vectors anew."""
    one = machines()
    one.ingest(notes)
    app = App(Settings.load(environ={}, data_dir=one.folder, chroma_url=server_url))
    assert app.search(QUESTION)[0].source == "cats.md"
    one.vectors.note(fingerprint=one.library.get_meta("fingerprint").replace("minilm", "other"))
    app._vectors.reopen()
    with pytest.raises(StoreError, match=r"were made by other \(.+\); those of this library by minilm \("):
        app.search(QUESTION)
    app._vectors.reopen()
