"""MiniLM with small corrections of its weights, reading two texts together: every word sees those of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag_app.embeddings.minilm import load_tokenizer, weights_path
from rag_app.embeddings.packed import PackedNetwork
from rag_app.embeddings.weights import read_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_FIRST, MOST_SECOND = 60, 130  # word pieces that are read of each text
UP, DOWN = ".up", ".down"


@dataclass(frozen=True, slots=True)
class PairTokens:
    """Two texts, read together.

    Parameters
    ----------
    whole : ndarray of shape (384,)
        The last layer at the token that stands for both.
    second : ndarray of shape (n_tokens, 384)
        The last layer at the tokens of the second text and at its end.
    """

    whole: NDArray[np.float32]
    second: NDArray[np.float32]


class PairReader:
    """Reads a text together with each of several others.

    Parameters
    ----------
    corrections : mapping of str to ndarray
        ``NAME.up``, of shape (n_out, rank), and ``NAME.down``, of shape (rank, n_in), for each matrix of MiniLM that is
        corrected: their product is added to it.

    References
    ----------
    Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021.
    """

    def __init__(self, corrections: Mapping[str, NDArray[np.float16]]) -> None:
        installed = read_weights(weights_path())
        names = [name.removesuffix(UP) for name in corrections if name.endswith(UP)]
        self._network = PackedNetwork({name: installed[name] + _product(corrections, name) for name in names})
        self._tokenizer = load_tokenizer()

    def read(self, first: str, seconds: Sequence[str]) -> list[PairTokens]:
        """Return each of the second texts as it reads beside the first one; it does not depend on the others."""
        if not seconds:
            return []
        (start, *own, end), *others = (e.ids for e in self._tokenizer.encode_batch_fast([first, *seconds]))
        head = [start, *own[:MOST_FIRST], end]
        tails = [[*ids[1:-1][:MOST_SECOND], end] for ids in others]
        segments = [[0] * len(head) + [1] * len(tail) for tail in tails]
        read = self._network.read([[*head, *tail] for tail in tails], segments)
        return [PairTokens(tokens[0], tokens[len(head) :]) for tokens in read]


def _product(corrections: Mapping[str, NDArray[np.float16]], name: str) -> NDArray[np.float32]:
    return corrections[name + UP].astype(np.float32) @ corrections[name + DOWN].astype(np.float32)
