"""The index follows the files, and nothing is done twice."""

from __future__ import annotations

import os
import re
import shutil

import pytest
from support.chroma_server import url_of
from support.indexes import Index, check_agreement

from rag_app import build
from rag_app.embeddings.minilm import MiniLM
from rag_app.errors import IngestionError, LockedError, StoreError
from rag_app.index.lock import write_lock
from rag_app.ingestion.load import load_source
from rag_app.ingestion.split import VERSION, split_source
from rag_app.ingestion.sync import check_fingerprint, fingerprint_of, silent

GANS = "# GANs\n\nTwo networks are trained against each other.\n\n## Mode collapse\n\nThe generator repeats itself.\n"
CATS = "# Cats\n\nA cat sat on the mat.\n\n## Food\n\nCats eat fish.\n"
BINARY = b"%PDF-1.7\0\0"
DOGS = "# Dogs\n\nA dog barks at the postman.\n"


@pytest.fixture(params=["embedded", "server"], scope="session")
def chroma_url(request):
    """Every test runs against both."""
    return url_of(request)


@pytest.fixture
def notes(tmp_path):
    """A folder with two files."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "gans.md").write_text(GANS)
    (folder / "cats.md").write_text(CATS)
    return folder


# -- what happens to each file ---------------------------------------------------------------------------------------


def test_new_changed_unchanged_removed(index, notes):
    """A file goes through its states, and the index holds what the files hold."""
    assert index.statuses(notes) == {"cats.md": "new", "gans.md": "new"}
    (notes / "cats.md").write_text(CATS.replace("fish", "mice"))
    (notes / "dogs.md").write_text(DOGS)
    assert index.statuses(notes) == {"cats.md": "changed", "dogs.md": "new", "gans.md": "unchanged"}
    (notes / "gans.md").unlink()
    assert index.statuses(notes) == {"cats.md": "unchanged", "dogs.md": "unchanged", "gans.md": "removed"}
    assert [row.name for row in index.library.sources()] == ["cats.md", "dogs.md"]
    assert index.search("What do cats eat?")[0].text == "Food\n\nCats eat mice."
    assert {p.source for p in index.search("networks trained mode collapse", k=50)} == {"cats.md", "dogs.md"}
    check_agreement(index)


def test_receipt_counts_files_chunks_tokens_and_embeddings(index, notes, minilm):
    """The figures of a receipt are those of the index."""
    receipt = index.ingest(notes)
    expected = [
        split_source(
            load_source(text.encode(), uri=str(notes / name), name=name, suffix=".md"),
            count_tokens=minilm.count_tokens,
            max_tokens=256,
        )
        for name, text in (("cats.md", CATS), ("gans.md", GANS))
    ]
    assert [(f.name, f.n_chunks, f.n_tokens, f.detail) for f in receipt.files] == [
        (name, len(chunks), sum(c.n_tokens for c in chunks), "")
        for name, chunks in zip(("cats.md", "gans.md"), expected, strict=True)
    ]
    assert (receipt.n_chunks, receipt.n_embedded, receipt.n_truncated) == (4, 4, 0)
    assert receipt.n_tokens == sum(f.n_tokens for f in receipt.files)
    assert receipt.ignored == {}
    assert receipt.duration_s > 0
    again = index.ingest(notes)
    assert [(f.name, f.n_chunks, f.n_tokens) for f in again.files] == [
        (f.name, f.n_chunks, f.n_tokens) for f in receipt.files
    ]


def test_running_twice_changes_nothing(index, notes):
    """The second run embeds nothing, writes nothing and leaves the generation where it was."""
    (notes / "copy.md").write_text(CATS)
    (notes / "broken.md").write_bytes(BINARY)
    index.ingest(notes)
    rows, held, generation = index.rows(), index.chroma(), index.library.generation
    receipt = index.ingest(notes)
    assert [f.status for f in receipt.files] == ["failed", "unchanged", "duplicate-of", "unchanged"]
    assert receipt.n_embedded == 0
    assert (index.rows(), index.chroma(), index.library.generation) == (rows, held, generation)
    check_agreement(index)
    assert not index.library.unfinished


def test_touching_a_file_changes_nothing(index, notes):
    """Times of files don't matter, their bytes do; other bytes of the same text store the source anew, unembedded."""
    index.ingest(notes)
    os.utime(notes / "cats.md", (1, 1))
    assert index.statuses(notes)["cats.md"] == "unchanged"
    (notes / "cats.md").write_text(CATS.replace("\n", "\r\n"), newline="")
    receipt = index.ingest(notes / "cats.md")
    assert (receipt.files[0].status, receipt.n_embedded) == ("changed", 0)


