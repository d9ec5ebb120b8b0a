"""A batch of texts without labels moves the labels to where its texts lie.

Expectation and maximisation of normal distributions that share one covariance. Directions in which texts of one label
differ much, such as their topic where labels are kinds of questions, count less; each label's centre is drawn towards
the texts that are probably its own. A label that no text has stays where it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rag_app.chains.few_shot import softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Chosen on training parts of banking77 and TREC, questions and paragraphs of SQuAD by title, and questions of the
# course by chapter; and on batches in which most texts have one label, or most labels no text.
_N_STEPS = 2
_SHARPNESS = 1.7  # of the logits that texts are assigned by: soft shares would move labels that have no text
_STAY = 8.0  # texts that a label's own point counts for
_SHARE = 0.75  # of the distributions in the result, where labels have no examples
_SHRINKAGE = 0.8  # of the covariance towards that of a ball
_TINY = 1e-9
_N_HALVINGS = 40


def refine_logits(
    vectors: NDArray[np.float32], logits: NDArray[np.float32], points: NDArray[np.float32], n_examples: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return better logits, shape (n, K), from those of texts alone and where the texts lie together.

    Parameters
    ----------
    vectors : ndarray of shape (n, d)
        Embeddings of the texts.
    logits : ndarray of shape (n, K)
        Log logits of labels for each text alone, calibrated.
    points : ndarray of shape (K, d)
        Where labels lie without these texts.
    n_examples : ndarray of shape (K,)
        How many examples each point is a mean of.

    Notes
    -----
    The result is a mean of both logits, each as certain as those of texts alone are on average: distributions of many
    dimensions are far too sure of themselves. The more examples, the less the distributions count.
    """
    stay = (_STAY + n_examples)[:, None].astype(np.float32)  # (K, 1)
    share = np.float32(_SHARE * _STAY / float(stay.mean()))
    refined = logits
    total = vectors.T @ vectors
    for _ in range(_N_STEPS):
        shares = softmax(np.float32(_SHARPNESS) * refined)  # (n, K)
        counts = shares.sum(axis=0)[:, None]
        sums = shares.T @ vectors
        centres = (stay * points + sums) / (stay + counts)
        crossed = centres.T @ sums
        within = (total - crossed - crossed.T + (centres * counts).T @ centres) / len(vectors)
        densities = _as_certain_as(logits, _discriminants(vectors, centres, within))
        refined = _as_certain_as(logits, share * densities + (1 - share) * logits)
    return refined


def _discriminants(
    vectors: NDArray[np.float32], centres: NDArray[np.float32], within: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return log densities up to a constant, shape (n, K)."""
    size = len(within)
    ball = max(float(np.trace(within)) / size, _TINY)
    covariance = (1 - _SHRINKAGE) * within + _SHRINKAGE * ball * np.eye(size)
    weights = np.linalg.solve(covariance, centres.T.astype(float))  # (d, K)
    return np.asarray(vectors @ weights - (weights * centres.T).sum(axis=0) / 2, np.float32)


def _as_certain_as(logits: NDArray[np.float32], refined: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return logits times the factor that makes their mean largest probability that of the others."""
    wanted = softmax(logits).max(axis=1).mean()
    low, high = 0.0, 2.0
    for _ in range(_N_HALVINGS):
        middle = (low + high) / 2
        too_unsure = softmax(np.float32(middle) * refined).max(axis=1).mean() < wanted
        low, high = (middle, high) if too_unsure else (low, middle)
    return np.float32(high) * refined
