"""An index built aside takes the place of the one in use, and a kill at any step leaves one of the two."""

from __future__ import annotations

import pytest

from rag_app import build
from rag_app.index.swap import build_vectors, library_aside, settle, take_over
from rag_app.ingestion.sync import silent

QUESTION = "What dims the lamp?"


@pytest.fixture(params=["embedded", "server"])
def app(request, tmp_path, notes_data):
    """The application over three notes, with Chroma in the process and on a server."""
    url = request.getfixturevalue("server_url") if request.param == "server" else ""
    made = build(data_dir=tmp_path / "data", chroma_url=url)
    made.ingest([notes_data / "notes"])
    yield made
    made._vectors.reopen()


def test_vectors_built_aside_take_the_place_of_those_in_use(app):
    """Search gives the same, the generation moves on, and nothing is left aside."""
    before, generation = app.search(QUESTION), app.library.generation
    build_vectors(app.library, app._vectors, silent)
    assert app._vectors.folder.with_name("chroma_next").exists()
    assert app.search(QUESTION) == before
    take_over(app.library, app._vectors)
    assert app.library.generation > generation
    assert app.search(QUESTION) == before
    assert not app._vectors.folder.with_name("chroma_next").exists()
    assert app.verify().problems == ()


def _killed_before_replacing(app):
    app._vectors.reopen()


def _killed_between_the_two_renames(app):
    app._vectors.reopen()
    app._vectors.folder.rename(app._vectors.folder.with_name("chroma_old"))


def _killed_after_renaming(app):
    app._vectors.replace()


@pytest.mark.parametrize("killed", [_killed_before_replacing, _killed_between_the_two_renames, _killed_after_renaming])
def test_a_kill_after_the_transaction_leaves_the_new_index(app, tmp_path, killed):
    """Whatever was done of the move, readers read the new vectors, and the next writer finishes it."""
    build_vectors(app.library, app._vectors, silent)
    app._vectors._open().delete(ids=app._vectors.ids())  # the old ones cannot be what is read
    app.library.set_meta("vectors_aside", "")
    killed(app)
    reader = build(data_dir=tmp_path / "data", chroma_url=app.settings.chroma_url)
    found = reader.search(QUESTION)
    assert len(reader._vectors.ids()) == reader.library.count_chunks()
    reader._vectors.reopen()
    settle(app.library, app._vectors)
    assert not app.library.vectors_aside
    assert [p.name for p in (tmp_path / "data").glob("chroma*")] == ["chroma"]
    assert app.search(QUESTION) == found
    assert app.verify().problems == ()


def test_a_kill_before_the_transaction_leaves_the_old_index(app, notes_data):
    """What was built aside in vain is removed by the next ingestion."""
    before = app.search(QUESTION)
    aside = build_vectors(app.library, app._vectors, silent)
    assert app.search(QUESTION) == before
    assert app.ingest([notes_data / "notes"]).count("unchanged") == 3
    assert not aside.folder.exists()
    assert app.verify().problems == ()


def test_a_library_built_aside_replaces_sources_chunks_and_fingerprint(notes_app):
    """In one transaction; what was there before is gone."""
    new = library_aside(notes_app.library)
    new.create()
    source = notes_app.library.source("harbour.md")
    chunks = notes_app.library.chunks(source)
    keys = [f"k{i}" for i in range(len(chunks))]
    vectors = dict(zip(keys, notes_app._embedder.embed([c.embedded_text for c in chunks]), strict=True))
    new.replace_source(source, chunks, vectors, keys)
    new.set_meta("fingerprint", notes_app.library.get_meta("fingerprint"))
    new.finish()
    build_vectors(new, notes_app._vectors, silent)
    take_over(notes_app.library, notes_app._vectors, new)
    assert [row.name for row in notes_app.library.sources()] == ["harbour.md"]
    assert notes_app.library.chunks(source) == chunks
    assert not notes_app.library.unfinished
    assert {p.source for p in notes_app.search(QUESTION)} == {"harbour.md"}
