"""Chroma, inside the process and on a server: vectors, texts and metadata."""

from __future__ import annotations

import re
import threading
from contextlib import closing

import numpy as np
import pytest
from langchain_chroma import Chroma
from support.chroma_server import chroma_server, free_port, url_of
from support.indexes import Index, check_agreement
from support.web_server import web_server

from rag_app.errors import StoreError
from rag_app.index.library import StoredChunk
from rag_app.index.vectors import COLLECTION, ChromaVectors


def _chunks(n, dimension=8, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, dimension)).astype(np.float32)
    return [
        StoredChunk(f"{i:032x}", v, f"text {i}", {"source": f"{i % 3}.md", "start": i}) for i, v in enumerate(vectors)
    ]


@pytest.fixture(params=["embedded", "server"], scope="session")
def chroma_url(request):
    """Every test runs against both."""
    return url_of(request)


@pytest.fixture
def vectors(tmp_path, chroma_url):
    """A collection that does not exist yet."""
    made = ChromaVectors(tmp_path / "chroma", url=chroma_url)
    yield made
    made.reopen()


def test_nearest_is_by_cosine(vectors):
    """Ids and similarities equal brute force over vectors of any length, best first."""
    chunks = _chunks(60)
    vectors.upsert(chunks)
    question = np.arange(8, dtype=np.float32) - 3
    matrix = np.stack([c.vector for c in chunks])
    cosine = matrix @ question / np.linalg.norm(matrix, axis=1) / np.linalg.norm(question)
    best = np.argsort(-cosine)[:10]
    found = vectors.nearest(question, 10)
    assert [i for i, _ in found] == [chunks[i].chunk_id for i in best]
    assert [s for _, s in found] == pytest.approx(cosine[best], abs=1e-5)


def test_k_may_exceed_what_there_is(vectors):
    """All vectors are returned, and none of an empty collection."""
    question = np.ones(8, np.float32)
    vectors.upsert([])
    assert (vectors.count(), vectors.nearest(question, 5)) == (0, [])
    vectors.upsert(_chunks(3))
    assert len(vectors.nearest(question, 50)) == vectors.count() == 3


def test_upsert_replaces_and_delete_passes_over_the_unknown(vectors):
    """An id is stored once, with what was written last; empty lists are no trouble."""
    vectors.upsert(_chunks(4))
    vectors.upsert(_chunks(2, seed=1))
    vectors.upsert([])
    vectors.delete([])
    assert vectors.count() == 4
    vectors.delete([f"{0:032x}", "never there"])
    assert vectors.count() == 3
    replaced = _chunks(2, seed=1)[1]
    assert vectors.nearest(replaced.vector, 1) == [(replaced.chunk_id, pytest.approx(1, abs=1e-5))]


def test_more_than_a_batch_is_stored_found_and_deleted(vectors):
    """Chroma takes some thousands at once; more are sent in parts."""
    chunks = _chunks(6_000, dimension=2)
    vectors.upsert(chunks)
    assert vectors.count() == 6_000 > vectors._client.get_max_batch_size()
    ids = [c.chunk_id for c in chunks]
    assert len(dict(vectors.nearest(chunks[0].vector, 4_000))) == 4_000
    vectors.delete(ids[:5_999])
    assert vectors.count() == 1


def test_reading_and_deleting_create_nothing(vectors):
    """A collection comes to be when something is written; looking for vectors where there are none is an error."""
    vectors.delete([])
    vectors.delete(["never there"])
    assert not vectors.exists()
    message = (
        f"There are no vectors in {vectors.url or vectors.folder}. "
        "Run rag ingest on any file: they are written anew from the library."
    )
    for read in (vectors.count, lambda: vectors.nearest(np.ones(8, np.float32), 1)):
        with pytest.raises(StoreError, match=re.escape(message)):
            read()
    assert not vectors.folder.exists()
    vectors.upsert(_chunks(1))
    assert vectors.exists()


