"""How probable a generative estimator finds data that really occurred."""

from __future__ import annotations

import math

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_vector, check_range, check_same_length
from rag_app.registry import register


@register("metric", "X025")
def perplexity(log_probabilities: Vector) -> float:
    """Return the perplexity of a text: among how many equally likely tokens a language model hesitates, on average.

    Parameters
    ----------
    log_probabilities : array-like of shape (n,)
        Natural logarithm of the probability of each token given those before it, at most 0; -inf is allowed.

    Returns
    -------
    float
        At least 1, infinite if a token had probability 0; lower is better.

    Raises
    ------
    InvalidInputError
        If there are no tokens, or a number is above 0 or not a number.

    Notes
    -----
    ``PPL = exp(-(1/n) Σ ln p(wᵢ | w₁ … wᵢ₋₁))``, comparable only for the same text and the same tokeniser. Jelinek,
    Mercer, Bahl and Baker (1977).

    Examples
    --------
    Probabilities 1/2 and 1/4: (1/2 · 1/4)^(-1/2) = √8.

    >>> round(perplexity([math.log(0.5), math.log(0.25)]), 6)
    2.828427
    """
    impossible = _holds_negative_infinity(log_probabilities)
    if impossible:
        log_probabilities = np.maximum(np.asarray(log_probabilities, float), -1e100)  # NaN stays and is refused
    logs = as_vector("log_probabilities", log_probabilities)
    if logs.max() > 0:
        msg = f"log_probabilities must be at most 0; got {logs.max():g}."
        raise InvalidInputError(msg, hint="Pass natural logarithms of probabilities.")
    if impossible or -logs.mean() > math.log(np.finfo(float).max):
        return math.inf
    return math.exp(-logs.mean())


@register("metric", "X026")
def normal_log_likelihood(values: Vector, mean: float = 0.0, std: float = 1.0) -> float:
    """Return the log-likelihood of numbers under a normal distribution, in nats.

    Parameters
    ----------
    values : array-like of shape (n,)
        Independent observations, at least one.
    mean : float, default=0
        Mean of the distribution.
    std : float, default=1
        Its standard deviation, above 0.

    Returns
    -------
    float
        The sum over the observations; higher is better. It can be positive, as densities can exceed 1.

    Raises
    ------
    InvalidInputError
        If a value is not finite, or the standard deviation is not above 0.

    Notes
    -----
    ``ln L = Σ ln p(xᵢ)`` with ``ln p(x) = -(x - μ)² / 2σ² - ln(σ √(2π))``. Fisher (1922).

    Examples
    --------
    -1.4189 - 2.9189 - 5.4189 under N(0, 1).

    >>> round(normal_log_likelihood([1, 2, 3]), 4)
    -9.7568
    """
    check_range("std", std, 0, open_low=True)
    z = (as_vector("values", values) - mean) / std
    return float(-(z @ z) / 2 - len(z) * math.log(std * math.sqrt(2 * math.pi)))


@register("metric", "X026", "X031")
def bernoulli_log_likelihood(outcomes: Vector, p: float) -> float:
    """Return the log-likelihood of successes and failures under a probability of success, in nats.

    Parameters
    ----------
    outcomes : array-like of shape (n,)
        Independent outcomes, 1 or 0, at least one.
    p : float
        Probability of success, in [0, 1].

    Returns
    -------
    float
        The sum over the outcomes, at most 0; higher is better. Minus infinity where p rules out what occurred.

    Raises
    ------
    InvalidInputError
        If an outcome is neither 0 nor 1, or p is no probability.

    Notes
    -----
    ``ln L = k ln p + (n - k) ln(1 - p)`` for k successes; it is greatest at p = k / n. Casella & Berger, *Statistical
    Inference*, 2nd ed. (2002), chapter 7.

    Examples
    --------
    7 · ln 0.7 + 3 · ln 0.3.

    >>> round(bernoulli_log_likelihood([1] * 7 + [0] * 3, 0.7), 4)
    -6.1086
    """
    x = as_vector("outcomes", outcomes)
    if not np.isin(x, [0, 1]).all():
        msg = f"outcomes must be 0 or 1; got {x[~np.isin(x, [0, 1])][0]:g}."
        raise InvalidInputError(msg)
    check_range("p", p, 0, 1)
    k, n = int(x.sum()), len(x)
    if (k and p == 0) or (k < n and p == 1):
        return -math.inf
    return (k * math.log(p) if k else 0.0) + ((n - k) * math.log1p(-p) if k < n else 0.0)


@register("metric", "X027")
def reconstruction_error(X: Matrix, X_rebuilt: Matrix) -> list[float]:
    """Return the mean squared error of each row that an autoencoder rebuilt.

    Parameters
    ----------
    X : array-like of shape (n, d)
        What went in, one row for each example.
    X_rebuilt : array-like of shape (n, d)
        What came out.

    Returns
    -------
    list of float
        One error per row; 0 where it was rebuilt exactly. Lower is better; unusual rows have large errors.

    Raises
    ------
    InvalidInputError
        If the shapes differ, or a number is not finite.

    Notes
    -----
    ``MSE(x, x') = (1/d) Σ (xⱼ - x'ⱼ)²``. Hawkins, He, Williams & Baxter, "Outlier detection using replicator neural
    networks", DaWaK (2002).

    Examples
    --------
    (0.01 + 0.01 + 0.01 + 0) / 4.

    >>> [round(e, 6) for e in reconstruction_error([[0.9, 0.1, 0.8, 0.2]], [[0.8, 0.2, 0.7, 0.2]])]
    [0.0075]
    """
    rows = as_matrix("X", X)
    rebuilt = as_matrix("X_rebuilt", X_rebuilt, n_columns=rows.shape[1])
    check_same_length(X=rows, X_rebuilt=rebuilt)
    errors: list[float] = ((rows - rebuilt) ** 2).mean(axis=1).tolist()
    return errors


def _holds_negative_infinity(values: Vector) -> bool:
    try:
        array = np.asarray(values, float)
    except (TypeError, ValueError):
        return False
    return bool(np.isneginf(array).any())
