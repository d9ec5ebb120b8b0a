"""What is stored of a chunk's text: its embedding and, for late interaction, its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from rag_app.embeddings.token_codes import encode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag_app.embeddings.fingerprint import Embedder
    from rag_app.embeddings.minilm import MiniLM


class Embedded(NamedTuple):
    """What is stored of one text.

    Parameters
    ----------
    vector : ndarray
        Its embedding.
    codes : bytes or None
        Its tokens as `rag_app.embeddings.token_codes.encode` writes them; None without late interaction.
    """

    vector: NDArray[np.float32]
    codes: bytes | None


class ChunkEmbedder:
    """Embeds chunks, the same way wherever it is at work.

    Parameters
    ----------
    embedder : Embedder
        Gives the embeddings.
    minilm : MiniLM, optional
        Reads the tokens; where it is the embedder, both are read at once. None reads none.

    Examples
    --------
    >>> from rag_app.embeddings.minilm import MiniLM
    >>> minilm = MiniLM()
    >>> [embedded] = ChunkEmbedder(minilm, minilm).embed(["A cat sleeps."])
    >>> embedded.vector.shape, len(embedded.codes)
    ((384,), 144)
    """

    def __init__(self, embedder: Embedder, minilm: MiniLM | None = None) -> None:
        self._embedder = embedder
        self._minilm = minilm

    def embed(self, texts: Sequence[str]) -> list[Embedded]:
        """Return what is stored of each text."""
        if not texts:
            return []
        if self._minilm is None:
            return [Embedded(vector, None) for vector in self._embedder.embed_passages(texts)]
        read = self._minilm.read_passages(texts)
        if self._minilm is self._embedder:
            return [Embedded(tokens.mean, encode(tokens)) for tokens in read]
        vectors = self._embedder.embed_passages(texts)
        return [Embedded(vector, encode(tokens)) for vector, tokens in zip(vectors, read, strict=True)]
