"""Model collapse: what becomes of variety when each generation of a model learns from the one before."""

from __future__ import annotations

import numpy as np

from rag_app.from_scratch.arrays import as_generator, check_count, check_range
from rag_app.registry import register


@register("tool", "M062")
def model_collapse(
    n: int = 10, n_generations: int = 20, fresh_share: float = 0.0, n_runs: int = 20_000, seed: int = 0
) -> dict[str, list[float]]:
    """Return how the variance of a bell curve shrinks that is fitted to samples of itself, again and again.

    Parameters
    ----------
    n : int, default=10
        Samples that each generation is fitted to, at least 1.
    n_generations : int, default=20
        Generations, at least 1.
    fresh_share : float, default=0.0
        Share of real data among these samples, in [0, 1]; the number of them is rounded.
    n_runs : int, default=20000
        Repetitions that are averaged.
    seed : int, default=0
        Draws the samples.

    Returns
    -------
    dict
        ``mean_variance`` and ``median_variance`` over the runs, from generation 0, the real data with variance 1, on;
        ``expected_variance``, exact. The mean is carried by few runs: the median falls faster.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    Each generation is N(m, v) with the mean m and the variance v, divided by n, of its samples, of which r are real.
    Without real data ``E[v_t] = (1 - 1/n)^t``. In general, with ``d_t = E[m_t²]`` and s = n - r,
    ``d_{t+1} = (r + s v_t) / n² + (s/n)² d_t`` and ``v_{t+1} = (r + s (v_t + d_t)) / n - d_{t+1}``.
    Shumailov et al., "AI models collapse when trained on recursively generated data", Nature 631 (2024).

    Examples
    --------
    0.9²⁰ = 0.1216; with half real data it settles at 0.875.

    >>> [round(model_collapse(10, 20, share, 10)["expected_variance"][-1], 4) for share in (0, 0.5)]
    [0.1216, 0.875]
    """
    check_count("n", n)
    check_count("n_generations", n_generations)
    check_range("fresh_share", fresh_share, 0, 1)
    check_count("n_runs", n_runs)
    rng = as_generator(seed)
    n_real = round(fresh_share * n)
    mean, variance = np.zeros((n_runs, 1)), np.ones((n_runs, 1))
    means, medians = [1.0], [1.0]
    for _ in range(n_generations):
        samples = rng.normal(size=(n_runs, n))
        samples[:, n_real:] = mean + np.sqrt(variance) * samples[:, n_real:]  # the others stay N(0, 1), the real data
        mean, variance = samples.mean(axis=1, keepdims=True), samples.var(axis=1, keepdims=True)
        means.append(float(variance.mean()))
        medians.append(float(np.median(variance)))
    expected = _expected(n, n_real, n_generations)
    return {"mean_variance": means, "median_variance": medians, "expected_variance": expected}


def _expected(n: int, n_real: int, n_generations: int) -> list[float]:
    variances, drift, n_made = [1.0], 0.0, n - n_real
    for _ in range(n_generations):
        before = drift
        drift = (n_real + n_made * variances[-1]) / n**2 + (n_made / n) ** 2 * before
        variances.append((n_real + n_made * (variances[-1] + before)) / n - drift)
    return variances