def test_an_edited_paragraph_embeds_its_chunk_alone(index, notes):
    """Of a file with twenty sections, an edit in one embeds one chunk; the others keep their ids and vectors."""
    sections = [f"## Section {i}\n\nThis is what section {i} says." for i in range(20)]
    (notes / "long.md").write_text("# Long\n\n" + "\n\n".join(sections))
    assert index.ingest(notes).n_embedded == 24
    before = index.library.cached_vectors([key for key, _ in index.rows()["vectors"]])
    ids = index.chroma().keys()
    sections[7] = sections[7].replace("says", "has always said")
    (notes / "long.md").write_text("# Long\n\n" + "\n\n".join(sections))
    receipt = index.ingest(notes)
    assert (receipt.n_embedded, receipt.count("changed"), receipt.n_chunks) == (1, 1, 24)
    after = dict(index.rows()["vectors"])
    assert len(before.keys() & after.keys()) == len(ids & index.chroma().keys()) == 23
    assert all(before[key].tobytes() == after[key] for key in before.keys() & after.keys())
    check_agreement(index)


@pytest.mark.parametrize(("suffix", "text"), [(".md", CATS), (".txt", "A cat sat on the mat.\n\nCats eat fish.\n")])
def test_a_renamed_file_embeds_nothing(index, notes, suffix, text):
    """The old name is removed, the new one is new, and the vectors are taken over, of a file without a title too."""
    (notes / "cats.md").unlink()
    (notes / f"cats{suffix}").write_text(text)
    index.ingest(notes)
    (notes / "sub").mkdir()
    (notes / f"cats{suffix}").rename(notes / "sub" / f"felines{suffix}")
    receipt = index.ingest(notes)
    assert {f.name: f.status for f in receipt.files} == {
        f"cats{suffix}": "removed",
        "gans.md": "unchanged",
        f"sub/felines{suffix}": "new",
    }
    assert receipt.n_embedded == 0
    assert index.search("fish")[0].source == f"sub/felines{suffix}"
    check_agreement(index)


def test_a_renamed_folder_embeds_nothing(index, notes):
    """Every file of it is removed and new, whether its parent is given or both names."""
    index.ingest(notes)
    notes.rename(notes.parent / "moved")
    receipt = index.ingest(notes, notes.parent / "moved")
    assert [f.status for f in receipt.files] == ["removed", "removed", "new", "new"]
    assert receipt.n_embedded == 0
    check_agreement(index)


def test_files_that_change_names_with_each_other_embed_nothing(index, notes):
    """Each name holds what the other one held."""
    index.ingest(notes)
    (notes / "cats.md").rename(notes / "x")
    (notes / "gans.md").rename(notes / "cats.md")
    (notes / "x").rename(notes / "gans.md")
    receipt = index.ingest(notes)
    assert ([f.status for f in receipt.files], receipt.n_embedded) == (["changed", "changed"], 0)
    assert index.search("fish")[0].source == "gans.md"
    check_agreement(index)


def test_text_that_comes_back_after_it_was_forgotten_is_embedded_again(index, notes):
    """Embeddings without a chunk are not kept."""
    index.ingest(notes)
    (notes / "cats.md").unlink()
    index.ingest(notes)
    (notes / "cats.md").write_text(CATS)
    assert index.ingest(notes).n_embedded == 2


def test_equal_chunks_are_embedded_once(index, notes):
    """Two files that share a section under the same title and headings share its vector, each with its own chunk."""
    (notes / "more.md").write_text(CATS + "\n## Sleep\n\nCats sleep.\n")
    receipt = index.ingest(notes)
    assert (receipt.n_embedded, receipt.n_chunks) == (5, 7)
    assert {p.source for p in index.search("What do cats eat?", k=2)} == {"cats.md", "more.md"}
    check_agreement(index)


def test_a_folder_emptied_of_all_files_leaves_an_empty_index(index, notes):
    """When every file has gone, every source goes, and a search says that the index is empty."""
    index.ingest(notes)
    for path in notes.iterdir():
        path.unlink()
    assert set(index.statuses(notes).values()) == {"removed"}
    assert (index.chroma(), index.library.count_chunks(), index.library.count_tokens()) == ({}, 0, 0)
    with pytest.raises(StoreError, match=r"The index in .* is empty\. Run: rag ingest"):
        index.search("cats")


