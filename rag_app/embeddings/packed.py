"""MiniLM for several texts at once, laid end to end: each is read as if it were alone, to the last bit."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag_app.embeddings.minilm import load_session

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GRAPH = Path(__file__).with_name("minilm_packed.onnx")
_STEP = 16  # see `rag_app.embeddings.packed_graph`
_HIDDEN = np.float32(-1e9)
_MOST_THREADS = 2  # fetching the weights is what takes long


class PackedNetwork:
    """The network, with the installed weights or with some of them replaced.

    Parameters
    ----------
    weights : mapping of str to ndarray, optional
        What stands in the place of installed tensors of these names. Default: nothing.
    n_threads : int, optional
        That compute it; the result does not depend on them. Default: 2 where there are as many processors.
    """

    def __init__(self, weights: Mapping[str, NDArray[np.float32]] | None = None, n_threads: int | None = None) -> None:
        self._session = load_session(_GRAPH, n_threads or min(n_processors(), _MOST_THREADS), weights)

    def read(
        self, texts: Sequence[Sequence[int] | NDArray[np.int64]], segments: Sequence[Sequence[int]] | None = None
    ) -> list[NDArray[np.float32]]:
        """Return the last layer of each text, shape (n_tokens, 384).

        Parameters
        ----------
        texts : sequence of array-like of int
            The word pieces of each with its specials, at least one text.
        segments : sequence of sequence of int, optional
            1 for what is of the second of two texts that are read together, 0 for the rest. Default: all 0.
        """
        lengths = np.array([len(ids) for ids in texts])
        starts = np.cumsum(lengths) - lengths
        places = np.arange(-(-lengths.max() // _STEP) * _STEP)
        is_token = places < lengths[:, None]  # (n_texts, length)
        n_tokens = int(lengths.sum())
        inputs = {
            "ids": np.concatenate([np.asarray(ids, np.int64) for ids in texts]),
            "positions": np.concatenate([np.arange(n) for n in lengths.tolist()]),
            "segments": np.zeros(n_tokens, np.int64) if segments is None else np.concatenate(segments).astype(np.int64),
            "slots": np.where(is_token, starts[:, None] + places, 0),
            "hidden": np.where(is_token, np.float32(0), _HIDDEN)[:, None, None],
            "kept": np.flatnonzero(is_token),
        }
        (tokens,) = self._session.run(["tokens"], inputs)
        return np.split(np.asarray(tokens, np.float32), starts[1:])


def n_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
