"""The same dense layer with three loops and with one line of array code."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from rag_app.from_scratch.arrays import as_generator, check_count
from rag_app.from_scratch.networks.autograd import Array
from rag_app.registry import register


@register("tool", "M039")
def vectorisation_speed(n_rows: int = 32, n_in: int = 64, n_out: int = 32, seed: int = 0) -> dict[str, float]:
    """Return how long a dense layer takes in Python loops and in array code, and how far the results differ.

    Parameters
    ----------
    n_rows : int, default=32
        Examples, at least 1.
    n_in : int, default=64
        Inputs of the layer, at least 1.
    n_out : int, default=32
        Units of the layer, at least 1.
    seed : int, default=0
        Draws the numbers.

    Returns
    -------
    dict
        ``loop_s`` and ``vectorised_s``, seconds, the least of three measurements; ``ratio``, loops per array code;
        ``largest_difference`` of the results, which add in another order; ``n_multiplications``.

    Raises
    ------
    InvalidInputError
        If a size is not a whole number of at least 1.

    Notes
    -----
    ``Y = XW + b``. A loop pays for reading the program at every number, array code once for the array.
    Harris et al., "Array programming with NumPy", Nature 585 (2020).

    Examples
    --------
    >>> result = vectorisation_speed(4, 8, 2)
    >>> result["largest_difference"] < 1e-12, result["n_multiplications"]
    (True, 64)
    """
    for name, size in (("n_rows", n_rows), ("n_in", n_in), ("n_out", n_out)):
        check_count(name, size)
    rng = as_generator(seed)
    X, W, b = rng.normal(size=(n_rows, n_in)), rng.normal(size=(n_in, n_out)), rng.normal(size=n_out)
    loop_s, looped = _timed(lambda: _dense_loop(X, W, b))
    vectorised_s, vectorised = _timed(lambda: X @ W + b)
    return {
        "loop_s": loop_s,
        "vectorised_s": vectorised_s,
        "ratio": loop_s / max(vectorised_s, 1e-9),  # a clock may tick too slowly for the smallest layers
        "largest_difference": float(np.abs(looped - vectorised).max()),
        "n_multiplications": n_rows * n_in * n_out,
    }


def _timed(compute: Callable[[], Array]) -> tuple[float, Array]:
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        result = compute()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def _dense_loop(X: Array, W: Array, b: Array) -> Array:
    Y = np.zeros((len(X), len(b)))
    for i in range(len(X)):
        for j in range(len(b)):
            total = b[j]
            for k in range(len(W)):
                total += X[i, k] * W[k, j]
            Y[i, j] = total
    return Y
