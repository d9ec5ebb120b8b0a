"""The heat equation: how temperature, or grey values, spread and smooth out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_vector, check_choice, check_count, check_range
from rag_app.registry import register

_ENDS = ("fixed", "insulated", "open")


@register("tool", "M066")
def heat_equation(
    temperatures: Vector,
    diffusivity: float = 1.0,
    dx: float = 1.0,
    dt: float = 0.25,
    n_steps: int = 1,
    ends: str = "fixed",
) -> dict[str, Any]:
    """Return the temperatures along a rod after some time, by the explicit finite-difference scheme.

    Parameters
    ----------
    temperatures : array-like of shape (n,)
        At equally spaced places, at least three.
    diffusivity : float, default=1
        How fast heat spreads, above 0.
    dx : float, default=1
        Distance between places, above 0.
    dt : float, default=0.25
        Time step, above 0.
    n_steps : int, default=1
        Time steps, at most 100000.
    ends : {"fixed", "insulated", "open"}, default="fixed"
        End temperatures stay as they are, no heat passes the ends, or beyond them it is 0.

    Returns
    -------
    dict
        "temperatures", the "ratio" of the scheme, and whether it is "stable": beyond a ratio of 1/2 errors grow with
        every step and the result is nonsense.

    Raises
    ------
    InvalidInputError
        If a number is out of range, or an unstable scheme left the range of numbers.

    Notes
    -----
    ``uᵢ ← uᵢ + r (uᵢ₊₁ - 2 uᵢ + uᵢ₋₁)`` with ``r = α Δt / Δx²``, for ``∂u/∂t = α ∂²u/∂x²``. Courant, Friedrichs and
    Lewy (1928).

    Examples
    --------
    With r = 0.25: a quarter, a half and a quarter of a value and its neighbours.

    >>> heat_equation([10, 10, 16, 10, 10])["temperatures"]
    [10.0, 11.5, 13.0, 11.5, 10.0]
    """
    u = as_vector("temperatures", temperatures, min_length=3)
    for name, value in (("diffusivity", diffusivity), ("dx", dx), ("dt", dt)):
        check_range(name, value, 0, open_low=True)
    check_count("n_steps", n_steps, 0, 100_000)
    check_choice("ends", ends, _ENDS)
    ratio = diffusivity * dt / dx**2
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(n_steps):
            u = u + ratio * _curvature(u, ends)
    if not np.isfinite(u).all():
        msg = f"dt must be at most dx² / (2 diffusivity) for a stable scheme; got {dt!r}, and the values overflowed."
        raise InvalidInputError(msg)
    return {"temperatures": u.tolist(), "ratio": ratio, "stable": ratio <= 0.5}  # noqa: PLR2004  (the stability limit)


@register("tool", "M066")
def smooth_image(image: Matrix, n_steps: int = 1, ratio: float = 0.2) -> dict[str, Any]:
    """Return an image whose grey values have spread like heat: noise fades, and so do edges.

    Parameters
    ----------
    image : array-like of shape (rows, columns)
        Grey values.
    n_steps : int, default=1
        Time steps, at most 10000.
    ratio : float, default=0.2
        Of the scheme, above 0 and at most 1/4, beyond which it is unstable in two dimensions.

    Returns
    -------
    dict
        "image", and "sigma": in pixels, the standard deviation of the Gaussian filter that has the same effect away
        from the border. No value passes the border, so the mean grey value stays.

    Raises
    ------
    InvalidInputError
        If a number is out of range.

    Notes
    -----
    ``u ← u + r (sum of the four neighbours - 4 u)``, ``σ = √(2 r n)``. Koenderink, "The structure of images" (1984).

    Examples
    --------
    A bright point gives a fifth of its value to each of its four neighbours.

    >>> smooth_image([[0, 0, 0], [0, 5, 0], [0, 0, 0]])["image"]
    [[0.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0]]
    """
    u = as_matrix("image", image)
    check_count("n_steps", n_steps, 0, 10_000)
    check_range("ratio", ratio, 0, 0.25, open_low=True)
    for _ in range(n_steps):
        u = u + ratio * (_curvature(u, "insulated") + _curvature(u.T, "insulated").T)
    return {"image": u.tolist(), "sigma": math.sqrt(2 * ratio * n_steps)}


def _curvature(u: NDArray[np.float64], ends: str) -> NDArray[np.float64]:
    """Return ``uᵢ₊₁ - 2 uᵢ + uᵢ₋₁`` along the first axis."""
    beyond = (np.zeros_like(u[:1]),) * 2 if ends == "open" else (u[:1], u[-1:])
    padded = np.concatenate([beyond[0], u, beyond[1]])
    curvature: NDArray[np.float64] = padded[2:] - 2 * u + padded[:-2]
    if ends == "fixed":
        curvature[[0, -1]] = 0
    return curvature
