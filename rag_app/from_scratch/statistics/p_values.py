"""How surprising a statistic would be if there were no effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Vector, as_vector, check_choice, check_range
from rag_app.from_scratch.statistics.special import chi2_tail, f_tail, normal_cumulative, t_cumulative
from rag_app.registry import register

ALTERNATIVES = ("two-sided", "greater", "less")

# Name: the degrees of freedom that it takes, and the probabilities of a value at most, and at least, the statistic.
_NULLS: dict[str, tuple[int, Callable[..., tuple[float, float]]]] = {
    "normal": (0, lambda z: (normal_cumulative(z), normal_cumulative(-z))),
    "t": (1, lambda t, df: (t_cumulative(t, df), t_cumulative(-t, df))),
    "chi2": (1, lambda x, df: (1 - chi2_tail(x, df), chi2_tail(x, df))),
    "f": (2, lambda x, df1, df2: (1 - f_tail(x, df1, df2), f_tail(x, df1, df2))),
}


@register("tool", "X036")
def p_value(
    statistic: float,
    null: str = "normal",
    df: Sequence[float] = (),
    alternative: str = "two-sided",
    alpha: float = 0.05,
) -> dict[str, Any]:
    """Return the p-value of a test statistic whose distribution under the null hypothesis is known.

    Parameters
    ----------
    statistic : float
        The observed statistic.
    null : {"normal", "t", "chi2", "f"}, default="normal"
        Its distribution if the null hypothesis holds.
    df : sequence of float, optional
        Degrees of freedom, above 0: none for "normal", one for "t" and "chi2", two for "f".
    alternative : {"two-sided", "greater", "less"}, default="two-sided"
        What counts as extreme; chi-squared and F tests are usually "greater".
    alpha : float, default=0.05
        Significance level, between 0 and 1.

    Returns
    -------
    dict
        "p_value" in [0, 1], "significant" (whether it is at most alpha) and "verdict", a sentence.

    Raises
    ------
    InvalidInputError
        If a name is unknown, or the degrees of freedom do not fit the distribution.

    Notes
    -----
    The probability, if the null hypothesis holds, of a statistic at least as extreme; two-sided: twice the smaller
    tail. Fisher, *Statistical Methods for Research Workers* (1925).

    Examples
    --------
    >>> round(p_value(1.980295)["p_value"], 5), round(p_value(5, "chi2", [1], "greater")["p_value"], 4)
    (0.04767, 0.0253)
    """
    check_choice("null", null, _NULLS)
    n_df, tails = _NULLS[null]
    degrees = as_vector("df", df, min_length=0)
    if len(degrees) != n_df or (degrees <= 0).any():
        msg = f"df must hold {n_df} positive numbers for {null}; got {list(df)!r}."
        raise InvalidInputError(msg)
    check_range("statistic", statistic, open_low=True, open_high=True)
    below, above = tails(statistic, *degrees.tolist())
    return verdict(_of_tails(below, above, alternative), alpha)


@register("tool", "X036")
def empirical_p_value(
    statistic: float, null_statistics: Vector, alternative: str = "greater", alpha: float = 0.05
) -> dict[str, Any]:
    """Return the p-value of a test statistic from statistics that were simulated under the null hypothesis.

    Parameters
    ----------
    statistic : float
        The observed statistic.
    null_statistics : array-like of shape (n,)
        What was simulated; at least one number.
    alternative : {"two-sided", "greater", "less"}, default="greater"
        What counts as extreme.
    alpha : float, default=0.05
        Significance level, between 0 and 1.

    Returns
    -------
    dict
        "p_value", never 0, "significant" (whether it is at most alpha) and "verdict", a sentence.

    Raises
    ------
    InvalidInputError
        If there are no simulated statistics, or a number is not finite.

    Notes
    -----
    ``(1 + number at least as extreme) / (1 + n)``: the observation counts as one of them. Davison and Hinkley,
    *Bootstrap Methods and their Application* (1997), section 4.2.

    Examples
    --------
    One of four is at least 3: (1 + 1) / (1 + 4).

    >>> empirical_p_value(3, [0, 1, 2, 3])["p_value"]
    0.4
    """
    nulls = as_vector("null_statistics", null_statistics)
    check_range("statistic", statistic, open_low=True, open_high=True)
    counts = [1 + np.count_nonzero(nulls <= statistic), 1 + np.count_nonzero(nulls >= statistic)]
    below, above = (float(count) / (1 + len(nulls)) for count in counts)
    return verdict(_of_tails(below, above, alternative), alpha)


def verdict(probability: float, alpha: float) -> dict[str, Any]:
    """Return a p-value with what follows from it at a significance level.

    Raises
    ------
    InvalidInputError
        If alpha is not between 0 and 1.

    Examples
    --------
    >>> verdict(0.2, 0.05)["verdict"]
    'The null hypothesis is not rejected: p = 0.2 > 0.05. This does not show that it is true.'
    """
    check_range("alpha", alpha, 0, 1, open_low=True, open_high=True)
    rejected = probability <= alpha
    text = (
        f"The null hypothesis is rejected: p = {probability:.4g} ≤ {alpha:g}."
        if rejected
        else f"The null hypothesis is not rejected: p = {probability:.4g} > {alpha:g}. "
        "This does not show that it is true."
    )
    return {"p_value": probability, "significant": rejected, "verdict": text}


def _of_tails(below: float, above: float, alternative: str) -> float:
    check_choice("alternative", alternative, ALTERNATIVES)
    return {"less": below, "greater": above, "two-sided": min(1.0, 2 * min(below, above))}[alternative]
