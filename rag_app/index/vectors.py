"""Chroma, embedded: the only file that imports chromadb."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import StoreError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.index.library import StoredChunk

COLLECTION = "rag_app"


class ChromaVectors:
    """A Chroma collection in cosine space that holds vectors, texts and metadata of the chunks.

    A plain ``langchain_chroma.Chroma`` opened on the folder with ``collection_name="rag_app"`` reads it.

    Parameters
    ----------
    folder : pathlib.Path
        Chroma's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._client: Any = None
        self._collection: Any = None

    def reopen(self) -> None:
        """Forget what was opened: an open client does not see what another process wrote."""
        if self._client is not None:
            self._client.close()
        self._client = self._collection = None

    def exists(self) -> bool:
        """Return whether Chroma has written to the folder."""
        return (self.folder / "chroma.sqlite3").is_file()

    def count(self) -> int:
        """Return the number of vectors."""
        return int(self._open().count())

    def upsert(self, chunks: Sequence[StoredChunk]) -> None:
        """Store chunks, in batches that Chroma accepts."""
        collection = self._open()
        size = int(self._client.get_max_batch_size())
        for i in range(0, len(chunks), size):
            batch = chunks[i : i + size]
            collection.upsert(
                ids=[c.chunk_id for c in batch],
                embeddings=np.stack([c.vector for c in batch]),
                documents=[c.text for c in batch],
                metadatas=[dict(c.metadata) for c in batch],
            )

    def delete(self, chunk_ids: Sequence[str]) -> None:
        """Delete chunks; ids that are not there are passed over."""
        if not chunk_ids:
            return
        collection = self._open()
        size = int(self._client.get_max_batch_size())
        for i in range(0, len(chunk_ids), size):
            collection.delete(ids=list(chunk_ids[i : i + size]))

    def nearest(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Return the chunks most similar to a vector.

        Parameters
        ----------
        vector : ndarray of shape (dimension,)
            The question's embedding.
        k : int
            How many.

        Returns
        -------
        list of (str, float)
            Chunk id and cosine similarity, best first.
        """
        collection = self._open()
        k = min(k, int(collection.count()))
        if k == 0:
            return []
        found = collection.query(query_embeddings=[vector], n_results=k, include=["distances"])
        return [(i, 1.0 - float(d)) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]

    def _open(self) -> Any:  # noqa: ANN401  (chromadb is imported here alone)
        if self._collection is None:
            chromadb = _import_chromadb()
            try:
                # Default settings: in one process Chroma refuses a second client on a folder whose settings differ,
                # and a plain langchain_chroma.Chroma has these. Telemetry does nothing in Chroma 1.5.
                self._client = chromadb.PersistentClient(str(self.folder))
                self._collection = self._client.get_or_create_collection(
                    COLLECTION, configuration={"hnsw": {"space": "cosine"}}, embedding_function=None
                )
            except (chromadb.errors.ChromaError, ValueError, OSError) as exc:
                msg = f"Chroma cannot open {self.folder}: {exc}."
                raise StoreError(msg, hint="Check that the folder is writable and was made by Chroma 1.x.") from exc
        return self._collection


def _import_chromadb() -> Any:  # noqa: ANN401  (chromadb is imported here alone)
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")  # a setting would keep other clients off the same folder
    enabled = gc.isenabled()
    gc.disable()  # importing allocates many objects that live on; scanning them costs a tenth of the import
    try:
        import chromadb
        import chromadb.errors
    finally:
        if enabled:
            gc.enable()
    return chromadb
