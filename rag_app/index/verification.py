"""Whether everything that an index holds agrees: texts, chunks, vectors, words and Chroma's rows."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import StoreError
from rag_app.index.identity import chunk_id, vector_key
from rag_app.index.library import Library, StoredChunk
from rag_app.index.rows import lexical_context

if TYPE_CHECKING:
    from rag_app.index.vectors import ChromaVectors
    from rag_app.types import Source

Progress = Callable[[str, int, int], None]
CHECKS = ("file", "sources", "chunks", "vectors", "words", "Chroma", "search")
_REINDEX, _COMPACT = "Run: rag index reindex", "Run: rag index compact"
_ELSEWHERE = "Set RAG_DATA_DIR to another folder, and ingest there or import an export."
_BATCH = 1000
_NEARBY = 100  # what a search asks Chroma for
_MOST_MISSED = 0.005  # share of the chunks: beside thousands of near-copies a sound graph misses two in a thousand
_TOLERANCE = 1e-6  # Chroma brings vectors to unit length once more
_UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not agree.

    Parameters
    ----------
    check : str
        One of `CHECKS`.
    what : str
        One sentence.
    hint : str
        What to do about it.
    """

    check: str
    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at, and what is wrong with it.

    Parameters
    ----------
    checked : mapping of str to int
        How many things each check looked at.
    problems : tuple of Problem
        Empty where everything agrees.
    n_missed : int, default=0
        Chunks that Chroma does not find by their own vectors, where they are too few to be a problem.
    """

    checked: Mapping[str, int]
    problems: tuple[Problem, ...]
    n_missed: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that ``rag index verify --json`` prints."""
        problems = [{"check": p.check, "what": p.what, "hint": p.hint} for p in self.problems]
        return {"ok": not problems, "checked": dict(self.checked), "missed": self.n_missed, "problems": problems}


def verify(library: Library, vectors: ChromaVectors, progress: Progress) -> Verification:
    """Return whether everything in an index agrees. Hold the write lock: a change in the middle looks like damage.

    Chroma's search is approximate: that a few chunks are not found by their own vectors is damage only where they are
    more than one in two hundred.

    Parameters
    ----------
    library : Library
        Texts, chunks, vectors and words.
    vectors : ChromaVectors
        Chroma's copy.
    progress : callable
        Called with what is looked at, chunks done and chunks in all.

    Raises
    ------
    StoreError
        If there is no index.
    """
    verifier = _Verifier(library, vectors, progress)
    try:
        verifier.check_library()
    except StoreError as exc:
        verifier.note("file", exc.message, _ELSEWHERE)
    else:
        verifier.check_chroma()
    checked = {check: verifier.checked[check] for check in CHECKS}
    return Verification(checked, tuple(verifier.problems), len(verifier.missed))


