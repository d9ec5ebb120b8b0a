"""Token vectors small enough to be stored with every passage: 64 of 384 directions, 4 bits for each.

The directions are the principal ones of the token vectors of 1,216 Wikipedia paragraphs (SQuAD 2.0), computed by
``benchmarks/train_reader.py``. ``docs/decisions/011-stored-token-vectors.md`` has what this loses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.embeddings.minilm import TokenVectors

DIRECTIONS = Path(__file__).with_name("minilm_directions.npy")
_WIDTH = 64
_LARGEST = 7  # of 4 bits; -8 is left out, so that the range is symmetric
_RECORD = np.dtype([("start", "<i4"), ("code", "u1", _WIDTH // 2)])


@dataclass(frozen=True, slots=True)
class ReducedTokens:
    """The tokens of one text in the principal directions.

    Parameters
    ----------
    starts : ndarray of shape (n_tokens,)
        Where each token begins in the text.
    vectors : ndarray of shape (n_tokens, 64)
        Rows at unit length.
    """

    starts: NDArray[np.int32]
    vectors: NDArray[np.float32]


def reduced(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors of 384 numbers in the 64 principal directions, rows at unit length."""
    return _unit(vectors @ _directions())


def encode(tokens: TokenVectors) -> bytes:
    """Return what is stored of a text's tokens: 36 bytes for each, so at most 9.2 kB for a passage.

    Examples
    --------
    >>> from rag_app.embeddings.minilm import MiniLM
    >>> stored = encode(MiniLM().embed_tokens(["A cat sleeps."])[0])
    >>> len(stored), decode(stored).starts.tolist()
    (144, [0, 2, 6, 12])
    """
    vectors = reduced(tokens.vectors)
    largest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True, initial=0), 1e-12)
    steps = (np.round(vectors / largest * _LARGEST) + _LARGEST + 1).astype(np.uint8)
    records = np.empty(len(vectors), _RECORD)
    records["start"] = tokens.offsets[:, 0]
    records["code"] = steps[:, 0::2] | (steps[:, 1::2] << 4)
    return records.tobytes()


def decode(stored: bytes) -> ReducedTokens:
    """Return the tokens of a text from what `encode` wrote."""
    records = np.frombuffer(stored, _RECORD)
    return ReducedTokens(records["start"], _unit(np.take(_pairs(), records["code"]).view(np.float32)))


@lru_cache(maxsize=1)
def _directions() -> NDArray[np.float32]:
    return np.load(DIRECTIONS).astype(np.float32)  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def _pairs() -> NDArray[np.uint64]:
    """Return the two numbers that each byte stands for, side by side in eight bytes: one look-up finds both."""
    codes = np.arange(256)
    steps = np.stack([codes & 15, codes >> 4], axis=1) - (_LARGEST + 1)
    return steps.astype(np.float32).view(np.uint64).ravel()


def _unit(x: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.sqrt(np.einsum("...i,...i->...", x, x))[..., None]
    return np.asarray(x / np.maximum(lengths, 1e-12), np.float32)
