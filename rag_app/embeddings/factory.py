"""The setting ``embeddings`` becomes an embedder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag_app.embeddings.fingerprint import Embedder
    from rag_app.settings import Settings


def load_embedder(settings: Settings) -> Embedder:
    """Return the embedder that the settings name.

    Raises
    ------
    MissingExtraError
        If its package is not installed.
    SettingsError
        If the name cannot be loaded.
    """
    kind, _, name = settings.embeddings.partition(":")
    if kind == "sentence-transformers":
        from rag_app.embeddings.sentence_transformers import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(name)
    if kind == "openai":
        from rag_app.embeddings.openai import OpenAIEmbedder

        return OpenAIEmbedder(name, base_url=settings.embeddings_base_url, timeout_s=settings.llm_timeout_s)
    from rag_app.embeddings.minilm import MiniLM

    return MiniLM()
