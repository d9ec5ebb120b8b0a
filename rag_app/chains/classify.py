"""Zero-shot classification: the label whose embedding is most similar to the text's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.types import Classification

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.embeddings.fingerprint import Embedder


class ZeroShotClassifier:
    """Classifies texts by labels it has seen no example of.

    Parameters
    ----------
    embedder : Embedder
        Embeds labels and texts.
    labels : sequence of str, or mapping of str to str
        Names, or names with a description; at least two. A label's vector is the mean of its name's and its
        description's.

    Raises
    ------
    InvalidInputError
        If there are fewer than two labels, or one is blank or repeated.
    """

    def __init__(self, embedder: Embedder, labels: Sequence[str] | Mapping[str, str]) -> None:
        names = list(labels)
        if len(names) < 2 or len(set(names)) < len(names) or not all(n.strip() for n in names):  # noqa: PLR2004
            msg = f"labels must be at least two different names; got {names!r}."
            raise InvalidInputError(msg, hint='Pass, for example: ["billing", "refund"]')
        self.labels = names
        self._embedder = embedder
        vectors = embedder.embed(names)
        if isinstance(labels, Mapping):
            vectors = vectors + embedder.embed([labels[n] or n for n in names])
        self._vectors = np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def classify(self, texts: Sequence[str]) -> list[Classification]:
        """Return the classification of each text.

        Raises
        ------
        InvalidInputError
            If a text is blank.
        """
        if not all(t.strip() for t in texts):
            msg = "A text to classify must not be empty."
            raise InvalidInputError(msg)
        if not texts:
            return []
        return [self._classification(row) for row in self._embedder.embed(texts) @ self._vectors.T]

    def _classification(self, scores: NDArray[np.float32]) -> Classification:
        order = np.argsort(-scores, kind="stable")
        return Classification(
            label=self.labels[order[0]],
            scores={self.labels[i]: float(scores[i]) for i in order},
            margin=float(scores[order[0]] - scores[order[1]]),
        )
