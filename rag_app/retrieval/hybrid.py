"""Lexical and dense search and late interaction, fused on scores that share an absolute scale."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag_app.errors import InvalidInputError, StoreError
from rag_app.index.exact import MOST_NUMBERS, ExactVectors, cosines, stacked
from rag_app.index.recent import Recent
from rag_app.retrieval.defining import defining_chunks
from rag_app.retrieval.filters import Where, matching_chunks
from rag_app.retrieval.respelling import Respelling
from rag_app.types import Passage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.embeddings.alignment import Aligner
    from rag_app.embeddings.fingerprint import Embedder
    from rag_app.index.lexical import Lexical, Matches
    from rag_app.index.library import Library
    from rag_app.index.vectors import ChromaVectors

_N_CANDIDATES = 100
_N_ALIGNED = 30
_DENSE_WEIGHT = 0.5
_DEFINING_SHARE = 0.5


class _LookedUp(NamedTuple):
    """What of a question was looked up without reading it."""

    matches: Matches
    best: dict[str, float]  # of them
    defining: dict[str, float]  # chunks that define what it asks about
    vectors: tuple[list[str], NDArray[np.float32]]  # of the best and of the defining


class HybridSearch:
    """Finds passages by words and by meaning.

    Parameters
    ----------
    library : Library
        Texts, chunks and the lexical index.
    vectors : ChromaVectors
        The dense index, where it is large or on a server.
    embedder : Embedder
        The one that built the index.
    lexical : Lexical
        Scores words.
    aligner : Aligner, optional
        Orders the best passages anew by late interaction.
    most_exact : int, default=`rag_app.index.exact.MOST_NUMBERS`
        Numbers in vectors that a question is compared with one by one; where an index has more, Chroma is asked.

    Notes
    -----
    ``score = ½ · cosine + ½ · BM25 / most that the question could reach``. Both parts have an absolute scale, so
    nothing is normalised over the result list, and a chunk found by one half alone gets its exact score in the
    other. With an aligner the best thirty are ordered by ``.21 · cosine + .17 · BM25 + .30 · alignment of the best
    sentence + .23 · alignment of the whole passage + .09 · likeness of its heading``: the weights serve questions
    (SQuAD, the course) and claims (SciFact), and ``benchmarks/retrieval.py`` compares them with rank fusion.
    Where a question asks what something is, the score of a passage that defines it rises by up to half of what it
    lacks to 1: see `rag_app.retrieval.defining.defining_chunks`.
    """

    def __init__(
        self,
        library: Library,
        vectors: ChromaVectors,
        embedder: Embedder,
        lexical: Lexical,
        aligner: Aligner | None = None,
        most_exact: int = MOST_NUMBERS,
    ) -> None:
        self._library = library
        self._vectors = vectors
        self._embedder = embedder
        self._lexical = lexical
        self._aligner = aligner
        self._respelling = Respelling(library, lexical)
        self._exact = ExactVectors(library, most_exact)
        self._passages = Recent(library, library.passages)
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="rag-words")
        self._generation = -1
        self._opening = threading.Lock()

    def respell(self, question: str) -> str:
        """Return a question as the index would write it: see `Respelling.respell`."""
        respelled = self._beside.submit(self._respell, question)
        self._read_ahead(question)
        return respelled.result()

    def search(self, question: str, k: int, *, where: Where | Sequence[Where] | None = None) -> list[Passage]:
        """Return the best passages for a question.

        Parameters
        ----------
        question : str
            Any text that is not blank; it is searched for as `respell` writes it.
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
        n_candidates = max(_N_CANDIDATES, 2 * k)
        # With a filter Chroma may find few that pass: then words find more.
        n_lexical = n_candidates if among is None else 3 * n_candidates
        respelled = self._beside.submit(self._respell, question)
        looked_up = self._beside.submit(self._look_up, respelled, n_lexical, among)
        self._read_ahead(question)
        question = respelled.result()
        asked = None if self._aligner is None else self._aligner.ask(question)
        is_read = asked is not None and self._aligner is not None and self._aligner.minilm is self._embedder
        vector = asked.embedding if asked is not None and is_read else self._embedder.embed([question])[0]
        dense = self._dense(vector, n_candidates, among)
        matches, best, defining, (ids, others) = looked_up.result()
        lexical = matches.of([c for c in (*dense, *defining) if c not in best]) | best
        if among is not None and len(dense | lexical) < min(k, len(among)):
            dense = self._compare(vector, "id", among.tolist())
        compared = zip(ids, cosines(others, vector).tolist(), strict=True)
        dense = {c: cosine for c, cosine in compared if c in lexical} | dense
        if self._aligner is None or asked is None:
            return self._fuse(dense, lexical, defining, k)
        aligned = self._aligner.score(asked, self._fuse(dense, lexical, defining, max(_N_ALIGNED, k)))
        raised = (
            [replace(p, score=_raised(p.score, defining.get(p.chunk_id, 0.0))) for p in aligned]
            if defining
            else aligned
        )
        return sorted(raised, key=lambda p: (-p.score, p.chunk_id))[:k]

    def _read_ahead(self, question: str) -> None:
        """Read a question as it is given, while it is respelled: most stay as they are."""
        if self._aligner is not None:
            self._aligner.read(question)

    def _respell(self, question: str) -> str:
        self._lexical.load(question)  # so that words which need no respelling are looked up once
        return self._respelling.respell(question)

    def _look_up(self, respelled: Future[str], k: int, among: NDArray[np.int64] | None) -> _LookedUp:
        """Look up what of a question needs no network."""
        question = respelled.result()
        matches = self._lexical.match(question, among=among)
        best, defining = matches.best(k), defining_chunks(self._library, question)
        return _LookedUp(matches, best, defining, self._read_vectors("chunk_id", [*best, *defining]))

    def _follow_writer(self) -> None:
        """Reopen Chroma when another process has finished a change."""
        generation = self._library.generation
        if generation == 0 or not self._library.query("SELECT 1 FROM chunks LIMIT 1"):
            msg = f"The index in {self._library.path.parent} is empty."
            raise StoreError(msg, hint="Run: rag ingest")
        with self._opening:
            if generation != self._generation:
                self._vectors.reopen()
                self._generation = generation

    def _dense(self, vector: NDArray[np.float32], k: int, among: NDArray[np.int64] | None) -> dict[str, float]:
        """Compare with all vectors, or ask Chroma: with a filter for more, or compare with all that pass.

        Chroma's own filters take a time that grows with the index, and fail on an id that it has yet to store.
        """
        found = None if self._vectors.url else self._exact.nearest(vector, k, among=among)
        if found is not None:
            return found
        if among is None:
            return self._nearest(vector, k)
        n_asked = k * min(4 * self._library.count_chunks() // max(len(among), 1), 20)
        if len(among) <= n_asked:
            return self._compare(vector, "id", among.tolist())
        nearest = dict(self._vectors.nearest(vector, n_asked))
        sql = "SELECT chunk_id, id FROM chunks WHERE chunk_id IN (SELECT value FROM json_each(?))"
        rows = dict(self._library.query(sql, [json.dumps(list(nearest))]))
        passed = {
            c for c, passes in zip(rows, np.isin(list(rows.values()), among, assume_unique=True), strict=True) if passes
        }
        return dict(islice(((c, s) for c, s in nearest.items() if c in passed), k))

    def _nearest(self, vector: NDArray[np.float32], k: int) -> dict[str, float]:
        """Ask Chroma; a server again, for more, where it holds what another machine has added since."""
        if not self._vectors.url:
            return dict(self._vectors.nearest(vector, k))
        known: dict[str, float] = {}
        for n_asked in (k, 4 * k, 16 * k):
            nearest = dict(self._vectors.nearest(vector, n_asked))
            sql = "SELECT chunk_id FROM chunks WHERE chunk_id IN (SELECT value FROM json_each(?))"
            here = {row[0] for row in self._library.query(sql, [json.dumps(list(nearest))])}
            known = {c: score for c, score in nearest.items() if c in here}
            if len(known) >= k or len(nearest) < n_asked:
                break
        return dict(islice(known.items(), k))

    def _compare(self, vector: NDArray[np.float32], column: str, values: list[int] | list[str]) -> dict[str, float]:
        """Return the cosines of the chunks that have a value in a column, by chunk id."""
        ids, vectors = self._read_vectors(column, values)
        return dict(zip(ids, cosines(vectors, vector).tolist(), strict=True))

    def _read_vectors(self, column: str, values: list[int] | list[str]) -> tuple[list[str], NDArray[np.float32]]:
        """Return the ids of the chunks that have a value in a column, and their vectors."""
        rows = self._library.query(
            f"SELECT c.chunk_id, v.vector FROM json_each(?) j JOIN chunks c ON c.{column} = j.value "  # noqa: S608  (a name of our own)
            "JOIN vectors v ON v.key = c.vector_key",
            [json.dumps(values)],
        )
        return [row[0] for row in rows], stacked([row[1] for row in rows])

    def _fuse(
        self, dense: dict[str, float], lexical: dict[str, float], defining: dict[str, float], k: int
    ) -> list[Passage]:
        words = 1 - _DENSE_WEIGHT
        fused = {
            c: _raised(_DENSE_WEIGHT * max(cosine, 0.0) + words * lexical.get(c, 0.0), defining.get(c, 0.0))
            for c, cosine in dense.items()
        }
        ranking = iter(sorted(fused, key=lambda c: (-fused[c], c)))
        passages: list[Passage] = []
        while len(passages) < k and (best := list(islice(ranking, k - len(passages)))):
            found = self._passages.load(best)  # a chunk that Chroma still holds after a removal is not found
            passages += [
                replace(found[c], score=fused[c], dense_score=dense[c], lexical_score=lexical.get(c, 0.0))
                for c in best
                if c in found
            ]
        return passages


def _raised(score: float, definition: float) -> float:
    """Return the score of a passage that defines what is asked about so well."""
    return score + _DEFINING_SHARE * definition * max(1 - score, 0.0)
