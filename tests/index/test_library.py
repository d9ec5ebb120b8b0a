"""SQLite holds what is true."""

from __future__ import annotations

import re
import sqlite3
import threading
from dataclasses import replace

import numpy as np
import pytest

from rag_app.errors import StoreError
from rag_app.index.library import Library
from rag_app.index.schema import VERSION
from rag_app.locator import Locator
from rag_app.types import Block, Chunk, Source, Unit

VECTOR = np.arange(4, dtype=np.float32)
SOURCE = Source(
    name="notes/é.md",
    uri="/home/é.md",
    title="Ti›tle",
    text="Überblick\n\n\U0001f600 One. Two.\n\nx = 1",
    sha256="a" * 64,
    bytes_sha256="b" * 64,
    blocks=(
        Block("heading", 0, 9, Locator(("Überblick",), line=1)),
        Block("paragraph", 11, 22, Locator(("Überblick",))),
        Block("code", 24, 29, Locator(("Überblick", '"x"'), line=5)),
    ),
    metadata={"author": "Ä, B", "empty": "", "chroma:document": "x", "source": "not this"},
)
UNITS = (Unit(0, 9, "heading"), Unit(11, 17, "paragraph"), Unit(18, 22, "paragraph"))
CHUNKS = [
    Chunk("1" * 32, 0, 22, SOURCE.text[:22], "Ti›tle", Locator(("Überblick",), line=3), UNITS, 12),
    Chunk("2" * 32, 24, 29, "x = 1", "", Locator(), (Unit(24, 29, "code"),), 300),
]


@pytest.fixture
def library(tmp_path):
    """A library that holds one source of two chunks."""
    made = Library(tmp_path / "data" / "library.sqlite")
    made.create()
    made.replace_source(SOURCE, CHUNKS, {"k1": VECTOR, "k2": VECTOR + 1}, ["k1", "k2"])
    return made


# -- reading ---------------------------------------------------------------------------------------------------------


def test_a_source_comes_back_as_it_was_stored(library):
    """Text, blocks, locators and metadata survive, whatever characters they hold."""
    assert library.source("notes/é.md") == SOURCE
    assert library.source("/home/é.md") is None


def test_the_text_of_a_source_can_be_read_alone(library):
    """As it was stored; of no other name than the source's own."""
    assert library.text("notes/é.md") == SOURCE.text
    assert library.text("/home/é.md") is None


def test_sources_are_listed_by_name_with_their_sizes(library):
    """A source without chunks counts none."""
    library.replace_source(replace(SOURCE, name="a.md", uri="/a.md"), [], {}, [])
    assert [(row.name, row.uri, row.n_chunks, row.n_tokens) for row in library.sources()] == [
        ("a.md", "/a.md", 0, 0),
        ("notes/é.md", "/home/é.md", 2, 312),
    ]
    assert (library.count_chunks(), library.count_tokens()) == (2, 312)
    assert [library.count_longer_than(n) for n in (11, 12, 299, 300)] == [2, 1, 1, 0]


def test_passages_are_cut_from_the_text_by_their_offsets(library):
    """Offsets count characters, so emoji and accents don't shift them; unknown ids are left out."""
    passages = library.passages(["2" * 32, "0" * 32, "1" * 32])
    assert set(passages) == {"1" * 32, "2" * 32}
    for chunk in CHUNKS:
        passage = passages[chunk.id]
        assert passage.text == chunk.text == SOURCE.text[passage.start : passage.end]
        assert (passage.locator, passage.context) == (chunk.locator, chunk.context)
        places = [replace(u.locator, heading=chunk.locator.heading) for u in chunk.units]
        assert [u.locator for u in passage.units] == places
        assert [(u.start, u.end, u.kind) for u in passage.units] == [(u.start, u.end, u.kind) for u in chunk.units]
        assert (passage.source, passage.sha256, passage.title) == (SOURCE.name, SOURCE.sha256, SOURCE.title)
        assert (passage.score, passage.dense_score, passage.lexical_score) == (0, 0, 0)


def test_vectors_come_back_bit_by_bit(library):
    """By chunk and by key, as 32-bit floats; unknown ones are left out."""
    assert {k: v.tolist() for k, v in library.chunk_vectors(["1" * 32, "?"]).items()} == {"1" * 32: [0, 1, 2, 3]}
    cached = library.cached_vectors(["k2", "k3"])
    assert {k: (v.dtype, v.tolist()) for k, v in cached.items()} == {"k2": (np.float32, [1, 2, 3, 4])}
    assert library.chunk_vectors([]) == library.cached_vectors([]) == library.passages([]) == {}


