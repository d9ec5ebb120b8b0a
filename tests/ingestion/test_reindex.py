"""An index is built anew from its stored texts, and the old one is in use until the new one is sound."""

from __future__ import annotations

import random
import shutil
import time

import pytest
from support.forked import forked_python
from support.openai_server import OpenAIServer

from rag_app import build
from rag_app.embeddings.fingerprint import Fingerprint
from rag_app.errors import StoreError
from rag_app.index.swap import library_aside

SEED, N_POINTS = 7, 5
CHAPTER = "08-autoencoders.md"
QUESTION = "What is a variational autoencoder?"


@pytest.fixture(scope="module")
def server():
    """Embeddings of 16 dimensions."""
    with OpenAIServer() as running:
        yield running


@pytest.fixture(scope="module")
def by_words(tmp_path_factory, knowledge, server):
    """A data folder with a part of a chapter and notes, built by the server; the files have gone since."""
    folder = tmp_path_factory.mktemp("by_words")
    (folder / CHAPTER).write_text(_chapter(knowledge))
    for i in range(3):
        (folder / f"{i}.md").write_text(f"# Note {i}\n\nThis is the note of the number {i}.\n")
    app = _words(folder / "data", server)
    app.ingest([folder])
    app._vectors.reopen()
    for file in folder.glob("*.md"):
        file.unlink()
    return folder / "data"


@pytest.fixture
def data_dir(tmp_path, by_words):
    """A copy that a test may change."""
    return shutil.copytree(by_words, tmp_path / "data")


def _chapter(knowledge):
    return (knowledge / CHAPTER).read_text()[:5000]


def _words(data_dir, server):
    return build(data_dir=data_dir, embeddings="openai:words", embeddings_base_url=server.url)


def _found(app):
    found = [(p.chunk_id, p.text, pytest.approx(p.score, abs=1e-5)) for p in app.search(QUESTION)]
    app._vectors.reopen()
    return found


def test_another_embedder_with_another_dimension(data_dir, server, knowledge, tmp_path):
    """The settings' embedder has built it, from the stored texts alone: as if the files had been ingested by it."""
    app = build(data_dir=data_dir)
    with pytest.raises(StoreError, match=r"Run: rag index reindex, or set RAG_EMBEDDINGS=openai:words\."):
        app.search(QUESTION)
    texts = {row.name: app.source(row.name) for row in app.library.sources()}
    assert app.reindex() == {"sources": 4, "chunks": app.library.count_chunks(), "embedded": 4}
    assert app.verify().problems == ()
    assert {row.name: app.source(row.name) for row in app.library.sources()} == texts
    assert not library_aside(app.library).path.exists()
    fresh = build(data_dir=tmp_path / "fresh")
    (tmp_path / CHAPTER).write_text(_chapter(knowledge))
    fresh.ingest([tmp_path / CHAPTER])
    assert [p.text for p in app.search(QUESTION, k=3)] == [p.text for p in fresh.search(QUESTION, k=3)]
    fresh._vectors.reopen()
    app._vectors.reopen()
    with pytest.raises(StoreError, match=r"Run: rag index reindex, or set RAG_EMBEDDINGS=minilm\."):
        _words(data_dir, server).search(QUESTION)


def test_a_reader_sees_it_at_its_next_question(data_dir, server):
    """One with the new settings finds, one with the old settings is told; neither is restarted."""
    reader, other = _words(data_dir, server), build(data_dir=data_dir)
    assert reader.search(QUESTION)
    writer = build(data_dir=data_dir)
    writer.reindex()
    before = [p.text for p in other.search(QUESTION)]
    writer.reindex()
    assert [p.text for p in other.search(QUESTION)] == before
    with pytest.raises(StoreError, match=r"was built by minilm .* the settings ask for openai:words"):
        reader.search(QUESTION)
    for app in (reader, other, writer):
        app._vectors.reopen()


def test_another_version_of_the_splitter(data_dir, server):
    """An index by an older one is refused until it was built anew."""
    app = _words(data_dir, server)
    stored = Fingerprint.from_json(app.library.get_meta("fingerprint"))
    older = Fingerprint(stored.embedder, stored.revision, stored.dimension, stored.context, stored.chunker - 1)
    app.library.set_meta("fingerprint", older.to_json())
    with pytest.raises(StoreError, match=r"Run: rag index reindex\."):
        app.search(QUESTION)
    app.reindex()
    assert Fingerprint.from_json(app.library.get_meta("fingerprint")) == stored
    assert app.search(QUESTION)
    app._vectors.reopen()