# -- duplicates ------------------------------------------------------------------------------------------------------


def test_a_copy_is_recorded_and_not_stored(index, notes):
    """Equal bytes are stored once; the receipt names the file that has them."""
    (notes / "z-copy.md").write_text(CATS)
    receipt = index.ingest(notes)
    assert (receipt.files[2].status, receipt.files[2].detail, receipt.n_chunks) == ("duplicate-of", "cats.md", 4)
    assert "z-copy.md" not in {row.name for row in index.library.sources()}


@pytest.mark.parametrize("copy", ["a-copy.md", "z-copy.md"])
@pytest.mark.parametrize("fate", ["changed", "removed"])
def test_a_copy_takes_over_when_its_original_goes(index, notes, copy, fate):
    """In the run in which the original is edited or deleted, the copy is new: its text is never lost."""
    index.ingest(notes)
    (notes / copy).write_text(CATS)
    assert index.statuses(notes)[copy] == "duplicate-of"
    if fate == "changed":
        (notes / "cats.md").write_text(DOGS)
    else:
        (notes / "cats.md").unlink()
    receipt = index.ingest(notes)
    assert {f.name: f.status for f in receipt.files} == {copy: "new", "cats.md": fate, "gans.md": "unchanged"}
    assert receipt.n_embedded == (1 if fate == "changed" else 0)
    assert index.search("What do cats eat?")[0].source == copy
    check_agreement(index)


def test_a_copy_of_what_a_file_has_just_become_is_a_duplicate(index, notes):
    """Duplicates are judged by what the other file holds now."""
    index.ingest(notes)
    (notes / "cats.md").write_text(DOGS)
    (notes / "a-copy.md").write_text(DOGS)
    receipt = index.ingest(notes)
    assert [(f.name, f.status, f.detail) for f in receipt.files][:2] == [
        ("a-copy.md", "duplicate-of", "cats.md"),
        ("cats.md", "changed", ""),
    ]


@pytest.mark.parametrize("edited", ["cats.md", "gans.md"])
def test_a_source_that_becomes_a_copy_stays_a_source(index, notes, edited):
    """A known file that comes to equal another one keeps its place; when either is edited, the text has an owner."""
    index.ingest(notes)
    (notes / "gans.md").write_text(CATS)
    assert index.statuses(notes) == {"cats.md": "unchanged", "gans.md": "changed"}
    (notes / edited).write_text(DOGS)
    (notes / "third.md").write_text(CATS)
    (owner,) = {"cats.md", "gans.md"} - {edited}
    receipt = index.ingest(notes)
    assert {f.name: f.status for f in receipt.files} == {
        edited: "changed",
        owner: "unchanged",
        "third.md": "duplicate-of",
    }
    assert receipt.files[2].detail == owner
    assert index.search("What do cats eat?")[0].source == owner
    check_agreement(index)


def test_a_copy_of_a_file_in_another_folder_is_a_duplicate(index, notes, tmp_path):
    """What the index holds counts, not only what was asked for; a file that failed owns what it had."""
    index.ingest(notes)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "copy.md").write_text(CATS)
    assert [(f.status, f.detail) for f in index.ingest(tmp_path / "more").files] == [("duplicate-of", "cats.md")]
    (notes / "cats.md").write_bytes(BINARY)
    assert index.statuses(notes, tmp_path / "more") == {
        "cats.md": "failed",
        "gans.md": "unchanged",
        "copy.md": "duplicate-of",
    }


# -- failures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (BINARY, "The file is binary, not text."),
        (b"", "cats.md holds no text."),
    ],
)
def test_a_failed_file_keeps_what_it_had(index, notes, data, detail):
    """A file that turns unreadable fails, the others go on, and its former content is still found."""
    index.ingest(notes)
    (notes / "cats.md").write_bytes(data)
    (notes / "dogs.md").write_text(DOGS)
    receipt = index.ingest(notes)
    failed = receipt.files[0]
    assert (failed.name, failed.status, failed.n_chunks) == ("cats.md", "failed", 0)
    assert failed.detail.startswith(detail)
    assert {f.status for f in receipt.files[1:]} == {"new", "unchanged"}
    assert index.search("What do cats eat?")[0].source == "cats.md"
    (notes / "cats.md").write_text(CATS)
    assert index.statuses(notes)["cats.md"] == "unchanged"


