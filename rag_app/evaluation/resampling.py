"""How sure one can be of a mean, or of a difference, when questions about one document stand or fall together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag_app.from_scratch.statistics.special import normal_quantile

N_RESAMPLES = 2000
N_PERMUTATIONS = 9999
CONFIDENCE = 0.95
POWER = 0.8
FEWEST_CLUSTERS = 10
_MOST_EXACT = 13  # clusters: 2 to that many sign changes are fewer than the permutations that are drawn
_BATCH_CELLS = 2_000_000  # memory
_ROUNDING = 1e-12

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with the interval that holds 95 % of the resamples' means, and their spread.

    Parameters
    ----------
    mean, low, high : float
        The mean of the values themselves, and the limits.
    standard_error : float
        Standard deviation of the resamples' means.
    n, n_clusters : int
        Values, and groups of values that are drawn together.
    """

    mean: float
    low: float
    high: float
    standard_error: float
    n: int
    n_clusters: int

    @property
    def detectable(self) -> float | None:
        """The smallest true difference that 80 % of such samples would show at the level 0.05.

        None where the values do not differ: then they do not say how much others would.
        """
        if self.standard_error < _ROUNDING:
            return None
        return (normal_quantile((1 + CONFIDENCE) / 2) + normal_quantile(POWER)) * self.standard_error


def split_clusters(clusters: Sequence[str], cases: Sequence[str]) -> Sequence[str]:
    """Return the groups that are drawn as one: the clusters, or each case by itself where there are too few of them.

    Parameters
    ----------
    clusters, cases : sequence of str
        The cluster and the case of each value.

    Notes
    -----
    Of fewer than ten clusters, a bootstrap says next to nothing, and sign changes cannot reach a small p-value: those
    of four have none below 1/8, however large the difference. Then the figures hold for these clusters, and not for
    others. Cameron, Gelbach & Miller, "Bootstrap-based improvements for inference with clustered errors", Review of
    Economics and Statistics 90 (2008).

    Examples
    --------
    >>> split_clusters(["a.md", "a.md", "b.md"], ["keeper", "height", "ferry"])
    ['keeper', 'height', 'ferry']
    """
    return clusters if len(set(clusters)) >= FEWEST_CLUSTERS else cases


def clustered_interval(values: Sequence[float], clusters: Sequence[str], seed: int = 0) -> Interval:
    """Return the mean of values with a percentile bootstrap interval that draws whole clusters.

    Parameters
    ----------
    values : sequence of float
        At least one.
    clusters : sequence of str
        The group of each value.
    seed : int, default=0
        Where the random numbers start.

    Notes
    -----
    Clusters are drawn with replacement, and the mean of a resample is that of all values in it. Field & Welsh,
    "Bootstrapping clustered data", JRSS B 69 (2007); Miller, "Adding error bars to evals", arXiv:2411.00640 (2024).

    Examples
    --------
    Two documents with two questions each, which stand or fall together: the mean of a resample is 0, 1/2 or 1.

    >>> found = clustered_interval([1, 1, 0, 0], ["a.md", "a.md", "b.md", "b.md"])
    >>> found.mean, found.low, found.high, found.n_clusters
    (0.5, 0.0, 1.0, 2)
    """
    sums, counts = _grouped(values, clusters)
    rng = np.random.default_rng(seed)
    batch = max(1, _BATCH_CELLS // len(sums))
    means = []
    for start in range(0, N_RESAMPLES, batch):
        drawn = rng.integers(0, len(sums), (min(batch, N_RESAMPLES - start), len(sums)))  # (resamples, clusters)
        means.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    resampled = np.concatenate(means)
    low, high = np.percentile(resampled, [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)]).tolist()
    mean = float(sums.sum() / counts.sum())
    return Interval(mean, low, high, float(resampled.std()), len(values), len(sums))


def sign_flip_p_value(differences: Sequence[float], clusters: Sequence[str], seed: int = 0) -> float:
    """Return how probable so large a mean difference is if both sides are equally good.

    Parameters
    ----------
    differences : sequence of float
        Of each case, at least one.
    clusters : sequence of str
        The group of each case: its differences change their sign together.
    seed : int, default=0
        Where the random numbers start.

    Notes
    -----
    Exact where there are at most 13 clusters with a difference; otherwise ``(1 + count) / (1 + 9999)`` over drawn sign
    changes. Fisher, *The Design of Experiments* (1935), section 21.

    Examples
    --------
    Five documents, all better by 0.2: of the 2⁵ sign changes, two are as far from 0.

    >>> sign_flip_p_value([0.2] * 5, list("abcde"))
    0.0625
    """
    sums, _ = _grouped(differences, clusters)
    sums = sums[np.abs(sums) > _ROUNDING]
    if not len(sums):
        return 1.0
    observed = abs(float(sums.sum())) - _ROUNDING * float(np.abs(sums).sum())
    if len(sums) <= _MOST_EXACT:
        bits = np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums)) & 1  # (sign changes, clusters)
        return float(np.mean(np.abs((1 - 2 * bits) @ sums) >= observed))
    rng = np.random.default_rng(seed)
    batch = max(1, _BATCH_CELLS // len(sums))
    count = 0
    for start in range(0, N_PERMUTATIONS, batch):
        bits = rng.integers(0, 2, (min(batch, N_PERMUTATIONS - start), len(sums)))
        count += int(np.count_nonzero(np.abs((1 - 2 * bits) @ sums) >= observed))
    return (1 + count) / (1 + N_PERMUTATIONS)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for being the smallest of several.

    Parameters
    ----------
    p_values : sequence of float
        One for each hypothesis.

    Notes
    -----
    The i-th smallest of m is multiplied by m - i + 1, and none is below the one before it. Holm, "A simple sequentially
    rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).

    Examples
    --------
    3 · 0.01, then 2 · 0.03, then 1 · 0.04 is raised to the one before.

    >>> holm([0.04, 0.01, 0.03])
    [0.06, 0.03, 0.06]
    """
    adjusted = [0.0] * len(p_values)
    least = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = least
    return adjusted


def _grouped(values: Sequence[float], clusters: Sequence[str]) -> tuple[Array, Array]:
    """Return sum and number of the values of each cluster, in the order of first occurrence."""
    index = {name: i for i, name in enumerate(dict.fromkeys(clusters))}
    sums, counts = np.zeros(len(index)), np.zeros(len(index))
    where = [index[name] for name in clusters]
    np.add.at(sums, where, np.asarray(values, dtype=np.float64))
    np.add.at(counts, where, 1.0)
    return sums, counts
