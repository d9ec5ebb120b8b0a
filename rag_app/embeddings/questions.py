"""MiniLM for questions that come at the same time: those that wait are read together."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from functools import cached_property
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.embeddings.minilm import MiniLM, TokenVectors, pooled, token_vectors
from rag_app.embeddings.packed import PackedNetwork, n_processors

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_TOGETHER = 16
_MOST_TOKENS = 64  # of a text that is read with others
_FEW = 2  # processors: one reads a question, the other looks up its words


class QuestionReader(MiniLM):
    """MiniLM that reads single texts from many threads together: the weights are fetched from memory once for all.

    A text that comes alone is read at once. Its vectors are those of `MiniLM` to the last bit, alone or with others.
    Several texts in one call are read as `MiniLM` reads them.

    Parameters
    ----------
    n_threads : int, optional
        See `MiniLM`.

    Examples
    --------
    >>> reader = QuestionReader()
    >>> bool(np.array_equal(reader.embed(["a cat"]), reader.embed(["a cat", "a dog"])[:1]))
    True
    """

    def __init__(self, n_threads: int | None = None) -> None:
        super().__init__(n_threads)
        self._waiting: SimpleQueue[tuple[str, Future[TokenVectors]]] = SimpleQueue()
        self._reading = threading.Lock()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings of texts, shape (n_texts, 384), rows at unit length."""
        return self._read(texts[0]).mean[None] if len(texts) == 1 else super().embed(texts)

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Return the contextual token vectors of texts of any length."""
        return [self._read(texts[0])] if len(texts) == 1 else super().embed_tokens(texts)

    @cached_property
    def _packed(self) -> PackedNetwork:
        return PackedNetwork(n_threads=1 if n_processors() <= _FEW else None)

    def _read(self, text: str) -> TokenVectors:
        found: Future[TokenVectors] = Future()
        self._waiting.put((text, found))
        while not found.done():
            with self._reading:  # whoever finds the network free reads what waits
                if not found.done():
                    self._read_waiting()
        return found.result()

    def _read_waiting(self) -> None:
        waiting = [self._waiting.get() for _ in range(min(self._waiting.qsize(), _MOST_TOGETHER))]
        try:
            for (_, found), read in zip(waiting, self._read_batch([text for text, _ in waiting]), strict=True):
                found.set_result(read)
        except BaseException as exc:
            for _, found in waiting:
                found.set_exception(exc)
            raise

    def _read_batch(self, texts: list[str]) -> list[TokenVectors]:
        encoded = self._tokenizer.encode_batch(texts)
        together = [e for e in encoded if len(e.ids) <= _MOST_TOKENS]
        found = {id(e): read for e, read in zip(together, self._read_packed(together), strict=True)}
        return [found[id(e)] if id(e) in found else self._embed_tokens_one(e) for e in encoded]

    def _read_packed(self, encoded: Sequence[Any]) -> list[TokenVectors]:
        """Return the token vectors of texts that are laid end to end; no token sees those of another text."""
        if not encoded:
            return []
        ids = [np.asarray(e.ids, np.int64) for e in encoded]
        found = zip(encoded, ids, self._packed.read(ids), strict=True)
        return [token_vectors(e, [own], [(pooled(tokens), tokens)]) for e, own, tokens in found]
