"""BM25 over the library's FTS5 table, with Porter stems."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag_app.from_scratch.language.words import content_words, words

if TYPE_CHECKING:
    from rag_app.index.library import Library

_K1 = 1.2  # fixed inside FTS5
_MIN_IDF = 1e-6  # FTS5's floor for a term in more than half of the chunks


class Lexical:
    """Scores chunks by BM25.

    Parameters
    ----------
    library : Library
        The index.
    """

    def __init__(self, library: Library) -> None:
        self._library = library

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """Return how rare words are, by word: ``ln((N - n + 0.5) / (n + 0.5))``, at least 1e-6, as FTS5 has it."""
        n_chunks = self._library.count_chunks()
        return {t: self._idf_one(t, n_chunks) for t in dict.fromkeys(terms)}

    def score(self, question: str, k: int, *, among: Sequence[str] | None = None) -> list[tuple[str, float]]:
        """Return the best chunks for a question.

        Parameters
        ----------
        question : str
            Its content words are looked for; any of them may match.
        k : int
            How many.
        among : sequence of str, optional
            Only these chunk ids.

        Returns
        -------
        list of (str, float)
            Chunk id and BM25 divided by the most that the question could reach, in [0, 1], best first.

        Notes
        -----
        A term's contribution to BM25 is below ``idf · (k1 + 1)``, so their sum over the question's terms is an
        absolute scale: it needs no statistics of the result list, and tells how strong the match is.
        """
        terms = list(dict.fromkeys(content_words(question) or words(question)))
        ceiling = sum(self.idf(terms).values()) * (_K1 + 1)
        if not terms or (among is not None and not among):
            return []
        sql = (
            "SELECT c.chunk_id, -bm25(lexical) AS score FROM lexical JOIN chunks c ON c.id = lexical.rowid "
            "WHERE lexical MATCH ?"
        )
        parameters: list[object] = [" OR ".join(_quoted(t) for t in terms)]
        if among is not None:
            sql += " AND c.chunk_id IN (SELECT value FROM json_each(?))"
            parameters.append("[" + ",".join(f'"{i}"' for i in among) + "]")
        rows = self._library.query(f"{sql} ORDER BY score DESC LIMIT ?", [*parameters, k])
        return [(chunk_id, min(score / ceiling, 1.0)) for chunk_id, score in rows]

    def _idf_one(self, term: str, n_chunks: int) -> float:
        (row,) = self._library.query("SELECT count(*) FROM lexical WHERE lexical MATCH ?", [_quoted(term)])
        n_with = int(row[0])
        return max(math.log((n_chunks - n_with + 0.5) / (n_with + 0.5)), _MIN_IDF)


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'
