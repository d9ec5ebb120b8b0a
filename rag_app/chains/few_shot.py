"""Logistic regression that begins at what labels mean and is moved by a few examples.

The logits that a text's similarity to labels gives are where it starts; weights for the embedding and for words are
learnt on top of them. Weights are priced, so that a label with one example stays close to its meaning and a label with
many follows them. ``benchmarks/classification.py`` compares it with prototypes and with plain logistic regression.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag_app.chains.label_space import LabelSpace

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Chosen on the training parts of banking77 and TREC, and on questions and paragraphs of SQuAD by title.
_PRIOR_TEMPERATURE = 0.11  # in units of similarity; weights are learnt on top of softer logits than are believed
_PRICE = 0.1  # of half the squared weights, against the summed log loss of the examples
_WORDS = 0.6  # squared length of a text's words, against 1 for its vector
_SHARPNESS = 1.7  # by which the logits are then calibrated
_N_STEPS = 60
_N_POWERS = 20  # steps to the largest eigenvalue
_WORD = re.compile(r"\w+")


class FewShot:
    """What examples teach.

    Parameters
    ----------
    space : LabelSpace
        Labels with examples.
    texts : sequence of str
        The examples' texts, in the order of the space.
    """

    def __init__(self, space: LabelSpace, texts: Sequence[str]) -> None:
        self._space = space
        found = [_features(text) for text in texts]
        self._vocabulary = {name: i for i, name in enumerate(sorted(set().union(*found)))}
        words = np.zeros((len(texts), len(self._vocabulary)), np.float32)
        for row, names in zip(words, found, strict=True):
            row[self._positions(names)] = _weight(names)
        inputs = np.hstack([self._scaled(space.examples), words])
        targets = (space.codes[:, None] == np.arange(len(space.anchors))).astype(np.float32)
        weights = _minimise(inputs, targets, self._prior(space.examples))
        self._weights, self._word_weights = np.split(weights, [space.examples.shape[1]])

    def logits(self, vectors: NDArray[np.float32], texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the logits of labels, shape (n, K).

        Parameters
        ----------
        vectors : ndarray of shape (n, d)
            Embeddings of the texts.
        texts : sequence of str
            The texts.
        """
        found = [_features(text) for text in texts]
        words = [_weight(names) * self._word_weights[self._positions(names)].sum(axis=0) for names in found]
        logits = self._prior(vectors) + self._scaled(vectors) @ self._weights + np.stack(words)
        return np.asarray(_SHARPNESS * logits, np.float32)

    def _prior(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._space.similarity(vectors, self._space.anchors) / np.float32(_PRIOR_TEMPERATURE)

    def _scaled(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return vectors whose products are in units of similarity, without what all labels have in common.

        Otherwise examples of some labels would draw every text to these.
        """
        scaled: NDArray[np.float32] = (vectors - self._space.anchors.mean(axis=0)) / np.float32(self._space.scale**0.5)
        return scaled

    def _positions(self, names: set[str]) -> list[int]:
        return [self._vocabulary[name] for name in names if name in self._vocabulary]


def _features(text: str) -> set[str]:
    """Return the words of a text, its first word and its first two: questions and requests differ by how they begin."""
    words = _WORD.findall(text.lower())
    return {*words, " ".join(["", *words[:1]]), " ".join(["", *words[:2]])}


def _weight(names: set[str]) -> np.float32:
    """Return what each feature counts: together they have a length of their own, known to the examples or not."""
    return np.float32(np.sqrt(_WORDS / len(names)))


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return probabilities from logits, row by row.

    Examples
    --------
    >>> softmax(np.log(np.array([[1, 3], [2, 2]], np.float32))).round(2).tolist()
    [[0.25, 0.75], [0.5, 0.5]]
    """
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float32] = shares / shares.sum(axis=1, keepdims=True)
    return probabilities


def _minimise(
    inputs: NDArray[np.float32], targets: NDArray[np.float32], prior: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the weights of least cost, by Nesterov's accelerated gradient with the step that never overshoots.

    The cost is ``Σ -log softmax(prior + inputs · W) + price · ‖W‖² / 2``. A score bends it by at most half the largest
    eigenvalue of ``inputsᵀ inputs`` (Böhning, "Multinomial logistic regression algorithm", 1992).
    """
    bend = _largest_eigenvalue(inputs) / 2 + _PRICE
    ratio = np.sqrt(_PRICE / bend)
    momentum = np.float32((1 - ratio) / (1 + ratio))
    weights = ahead = np.zeros((inputs.shape[1], targets.shape[1]), np.float32)
    for _ in range(_N_STEPS):
        gradient = inputs.T @ (softmax(prior + inputs @ ahead) - targets) + np.float32(_PRICE) * ahead
        before, weights = weights, ahead - gradient / np.float32(bend)
        ahead = weights + momentum * (weights - before)
    return weights


def _largest_eigenvalue(inputs: NDArray[np.float32]) -> float:
    """Return that of ``inputsᵀ inputs``, a little too large rather than too small."""
    direction = inputs.sum(axis=0)
    for _ in range(_N_POWERS):
        direction = inputs.T @ (inputs @ (direction / max(float(np.linalg.norm(direction)), 1e-12)))
    return 1.05 * float(np.linalg.norm(direction))
