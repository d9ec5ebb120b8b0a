"""The token vectors of chunks that are in the library without them."""

from __future__ import annotations

from collections.abc import Callable

from rag_app.embeddings.minilm import MiniLM
from rag_app.embeddings.token_codes import encode
from rag_app.index.library import Library
from rag_app.index.tokens import store_token_codes, without_token_codes

_BATCH = 128


def read_missing_tokens(library: Library, minilm: MiniLM, progress: Callable[[str, int, int], None]) -> None:
    """Read and store the tokens of chunks that another embedder embedded, or that came without them.

    Parameters
    ----------
    library : Library
        The index; its writer is the caller.
    minilm : MiniLM
        Reads the chunks.
    progress : callable
        Called with what is at work, what is done and what there is in all.
    """
    done, n_chunks = 0, library.count_chunks()
    while missing := without_token_codes(library, _BATCH):
        progress("reading tokens", done, n_chunks)
        passages = library.passages([chunk_id for _, chunk_id in missing])
        read = minilm.read_passages([passages[chunk_id].embedded_text for _, chunk_id in missing])
        store_token_codes(library, {key: encode(tokens) for (key, _), tokens in zip(missing, read, strict=True)})
        done += len(missing)
