"""How real and how varied generated samples are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_matrix, check_count
from rag_app.from_scratch.language.words import words
from rag_app.registry import register


@register("metric", "X022")
def inception_score(probabilities: Matrix, n_splits: int = 1) -> dict[str, float]:
    """Return the Inception Score of generated images from the class probabilities that a classifier gives them.

    Parameters
    ----------
    probabilities : array-like of shape (n, k)
        One row for each image: its probabilities of k classes, which sum to 1.
    n_splits : int, default=1
        Parts of nearly equal size, in the order given, that are scored one by one; at most n.

    Returns
    -------
    dict
        "mean" over the parts, between 1 (all images alike) and k (each image certain, all classes equally frequent),
        higher is better, and their standard deviation "std".

    Raises
    ------
    InvalidInputError
        If a row is no distribution, or there are more parts than images.

    Notes
    -----
    ``IS = exp(mean over i of KL(p(y | xᵢ) ‖ p(y)))`` where p(y) is the mean of the rows. Salimans et al., "Improved
    techniques for training GANs" (2016).

    Examples
    --------
    The mean is (0.5, 0.5), each divergence 0.368064: exp(0.368064).

    >>> round(inception_score([[0.9, 0.1], [0.1, 0.9]])["mean"], 4)
    1.4449
    """
    rows = as_matrix("probabilities", probabilities)
    if (rows < 0).any() or np.abs(rows.sum(axis=1) - 1).max() > 1e-6:  # noqa: PLR2004  (decimal fractions pass)
        msg = f"probabilities must have rows that sum to 1; got a row with sum {_furthest(rows.sum(axis=1)):.6g}."
        raise InvalidInputError(msg)
    check_count("n_splits", n_splits, 1, len(rows))
    scores = np.array([_inception(part) for part in np.array_split(rows, n_splits)])
    return {"mean": float(scores.mean()), "std": float(scores.std())}


@register("metric", "X023")
def frechet_distance(X: Matrix, Y: Matrix) -> float:
    """Return the squared Fréchet distance between the normal distributions fitted to two sets of features.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Features of real samples, one row each, at least two rows.
    Y : array-like of shape (m, d)
        Features of generated samples, at least two rows.

    Returns
    -------
    float
        0 where mean and covariance are equal; lower is better. With features of the Inception network it is the FID
        ("FSD" in notes beside the Inception Score).
        Constant features are allowed.

    Raises
    ------
    InvalidInputError
        If the rows differ in length, are fewer than two, or hold numbers that are not finite.

    Notes
    -----
    ``‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½)`` with covariances that divide by n - 1. Dowson and Landau (1982); as a
    score of generated images, Heusel et al. (2017).

    Examples
    --------
    Means 0 and 3, variances 1 and 4: 3² + 1 + 4 - 2 · √(1 · 4) = 10.

    >>> round(frechet_distance([[-1], [0], [1]], [[1], [3], [5]]), 6)
    10.0
    """
    real = as_matrix("X", X, min_rows=2)
    made = as_matrix("Y", Y, min_rows=2, n_columns=real.shape[1])
    covariances = [np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (real, made)]
    return gaussian_frechet_distance(real.mean(axis=0), covariances[0], made.mean(axis=0), covariances[1])


def gaussian_frechet_distance(
    mean_1: NDArray[np.float64],
    covariance_1: NDArray[np.float64],
    mean_2: NDArray[np.float64],
    covariance_2: NDArray[np.float64],
) -> float:
    """Return the squared Fréchet distance between two normal distributions.

    Parameters
    ----------
    mean_1, mean_2 : ndarray of shape (d,)
        Means.
    covariance_1, covariance_2 : ndarray of shape (d, d)
        Covariance matrices; they may be singular.

    Notes
    -----
    ``tr (Σ₁ Σ₂)^½`` is the sum of the singular values of ``Σ₁^½ Σ₂^½``: no root of an unsymmetric matrix is needed.

    Examples
    --------
    (1 + 4) + (1 + 4 - 4) + (4 + 4 - 8) = 6.

    >>> round(gaussian_frechet_distance(np.zeros(2), np.diag([1, 4]), np.array([1, 2]), np.diag([4, 4])), 6)
    6.0
    """
    overlap = np.linalg.svd(_root(covariance_1) @ _root(covariance_2), compute_uv=False).sum()
    gap = mean_1 - mean_2
    return max(0.0, float(gap @ gap + np.trace(covariance_1) + np.trace(covariance_2) - 2 * overlap))


@register("metric", "X024")
def sample_quality(real: Matrix, generated: Matrix, k: int = 5) -> dict[str, float]:
    """Return precision, recall, density and coverage of generated samples in a feature space.

    Parameters
    ----------
    real : array-like of shape (n, d)
        Features of real samples, one row each, more than k rows.
    generated : array-like of shape (m, d)
        Features of generated samples, more than k rows.
    k : int, default=5
        Each sample is the centre of a ball that reaches to its k-th nearest neighbour of the same set.

    Returns
    -------
    dict
        "precision", the share of generated samples in a real ball; "recall", the share of real samples in a generated
        ball; "density", the mean number of real balls around a generated sample, divided by k, can exceed 1;
        "coverage", the share of real balls with a generated sample in it. Equal sets have precision, recall and
        coverage 1.

    Raises
    ------
    InvalidInputError
        If the rows differ in length or are too few.

    Notes
    -----
    Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models" (2019); Naeem et al.,
    "Reliable fidelity and diversity metrics for generative models" (2020).

    Examples
    --------
    A collapsed generator: every sample lies in the balls of 0 and 1, no real point in a generated ball.

    >>> sample_quality([[0], [1], [10], [11]], [[0.4], [0.5], [0.6], [0.7]], k=1)
    {'precision': 1.0, 'recall': 0.0, 'density': 2.0, 'coverage': 0.5}
    """
    check_count("k", k)
    truth = as_matrix("real", real, min_rows=k + 1)
    made = as_matrix("generated", generated, min_rows=k + 1, n_columns=truth.shape[1])
    between = _distances(truth, made)  # (n, m)
    in_real = between <= _radii(truth, k)[:, None]
    in_made = between <= _radii(made, k)[None, :]
    return {
        "precision": float(in_real.any(axis=0).mean()),
        "recall": float(in_made.any(axis=1).mean()),
        "density": float(in_real.sum(axis=0).mean() / k),
        "coverage": float(in_real.any(axis=1).mean()),
    }


@register("metric", "X024")
def distinct_n(texts: Sequence[str], n: int = 2) -> float:
    """Return the share of different n-grams among all n-grams of generated texts, in [0, 1].

    Parameters
    ----------
    texts : sequence of str
        At least one text.
    n : int, default=2
        Words in an n-gram, at least 1.

    Returns
    -------
    float
        1 where no n-gram is repeated; higher is more varied. 0 where every text is shorter than n words.

    Raises
    ------
    InvalidInputError
        If there are no texts, or n is below 1.

    Notes
    -----
    Li et al., "A diversity-promoting objective function for neural conversation models" (2016).

    Examples
    --------
    the, cat, sat, ran among six words: 4/6; the cat, cat sat, cat ran among four pairs: 3/4.

    >>> round(distinct_n(["the cat sat", "the cat ran"], 1), 4), distinct_n(["the cat sat", "the cat ran"], 2)
    (0.6667, 0.75)
    """
    check_count("n", n)
    if isinstance(texts, str) or not texts:
        msg = f"texts must be a list of at least one text; got {texts!r}."
        raise InvalidInputError(msg)
    grams = [gram for text in texts for gram in zip(*(words(text)[i:] for i in range(n)), strict=False)]
    return len(set(grams)) / len(grams) if grams else 0.0


def _inception(rows: NDArray[np.float64]) -> float:
    marginal = rows.mean(axis=0)
    ratio = np.divide(rows, marginal, out=np.ones_like(rows), where=rows > 0)  # (n, k); 0 ln 0 counts as 0
    return math.exp(max(0.0, float((rows * np.log(ratio)).sum(axis=1).mean())))


def _furthest(sums: NDArray[np.float64]) -> float:
    return float(sums[np.abs(sums - 1).argmax()])


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the symmetric square root of a covariance matrix, singular or not."""
    values, vectors = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return root


def _distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Euclidean distance of every row of one matrix to every row of another."""
    squares = np.zeros((len(a), len(b)))
    for x, y in zip(a.T, b.T, strict=True):  # column by column: exact for equal rows, and never (n, m, d) in memory
        squares += np.subtract.outer(x, y) ** 2
    return np.sqrt(squares)


def _radii(rows: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Return how far the k-th nearest other row is; what lies on the sphere, but for rounding, counts as inside."""
    radii: NDArray[np.float64] = np.partition(_distances(rows, rows), k, axis=1)[:, k]  # column 0 is the row itself
    return radii * (1 + 1e-12)
