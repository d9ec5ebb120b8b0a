"""Random walks: many small random steps, and where they lead."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rag_app.from_scratch.arrays import as_generator, check_count
from rag_app.registry import register

_MAX_STEPS = 10_000_000
_SHOWN_WALKERS = 5


@register("tool", "M065")
def random_walk(n_steps: int = 100, n_walkers: int = 10_000, seed: int = 0) -> dict[str, Any]:
    """Return where walkers end that take steps of +1 or -1 with equal probability, beside the exact probabilities.

    Parameters
    ----------
    n_steps : int, default=100
        Steps of each walker, at most 1000.
    n_walkers : int, default=10000
        Walkers; times `n_steps` at most ten million.
    seed : int, default=0
        Where the random numbers start.

    Returns
    -------
    dict
        "mean" of the endpoints, near 0; "variance", near n_steps; "endpoints", "frequencies" and exact "probabilities";
        and the "paths" of the first five walkers, from 0 on.

    Raises
    ------
    InvalidInputError
        If a count is out of range.

    Notes
    -----
    ``P(Sₙ = k) = C(n, (n + k) / 2) 2⁻ⁿ`` where n + k is even: the endpoint is a shifted binomial variable. Feller, *An
    Introduction to Probability Theory and Its Applications*, vol. 1, 3rd ed. (1968), chapter III.

    Examples
    --------
    Of 16 paths of four steps 1, 4, 6, 4 and 1 end at -4, -2, 0, 2 and 4.

    >>> walk = random_walk(4)
    >>> walk["endpoints"], walk["probabilities"]
    ([-4, -2, 0, 2, 4], [0.0625, 0.25, 0.375, 0.25, 0.0625])
    """
    check_count("n_steps", n_steps, 1, 1000)
    check_count("n_walkers", n_walkers, 1, _MAX_STEPS // n_steps)
    steps = 2 * as_generator(seed).integers(0, 2, (n_walkers, n_steps), dtype=np.int8) - 1
    ends = steps.sum(axis=1, dtype=int)  # (n_walkers,)
    rights = np.bincount((ends + n_steps) // 2, minlength=n_steps + 1)  # walkers by the number of steps to the right
    paths = np.cumsum(steps[:_SHOWN_WALKERS], axis=1, dtype=int)
    return {
        "mean": float(ends.mean()),
        "variance": float(ends.var()),
        "endpoints": list(range(-n_steps, n_steps + 1, 2)),
        "frequencies": (rights / n_walkers).tolist(),
        "probabilities": [math.comb(n_steps, k) / 2**n_steps for k in range(n_steps + 1)],
        "paths": [[0, *path] for path in paths.tolist()],
    }
