"""OpenAI's embeddings, or those of a compatible server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import LLMError, SettingsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BYTES_PER_TOKEN = 2  # a bound for text of any language in the vocabularies that servers use


class OpenAIEmbedder:
    """An embedder behind the OpenAI protocol. Texts are sent as text, never as token ids.

    Parameters
    ----------
    name : str
        The model's name.
    base_url : str
        Address of a compatible server; empty means OpenAI's own.

    Raises
    ------
    SettingsError
        If a key is needed and there is none.
    """

    max_tokens = 512  # every known server reads this much

    def __init__(self, name: str, *, base_url: str = "") -> None:
        if not base_url and not os.environ.get("OPENAI_API_KEY"):
            msg = f"The embedder openai:{name} needs a key in OPENAI_API_KEY."
            raise SettingsError(msg, hint="Export it, or set RAG_EMBEDDINGS_BASE_URL to a server of your own.")
        from langchain_openai import OpenAIEmbeddings

        options: dict[str, Any] = {"base_url": base_url} if base_url else {}
        if base_url:
            options["api_key"] = os.environ.get("OPENAI_API_KEY") or "none"
        self._client = OpenAIEmbeddings(model=name, check_embedding_ctx_length=False, **options)
        self.name = f"openai:{name}"
        self.revision = base_url or "api.openai.com"

    @cached_property
    def dimension(self) -> int:
        """Length of a vector: asked once."""
        return int(self.embed(["dimension"]).shape[1])

    def verify(self) -> None:
        """Do nothing: a remote model's weights cannot be seen."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return an upper estimate of each text's tokens: one for every two bytes."""
        return [2 + -(-len(t.encode()) // _BYTES_PER_TOKEN) for t in texts]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors of shape (n_texts, dimension), rows at unit length.

        Raises
        ------
        LLMError
            If the server cannot be reached or refuses.
        """
        try:
            vectors = np.asarray(self._client.embed_documents(list(texts)), np.float32)
        except Exception as exc:
            status = getattr(exc, "status_code", None)
            what = f"refused the request with status {status}" if status else "cannot be reached"
            msg = f"The embedder {self.name} {what}."
            raise LLMError(msg, hint="Check the key and RAG_EMBEDDINGS_BASE_URL.", retryable=status != 401) from exc  # noqa: PLR2004
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12), np.float32)
