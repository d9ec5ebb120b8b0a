"""The vectors of an index that is not large, held in memory: what is most similar to a question is found exactly."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.index.library import Library

MOST_NUMBERS = 5_000_000  # 20 MB: 13,020 vectors of MiniLM; comparing more takes longer than asking Chroma


class ExactVectors:
    """Compares a question with every vector of an index.

    Parameters
    ----------
    library : Library
        The index. After any change of it, by any process, its vectors are read again.
    most : int, default=`MOST_NUMBERS`
        Numbers in vectors that are held.
    """

    def __init__(self, library: Library, most: int = MOST_NUMBERS) -> None:
        self._library = library
        self._most = most
        self._held: _Held | None = None
        self._reading = threading.Lock()

    def nearest(
        self, vector: NDArray[np.float32], k: int, *, among: NDArray[np.int64] | None = None
    ) -> dict[str, float] | None:
        """Return the cosines of the chunks most similar to a vector by chunk id, best first.

        Parameters
        ----------
        vector : ndarray of shape (dimension,)
            At unit length.
        k : int
            How many.
        among : ndarray of int, optional
            Only these rows of the table of chunks.

        Returns
        -------
        dict of str to float or None
            None where there are more vectors than are held in memory.
        """
        held = self._current(len(vector))
        if held.vectors is None:
            return None
        places = np.arange(len(held.rows)) if among is None else np.flatnonzero(np.isin(held.rows, among))
        if not len(places):
            return {}
        found = cosines(held.vectors, vector)[places]
        best = np.argpartition(-found, k - 1)[:k] if k < len(places) else np.arange(len(places))
        scores = {held.chunk_ids[places[i]]: float(found[i]) for i in best.tolist()}
        return dict(sorted(scores.items(), key=lambda one: (-one[1], one[0])))

    def _current(self, dimension: int) -> _Held:
        with self._reading:
            state = self._library.state()
            if self._held is None or self._held.state != state:
                self._held = self._read(state, dimension)
            return self._held

    def _read(self, state: list[tuple[str, str]], dimension: int) -> _Held:
        if self._library.count_chunks() * dimension > self._most:
            return _Held(state, [], np.empty(0, np.int64), None)
        sql = "SELECT c.id, c.chunk_id, v.vector FROM chunks c JOIN vectors v ON v.key = c.vector_key"
        found = self._library.query(sql)
        rows = np.array([row[0] for row in found], np.int64)
        return _Held(state, [row[1] for row in found], rows, stacked([row[2] for row in found]))


def stacked(stored: Sequence[bytes]) -> NDArray[np.float32]:
    """Return vectors of one dimension, as the library stores them, as the rows of a matrix."""
    return np.frombuffer(b"".join(stored), np.float32).reshape(len(stored), -1 if stored else 0)


def cosines(vectors: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosine of each of some vectors of unit length to another one.

    In one thread: those of a product of matrices would wait in busy loops. Equal rows have equal numbers.
    """
    return np.vecdot(vectors, vector) if len(vectors) else np.empty(0, np.float32)


@dataclass(frozen=True, slots=True)
class _Held:
    state: list[tuple[str, str]]
    chunk_ids: list[str]
    rows: NDArray[np.int64]  # of the table of chunks
    vectors: NDArray[np.float32] | None  # None where they are too many
