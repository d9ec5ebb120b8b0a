"""The functions behind p-values and intervals: normal, t, F, chi-squared and beta probabilities and their inverses."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

_TINY = 1e-300
_EPSILON = 1e-15


def normal_cumulative(z: float) -> float:
    """Return the probability that a standard normal variable is at most z.

    Notes
    -----
    ``Φ(z) = erfc(-z / √2) / 2``, which keeps its digits in the lower tail.

    Examples
    --------
    >>> round(normal_cumulative(2), 4)
    0.9772
    """
    return math.erfc(-z / math.sqrt(2)) / 2


def normal_quantile(p: float) -> float:
    """Return the value that a standard normal variable stays below with probability p, 0 < p < 1.

    Examples
    --------
    >>> round(normal_quantile(0.975), 6)
    1.959964
    """
    return _mirrored(normal_cumulative, p)


def t_cumulative(t: float, df: float) -> float:
    """Return the probability that a variable with Student's t distribution is at most t.

    Notes
    -----
    ``P(|T| ≥ |t|) = I_x(df / 2, 1 / 2)`` with ``x = df / (df + t²)``.

    Examples
    --------
    >>> round(2 * t_cumulative(-2.6186, 6), 4)
    0.0397
    """
    if abs(t) < 1:  # near 0 the tail is almost 1/2 and would lose the digits of t
        return 0.5 + math.copysign(incomplete_beta(0.5, df / 2, t * t / (df + t * t)) / 2, t)
    tail = incomplete_beta(df / 2, 0.5, df / (df + t * t)) / 2
    return tail if t < 0 else 1 - tail


def t_quantile(p: float, df: float) -> float:
    """Return the value that a t-distributed variable stays below with probability p, 0 < p < 1.

    Examples
    --------
    >>> round(t_quantile(0.975, 3), 4)
    3.1824
    """
    return _mirrored(lambda t: t_cumulative(t, df), p)


def chi2_tail(x: float, df: float) -> float:
    """Return the probability that a chi-squared variable with df degrees of freedom is at least x.

    Examples
    --------
    >>> round(chi2_tail(7.815, 3), 3)
    0.05
    """
    return incomplete_gamma_tail(df / 2, x / 2) if x > 0 else 1.0


def f_tail(f: float, df1: float, df2: float) -> float:
    """Return the probability that a variable with the F distribution is at least f.

    Examples
    --------
    The square of a t variable has an F distribution with 1 and df degrees of freedom.

    >>> round(f_tail(2.6186**2, 1, 6), 4)
    0.0397
    """
    return incomplete_beta(df2 / 2, df1 / 2, df2 / (df2 + df1 * f)) if f > 0 else 1.0


def beta_quantile(p: float, a: float, b: float) -> float:
    """Return the value that a Beta(a, b) variable stays below with probability p.

    Examples
    --------
    >>> round(beta_quantile(0.025, 90, 11), 6)
    0.823777
    """
    return _bisected(lambda x: incomplete_beta(a, b, x), p, 0.0, 1.0)


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function, in [0, 1]: the cumulative probability of Beta(a, b) at x.

    Notes
    -----
    ``I_x(a, b) = x^a (1 - x)^b / (a B(a, b)) · 1 / (1 + d1 / (1 + d2 / …))``. The fraction converges fast where x is
    below the mean; above it ``I_x(a, b) = 1 - I_{1-x}(b, a)``. Abramowitz and Stegun, *Handbook of Mathematical
    Functions* (1964), 26.5.8.

    Examples
    --------
    Beta(1, 2) has the cumulative probability 1 - (1 - x)², at 1/2 it is 3/4.

    >>> round(incomplete_beta(1, 2, 0.5), 12)
    0.75
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    log_factor = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)

    def terms() -> Iterator[tuple[float, float]]:
        yield 1.0, 1.0
        for m in itertools.count():  # pragma: no branch  (whoever asks stops asking)
            yield -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), 1.0
            yield (m + 1) * (b - m - 1) * x / ((a + 2 * m + 1) * (a + 2 * m + 2)), 1.0

    return math.exp(log_factor) / a * _continued_fraction(terms())


def incomplete_gamma_tail(a: float, x: float) -> float:
    """Return the regularised upper incomplete gamma function Q(a, x), in [0, 1], for a > 0 and x > 0.

    Notes
    -----
    For x < a + 1 by the series ``P(a, x) = x^a e^-x / Γ(a) · Σ x^n / (a (a + 1) … (a + n))`` and ``Q = 1 - P``, beyond
    by the continued fraction ``1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - …))``. Abramowitz and Stegun (1964), 6.5.

    Examples
    --------
    Q(1, x) = e^-x.

    >>> round(incomplete_gamma_tail(1, 2), 6) == round(math.exp(-2), 6)
    True
    """
    factor = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = 0
        while term > total * _EPSILON:
            n += 1
            term *= x / (a + n)
            total += term
        return 1 - factor * total

    def terms() -> Iterator[tuple[float, float]]:
        yield 1.0, x + 1 - a
        for n in itertools.count(1):  # pragma: no branch  (likewise)
            yield -n * (n - a), x + 2 * n + 1 - a

    return factor * _continued_fraction(terms())


def _continued_fraction(terms: Iterator[tuple[float, float]]) -> float:
    """Return ``a1 / (b1 + a2 / (b2 + …))`` by Lentz's method, which runs forward and stops when nothing changes."""
    value = c = _TINY
    d = 0.0
    while abs(c * d - 1) >= _EPSILON:
        above, below = next(terms)
        d = 1 / (below + above * d or _TINY)
        c = below + above / c or _TINY
        value *= c * d
    return value


def _mirrored(cumulative: Callable[[float], float], p: float) -> float:
    """Return the quantile of a distribution that is symmetric about 0, from its lower tail, where digits are kept."""
    tail, low = min(p, 1 - p), -1.0
    while cumulative(low) > tail:
        low *= 2
    quantile = _bisected(cumulative, tail, low, 0.0)
    return quantile if p < 0.5 else -quantile  # noqa: PLR2004  (the median)


def _bisected(cumulative: Callable[[float], float], p: float, low: float, high: float) -> float:
    """Return where a rising function reaches p, by halving the interval until its ends are neighbours."""
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if cumulative(middle) < p else (low, middle)
    return high
