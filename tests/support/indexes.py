"""An index of one's own, with the real parts: SQLite, Chroma on disk, MiniLM."""

from __future__ import annotations

from rag_app.index.library import Library
from rag_app.index.vectors import ChromaVectors
from rag_app.ingestion.sync import Sync
from rag_app.retrieval.hybrid import HybridSearch


class Index:
    """A data folder with the parts that write and read it.

    Parameters
    ----------
    folder : pathlib.Path
        The data folder; it need not exist.
    embedder : Embedder
        Reads chunks and questions.
    """

    def __init__(self, folder, embedder):
        self.folder = folder
        self.embedder = embedder
        self.library = Library(folder / "library.sqlite")
        self.vectors = ChromaVectors(folder / "chroma")
        self.sync = Sync(self.library, self.vectors, embedder, lock_timeout_s=0.2)
        self.searching = HybridSearch(self.library, self.vectors, embedder)

    def ingest(self, *paths):
        """Return the receipt of an ingestion."""
        return self.sync.run(paths)

    def statuses(self, *paths):
        """Return what an ingestion did with each file, by name."""
        return {f.name: f.status for f in self.ingest(*paths).files}

    def search(self, question, k=5, **where):
        """Return the passages for a question."""
        return self.searching.search(question, k, where=where or None)

    def rows(self):
        """Return everything that the library holds, apart from counters: equal rows, equal index."""
        tables = {
            "sources": "SELECT uri, name, title, bytes_sha256, sha256, text, blocks, metadata FROM sources ORDER BY 1",
            "chunks": 'SELECT chunk_id, start, "end", context, heading, line, units, n_tokens, vector_key, in_chroma '
            "FROM chunks ORDER BY 1",
            "vectors": "SELECT key, vector FROM vectors ORDER BY 1",
            "lexical": "SELECT chunk_id, lexical.context, body FROM lexical JOIN chunks c ON c.id = lexical.rowid "
            "ORDER BY 1",
            "chroma_deletes": "SELECT chunk_id FROM chroma_deletes ORDER BY 1",
        }
        return {name: self.library.query(sql) for name, sql in tables.items()}

    def chroma(self):
        """Return what Chroma holds: vector, text and metadata by chunk id."""
        self.vectors.reopen()
        found = self.vectors._open().get(include=["embeddings", "documents", "metadatas"])
        held = zip(found["embeddings"], found["documents"], found["metadatas"], strict=True)
        return {i: (v.tobytes(), text, metadata) for i, (v, text, metadata) in zip(found["ids"], held, strict=True)}

    def close(self):
        """Close Chroma."""
        self.vectors.reopen()


def check_agreement(index):
    """Assert that Chroma and SQLite hold the same chunks, vectors, texts and places."""
    held = index.chroma()
    ids = [row[0] for row in index.library.query("SELECT chunk_id FROM chunks")]
    assert sorted(held) == sorted(ids)
    vectors, passages = index.library.chunk_vectors(ids), index.library.passages(ids)
    for chunk_id, (vector, text, metadata) in held.items():
        passage = passages[chunk_id]
        assert vector == vectors[chunk_id].tobytes()
        assert text == passage.text == index.library.source(passage.source).text[passage.start : passage.end]
        shown = (metadata["source"], metadata["start"], metadata["end"], metadata["sha256"])
        assert shown == (passage.source, passage.start, passage.end, passage.sha256)
    assert index.library.query("SELECT count(*) FROM lexical")[0][0] == len(ids)
    assert index.library.query("SELECT count(DISTINCT vector_key) FROM chunks") == index.library.query(
        "SELECT count(*) FROM vectors"
    )
