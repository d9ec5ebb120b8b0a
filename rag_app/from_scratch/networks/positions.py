"""Where a token stands, as a vector that is added to its embedding."""

from __future__ import annotations

import numpy as np

from rag_app.from_scratch.arrays import check_count
from rag_app.from_scratch.networks.autograd import Array
from rag_app.registry import register

_LONGEST_WAVE = 10000.0


@register("tool", "M087")
def positional_encoding(n_positions: int, dimension: int) -> list[list[float]]:
    """Return the sinusoidal encoding of positions 0, 1, …: a row of sines and cosines for each.

    Parameters
    ----------
    n_positions : int
        Positions, at least 1.
    dimension : int
        Length of each row, at least 1; an odd one ends with a sine.

    Returns
    -------
    list of list of float
        Row ``pos`` holds sines in even columns and cosines in odd ones, in [-1, 1].

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    ``PE(pos, 2i) = sin(pos / 10000^(2i/d))`` and ``PE(pos, 2i + 1) = cos(pos / 10000^(2i/d))``. The product of two rows
    depends only on how far apart the positions are. Vaswani et al., "Attention is all you need", NeurIPS 2017.

    Examples
    --------
    (sin 0, cos 0, …) and (sin 1, cos 1, sin 0.01, cos 0.01).

    >>> [[round(x, 6) for x in row] for row in positional_encoding(2, 4)]
    [[0.0, 1.0, 0.0, 1.0], [0.841471, 0.540302, 0.01, 0.99995]]
    """
    check_count("n_positions", n_positions)
    check_count("dimension", dimension)
    rows: list[list[float]] = sinusoids(n_positions, dimension).tolist()
    return rows


def sinusoids(n_positions: int, dimension: int) -> Array:
    """Return the encoding of the first positions, an array of shape (n_positions, dimension)."""
    even = np.arange(0, dimension, 2)
    angles = np.arange(n_positions)[:, None] / _LONGEST_WAVE ** (even / dimension)  # (n, ⌈d/2⌉)
    encoding = np.empty((n_positions, dimension))
    encoding[:, 0::2] = np.sin(angles)
    encoding[:, 1::2] = np.cos(angles[:, : dimension // 2])
    return encoding