def test_what_was_stored_is_there_after_reopening(vectors):
    """Another object on the same folder reads what the first one wrote."""
    vectors.upsert(_chunks(5))
    vectors.reopen()
    assert vectors.count() == 5
    other = ChromaVectors(vectors.folder, url=vectors.url)
    assert other.nearest(np.ones(8, np.float32), 1) == vectors.nearest(np.ones(8, np.float32), 1)
    other.reopen()


@pytest.mark.parametrize("content", ["a file in place of the folder", "a damaged database"])
def test_a_folder_that_is_not_chromas_is_refused(tmp_path, content):
    """Chroma's own error is translated, with the folder and a hint."""
    folder = tmp_path / "chroma"
    if content == "a damaged database":
        folder.mkdir()
        (folder / "chroma.sqlite3").write_bytes(b"garbage" * 1_000)
    else:
        folder.write_text(content)
    hint = re.escape("Check that the folder is writable and was made by Chroma 1.x.")
    with pytest.raises(StoreError, match=rf"Chroma cannot use {re.escape(str(folder))}: .*\. {hint}"):
        ChromaVectors(folder).upsert(_chunks(1))


def test_plain_langchain_reads_and_searches_the_collection(index, tmp_path, minilm, chroma_url):
    """`langchain_chroma.Chroma`, opened in the same place, finds texts with their metadata, and ours goes on."""
    (tmp_path / "a.md").write_text("---\nlang: en\n---\n# Cats\n\nCats eat fish.\n\n# Dogs\n\nDogs bark.\n")
    (tmp_path / "b.html").write_text("<title>GANs</title><p>Two networks compete.")
    index.ingest(tmp_path / "a.md", tmp_path / "b.html")
    index.search("cats")
    if chroma_url:
        _, name = (index.folder / "chroma" / "server").read_text().split()
        plain = Chroma(name, host="127.0.0.1", port=int(chroma_url.rpartition(":")[2]), embedding_function=minilm)
    else:
        plain = Chroma(COLLECTION, persist_directory=str(index.folder / "chroma"), embedding_function=minilm)
    with closing(plain._client):
        held = plain.get()
        assert sorted(held["documents"]) == ["Cats\n\nCats eat fish.", "Dogs\n\nDogs bark.", "Two networks compete."]
        ((document, distance),) = plain.similarity_search_with_score("What do cats eat?", k=1, filter={"lang": "en"})
        (ours,) = index.search("What do cats eat?", k=1)
        assert document.page_content == ours.text == "Cats\n\nCats eat fish."
        assert document.id == ours.chunk_id
        assert document.metadata == {
            "source": "a.md",
            "title": "Cats",
            "heading": "Cats",
            "lang": "en",
            "line": 6,
            "start": 0,
            "end": 20,
            "sha256": ours.sha256,
        }
        assert 1 - distance == pytest.approx(ours.dense_score, abs=1e-5)  # cosine space
        assert "line" not in plain.get(where={"source": "b.html"})["metadatas"][0]
        if chroma_url:
            for part in (plain._client, plain._client._admin_client):  # Chroma leaves their connections open
                part._server._session.close()
    assert index.search("What do cats eat?", k=1) == [ours]


# -- the vectors of one index in several places ----------------------------------------------------------------------


@pytest.fixture
def note(tmp_path):
    """A file."""
    path = tmp_path / "cats.md"
    path.write_text("# Cats\n\nCats eat fish.\n")
    return path


def test_vectors_follow_the_setting(index, note, chroma_url, server_url):
    """Moved to a server and back, or the other way round, each next run writes the vectors anew: nothing is stale."""
    index.ingest(note)
    index.close()
    for i, url in enumerate(["" if chroma_url else server_url, chroma_url]):
        moved = Index(index.folder, index.embedder, url)
        with pytest.raises(StoreError, match=r"There are no vectors in .*\. Run rag ingest"):
            moved.search("pets")
        note.write_text(f"# Cats\n\nCats eat fish.\n\n# Mice\n\nMouse number {i} eats cheese.\n")
        receipt = moved.ingest(note)
        assert (receipt.count("changed"), receipt.n_embedded) == (1, 1)
        check_agreement(moved)
        moved.close()


