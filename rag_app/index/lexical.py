"""BM25 over the library's FTS5 table, with Porter stems.

SQLite scores one word at a time, and the scores of the words asked lately are kept as arrays: BM25 is a sum over the
question's words, so it is the same number, but the words that take long, those of many chunks, are looked up once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.from_scratch.language.words import content_words, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.index.library import Library

_K1 = 1.2  # fixed inside FTS5
_MIN_IDF = 1e-6  # FTS5's floor for a term in more than half of the chunks
_MAX_KEPT = 2_000  # words; with 100,000 chunks some 60 MB
_SCORED = np.dtype([("row", np.int64), ("score", np.float64)])


class Lexical:
    """Scores chunks by BM25.

    Parameters
    ----------
    library : Library
        The index.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._kept: _Kept | None = None

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """Return how rare words are, by word: ``ln((N - n + 0.5) / (n + 0.5))``, at least 1e-6, as FTS5 has it."""
        kept = self._current()
        return {t: kept.idf(kept.count(t)) for t in dict.fromkeys(terms)}

    def count(self, words: str) -> int:
        """Return how many chunks have a word, or several beside each other."""
        return self._current().count(words)

    def count_any(self, phrases: Sequence[str]) -> int:
        """Return how many chunks have at least one of several words or phrases."""
        sql = "SELECT count(*) FROM lexical WHERE lexical MATCH ?"
        return int(self._library.query(sql, [" OR ".join(map(_quoted, phrases))])[0][0]) if phrases else 0

    def load(self, question: str) -> None:
        """Look up what `idf` and `match` need for a question; they find it kept."""
        kept = self._current()
        for term in _terms(question):
            kept.scores(term)
        for word in words(question):
            kept.count(word)

    def match(self, question: str, *, among: NDArray[np.int64] | None = None) -> Matches:
        """Return the chunks that have a word of a question, scored.

        Parameters
        ----------
        question : str
            Its content words are looked for; any of them may match.
        among : ndarray of int, optional
            Only these rows of the table of chunks.

        Notes
        -----
        A score is BM25 divided by the most that the question could reach, in [0, 1]. A term's contribution to BM25 is
        below ``idf · (k1 + 1)``, so their sum over the question's terms is an absolute scale: it needs no statistics of
        the result list, and tells how strong the match is.
        """
        terms = _terms(question)
        if not terms:
            return Matches(self._library, np.empty(0, np.int64), np.empty(0))
        kept = self._current()
        found = [kept.scores(t) for t in terms]
        ceiling = sum(kept.idf(len(f)) for f in found) * (_K1 + 1)
        rows, scores = _sum(np.concatenate(found))
        scores = np.minimum(scores / ceiling, 1.0)
        if among is not None:
            allowed = np.isin(rows, among, assume_unique=True)
            rows, scores = rows[allowed], scores[allowed]
        return Matches(self._library, rows, scores)

    def _current(self) -> _Kept:
        """Return what is kept of the library as it is now: after any change, by any process, nothing."""
        state = self._library.state()
        kept = self._kept
        if kept is None or kept.state != state:
            self._kept = kept = _Kept(self._library, state)
        return kept


@dataclass(frozen=True, slots=True)
class Matches:
    """Chunks that have a word of a question.

    Parameters
    ----------
    library : Library
        The index.
    rows : ndarray of shape (n_matches,)
        Of the table of chunks, ascending.
    scores : ndarray of shape (n_matches,)
        Of each, in (0, 1].
    """

    library: Library
    rows: NDArray[np.int64]
    scores: NDArray[np.float64]

    def best(self, k: int) -> dict[str, float]:
        """Return the scores of the best `k` by chunk id, best first."""
        chosen = _best(self.scores, k)
        sql = "SELECT id, chunk_id FROM chunks WHERE id IN (SELECT value FROM json_each(?))"
        ids = dict(self.library.query(sql, [json.dumps(self.rows[chosen].tolist())]))
        ranked = chosen[np.lexsort((self.rows[chosen], -self.scores[chosen]))]
        return {
            ids[r]: s for r, s in zip(self.rows[ranked].tolist(), self.scores[ranked].tolist(), strict=True) if r in ids
        }

    def of(self, chunk_ids: Sequence[str]) -> dict[str, float]:
        """Return the scores of those of some chunks that have a word of the question, by chunk id."""
        sql = "SELECT id, chunk_id FROM chunks WHERE chunk_id IN (SELECT value FROM json_each(?))"
        asked = self.library.query(sql, [json.dumps(chunk_ids)])
        places = np.searchsorted(self.rows, np.array([row for row, _ in asked], np.int64)).tolist()
        return {
            chunk_id: float(self.scores[place])
            for (row, chunk_id), place in zip(asked, places, strict=True)
            if place < len(self.rows) and self.rows[place] == row
        }


class _Kept:
    """What was looked up about words in one state of the library."""

    def __init__(self, library: Library, state: list[tuple[str, str]]) -> None:
        self.state = state
        self._library = library
        self._n_chunks = library.count_chunks()
        self._counts: dict[str, int] = {}
        self._scores: dict[str, NDArray[Any]] = {}

    def idf(self, n_with: int) -> float:
        """Return the idf of a word that so many chunks have."""
        ratio = (self._n_chunks - n_with + 0.5) / (n_with + 0.5)
        return max(math.log(max(ratio, 1.0)), _MIN_IDF)  # a change between two queries may even leave n above N

    def count(self, term: str) -> int:
        """Return how many chunks have a word."""
        count = self._counts.get(term)
        if count is None:
            sql = "SELECT count(*) FROM lexical WHERE lexical MATCH ?"
            count = int(self._library.query(sql, [_quoted(term)])[0][0])
            _keep(self._counts, term, count)
        return count

    def scores(self, term: str) -> NDArray[Any]:
        """Return the rows of the chunks that have a word, and BM25 of each for the word alone."""
        scores = self._scores.get(term)
        if scores is None:
            sql = "SELECT rowid, -bm25(lexical) FROM lexical WHERE lexical MATCH ?"
            found = self._library.query(sql, [_quoted(term)])
            scores = np.fromiter(found, _SCORED, len(found))
            _keep(self._scores, term, scores)
            _keep(self._counts, term, len(found))
        return scores


def _terms(question: str) -> list[str]:
    return list(dict.fromkeys(content_words(question) or words(question)))


def _keep(kept: dict[str, Any], term: str, value: object) -> None:
    if len(kept) >= _MAX_KEPT:
        kept.clear()
    kept[term] = value


def _sum(found: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return each row once, in ascending order, with the sum of its scores."""
    # Not np.unique: it imports numpy.ma, which takes longer than all of this on a small index.
    found = found[np.argsort(found["row"], kind="stable")]
    starts = np.flatnonzero(np.diff(found["row"], prepend=-1))
    return found["row"][starts], np.add.reduceat(found["score"], starts) if len(starts) else np.empty(0)


def _best(scores: NDArray[np.float64], k: int) -> NDArray[np.intp]:
    if len(scores) <= k:
        return np.arange(len(scores))
    return np.argpartition(-scores, k)[:k]


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'
