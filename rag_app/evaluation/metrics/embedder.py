"""The embedder that metrics share, whatever embedder the program under evaluation uses: scores stay comparable."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag_app.embeddings.minilm import MiniLM


@lru_cache(maxsize=1)
def load_minilm() -> MiniLM:
    """Return MiniLM, loaded once.

    Examples
    --------
    >>> load_minilm() is load_minilm()
    True
    """
    from rag_app.embeddings.minilm import MiniLM

    return MiniLM()
