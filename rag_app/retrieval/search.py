"""The whole search: where a question says to look, what is found there, a second look, and nothing said twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag_app.retrieval.duplicates import distinct_passages
from rag_app.retrieval.filters import Where
from rag_app.retrieval.hybrid import HybridSearch
from rag_app.retrieval.query import split_query
from rag_app.settings import Settings
from rag_app.types import Passage

if TYPE_CHECKING:
    from rag_app.retrieval.rerank import Reranker

_N_SPARE = 15  # at least: what a reranker may raise, and what takes the places of duplicates


class PassageSearch:
    """Finds passages.

    Parameters
    ----------
    hybrid : HybridSearch
        Finds them by words and by meaning.
    reranker : Reranker, optional
        Orders the best of them anew.
    """

    def __init__(self, hybrid: HybridSearch, reranker: Reranker | None = None) -> None:
        self._hybrid = hybrid
        self._reranker = reranker
        self.respell = hybrid.respell

    def search(self, question: str, k: int, *, where: Where | None = None) -> list[Passage]:
        """Return the best passages for a question.

        Parameters
        ----------
        question : str
            Any text that is not blank, in British or American spelling. Its words ``file:…`` and ``heading:…`` say
            where to look; see `rag_app.retrieval.query.split_query`.
        k : int
            How many, at least 1.
        where : mapping, optional
            A filter that holds besides; see `rag_app.retrieval.filters.matching_chunks`.

        Returns
        -------
        list of Passage
            At most `k`, best first, none of which says only what a better one says, unless there is nothing else.

        Raises
        ------
        InvalidInputError
            If the question is blank, or says only where to look, or `k` is below 1.
        UnknownNameError
            If the index has no such file.
        StoreError
            If there is no index, or it is empty.
        """
        query = split_query(question)
        n_candidates = k + max(k, _N_SPARE) if k > 0 else k  # the search says what is wrong with it
        found = self._hybrid.search(query.text, n_candidates, where=[w for w in (where, query.where) if w] or None)
        if self._reranker is not None:
            found = self._reranker.ranked(self.respell(query.text), found)
        return distinct_passages(found, k)


def load_search(hybrid: HybridSearch, settings: Settings) -> PassageSearch:
    """Return the search with the reranker that the settings name, if any.

    Raises
    ------
    MissingExtraError
        If the reranker's package is not installed.
    SettingsError
        If the reranker cannot be loaded.
    """
    if settings.reranker == "none":
        return PassageSearch(hybrid)
    from rag_app.retrieval.rerank import load_reranker

    return PassageSearch(hybrid, load_reranker(settings))