def test_an_index_that_does_not_verify_is_not_taken(data_dir):
    """The old one is kept as it was, and the reason is said."""
    app = build(data_dir=data_dir)
    with app.library.transaction() as db:
        db.execute("UPDATE sources SET text = text || ' changed' WHERE name = '1.md'")
    chunks, generation = app.library.query("SELECT * FROM chunks"), app.library.generation
    message = r"did not pass 1 checks, and the old one is kept\. The text of 1\.md does not have the hash .* forget"
    with pytest.raises(StoreError, match=message):
        app.reindex()
    assert (app.library.query("SELECT * FROM chunks"), app.library.generation) == (chunks, generation)
    assert not library_aside(app.library).path.exists()


def test_damage_is_repaired(data_dir):
    """Chunks, vectors and words that are wrong are made anew from the texts."""
    app = build(data_dir=data_dir)
    app.reindex()
    with app.library.transaction() as db:
        db.execute("UPDATE vectors SET vector = zeroblob(8)")
        db.execute("UPDATE chunks SET start = start + 1 WHERE id % 2")
        db.execute("DELETE FROM lexical")
    assert app.verify().problems
    app.reindex()
    assert app.verify().problems == ()
    app._vectors.reopen()


def test_an_interrupted_run_goes_on_where_it_ended(data_dir):
    """What was embedded is not embedded again; what was to become another index is thrown away."""
    app = build(data_dir=data_dir)

    def interrupt(_name, done, _total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        app.reindex(progress=interrupt)
    assert app.reindex()["embedded"] == 2
    with pytest.raises(KeyboardInterrupt):
        app.reindex(progress=interrupt)
    aside = library_aside(app.library)
    aside.set_meta("fingerprint", "{}")
    aside.close()
    assert app.reindex()["embedded"] == 4
    assert app.verify().problems == ()
    app._vectors.reopen()


def test_sources_that_changed_since_an_interruption_are_built_anew(data_dir, tmp_path):
    """Those that were renamed, replaced or removed in between are not taken from the unfinished index."""
    app = build(data_dir=data_dir)
    app.reindex()

    def interrupt(name, _done, _total):
        if name == "storing vectors":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        app.reindex(progress=interrupt)
    uri = next(row.uri for row in app.library.sources() if row.name == "1.md")
    app.library.remove_source(uri)
    (tmp_path / "new.md").write_text("# New\n\nThis is new.\n")
    app.ingest([tmp_path / "new.md"])
    assert app.reindex() == {"sources": 4, "chunks": app.library.count_chunks(), "embedded": 1}
    assert {row.name for row in app.library.sources()} == {"0.md", "2.md", CHAPTER, "new.md"}
    assert app.verify().problems == ()
    app._vectors.reopen()


def test_without_an_index_there_is_nothing_to_build(tmp_path):
    """No folder is made."""
    with pytest.raises(StoreError, match=r"There is no index in .* Run: rag ingest"):
        build(data_dir=tmp_path / "none").reindex()
    assert not (tmp_path / "none").exists()


def test_killed_at_any_point_one_of_the_two_is_in_use(tmp_path, by_words, server):
    """After ``kill -9`` the old index or the new one answers as it should, and another run finishes the work."""
    with forked_python(tmp_path) as python:

        def start(data_dir):
            command, env = ("-m", "rag_app", "index", "reindex"), {"RAG_DATA_DIR": str(data_dir)}
            return python.start(*command, folder=tmp_path, env=env)

        undisturbed = shutil.copytree(by_words, tmp_path / "undisturbed")
        began = time.monotonic()
        start(undisturbed)
        assert python.wait()[0] == 0
        duration = time.monotonic() - began
        rng, killed = random.Random(SEED), []
        for point in range(N_POINTS):
            killed.append(shutil.copytree(by_words, tmp_path / f"killed {point}"))
            process_id = start(killed[-1])
            time.sleep(duration * (point + rng.random()) / N_POINTS)
            python.kill(process_id)
    old, new = _found(_words(shutil.copytree(by_words, tmp_path / "old"), server)), _found(build(data_dir=undisturbed))
    for point, data_dir in enumerate(killed):
        app = build(data_dir=data_dir)
        taken = '"minilm"' in (app.library.get_meta("fingerprint") or "")
        assert _found(app if taken else _words(data_dir, server)) == (new if taken else old)
        app.reindex()
        assert _found(app) == new
        assert app.verify().problems == (), f"seed {SEED}, point {point}"
        app._vectors.reopen()
