"""How well a Markov chain moves through what it samples."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_vector
from rag_app.registry import register


@register("metric", "X041")
def acceptance_rate(chain: Matrix) -> float:
    """Return the share of the steps of a Markov chain that moved, in [0, 1].

    Parameters
    ----------
    chain : array-like of shape (n, d)
        The samples in order, rejected proposals counted as the old point once more; at least two.

    Returns
    -------
    float
        The accepted share for a sampler whose proposals never equal the current point. Neither extreme is good: random
        walks work best near 0.44 in one dimension and 0.23 in many, Hamiltonian Monte Carlo near 0.65.

    Raises
    ------
    InvalidInputError
        If there are fewer than two samples.

    Notes
    -----
    Roberts, Gelman and Gilks, "Weak convergence and optimal scaling of random walk Metropolis algorithms" (1997).

    Examples
    --------
    Two of three steps moved.

    >>> round(acceptance_rate([[0.0], [0.5], [0.5], [0.1]]), 4)
    0.6667
    """
    samples = as_matrix("chain", chain, min_rows=2)
    return float((np.diff(samples, axis=0) != 0).any(axis=1).mean())


@register("metric", "X041")
def effective_sample_size(chain: Vector) -> float:
    """Return the number of independent samples that would estimate the mean as precisely as a correlated chain.

    Parameters
    ----------
    chain : array-like of shape (n,)
        One coordinate of the samples, in order; at least four.

    Returns
    -------
    float
        Near n for independent samples, less for correlated ones, more where successive samples alternate, at most
        n log10 n; higher is better. A chain that never moves has 1.

    Raises
    ------
    InvalidInputError
        If there are fewer than four samples, or one is not finite.

    Notes
    -----
    ``n / (1 + 2 Σ ρₖ)`` with the autocorrelations at lag k. Their sum ends where the sum of two neighbouring ones is no
    longer positive, beyond which estimates are noise. Geyer, "Practical Markov chain Monte Carlo" (1992).

    Examples
    --------
    A slow wave of 400 samples is worth a few.

    >>> effective_sample_size(np.sin(np.arange(400) / 60)) < 10
    True
    """
    x = as_vector("chain", chain, min_length=4)
    n = len(x)
    centred = x - x.mean()
    if not (np.abs(centred) > 1e-12 * np.abs(x).max()).any():
        return 1.0
    correlations = _autocorrelations(centred)
    pairs = correlations[: n // 2 * 2].reshape(-1, 2).sum(axis=1)  # ρ₀ + ρ₁, ρ₂ + ρ₃, …
    ends = np.flatnonzero(pairs <= 0)
    kept = pairs[: ends[0]] if len(ends) else pairs
    time = 2 * float(np.minimum.accumulate(kept).sum()) - 1 if len(kept) else 0.0
    return n / max(time, 1 / math.log10(n))


def _autocorrelations(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the autocorrelation at every lag: a convolution, so a product of Fourier transforms."""
    n = len(centred)
    spectrum = np.fft.rfft(centred, 2 * n)  # padded with zeros: the ends must not meet
    products = np.fft.irfft(spectrum * spectrum.conj(), 2 * n)[:n]
    correlations: NDArray[np.float64] = products / products[0]
    return correlations