def test_thousands_of_ids_are_looked_up_at_once(library):
    """No limit of SQLite on the number of parameters is reached."""
    chunks = [replace(CHUNKS[1], id=f"{i:032}") for i in range(2_500)]
    library.replace_source(SOURCE, chunks, {}, ["k2"] * 2_500)
    assert len(library.passages([c.id for c in chunks])) == 2_500
    assert len(library.chunk_vectors([c.id for c in chunks])) == 2_500


# -- what Chroma has yet to do ---------------------------------------------------------------------------------------


def test_new_chunks_are_pending_until_they_are_marked(library):
    """What Chroma is to store has vector, text and metadata; our own keys win, empty and reserved ones are left out."""
    first, second = library.pending(10)
    assert (first.chunk_id, first.text, first.vector.tolist()) == ("1" * 32, CHUNKS[0].text, [0, 1, 2, 3])
    assert first.metadata == {
        "author": "Ä, B",
        "source": "notes/é.md",
        "title": "Ti›tle",
        "heading": "Überblick",
        "start": 0,
        "end": 22,
        "sha256": "a" * 64,
        "line": 3,
    }
    assert (second.metadata["heading"], "line" in second.metadata) == ("", False)
    assert [c.chunk_id for c in library.pending(1)] == ["1" * 32]
    library.mark_stored(["1" * 32])
    assert [c.chunk_id for c in library.pending(10)] == ["2" * 32]
    library.mark_stored(["2" * 32])
    assert library.pending(10) == []


def test_what_is_replaced_is_to_be_deleted_unless_it_came_back(library):
    """Of a changed source, chunks that went are deleted from Chroma, those that stayed are stored again."""
    library.mark_stored(["1" * 32, "2" * 32])
    library.replace_source(SOURCE, [CHUNKS[0], replace(CHUNKS[1], id="3" * 32)], {}, ["k1", "k2"])
    assert library.pending_deletes() == ["2" * 32]
    assert [c.chunk_id for c in library.pending(10)] == ["1" * 32, "3" * 32]
    library.remove_source(SOURCE.uri)
    assert sorted(library.pending_deletes()) == ["1" * 32, "2" * 32, "3" * 32]
    assert library.query("SELECT count(*) FROM lexical")[0][0] == 0
    library.finish()
    assert library.pending_deletes() == []


def test_finish_forgets_what_is_not_needed_and_moves_on(library):
    """Embeddings without a chunk go, the generation grows by one, and nothing is unfinished."""
    assert (library.generation, library.unfinished) == (0, True)
    library.finish()
    assert (library.generation, library.unfinished) == (1, False)
    library.replace_source(SOURCE, CHUNKS[:1], {}, ["k1"])
    assert library.unfinished
    assert set(library.cached_vectors(["k1", "k2"])) == {"k1", "k2"}
    library.finish()
    assert set(library.cached_vectors(["k1", "k2"])) == {"k1"}
    assert library.generation == 2


def test_removing_what_is_not_there_changes_nothing(library):
    """An unknown uri is passed over."""
    library.remove_source("/nowhere.md")
    assert library.count_chunks() == 2
    assert library.pending_deletes() == []


def test_a_change_is_whole_or_not_at_all(library):
    """If storing a source fails midway, the index is as it was before."""
    before = library.query("SELECT * FROM chunks"), library.query("SELECT * FROM lexical"), library.generation
    twice = [CHUNKS[0], CHUNKS[0]]
    with pytest.raises(sqlite3.IntegrityError):
        library.replace_source(replace(SOURCE, text="other"), twice, {"k9": VECTOR}, ["k9", "k9"])
    assert (library.query("SELECT * FROM chunks"), library.query("SELECT * FROM lexical"), library.generation) == before
    assert library.source(SOURCE.name) == SOURCE
    assert library.cached_vectors(["k9"]) == {}


# -- the file --------------------------------------------------------------------------------------------------------


def test_meta_is_kept(library):
    """Values of the index's identity can be set and replaced; an unknown key is None."""
    assert library.get_meta("fingerprint") is None
    library.set_meta("fingerprint", "one")
    library.set_meta("fingerprint", "two")
    assert Library(library.path).get_meta("fingerprint") == "two"


def test_creating_twice_keeps_what_is_there(library):
    """An index that exists is opened."""
    library.create()
    Library(library.path).create()
    assert library.count_chunks() == 2


@pytest.mark.parametrize("content", [None, b"", "tables of another program"])
def test_no_index_is_no_index(tmp_path, content):
    """A missing file, an empty one and one whose tables are not there yet are the same: ingest first."""
    library = Library(tmp_path / "library.sqlite")
    if isinstance(content, bytes):
        library.path.write_bytes(content)
    elif content:
        with sqlite3.connect(library.path) as db:
            db.execute("CREATE TABLE other (x)")
    assert not library.exists()
    with pytest.raises(StoreError, match=re.escape(f"There is no index in {tmp_path}. Run: rag ingest")):
        library.sources()
    library.create()
    assert library.exists()
    assert library.sources() == []


