"""What an index must agree on with the program that reads it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """Turns texts into vectors of unit length and counts their tokens as it reads them."""

    @property
    def name(self) -> str:
        """The value of the setting ``embeddings`` that selects it."""

    @property
    def revision(self) -> str:
        """Hash of its weights, or the provider's name for them."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """Tokens it reads at once, specials included."""

    def verify(self) -> None:
        """Raise `StoreError` if the weights are not the ones that `revision` names."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, specials included."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors of shape (n_texts, dimension), rows at unit length."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of texts that are to be stored: `embed`, perhaps by a faster arithmetic."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Identity of an index. Two indexes with different fingerprints do not mix, even at equal dimension.

    Parameters
    ----------
    embedder, revision : str
        Name of the embedder and hash of its weights.
    dimension : int
        Length of a vector.
    context : str
        What is embedded in front of a chunk's text.
    chunker : int
        Version of extraction and splitting.
    """

    embedder: str
    revision: str
    dimension: int
    context: str
    chunker: int
    normalised: bool = True

    def to_json(self) -> str:
        """Return the form that is stored in the index."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Fingerprint:
        """Return the fingerprint that `to_json` wrote."""
        return cls(**json.loads(text))

    def __str__(self) -> str:
        return f"{self.embedder} ({self.revision}, {self.dimension} dimensions, chunker {self.chunker})"