def test_files_that_cannot_be_opened_or_named_fail_alone(index, notes):
    """A name that is not UTF-8 fails under a name that can be printed."""
    with open(os.fsencode(notes) + b"/caf\xe9.md", "w") as file:
        file.write(DOGS)
    receipt = index.ingest(notes)
    assert {f.name: f.status for f in receipt.files} == {"caf\ufffd.md": "failed", "cats.md": "new", "gans.md": "new"}
    assert "/notes/caf\ufffd.md must be UTF-8. Rename it." in receipt.files[0].detail


def test_a_path_that_does_not_exist_stops_before_anything_is_done(index, notes):
    """A wrong path is refused at once: no file of the others is read."""
    with pytest.raises(IngestionError, match=r"The path nowhere does not exist\."):
        index.ingest(notes, "nowhere")
    assert not index.folder.exists()


# -- names -----------------------------------------------------------------------------------------------------------


def test_files_of_the_same_name_get_their_folder(index, tmp_path):
    """Names stay as short as they can be, are unique, and are kept in later runs."""
    for folder, text in (("x/one", GANS), ("x/two", CATS), ("y/two", DOGS)):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.md").write_text(text)
    folders = [tmp_path / "x" / "one", tmp_path / "x" / "two", tmp_path / "y" / "two"]
    names = {"a.md": "new", "two/a.md": "new", "y/two/a.md": "new"}
    assert index.statuses(*folders) == names
    assert index.statuses(*reversed(folders)) == dict.fromkeys(names, "unchanged")
    assert {p.source for p in index.search("postman")[:1]} == {"y/two/a.md"}
    (folders[0] / "a.md").unlink()
    assert index.statuses(folders[0])["a.md"] == "removed"
    assert set(index.statuses(folders[2])) == {"y/two/a.md"}


def test_a_known_file_keeps_its_name_however_it_is_given(index, notes):
    """A file first read from its folder is called the same when it is named itself, globbed, or fails."""
    index.ingest(notes.parent / "notes")
    assert index.statuses(notes / "cats.md") == {"cats.md": "unchanged"}
    assert index.statuses(f"{notes.parent}/*/cats.md") == {"cats.md": "unchanged"}
    (notes / "cats.md").write_bytes(BINARY)
    assert index.statuses(notes.parent / "notes" / ".." / "notes" / "cats.md") == {"cats.md": "failed"}


# -- removal ---------------------------------------------------------------------------------------------------------


