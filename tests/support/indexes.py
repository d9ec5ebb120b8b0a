"""An index of one's own, with the real parts: SQLite, Chroma on disk, MiniLM."""

from __future__ import annotations

import numpy as np

from rag_app.index.lexical import Lexical
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
    chroma_url : str, default=""
        Address of a Chroma server; empty means inside the process.
    most_exact : int, default=0
        Numbers in vectors that a question is compared with; by default Chroma is asked, as in a large index.
    """

    def __init__(self, folder, embedder, chroma_url="", most_exact=0):
        self.folder = folder
        self.embedder = embedder
        self.library = Library(folder / "library.sqlite")
        self.vectors = ChromaVectors(folder / "chroma", url=chroma_url)
        self.sync = Sync(self.library, self.vectors, embedder, lock_timeout_s=0.2)
        lexical = Lexical(self.library)
        self.searching = HybridSearch(self.library, self.vectors, embedder, lexical, most_exact=most_exact)

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
            "chunks": 'SELECT chunk_id, start, "end", context, heading, place, units, n_tokens, vector_key, in_chroma '
            "FROM chunks ORDER BY 1",
            "vectors": "SELECT key, vector FROM vectors ORDER BY 1",
            "lexical": "SELECT chunk_id, lexical.context, body FROM lexical JOIN chunks c ON c.id = lexical.rowid "
            "ORDER BY 1",
            "chroma_deletes": "SELECT chunk_id FROM chroma_deletes ORDER BY 1",
        }
        return {name: self.library.query(sql) for name, sql in tables.items()}

    def chroma(self):
        """Return text and metadata that Chroma holds, by chunk id."""
        self.vectors.reopen()
        found = self.vectors._open().get(include=["documents", "metadatas"])
        return dict(zip(found["ids"], zip(found["documents"], found["metadatas"], strict=True), strict=True))

    def chroma_vectors(self):
        """Return the vectors that Chroma holds, by chunk id."""
        found = self.vectors._open().get(include=["embeddings"])
        return dict(zip(found["ids"], found["embeddings"], strict=True))

    def close(self):
        """Close Chroma."""
        self.vectors.reopen()


def check_agreement(index):
    """Assert that Chroma and SQLite hold the same chunks, vectors, texts and places."""
    held = index.chroma()
    ids = [row[0] for row in index.library.query("SELECT chunk_id FROM chunks")]
    assert sorted(held) == sorted(ids)
    vectors, passages = index.library.chunk_vectors(ids), index.library.passages(ids)
    for chunk_id, vector in index.chroma_vectors().items():  # Chroma normalises them again
        assert np.abs(vector - vectors[chunk_id]).max() < 1e-6
    for chunk_id, (text, metadata) in held.items():
        passage = passages[chunk_id]
        assert text == passage.text == index.library.source(passage.source).text[passage.start : passage.end]
        shown = (metadata["source"], metadata["start"], metadata["end"], metadata["sha256"])
        assert shown == (passage.source, passage.start, passage.end, passage.sha256)
    assert index.library.query("SELECT count(*) FROM lexical")[0][0] == len(ids)
    assert index.library.query("SELECT count(DISTINCT vector_key) FROM chunks") == index.library.query(
        "SELECT count(*) FROM vectors"
    )


def ask_chroma(app):
    """Let an application ask Chroma, as one does whose index is too large for a question to be compared with it all."""
    parts = (app.library, app._vectors, app._embedder, app._lexical, app._aligner)
    app._search = HybridSearch(*parts, most_exact=0)
