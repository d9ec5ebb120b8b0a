"""The search as a LangChain retriever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from rag_app.retrieval.filters import Where
from rag_app.types import Passage


class KnowledgeRetriever(BaseRetriever):
    """Returns passages as documents; ``page_content`` is the passage's text, its place is in ``metadata``.

    Parameters
    ----------
    search : callable
        ``search(question, k, where=...)`` returns passages.
    k : int
        How many documents.
    where : mapping, optional
        A filter.
    """

    search: Callable[..., list[Passage]]
    k: int = 5
    where: Where | None = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
        **_: Any,  # noqa: ANN401  (BaseRetriever's signature)
    ) -> list[Document]:
        return [to_document(passage) for passage in self.search(query, self.k, where=self.where)]


def to_document(passage: Passage) -> Document:
    """Return a passage as LangChain's document; its place is in the metadata."""
    metadata = {**passage.to_json(), "sha256": passage.sha256, "title": passage.title}
    return Document(page_content=passage.text, metadata=metadata, id=passage.chunk_id)