def test_only_what_was_asked_for_is_removed(index, tmp_path):
    """A run over one folder leaves the vanished files of another, and a glob those that it would not match."""
    for name, text in (("a/x.md", GANS), ("a/sub/y.md", CATS), ("b/z.md", DOGS), ("b/w.md", "# W\n\nw")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    index.ingest(tmp_path / "a", tmp_path / "b")
    for name in ("a/x.md", "a/sub/y.md", "b/z.md"):
        (tmp_path / name).unlink()
    assert index.statuses(tmp_path / "b") == {"w.md": "unchanged", "z.md": "removed"}
    (tmp_path / "a" / "other.md").write_text("# Other\n\nother")
    assert index.statuses(f"{tmp_path}/a/*.md") == {"other.md": "new", "x.md": "removed"}
    assert index.statuses(f"{tmp_path}/a/**/*.md") == {"other.md": "unchanged", "sub/y.md": "removed"}


@pytest.mark.parametrize("given", ["notes", "notes/cats.md", "notes/*.md", "n*/**/*.md"])
def test_what_has_gone_is_removed_whatever_named_it(index, notes, monkeypatch, given):
    """A deleted folder, a deleted file and a glob whose last file has gone take their sources with them."""
    monkeypatch.chdir(notes.parent)
    index.ingest("notes")
    shutil.rmtree(notes)
    gone = ["cats.md"] if given.endswith("cats.md") else ["cats.md", "gans.md"]
    assert index.statuses(given) == dict.fromkeys(gone, "removed")
    assert {row.name for row in index.library.sources()} == {"cats.md", "gans.md"} - set(gone)
    check_agreement(index)
    with pytest.raises(IngestionError, match=r"does not exist|matches no file"):
        index.ingest(given)


def test_a_file_that_exists_is_not_removed_because_it_was_not_asked_for(index, notes):
    """Naming one file leaves the others alone."""
    index.ingest(notes)
    assert index.statuses(notes / "cats.md") == {"cats.md": "unchanged"}
    assert index.library.count_chunks() == 4


def test_a_folder_in_place_of_a_file_removes_it(index, notes):
    """What has become a folder is no longer a source."""
    index.ingest(notes)
    (notes / "cats.md").unlink()
    (notes / "cats.md").mkdir()
    assert index.statuses(notes) == {"cats.md": "removed", "gans.md": "unchanged"}


# -- the index's identity, its lock, its folder ----------------------------------------------------------------------


class OtherEmbedder(MiniLM):
    """Another embedder with vectors of the same length."""

    name = "sentence-transformers:other"
    revision = "0123456789ab"


def test_an_index_of_another_embedder_is_refused(index, notes, minilm, tmp_path):
    """Equal dimension is not enough; the message names both, the hint both ways out, and the index stays."""
    other = Index(tmp_path / "data", OtherEmbedder())
    other.ingest(notes)
    rows = other.rows()
    other.close()
    message = (
        f"The index in {index.folder} was built by sentence-transformers:other "
        f"(0123456789ab, 384 dimensions, chunker {VERSION}); the settings ask for {fingerprint_of(minilm)}. "
        "Run: rag index reindex, or set RAG_EMBEDDINGS=sentence-transformers:other."
    )
    (notes / "cats.md").write_text(DOGS)
    with pytest.raises(StoreError, match=re.escape(message)):
        index.ingest(notes)
    with pytest.raises(StoreError, match=re.escape(message)):
        check_fingerprint(index.library, minilm)
    assert index.rows() == rows
    check_fingerprint(index.library, other.embedder)


def test_a_locked_index_is_left_alone(index, notes):
    """While another writer holds the lock, a run waits for as long as it was told and then says who writes."""
    index.ingest(notes)
    rows = index.rows()
    (notes / "cats.md").write_text(DOGS)
    with (
        write_lock(index.folder),
        pytest.raises(LockedError, match=rf"Another process \(id {os.getpid()}\) is writing"),
    ):
        index.ingest(notes)
    assert index.rows() == rows
    assert index.statuses(notes)["cats.md"] == "changed"


@pytest.mark.parametrize("inside", ["", "deeper/still"])
def test_a_data_folder_that_cannot_be_written_to_is_refused(tmp_path, minilm, notes, inside):
    """A path under a file fails for everyone, root included, with one sentence and a hint."""
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / inside
    reason = "not a directory" if inside else "file exists"
    message = f"The data folder {folder} must be writable; {reason}. Set RAG_DATA_DIR to a folder of your own."
    with pytest.raises(StoreError, match=re.escape(message)):
        Index(folder, minilm).ingest(notes)


def test_progress_tells_names_and_counts(index, notes):
    """Progress is called once for each file, known files first, and once for the vectors."""
    index.ingest(notes / "gans.md")
    calls = []
    index.sync.run([notes], lambda *call: calls.append(call))
    assert calls == [("gans.md", 0, 2), ("cats.md", 1, 2), ("storing vectors", 2, 2)]
    assert silent("name", 0, 1) is None


# -- a run that was interrupted --------------------------------------------------------------------------------------


def _store_without_finishing(index, path):
    """Do what a run does until it is killed between SQLite's commit and Chroma's."""
    source = load_source(path.read_bytes(), uri=str(path), name=path.name, suffix=path.suffix)
    index.sync.store(source)


@pytest.mark.parametrize("how_far", ["committed", "upserted", "marked"])
@pytest.mark.parametrize("known", [False, True])
def test_a_crash_after_the_commit_is_finished_by_the_next_run(index, notes, known, how_far):
    """Killed anywhere between SQLite's commit and the end, a run is finished by one that finds no file changed."""
    if known:
        index.ingest(notes)
    else:
        index.library.create()
    generation = int(index.library.get_meta("generation") or 0)
    (notes / "cats.md").write_text(CATS.replace("fish", "mice"))
    _store_without_finishing(index, notes / "cats.md")
    if how_far != "committed":
        index.vectors.upsert(index.library.pending(100))
    if how_far == "marked":
        index.library.mark_stored([c.chunk_id for c in index.library.pending(100)])
    assert index.library.unfinished
    receipt = index.ingest(notes / "cats.md")
    assert (receipt.files[0].status, receipt.n_embedded) == ("unchanged", 0)
    assert index.library.generation == generation + 1
    assert not index.library.unfinished
    assert index.library.pending(100) == index.library.pending_deletes() == []
    assert index.search("What do cats eat?")[0].text == "Food\n\nCats eat mice."
    check_agreement(index)


def test_a_crash_after_a_removal_is_finished_by_the_next_run(index, notes):
    """Chunks that SQLite has forgotten and Chroma has not are never shown, and go with the next run."""
    index.ingest(notes)
    uri = str(notes / "cats.md")
    index.library.remove_source(uri)
    assert {p.source for p in index.search("What do cats eat?", k=10)} == {"gans.md"}
    (notes / "cats.md").unlink()
    assert index.statuses(notes) == {"gans.md": "unchanged"}
    check_agreement(index)


def test_between_commit_and_upsert_a_search_still_finds_by_words(index, notes, minilm):
    """A chunk that Chroma does not hold yet is found by its words, with its exact similarity."""
    index.ingest(notes)
    (notes / "dogs.md").write_text(DOGS)
    _store_without_finishing(index, notes / "dogs.md")
    best = index.search("postman")[0]
    assert best.source == "dogs.md"
    dense, dogs = minilm.embed(["postman"])[0], index.library.chunk_vectors([best.chunk_id])[best.chunk_id]
    assert best.dense_score == pytest.approx(float(dense @ dogs), abs=1e-6)


def test_a_run_that_raises_frees_the_lock(index, notes):
    """After a run that failed midway another one can begin, and what was stored is kept."""
    (notes / "cats.md").write_text(CATS + "".join(f"\n## Cat {i}\n\nA cat.\n" for i in range(130)))

    def stop(name, _done, _total):
        if name == "gans.md":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.sync.run([notes], stop)
    assert [row.name for row in index.library.sources()] == ["cats.md"]
    receipt = index.ingest(notes)
    assert ({f.name: f.status for f in receipt.files}, receipt.n_embedded) == (
        {"cats.md": "unchanged", "gans.md": "new"},
        2,
    )
    check_agreement(index)


def test_a_run_that_raises_leaves_nothing_for_the_next(index, notes):
    """What a run had read and not stored is read again, as it is then."""

    def stop(name, _done, _total):
        if name == "gans.md":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.sync.run([notes], stop)
    assert index.library.sources() == []
    (notes / "cats.md").unlink()
    assert index.statuses(notes) == {"gans.md": "new"}
    assert [row.name for row in index.library.sources()] == ["gans.md"]
    check_agreement(index)


def test_many_small_files_are_embedded_together(index, notes, minilm):
    """The index is the same as if each file had been ingested by itself."""
    for i in range(15):
        sections = [f"## Part {j}\n\nNote {i % 10} about {j}." for j in range(10)]
        (notes / f"{i:02}.md").write_text(f"# Note {i % 10}\n\n" + "\n\n".join(sections) + f"\n\n## {i}\n\nEnd.\n")
    together = index.ingest(notes)
    alone = Index(index.folder.parent / "alone", minilm)
    n_embedded = sum(alone.ingest(path).n_embedded for path in sorted(notes.iterdir()))
    assert (together.n_chunks, together.n_embedded) == (alone.library.count_chunks(), n_embedded)
    assert index.rows() == alone.rows()
    check_agreement(index)
    alone.close()


def test_a_deleted_chroma_folder_is_written_anew(tmp_path, chroma_url):
    """Chroma holds nothing that the library does not: without its folder, an ingestion restores it from there."""
    notes = tmp_path / "notes.md"
    notes.write_text("# GAN\n\nMode collapse is a failure of training.\n", encoding="utf-8")
    before = build(data_dir=tmp_path / "data", chroma_url=chroma_url)
    before.ingest([notes])
    before._vectors.reopen()
    shutil.rmtree(tmp_path / "data" / "chroma")
    app = build(data_dir=tmp_path / "data", chroma_url=chroma_url)
    receipt = app.ingest([notes])
    assert (receipt.count("unchanged"), receipt.n_embedded) == (1, 0)
    assert app._vectors.count() == receipt.n_chunks == 1
    assert app.search("mode collapse")[0].dense_score > 0.5
    app._vectors.reopen()