def test_a_file_that_is_no_database_is_refused(tmp_path):
    """A damaged file is named, with what to do."""
    library = Library(tmp_path / "library.sqlite")
    library.path.write_bytes(b"garbage" * 1_000)
    message = (
        f"The index {library.path} cannot be opened: file is not a database. "
        "Set RAG_DATA_DIR to another folder, or move this one away."
    )
    for use in (library.exists, library.sources, library.create):
        with pytest.raises(StoreError, match=re.escape(message)):
            use()


def test_an_index_of_another_version_is_refused(library):
    """An index that a newer program wrote is neither read nor written to."""
    library.query("PRAGMA user_version = 7")
    newer = Library(library.path)
    for use in (newer.sources, newer.create, newer.exists):
        with pytest.raises(
            StoreError, match=re.escape(f"The index {library.path} must be of version {VERSION}; got 7.")
        ):
            use()


def test_an_index_in_a_folder_that_is_read_only_says_so(tmp_path):
    """SQLite needs files of its own beside it; here a folder is in the place of one."""
    library = Library(tmp_path / "library.sqlite")
    library.create()
    library.close()
    (tmp_path / "library.sqlite-wal").mkdir()
    with pytest.raises(StoreError, match=r"unable to open database file\. Make its folder writable, or copy it to one"):
        Library(library.path).sources()


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path):
    """A path under a file, and a folder in place of the file, give one sentence and a hint."""
    (tmp_path / "file").write_text("")
    library = Library(tmp_path / "file" / "data" / "library.sqlite")
    message = (
        f"The data folder {library.path.parent} must be writable; not a directory. Set RAG_DATA_DIR to a folder of"
    )
    with pytest.raises(StoreError, match=re.escape(message)):
        library.create()
    with pytest.raises(StoreError, match=r"There is no index in .*/file/data\. Run: rag ingest"):
        library.sources()
    (tmp_path / "library.sqlite").mkdir()
    with pytest.raises(StoreError, match=r"The index .* cannot be opened: unable to open database file\."):
        Library(tmp_path / "library.sqlite").create()


def test_a_database_that_refuses_writing_is_refused(library):
    """SQLite's reason is passed on."""
    library.query("PRAGMA user_version = 0")  # the tables are there already: creating them fails
    with pytest.raises(StoreError, match=r"The data folder .* must be writable; table meta already exists\."):
        library.create()


def test_a_damaged_file_is_one_sentence(library):
    """Damage that SQLite meets at a query, reading or writing, is an error of the store."""
    library.query("PRAGMA wal_checkpoint(TRUNCATE)")
    data = library.path.read_bytes()
    library.path.write_bytes(data[:4096] + b"\x55" * (len(data) - 4096))
    damaged = Library(library.path)
    message = f"The index {library.path} cannot be used: database disk image is malformed. Set RAG_DATA_DIR to another"
    for use in (damaged.sources, damaged.count_tokens, lambda: damaged.set_meta("a", "b")):
        with pytest.raises(StoreError, match=re.escape(message)):
            use()


def test_a_full_disk_is_one_sentence_and_leaves_what_was_there(library):
    """A change that finds no room is taken back whole."""
    n_pages = library.query("PRAGMA page_count")[0][0]
    library.query(f"PRAGMA max_page_count = {n_pages}")
    with pytest.raises(StoreError, match=r"The index .* cannot be used: database or disk is full\."):
        library.replace_source(replace(SOURCE, text="x" * 10**6), CHUNKS, {}, ["k1", "k2"])
    assert library.source(SOURCE.name) == SOURCE
    assert library.count_chunks() == 2


def test_mistakes_of_our_own_are_not_dressed_up(library):
    """A query that is wrong is no trouble of the user's."""
    with pytest.raises(sqlite3.OperationalError, match="no such table: nowhere"):
        library.query("SELECT 1 FROM nowhere")
    with pytest.raises(sqlite3.ProgrammingError, match="Incorrect number of bindings"):
        library.query("SELECT ?")


def test_threads_read_with_connections_of_their_own(library):
    """Many threads read at once while one writes."""
    errors, seen = [], []

    def read():
        try:
            for _ in range(20):
                seen.append(len(library.sources()))
                library.passages([c.id for c in CHUNKS])
        except Exception as exc:  # noqa: BLE001  (whatever it is, the test reports it)
            errors.append(exc)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for i in range(10):
        library.replace_source(replace(SOURCE, name=f"{i}.md", uri=f"/{i}.md"), [], {}, [])
    for thread in threads:
        thread.join()
    assert errors == []
    assert set(seen) <= set(range(1, 12))
    assert len(library.sources()) == 11
