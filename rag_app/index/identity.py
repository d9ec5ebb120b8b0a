"""What chunks and their embeddings are called: names made of their content, so that equal content keeps its name."""

from __future__ import annotations

import hashlib


def chunk_id(source_name: str, embedded_text: str, occurrence: int) -> str:
    """Return the id of a chunk.

    Parameters
    ----------
    source_name : str
        The name of its source.
    embedded_text : str
        Its context and its text.
    occurrence : int
        1 for the first chunk of the source with that text, 2 for the second.

    Examples
    --------
    >>> chunk_id("a.md", "Cats eat fish.", 1)
    '63e74c7b85077a77187128508199f09b'
    """
    return hashlib.sha256(f"{source_name}\0{embedded_text}\0{occurrence}".encode()).hexdigest()[:32]


def vector_key(embedded_text: str) -> str:
    """Return the name of a text's embedding.

    Examples
    --------
    >>> vector_key("Cats eat fish.")[:16]
    '8a84ceea04816bda'
    """
    return hashlib.sha256(embedded_text.encode()).hexdigest()