class _Verifier:
    """Looks at one thing after the other, and notes what is wrong."""

    def __init__(self, library: Library, vectors: ChromaVectors, progress: Progress) -> None:
        self.checked = Counter[str]()
        self.problems: list[Problem] = []
        self._library = library
        self._vectors = vectors
        self._progress = progress
        self._n_chunks = 0
        self.missed: list[str] = []  # too few to be a problem
        self._dimension = json.loads(library.get_meta("fingerprint") or '{"dimension": 0}')["dimension"]

    def check_library(self) -> None:
        """The file, the sources with their chunks, and what belongs to none."""
        self._check_file()
        self._n_chunks = self._library.count_chunks()
        for row in self._library.sources():
            self._check_source(row.name)
        self._check_orphans()

    def check_chroma(self) -> None:
        """Chroma's ids, its rows, and whether each chunk is found by its own vector."""
        try:
            held = set(self._vectors.ids())
            ids = {row[0] for row in self._library.query("SELECT chunk_id FROM chunks")}
            for extra in sorted(held - ids):
                self.note("Chroma", f"Chroma holds the chunk {extra}, which the library does not have.", _COMPACT)
            for missing in sorted(ids - held):
                self.note("Chroma", f"The chunk {missing} is missing in Chroma.", _COMPACT)
            done = 0
            for batch in self._library.stored_chunks(_BATCH):
                self._progress("looking at Chroma", self._n_chunks + done, 2 * self._n_chunks)
                self._check_rows(batch)
                done += len(batch)
            if len(self.missed) > _MOST_MISSED * self.checked["search"]:
                for missed in self.missed:
                    self.note("search", f"The chunk {missed} is not found by its own vector.", _COMPACT)
                self.missed = []
        except StoreError as exc:
            self.note("Chroma", exc.message, _COMPACT)

    def note(self, check: str, what: str, hint: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(check, what, hint))

    def _check_file(self) -> None:
        """SQLite's own checks, of the file and of the index of words; and whether something is left to be done."""
        self.checked["file"] += 1
        for (found,) in self._library.query("PRAGMA integrity_check(10)"):
            if found != "ok":
                self.note("file", f"SQLite reports damage: {found}.", _ELSEWHERE)
        try:
            with self._library.transaction() as db:
                db.execute("INSERT INTO lexical (lexical) VALUES ('integrity-check')")
        except (StoreError, sqlite3.DatabaseError):
            self.note("words", "The index of words does not fit the chunks' texts.", _COMPACT)
        if self._library.unfinished:
            self.note("file", "A run was interrupted, and is not finished.", "Run the same rag ingest again.")

    def _check_source(self, name: str) -> None:
        """The source's hash, and its chunks one by one."""
        self.checked["sources"] += 1
        again = f"Run: rag index forget {name!r}, and ingest it again."
        try:
            source = self._library.source(name)
            if source is None or hashlib.sha256(source.text.encode()).hexdigest() != source.sha256:
                self.note("sources", f"The text of {name} does not have the hash that was stored with it.", again)
            if source is not None:
                self._check_chunks(source)
        except (ValueError, TypeError, KeyError) as exc:
            self.note("sources", f"What is stored of {name} cannot be read: {exc}.", again)

    def _check_orphans(self) -> None:
        """Vectors and words of chunks that are gone."""
        if not self._library.unfinished:
            sql = "SELECT key FROM vectors WHERE key NOT IN (SELECT vector_key FROM chunks)"
            for (key,) in self._library.query(sql):
                self.note("vectors", f"The vector {key[:16]} belongs to no chunk.", _COMPACT)
        for (row,) in self._library.query("SELECT rowid FROM lexical WHERE rowid NOT IN (SELECT id FROM chunks)"):
            self.note("words", f"The words of row {row} belong to no chunk.", _REINDEX)

    def _check_chunks(self, source: Source) -> None:
        rows = self._library.query(
            "SELECT c.vector_key, v.vector, l.context, l.body FROM chunks c JOIN sources s ON s.id = c.source_id "
            "LEFT JOIN vectors v ON v.key = c.vector_key LEFT JOIN lexical l ON l.rowid = c.id "
            "WHERE s.name = ? ORDER BY c.id",
            (source.name,),
        )
        seen = Counter[str]()
        for chunk, (key, vector, context, body) in zip(self._library.chunks(source), rows, strict=True):
            self._progress(source.name, self.checked["chunks"], 2 * self._n_chunks)
            embedded = chunk.embedded_text
            seen[embedded] += 1
            where = f"chunk {chunk.id} of {source.name}"
            if not 0 <= chunk.start < chunk.end <= len(source.text):
                self.note("chunks", f"The {where} is not within the source's text.", _REINDEX)
            elif (chunk.id, key) != (chunk_id(source.name, embedded, seen[embedded]), vector_key(embedded)):
                self.note("chunks", f"The {where} is not named by what it holds.", _REINDEX)
            if fault := _fault(vector, self._dimension):
                self.note("vectors", f"The vector of {where} {fault}.", _REINDEX)
            if (context, body) != (lexical_context(source, chunk), chunk.text):
                self.note("words", f"The words of {where} are not those of its text.", _REINDEX)
            self.checked.update(("chunks", "vectors", "words"))

    def _check_rows(self, batch: Sequence[StoredChunk]) -> None:
        held = {row.chunk_id: row for row in self._vectors.rows([chunk.chunk_id for chunk in batch])}
        sound = []
        for chunk in batch:
            row = held.get(chunk.chunk_id)
            if row is None:
                continue
            self.checked["Chroma"] += 1
            if fault := _difference(chunk, row):
                self.note("Chroma", f"The {fault} of chunk {chunk.chunk_id} in Chroma is another one.", _COMPACT)
            if chunk.vector.shape == row.vector.shape and np.isfinite(chunk.vector).all():
                sound.append(chunk)
        self._check_search(sound)

    def _check_search(self, chunks: Sequence[StoredChunk]) -> None:
        """Ask for each vector: the chunk itself is first, or one with the same vector, or it is among the nearest."""
        if not chunks:
            return
        first = self._vectors.nearest_ids(np.stack([c.vector for c in chunks]), 1)
        self.checked["search"] += len(chunks)
        for chunk, found in zip(chunks, first, strict=True):
            if chunk.chunk_id in found or any(score > 1 - _TOLERANCE for score in found.values()):
                continue
            (nearby,) = self._vectors.nearest_ids(chunk.vector[None], _NEARBY)
            if chunk.chunk_id not in nearby:
                self.missed.append(chunk.chunk_id)


def _fault(blob: bytes | None, dimension: int) -> str:
    if blob is None:
        return "is missing"
    if len(blob) != 4 * dimension:
        return f"must have {dimension} numbers; it has {len(blob) / 4:g}"
    vector = np.frombuffer(blob, np.float32)
    if not np.isfinite(vector).all():
        return "holds numbers that are not finite"
    length = float(np.linalg.norm(vector))
    return "" if abs(length - 1) < _UNIT_TOLERANCE else f"must have the length 1; it has {length:.4g}"


def _difference(chunk: StoredChunk, row: StoredChunk) -> str:
    if row.text != chunk.text:
        return "text"
    if dict(row.metadata) != dict(chunk.metadata):
        return "metadata"
    same = row.vector.shape == chunk.vector.shape and np.abs(row.vector - chunk.vector).max() < _TOLERANCE
    return "" if same else "vector"
