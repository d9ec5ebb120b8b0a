"""The vectors of an index that is not large, held in memory: what is most similar to a question is found exactly."""

from __future__ import annotations

import threading
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
        self._held = _Held([], [], np.empty(0, np.int64), np.empty((0, 0), np.float32))
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
        if self._library.count_chunks() * len(vector) > self._most:
            return None
        held = self._current()
        places = np.arange(len(held.rows)) if among is None else np.flatnonzero(np.isin(held.rows, among))
        if not len(places):
            return {}
        # In one thread: those of a product of matrices would wait in busy loops. Equal rows have equal numbers.
        cosines = np.vecdot(held.vectors, vector)[places]
        best = np.argpartition(-cosines, k - 1)[:k] if k < len(places) else np.arange(len(places))
        found = {held.chunk_ids[places[i]]: float(cosines[i]) for i in best.tolist()}
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))

    def _current(self) -> _Held:
        with self._reading:
            state = self._library.state()
            if self._held.state != state:
                self._held = self._read(state)
            return self._held

    def _read(self, state: list[tuple[str, str]]) -> _Held:
        sql = "SELECT c.id, c.chunk_id, v.vector FROM chunks c JOIN vectors v ON v.key = c.vector_key"
        found = self._library.query(sql)
        vectors = np.frombuffer(b"".join(row[2] for row in found), np.float32)
        rows = np.array([row[0] for row in found], np.int64)
        return _Held(state, [row[1] for row in found], rows, vectors.reshape(len(found), -1 if found else 0))


@dataclass(frozen=True, slots=True)
class _Held:
    state: list[tuple[str, str]]
    chunk_ids: list[str]
    rows: NDArray[np.int64]  # of the table of chunks
    vectors: NDArray[np.float32]
