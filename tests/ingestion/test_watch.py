"""Files are followed: each batch of changes is ingested, and nothing else starts an ingestion."""

from __future__ import annotations

import os
import shutil

import pytest
from support.indexes import Index

from rag_app.errors import InvalidInputError, LockedError, StoreError
from rag_app.ingestion.watch import watch


@pytest.fixture
def notes(tmp_path):
    """A folder with a file."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "cats.md").write_text("# Cats\n\nCats eat fish.\n")
    return folder


def _followed(index, *paths):
    """Return a function that gives, as one ingestion after the other ends, what happened to which files."""
    rounds = watch(lambda: index.ingest(*paths), paths, data_dir=index.folder)
    return lambda: {f.name: f.status for f in next(rounds).files if f.status != "unchanged"}


def test_every_kind_of_change_is_followed(index, notes):
    """A file comes, is edited, renamed over another one and deleted; a folder comes with files in it."""
    happened = _followed(index, notes)
    assert happened() == {"cats.md": "new"}
    (notes / "dogs.md").write_text("# Dogs\n\nDogs bark.\n")
    assert happened() == {"dogs.md": "new"}
    (notes / "dogs.md").write_text("# Dogs\n\nDogs howl.\n")
    assert happened() == {"dogs.md": "changed"}
    (notes / "dogs.md").rename(notes / "cats.md")
    assert happened() == {"dogs.md": "removed", "cats.md": "changed"}
    (notes / "cats.md").unlink()
    assert happened() == {"cats.md": "removed"}
    (notes.parent / "more").mkdir()
    (notes.parent / "more" / "birds.md").write_text("# Birds\n\nBirds sing.\n")
    (notes.parent / "more").rename(notes / "more")
    assert happened() == {"more/birds.md": "new"}
    assert index.search("song")[0].source == "more/birds.md"


def test_hidden_files_and_the_index_itself_are_not_followed(minilm, notes):
    """The index lies in the followed folder; what is written to it and to hidden places starts no ingestion."""
    index = Index(notes / "index", minilm)
    happened = _followed(index, notes)
    assert happened() == {"cats.md": "new"}
    (notes / ".git").mkdir()
    (notes / ".git" / "HEAD").write_text("ref")
    (notes / ".cats.md.swp").write_text("x")
    generation = index.library.generation
    (notes / "dogs.md").write_text("# Dogs\n\nDogs bark.\n")
    assert happened() == {"dogs.md": "new"}  # an ingestion between would have returned nothing
    assert index.library.generation == generation + 1
    index.close()


def test_a_file_is_followed_by_its_name(index, notes):
    """Programs save by replacing the file; files beside it are not followed."""
    happened = _followed(index, notes / "cats.md")
    assert happened() == {"cats.md": "new"}
    (notes / "dogs.md").write_text("# Dogs\n\nDogs bark.\n")
    for text in ("Cats eat mice.", "Cats eat birds."):
        (notes / "new").write_text(f"# Cats\n\n{text}\n")
        (notes / "new").replace(notes / "cats.md")
        assert happened() == {"cats.md": "changed"}


def test_a_glob_is_followed_below_its_folder(index, notes):
    """Files that match are ingested when they come."""
    happened = _followed(index, f"{notes}/*.md")
    assert happened() == {"cats.md": "new"}
    (notes / "dogs.md").write_text("# Dogs\n\nDogs bark.\n")
    assert happened() == {"dogs.md": "new"}


def test_a_folder_that_goes_and_comes_back_is_followed_again(index, notes):
    """As when another version is checked out."""
    happened = _followed(index, notes)
    assert happened() == {"cats.md": "new"}
    copy = shutil.copytree(notes, notes.parent / "copy")
    shutil.rmtree(notes)
    gone = happened()
    while gone == {}:  # an event may come before the last file has gone
        gone = happened()
    assert gone == {"cats.md": "removed"}
    copy.rename(notes)
    back = happened()
    while back == {}:
        back = happened()
    assert back == {"cats.md": "new"}
    (notes / "cats.md").write_text("# Cats\n\nCats eat mice.\n")
    assert happened() == {"cats.md": "changed"}


def test_an_ingestion_that_fails_gives_its_error_and_the_next_change_is_waited_for(notes, tmp_path):
    """The error is an item like a receipt; a lock is waited for without a change."""
    outcomes = [StoreError("The disk is full."), LockedError("Another process writes."), "a receipt", "another"]

    def ingest():
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    rounds = watch(ingest, [notes], data_dir=tmp_path / "data")
    assert str(next(rounds)) == "The disk is full."
    (notes / "cats.md").write_text("# Cats\n")
    assert [str(next(rounds)), next(rounds)] == ["Another process writes.", "a receipt"]
    os.utime(notes / "cats.md", (1, 1))
    assert next(rounds) == "another"


def test_a_url_is_not_followed(tmp_path):
    """It is refused before anything is done."""
    with pytest.raises(InvalidInputError, match=r"What is watched must be files and folders; got a URL\. Ingest web"):
        watch(lambda: None, [tmp_path, "https://example.org/?key=SECRET"], data_dir=tmp_path)
