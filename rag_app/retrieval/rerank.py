"""A second look at the best passages, by a cross-encoder that the user names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from pydantic import Field

from rag_app.settings import Settings
from rag_app.types import Passage

PairScorer = Callable[[str, Sequence[str]], Iterable[float]]


class Reranker(BaseDocumentCompressor):
    """Orders what was found by how well it answers the question: passages of ours, or documents of any retriever.

    Parameters
    ----------
    score : callable
        ``score(question, texts)`` returns a number for each text, higher is better; such as
        `rag_app.embeddings.cross_encoder.CrossEncoder.score`.
    k : int, default=5
        How many documents to return, at least 1.

    Examples
    --------
    >>> def shared_words(question, texts):
    ...     return [len(set(question.split()) & set(text.split())) for text in texts]
    >>> found = [Document(page_content="cats sleep"), Document(page_content="a lamp burns oil")]
    >>> best = Reranker(score=shared_words, k=1).compress_documents(found, "what burns in a lamp")
    >>> best[0].page_content, best[0].metadata
    ('a lamp burns oil', {'relevance_score': 3.0})
    """

    score: PairScorer
    k: int = Field(default=5, ge=1)

    def compress_documents(
        self,
        documents: Sequence[Document],
        query: str,
        callbacks: Callbacks | None = None,  # noqa: ARG002  (BaseDocumentCompressor's signature)
    ) -> list[Document]:
        """Return the best `k` documents, best first, each with its ``relevance_score`` in the metadata."""
        scores = self._scores(query, [d.page_content for d in documents])
        return [
            documents[i].model_copy(update={"metadata": {**documents[i].metadata, "relevance_score": scores[i]}})
            for i in _order(scores)[: self.k]
        ]

    def ranked(self, question: str, passages: Sequence[Passage]) -> list[Passage]:
        """Return passages, best first, with the new score; the one that they had is their ``fused_score``.

        A passage is read with its context: its headings say what it is about.
        """
        scores = self._scores(question, [p.embedded_text for p in passages])
        return [replace(passages[i], score=scores[i], fused_score=passages[i].score) for i in _order(scores)]

    def _scores(self, question: str, texts: Sequence[str]) -> list[float]:
        return [float(s) for s in self.score(question, texts)]


def load_reranker(settings: Settings) -> Reranker:
    """Return the reranker that the settings name.

    Raises
    ------
    MissingExtraError
        If its package is not installed.
    SettingsError
        If the name cannot be loaded.
    """
    from rag_app.embeddings.cross_encoder import CrossEncoder

    return Reranker(score=CrossEncoder(settings.reranker.partition(":")[2]).score, k=settings.k)


def _order(scores: Sequence[float]) -> list[int]:
    """Return places, that of the highest score first; equal ones keep their order."""
    return sorted(range(len(scores)), key=lambda i: -scores[i])
