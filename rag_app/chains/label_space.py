"""Labels as points among the embeddings of texts, and how similar a text is to each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.chains.labels import Label
from rag_app.errors import InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag_app.embeddings.fingerprint import Embedder

# Phrases that have nothing to do with one another: how similar an embedder finds them is its zero. With
# all-MiniLM-L6-v2 that is a cosine of 0.11; other embedders give hardly any two texts one below 0.7.
_UNRELATED = (
    "a recipe for soup",
    "the rules of chess",
    "rain in the mountains",
    "a broken engine",
    "an old love song",
    "the price of wheat",
    "a visit to the dentist",
    "how stars are born",
    "learning to swim",
    "a court's decision",
    "shoes that fit",
    "the history of printing",
)
_SMALLEST_RANGE = 1e-3  # of cosines, where an embedder finds everything alike
_REFUSED = 0.01  # share of the texts that have a label which may be taken for none of these
_FEW = 50  # examples that a share of a hundredth cannot be estimated from


class LabelSpace:
    """Where labels lie.

    Parameters
    ----------
    embedder : Embedder
        Embeds the phrases and the examples of labels; all of them at once.
    labels : sequence of Label
        At least two.
    templates : sequence of str
        What each phrase is put into, at the place of ``{}``; the vectors of all templates are averaged.

    Attributes
    ----------
    anchors : ndarray of shape (K, d)
        Mean of each label's phrases, at unit length.
    examples : ndarray of shape (n, d)
        Vectors of all examples, label by label.
    codes : ndarray of shape (n,)
        Which label each example has.
    prototypes : ndarray of shape (K, d)
        Mean of each label's anchor and examples, at unit length.
    """

    def __init__(self, embedder: Embedder, labels: Sequence[Label], templates: Sequence[str] = ("{}",)) -> None:
        _check_templates(templates)
        phrases = [[t.replace("{}", p) for p in label.phrases for t in templates] for label in labels]
        examples = [text for label in labels for text in label.examples]
        texts = [*_UNRELATED, *(text for of_label in phrases for text in of_label), *examples]
        vectors = embedder.embed(texts)
        ends = np.cumsum([len(_UNRELATED), *map(len, phrases)])
        self._zero = _mean_cosine(vectors[: ends[0]])
        self.anchors = unit(np.stack([part.mean(axis=0) for part in np.split(vectors[: ends[-1]], ends[:-1])[1:]]))
        self.examples = vectors[ends[-1] :]
        self.codes = np.repeat(np.arange(len(labels)), [len(label.examples) for label in labels])
        self._totals = self.anchors.copy()
        np.add.at(self._totals, self.codes, self.examples)
        self.prototypes = unit(self._totals)

    @property
    def scale(self) -> float:
        """Cosine that lies between two unrelated texts and one text and itself."""
        return max(1 - self._zero, _SMALLEST_RANGE)

    def similarity(self, vectors: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return similarities, shape (n, K): 0 for two texts that have nothing in common, 1 for the same text."""
        similarity: NDArray[np.float32] = ((vectors @ points.T - self._zero) / self.scale).astype(np.float32)
        return similarity

    def usual_similarity(self) -> float | None:
        """Return what 99 % of the texts of the examples' kind reach, or None where examples do not tell.

        Each example is compared with its label's prototype without it, and with all others.
        """
        counts = np.bincount(self.codes, minlength=len(self.anchors))
        if len(self.codes) < _FEW or not counts.all():
            return None
        similarities = self.similarity(self.examples, self.prototypes)
        without = unit(self._totals[self.codes] - self.examples)
        own = (np.sum(without * self.examples, axis=1) - self._zero) / self.scale
        similarities[np.arange(len(self.codes)), self.codes] = own
        return float(np.quantile(similarities.max(axis=1), _REFUSED))


def unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Return rows at unit length; those of zeros stay.

    Examples
    --------
    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


def _mean_cosine(vectors: NDArray[np.float32]) -> float:
    """Return the mean cosine between different rows of unit length."""
    n = len(vectors)
    return float((vectors @ vectors.T).sum() - n) / (n * (n - 1))


def _check_templates(templates: Sequence[str]) -> None:
    wrong = [] if isinstance(templates, str) else [t for t in templates if "{}" not in t]
    if isinstance(templates, str) or not templates or wrong:
        shown = wrong[0] if wrong else templates
        msg = f"templates must be a list of texts with {{}} in the place of a label; got {shown!r}."
        raise InvalidInputError(msg, hint='Pass, for example: ["{}", "a question about {}"]')
