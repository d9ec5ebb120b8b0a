"""Lexical and dense search, fused on scores that share an absolute scale."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from rag_app.errors import InvalidInputError, StoreError
from rag_app.index.lexical import Lexical
from rag_app.retrieval.filters import Where, matching_chunks
from rag_app.types import Passage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.embeddings.fingerprint import Embedder
    from rag_app.index.library import Library
    from rag_app.index.vectors import ChromaVectors

_DENSE_WEIGHT = 0.5
_N_CANDIDATES = 100


class HybridSearch:
    """Finds passages by words and by meaning.

    Parameters
    ----------
    library : Library
        Texts, chunks and the lexical index.
    vectors : ChromaVectors
        The dense index.
    embedder : Embedder
        The one that built the index.

    Notes
    -----
    ``score = ½ · cosine + ½ · BM25 / most that the question could reach``. Both parts have an absolute scale, so
    nothing is normalised over the result list, and a chunk found by one half alone gets its exact score in the
    other. On SQuAD, SciFact and Cranfield this was at or above both halves and rank fusion.
    """

    def __init__(self, library: Library, vectors: ChromaVectors, embedder: Embedder) -> None:
        self._library = library
        self._vectors = vectors
        self._embedder = embedder
        self._lexical = Lexical(library)
        self._generation = -1
        self._opening = threading.Lock()

    def search(self, question: str, k: int, *, where: Where | None = None) -> list[Passage]:
        """Return the best passages for a question.

        Parameters
        ----------
        question : str
            Any text that is not blank.
        k : int
            How many, at least 1.
        where : mapping, optional
            A filter; see `rag_app.retrieval.filters.matching_chunks`.

        Returns
        -------
        list of Passage
            At most `k`, best first.

        Raises
        ------
        InvalidInputError
            If the question is blank or `k` is below 1.
        StoreError
            If there is no index, or it is empty.
        """
        if not question.strip():
            msg = "The question must not be empty."
            raise InvalidInputError(msg, hint='Ask, for example: rag ask "What is mode collapse?"')
        if k < 1:
            msg = f"k must be at least 1; got {k}."
            raise InvalidInputError(msg)
        self._follow_writer()
        among = None if where is None else matching_chunks(self._library, where)
        vector = self._embedder.embed([question])[0]
        n_candidates = max(_N_CANDIDATES, 2 * k)
        dense = dict(self._dense(vector, n_candidates, among))
        lexical = dict(self._lexical.score(question, n_candidates, among=among))
        self._complete(question, vector, dense, lexical)
        return self._fuse(dense, lexical, k)

    def _follow_writer(self) -> None:
        """Reopen Chroma when another process has finished a change."""
        generation = self._library.generation
        if generation == 0 or self._library.count_chunks() == 0:
            msg = f"The index in {self._library.path.parent} is empty."
            raise StoreError(msg, hint="Run: rag ingest")
        with self._opening:
            if generation != self._generation:
                self._vectors.reopen()
                self._generation = generation

    def _dense(self, vector: NDArray[np.float32], k: int, among: Sequence[str] | None) -> Iterable[tuple[str, float]]:
        """Ask Chroma, or compare with every chunk that passes a filter: Chroma fails on an id it has yet to store."""
        if among is None:
            return self._vectors.nearest(vector, k)
        exact = {c: float(vector @ other) for c, other in self._library.chunk_vectors(among).items()}
        return heapq.nlargest(k, exact.items(), key=itemgetter(1))

    def _complete(
        self, question: str, vector: NDArray[np.float32], dense: dict[str, float], lexical: dict[str, float]
    ) -> None:
        """Give every candidate its exact score in both halves."""
        for chunk_id, other in self._library.chunk_vectors([c for c in lexical if c not in dense]).items():
            dense[chunk_id] = float(vector @ other)
        unmatched = [c for c in dense if c not in lexical]
        lexical.update(self._lexical.score(question, len(unmatched), among=unmatched))

    def _fuse(self, dense: dict[str, float], lexical: dict[str, float], k: int) -> list[Passage]:
        fused = {
            c: _DENSE_WEIGHT * max(cosine, 0.0) + (1 - _DENSE_WEIGHT) * lexical.get(c, 0.0)
            for c, cosine in dense.items()
        }
        best = sorted(fused, key=lambda c: (-fused[c], c))[: 2 * k]
        found = self._library.passages(best)  # a chunk that Chroma still holds after a removal is not found
        return [
            replace(found[c], score=fused[c], dense_score=dense[c], lexical_score=lexical.get(c, 0.0))
            for c in best
            if c in found
        ][:k]
