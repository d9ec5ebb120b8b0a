"""How much two probability distributions differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import (
    Matrix,
    Vector,
    as_matrix,
    as_probabilities,
    as_vector,
    check_count,
    check_same_length,
)
from rag_app.registry import register


@register("metric", "X020")
def kl_divergence(p: Vector, q: Vector) -> float:
    """Return the Kullback–Leibler divergence of a distribution q from a distribution p, in nats.

    Parameters
    ----------
    p : array-like of shape (n,)
        Probabilities that sum to 1: what is true, such as the data.
    q : array-like of shape (n,)
        Probabilities that sum to 1: what is compared with it, such as a generator.

    Returns
    -------
    float
        0 where both are equal, infinite where q rules out what p allows; not symmetric. Lower is better.

    Raises
    ------
    InvalidInputError
        If the lengths differ, or one is no distribution.

    Notes
    -----
    ``KL(p ‖ q) = Σ p ln(p / q)``; outcomes with p = 0 contribute nothing. Kullback and Leibler, "On information and
    sufficiency", Annals of Mathematical Statistics 22 (1951).

    Examples
    --------
    0.5 · ln(0.5 / 0.9) + 0.5 · ln(0.5 / 0.1) = -0.293893 + 0.804719.

    >>> round(kl_divergence([0.5, 0.5], [0.9, 0.1]), 6), round(kl_divergence([0.9, 0.1], [0.5, 0.5]), 6)
    (0.510826, 0.368064)
    """
    return _kl(*_pair(p, q))


@register("metric", "X021")
def js_divergence(p: Vector, q: Vector) -> float:
    """Return the Jensen–Shannon divergence of two distributions, in nats, between 0 and ln 2.

    Parameters
    ----------
    p : array-like of shape (n,)
        Probabilities that sum to 1.
    q : array-like of shape (n,)
        Probabilities that sum to 1.

    Returns
    -------
    float
        0 where both are equal, ln 2 = 0.693147 where they do not overlap; symmetric. Lower is better. Its square root
        is the Jensen–Shannon distance.

    Raises
    ------
    InvalidInputError
        If the lengths differ, or one is no distribution.

    Notes
    -----
    ``JS(p, q) = KL(p ‖ m) / 2 + KL(q ‖ m) / 2`` with ``m = (p + q) / 2``. Lin, "Divergence measures based on the
    Shannon entropy", IEEE Transactions on Information Theory 37 (1991).

    Examples
    --------
    m = (0.7, 0.3), and (0.087177 + 0.116322) / 2.

    >>> round(js_divergence([0.5, 0.5], [0.9, 0.1]), 6)
    0.101749
    """
    first, second = _pair(p, q)
    middle = (first + second) / 2
    return min(float(np.log(2)), (_kl(first, middle) + _kl(second, middle)) / 2)


@register("metric", "X020")
def gaussian_kl_divergence(mean_p: Vector, covariance_p: Matrix, mean_q: Vector, covariance_q: Matrix) -> float:
    """Return the Kullback–Leibler divergence of one normal distribution from another, in nats.

    Parameters
    ----------
    mean_p : array-like of shape (d,)
        Mean of what is true.
    covariance_p : array-like of shape (d, d)
        Its covariance matrix, symmetric and positive definite.
    mean_q : array-like of shape (d,)
        Mean of what is compared with it.
    covariance_q : array-like of shape (d, d)
        Its covariance matrix, symmetric and positive definite.

    Returns
    -------
    float
        0 where both are equal; lower is better.

    Raises
    ------
    InvalidInputError
        If the shapes do not fit, or a matrix is not symmetric and positive definite.

    Notes
    -----
    ``(ln det Σq / det Σp + tr Σq⁻¹ Σp + (μq - μp)ᵀ Σq⁻¹ (μq - μp) - d) / 2``. Kullback, *Information Theory and
    Statistics* (1959), chapter 9.

    Examples
    --------
    N(0, 1) against N(0, variance 4): (ln 4 + 1/4 - 1) / 2.

    >>> round(gaussian_kl_divergence([0], [[1]], [0], [[4]]), 6)
    0.318147
    """
    m1, m2 = as_vector("mean_p", mean_p), as_vector("mean_q", mean_q)
    check_same_length(mean_p=m1, mean_q=m2)
    s1, s2 = _covariance("covariance_p", covariance_p, len(m1)), _covariance("covariance_q", covariance_q, len(m1))
    gap = m2 - m1
    log_ratio = np.linalg.slogdet(s2)[1] - np.linalg.slogdet(s1)[1]
    spread = np.trace(np.linalg.solve(s2, s1)) + gap @ np.linalg.solve(s2, gap)
    return max(0.0, float(log_ratio + spread - len(m1)) / 2)


@register("metric", "X020", "X021")
def sample_divergence(x: Vector, y: Vector, n_bins: int = 20) -> dict[str, float]:
    """Return the divergences between the histograms of two samples, in nats.

    Parameters
    ----------
    x : array-like of shape (n,)
        Numbers such as the data.
    y : array-like of shape (m,)
        Numbers such as what was generated.
    n_bins : int, default=20
        Bins of equal width over the range of both samples.

    Returns
    -------
    dict
        "kl" of x against y, "kl_reverse" of y against x, and "js". Equal samples give 0, samples without overlap have
        "js" near ln 2.

    Raises
    ------
    InvalidInputError
        If a sample is empty, a number is not finite or the number of bins is below 1.

    Notes
    -----
    Half a count is added to every bin, as an empty bin of y would make the divergence infinite. (Krichevsky and
    Trofimov, IEEE Transactions on Information Theory 27, 1981.)

    Examples
    --------
    >>> found = sample_divergence([0, 1, 2, 3], [0, 1, 2, 3])
    >>> found["kl"], found["js"]
    (0.0, 0.0)
    """
    first, second = as_vector("x", x), as_vector("y", y)
    check_count("n_bins", n_bins, 1, 100_000)
    edges = np.histogram_bin_edges(np.concatenate([first, second]), n_bins)
    p, q = (np.histogram(sample, edges)[0] + 0.5 for sample in (first, second))
    p, q = p / p.sum(), q / q.sum()
    return {"kl": _kl(p, q), "kl_reverse": _kl(q, p), "js": (_kl(p, (p + q) / 2) + _kl(q, (p + q) / 2)) / 2}


def _pair(p: Vector, q: Vector) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = as_probabilities("p", p), as_probabilities("q", q)
    check_same_length(p=first, q=second)
    return first, second


def _kl(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    possible = p > 0
    with np.errstate(divide="ignore"):
        total = float((p[possible] * (np.log(p[possible]) - np.log(q[possible]))).sum())
    return max(0.0, total)  # rounding may take equal distributions just below


def _covariance(name: str, values: Matrix, size: int) -> NDArray[np.float64]:
    matrix = as_matrix(name, values, n_columns=size)
    if len(matrix) != size or not np.allclose(matrix, matrix.T) or np.linalg.eigvalsh(matrix)[0] <= 0:
        msg = f"{name} must be a symmetric positive definite matrix of shape ({size}, {size}); got {values!r}."
        raise InvalidInputError(msg)
    return matrix
