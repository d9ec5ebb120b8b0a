"""Weights in fewer bits: integers on an even grid, and the 16-bit floats that networks are trained with."""

from __future__ import annotations

from typing import Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Vector, as_vector, check_count, check_range
from rag_app.from_scratch.networks.autograd import Array
from rag_app.registry import register


@register("tool", "M114")
def quantisation(
    weights: Vector, n_bits: int = 8, low: float | None = None, high: float | None = None
) -> dict[str, Any]:
    """Return weights as whole numbers of few bits, and as what those stand for.

    Parameters
    ----------
    weights : array-like of shape (n,)
        Weights.
    n_bits : int, default=8
        Bits of each whole number, from 2 to 16.
    low : float, optional
        The smallest weight that can be told from smaller ones; default: the smallest given.
    high : float, optional
        The largest, above low; default: the largest given.

    Returns
    -------
    dict
        "integers", "scale", "zero_point", "dequantised" and "largest_error". Where low equals high, the scale is the
        size of that number, which is then kept exactly.

    Raises
    ------
    InvalidInputError
        If low is above high, or a value breaks its rule.

    Notes
    -----
    ``q = clip(round(w/s) + z)`` and ``ŵ = s (q - z)`` with ``s = (high - low) / (2^bits - 1)`` and
    ``z = round(q_min - low/s)``; halves are rounded to even. In the range ``|w - ŵ| ≤ s/2`` but for what the rounding
    of z cuts off at an end, at most another ``s/2``. Jacob et al., "Quantization and training of neural networks for
    efficient integer-arithmetic-only inference", CVPR (2018).

    Examples
    --------
    The scale is 2/255 = 0.0078431; 0.5 / 0.0078431 = 63.75 is rounded to 64, and 127.5 to 128, cut to 127.

    >>> found = quantisation([0.5, -0.3, 0.82, 1.0], low=-1, high=1)
    >>> found["integers"], round(found["scale"], 7), found["zero_point"], round(found["largest_error"], 5)
    ([64, -38, 105, 127], 0.0078431, 0, 0.00392)
    """
    values = as_vector("weights", weights)
    check_count("n_bits", n_bits, 2, 16)
    bottom = float(values.min()) if low is None else low
    top = float(values.max()) if high is None else high
    check_range("low", bottom)
    check_range("high", top, bottom)
    integers, scale, zero_point = quantised(values, n_bits, bottom, top)
    restored = scale * (integers - zero_point)
    return {
        "integers": integers.astype(int).tolist(),
        "scale": scale,
        "zero_point": zero_point,
        "dequantised": (restored + 0.0).tolist(),
        "largest_error": float(np.abs(values - restored).max()),
    }


def quantised(values: Array, n_bits: int, low: float, high: float) -> tuple[Array, float, int]:
    """Return the whole numbers that stand for values, their scale and their zero point."""
    smallest, largest = -(2 ** (n_bits - 1)), 2 ** (n_bits - 1) - 1
    if low == high:
        scale, zero_point = abs(low) or 1.0, 0
    else:
        scale = (high - low) / (2**n_bits - 1)
        zero_point = round(smallest - low / scale)
    return np.clip(np.rint(values / scale) + zero_point, smallest, largest), scale, zero_point


@register("tool", "M115")
def bfloat16_rounding(values: Vector) -> dict[str, list[float]]:
    """Return numbers as bfloat16 holds them, with 8 significant bits, and the relative errors.

    Parameters
    ----------
    values : array-like of shape (n,)
        Numbers up to about 3.39e38 in size.

    Returns
    -------
    dict
        "rounded", and "relative_errors", at most 2⁻⁸ = 0.00390625 where a number is at least 1.18e-38 in size; 0 for 0.

    Raises
    ------
    InvalidInputError
        If a number is too large.

    Notes
    -----
    The upper 16 bits of a 32-bit float: 1 for the sign, 8 for the exponent, 7 of the fraction's 23; rounded to the
    nearest, of two equally near to the one whose last bit is 0. Kalamkar et al., "A study of BFLOAT16 for deep
    learning training" (2019).

    Examples
    --------
    From 1 to 2 neighbours are 2⁻⁷ apart, from 256 to 512 they are 2 apart, and 257 lies between two.

    >>> bfloat16_rounding([3.14159265, 1.005, 257])["rounded"]
    [3.140625, 1.0078125, 256.0]
    """
    exact = as_vector("values", values)
    with np.errstate(over="ignore"):  # seen by its result
        rounded = to_bfloat16(exact)
    if not np.isfinite(rounded).all():
        msg = f"values must be at most 3.39e38 in size; got {float(exact[~np.isfinite(rounded)][0])!r}."
        raise InvalidInputError(msg)
    errors = np.abs(rounded - exact) / np.where(exact == 0, 1.0, np.abs(exact))
    return {"rounded": rounded.tolist(), "relative_errors": errors.tolist()}


def to_bfloat16(values: Array) -> Array:
    """Return numbers rounded to bfloat16, as 64-bit floats."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    last = (bits >> np.uint32(16)) & np.uint32(1)
    rounded = (bits + np.uint32(0x7FFF) + last) & np.uint32(0xFFFF0000)
    return rounded.view(np.float32).astype(float)