def test_two_indexes_on_one_server_know_nothing_of_each_other(tmp_path, minilm, note, server_url):
    """Each has a collection of its own: what one writes or removes the other does not see."""
    (tmp_path / "dogs.md").write_text("# Dogs\n\nDogs bark.\n")
    one, two = (Index(tmp_path / name, minilm, server_url) for name in ("one", "two"))
    one.ingest(note)
    two.ingest(note, tmp_path / "dogs.md")
    note.unlink()
    two.ingest(note)
    for index, source in ((one, "cats.md"), (two, "dogs.md")):
        assert {p.source for p in index.search("pets", k=10)} == {source}
        check_agreement(index)
        index.close()


def test_a_server_that_lost_its_data_gets_it_again(tmp_path, minilm, note):
    """Searching says what is missing; the next run writes it from the library; a reader that stayed open goes on."""
    port = free_port()
    with chroma_server(tmp_path / "first", port) as url:
        index, reader = (Index(tmp_path / "data", minilm, url) for _ in range(2))
        index.ingest(note)
        assert reader.search("pets")[0].source == "cats.md"
        index.close()
    with pytest.raises(StoreError, match=rf"The Chroma server {url} cannot be used: .*\. Start it with: chroma run"):
        reader.search("pets")
    with pytest.raises(StoreError, match=rf"The Chroma server {url} cannot be used: .*\. Start it with: chroma run"):
        index.ingest(note)
    with chroma_server(tmp_path / "second", port):
        with pytest.raises(StoreError, match=rf"There are no vectors in {url}\. Run rag ingest on any file"):
            index.search("pets")
        receipt = index.ingest(note)
        assert (receipt.count("unchanged"), receipt.n_embedded) == (1, 0)
        assert reader.search("pets") == index.search("pets") != []
        check_agreement(index)
        index.close()
        reader.close()


@pytest.mark.parametrize(("status", "body"), [(200, b"<html>"), (404, b"not found"), (503, b"")])
def test_a_server_that_is_not_chroma_is_refused(tmp_path, status, body):
    """Whatever else answers at the address, the message names it, and nothing is left behind."""
    hint = "Start it with: chroma run, or correct RAG_CHROMA_URL."
    with web_server(lambda request: request.reply(body, status=status)) as url:
        message = f"The Chroma server {url} cannot be used: it is no Chroma 1.x server (status {status}). {hint}"
        with pytest.raises(StoreError, match=re.escape(message)):
            ChromaVectors(tmp_path / "chroma", url=url).upsert(_chunks(1))
    assert not (tmp_path / "chroma").exists()


def test_replacing_a_store_by_one_built_aside_leaves_nothing_of_the_old_one(vectors):
    """In the folder or on the server: until then the old one serves, and afterwards there is the new one alone."""
    vectors.upsert(_chunks(3))
    n_collections = len(vectors._client.list_collections())
    aside = vectors.aside()
    aside.upsert(_chunks(2, dimension=4))
    aside.reopen()
    assert vectors.count() == 3
    vectors.replace()
    assert vectors.count() == 2
    assert len(vectors._client.list_collections()) == n_collections


def test_threads_search_while_the_store_is_opened_anew(vectors):
    """A client that one thread closes does not fail under another."""
    vectors.upsert(_chunks(50))
    expected = vectors.nearest(np.ones(8, np.float32), 5)
    found = []

    def ask():
        found.extend(vectors.nearest(np.ones(8, np.float32), 5) for _ in range(30))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        vectors.reopen()
    assert found == [expected] * 90
