"""What is forgotten is gone from every file, and that is shown."""

from __future__ import annotations

import shutil
from contextlib import closing

import pytest

from rag_app import build
from rag_app.chains.conversations import Conversations
from rag_app.errors import UnknownNameError
from rag_app.index.traces import distinctive_texts, search_files
from rag_app.ingestion.sync import silent

LAMP = "The lamp was lit for the first time in 1861."


@pytest.fixture
def app(tmp_path, notes_data):
    """The application over three notes of its own."""
    shutil.copytree(notes_data / "notes", tmp_path / "notes")
    made = build(data_dir=tmp_path / "data")
    made.ingest([tmp_path / "notes"])
    yield made
    made._vectors.reopen()


def _texts(app, name):
    others = [app.source(row.name) for row in app.library.sources() if row.name != name]
    return distinctive_texts([app.source(name)], others)


def test_nothing_of_a_forgotten_source_is_left(app, tmp_path):
    """Its texts are in the files before, and not after; the other sources are as they were."""
    data, kept = tmp_path / "data", app.source("harbour.md")
    texts = _texts(app, "lighthouse.md")
    assert LAMP in texts
    assert "Salt on the glass dims the lamp." not in texts  # it stands in another source too
    assert {p.rpartition("/")[2] for p in search_files(data, texts, silent).found} >= {"chroma.sqlite3"}
    erasure = app.forget(["lighthouse.md"])
    assert (erasure.sources, erasure.search.n_texts, erasure.search.found) == (("lighthouse.md",), len(texts), ())
    assert search_files(data, [*texts, str(tmp_path / "notes" / "lighthouse.md")], silent).found == ()
    assert erasure.search.n_bytes > 100_000
    assert erasure.search.n_files >= 4
    assert [row.name for row in app.library.sources()] == ["café.txt", "harbour.md"]
    assert app.source("harbour.md") == kept
    assert app.verify().problems == ()
    assert {p.source for p in app.search("When was the lamp lit?")} == {"café.txt", "harbour.md"}


def test_sources_are_named_by_name_or_path(app, tmp_path, monkeypatch):
    """Absolute or relative; several at once; all of them."""
    monkeypatch.chdir(tmp_path / "notes")
    path = str(tmp_path / "notes" / "lighthouse.md")
    assert app.forget([path, "./café.txt", "harbour.md"]).sources == ("lighthouse.md", "café.txt", "harbour.md")
    assert app.library.sources() == []
    assert app.verify().problems == ()


def test_an_unknown_source_is_refused_and_nothing_is_forgotten(app):
    """With the names that are close, also where others are known."""
    with pytest.raises(UnknownNameError, match=r"no source named 'lighthose\.md'\. Did you mean lighthouse\.md"):
        app.forget(["harbour.md", "lighthose.md"])
    assert len(app.library.sources()) == 3


def test_a_file_that_is_still_there_is_named(app, tmp_path):
    """The next ingestion of its folder would read it again, and does."""
    (tmp_path / "notes" / "harbour.md").unlink()
    erasure = app.forget(["harbour.md", "lighthouse.md"])
    assert erasure.still_there == (str(tmp_path / "notes" / "lighthouse.md"),)
    assert {f.name: f.status for f in app.ingest([tmp_path / "notes"]).files}["lighthouse.md"] == "new"


def test_exchanges_that_rest_on_a_source_go_with_it(app, tmp_path):
    """Those that quote it, looked at it or repeat its words, from the file too; the others stay."""
    path = tmp_path / "data" / "conversations.sqlite"
    with closing(Conversations(path)) as kept:
        conversation = kept.begin()
        quoting = app.ask("When was the lamp lit for the first time?")
        assert quoting.citations[0].source == "lighthouse.md"
        kept.add(conversation, "When was the lamp lit for the first time?", quoting)
        coffee = app.ask("Was kostet ein Kaffee?")
        without = type(coffee)(coffee.question, text="Drei Euro.", citations=(), retrieved=())
        kept.add(conversation, "Was kostet ein Kaffee?", without)
        kept.add(conversation, f"Is it true that {LAMP}", without)
    erasure = app.forget(["lighthouse.md"])
    assert (erasure.n_exchanges, erasure.search.found) == (2, ())
    with closing(Conversations(path)) as kept:
        assert [m.text for m in kept.messages(conversation)] == ["Was kostet ein Kaffee?", "Drei Euro."]


def test_what_another_program_wrote_into_the_folder_is_found(app, tmp_path):
    """It is not ours to delete, and the proof fails: the file is named."""
    copy = tmp_path / "data" / "copy.txt"
    copy.write_bytes(LAMP.encode("utf-16"))
    assert app.forget(["lighthouse.md"]).search.found == (str(copy),)


def test_what_an_interrupted_reindex_left_is_forgotten_too(app, tmp_path):
    """A library that was being built aside holds the texts as well."""

    def interrupt(name, done, _total):
        if name == "storing vectors" and done == 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        app.reindex(progress=interrupt)
    assert (tmp_path / "data" / "library_next.sqlite").exists()
    assert app.forget(["lighthouse.md"]).search.found == ()
    assert not (tmp_path / "data" / "library_next.sqlite").exists()


def test_an_interruption_is_remembered(app):
    """Until the files have been written anew."""

    def interrupt(name, _done, _total):
        if name == "storing vectors":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        app.forget(["lighthouse.md"], progress=interrupt)
    assert app.library.get_meta("forgetting") is not None
    app.compact()
    assert app.library.get_meta("forgetting") is None
    assert search_files(app.settings.data_dir, [LAMP], silent).found == ()


def test_the_result_as_json(app):
    """For programs."""
    printed = app.forget(["café.txt"]).to_json()
    assert printed["sources"] == ["café.txt"]
    assert (printed["exchanges"], printed["found_in"]) == (0, [])
    assert printed["texts"] > 0
