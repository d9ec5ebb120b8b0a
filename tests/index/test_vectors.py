"""Chroma on disk: vectors, texts and metadata."""

from __future__ import annotations

import re
from contextlib import closing

import numpy as np
import pytest
from langchain_chroma import Chroma

from rag_app.errors import StoreError
from rag_app.index.library import StoredChunk
from rag_app.index.vectors import COLLECTION, ChromaVectors


def _chunks(n, dimension=8, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, dimension)).astype(np.float32)
    return [
        StoredChunk(f"{i:032x}", v, f"text {i}", {"source": f"{i % 3}.md", "start": i}) for i, v in enumerate(vectors)
    ]


@pytest.fixture
def vectors(tmp_path):
    """An empty collection."""
    made = ChromaVectors(tmp_path / "chroma")
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


def test_deleting_nothing_does_not_open_chroma(tmp_path):
    """A run that changes nothing does not pay for starting Chroma."""
    vectors = ChromaVectors(tmp_path / "chroma")
    vectors.delete([])
    vectors.reopen()
    assert not (tmp_path / "chroma").exists()


def test_what_was_stored_is_there_after_reopening(vectors):
    """Another object on the same folder reads what the first one wrote."""
    vectors.upsert(_chunks(5))
    vectors.reopen()
    assert vectors.count() == 5
    other = ChromaVectors(vectors.folder)
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
    with pytest.raises(StoreError, match=rf"Chroma cannot open {re.escape(str(folder))}: .*\. {hint}"):
        ChromaVectors(folder).count()


def test_plain_langchain_reads_and_searches_the_collection(index, tmp_path, minilm):
    """`langchain_chroma.Chroma`, opened on the folder beside us, finds texts with their metadata, and ours goes on."""
    (tmp_path / "a.md").write_text("---\nlang: en\n---\n# Cats\n\nCats eat fish.\n\n# Dogs\n\nDogs bark.\n")
    (tmp_path / "b.html").write_text("<title>GANs</title><p>Two networks compete.")
    index.ingest(tmp_path / "a.md", tmp_path / "b.html")
    index.search("cats")
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
    assert index.search("What do cats eat?", k=1) == [ours]
