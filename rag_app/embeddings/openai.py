"""OpenAI's embeddings, or those of a compatible server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import LLMError, LLMResponseError, SettingsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RATE_LIMIT, _SERVER_ERRORS = 429, 500  # statuses; every one from 500 on is the server's own
_HINT = "Check the key and RAG_EMBEDDINGS_BASE_URL."
_BYTES_PER_TOKEN = 2  # a bound for text of any language in the vocabularies that servers use


class OpenAIEmbedder:
    """An embedder behind the OpenAI protocol. Texts are sent as text, never as token ids.

    Parameters
    ----------
    name : str
        The model's name.
    base_url : str
        Address of a compatible server; empty means OpenAI's own.
    timeout_s : float, default=60.0
        Seconds that one attempt may take; there are three.

    Raises
    ------
    SettingsError
        If a key is needed and there is none.
    """

    max_tokens = 512  # every known server reads this much

    def __init__(self, name: str, *, base_url: str = "", timeout_s: float = 60.0) -> None:
        if not base_url and not os.environ.get("OPENAI_API_KEY"):
            msg = f"The embedder openai:{name} needs a key in OPENAI_API_KEY."
            raise SettingsError(msg, hint="Export it, or set RAG_EMBEDDINGS_BASE_URL to a server of your own.")
        from langchain_openai import OpenAIEmbeddings

        options: dict[str, Any] = {"timeout": timeout_s, **({"base_url": base_url} if base_url else {})}
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

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return `embed`: there is no second way."""
        return self.embed(texts)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors of shape (n_texts, dimension), rows at unit length.

        Raises
        ------
        LLMError
            If the server cannot be reached or refuses.
        LLMResponseError
            If its reply cannot be read, or does not hold one vector of numbers for each text.
        """
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        try:
            vectors = np.asarray(self._client.embed_documents(list(texts)), np.float32)
        except Exception as exc:
            raise self._translate(exc) from exc
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():  # noqa: PLR2004
            raise self._unreadable()
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12), np.float32)

    def _translate(self, exc: Exception) -> LLMError:
        status = getattr(exc, "status_code", None)
        if status is not None:
            msg = f"The embedder {self.name} refused the request with status {status}."
            return LLMError(msg, hint=_HINT, retryable=status == _RATE_LIMIT or status >= _SERVER_ERRORS)
        kinds = {c.__name__ for c in type(exc).__mro__}
        if "APITimeoutError" in kinds:
            msg = f"The embedder {self.name} did not answer in time."
            return LLMError(msg, hint="Raise RAG_LLM_TIMEOUT_S, or check that the server is not busy.", retryable=True)
        if "APIConnectionError" in kinds:
            msg = f"The embedder {self.name} cannot be reached."
            return LLMError(msg, hint=_HINT, retryable=True)
        return self._unreadable()

    def _unreadable(self) -> LLMResponseError:
        msg = f"The embedder {self.name} sent a reply that cannot be read."
        return LLMResponseError(msg, hint="Check RAG_EMBEDDINGS_BASE_URL; the address often ends in /v1.")
