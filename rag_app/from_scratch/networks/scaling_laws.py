"""What makes a network large, what that costs, and what more of it promises."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Vector, as_vector, check_count, check_range, check_same_length
from rag_app.registry import register


@register("tool", "M038")
def parameter_count(sizes: Sequence[int]) -> dict[str, int | list[int]]:
    """Return the number of weights and biases of a multilayer perceptron.

    Parameters
    ----------
    sizes : sequence of int
        Width of each layer, from the inputs to the outputs, at least two.

    Returns
    -------
    dict
        ``layers``, the number in each layer, and ``total``.

    Raises
    ------
    InvalidInputError
        If there are fewer than two widths, or one is not a whole number of at least 1.

    Notes
    -----
    A layer with n inputs and m units has ``n m + m``: twice the width makes four times the weights between hidden
    layers, twice the depth only two times. Goodfellow, Bengio & Courville, *Deep Learning* (2016), chapter 6.

    Examples
    --------
    784 · 128 + 128, and 128 · 10 + 10.

    >>> parameter_count([784, 128, 10])
    {'layers': [100480, 1290], 'total': 101770}
    """
    if len(sizes) < 2:  # noqa: PLR2004  (inputs and outputs)
        msg = f"sizes must hold at least 2 widths; got {len(sizes)}."
        raise InvalidInputError(msg)
    for i, size in enumerate(sizes):
        check_count(f"sizes[{i}]", size)
    layers = [n_in * n_out + n_out for n_in, n_out in itertools.pairwise(sizes)]
    return {"layers": layers, "total": sum(layers)}


@register("tool", "M038")
def compound_scaling(
    steps: float, depth: float = 1.2, width: float = 1.1, resolution: float = 1.15
) -> dict[str, float]:
    """Return how much a convolutional network grows when depth, width and resolution grow together.

    Parameters
    ----------
    steps : float
        Times that all three are multiplied, at least 0.
    depth : float, default=1.2
        Factor of the number of layers, above 0.
    width : float, default=1.1
        Factor of the channels, above 0.
    resolution : float, default=1.15
        Factor of the height and width of images, above 0.

    Returns
    -------
    dict
        The factors ``depth``, ``width``, ``resolution`` and ``cost``.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    Cost is proportional to ``depth · width² · resolution²``. Tan & Le, "EfficientNet", ICML 2019.

    Examples
    --------
    1.2 · 1.1² · 1.15².

    >>> round(compound_scaling(1)["cost"], 2)
    1.92
    """
    check_range("steps", steps, 0, np.finfo(float).max)
    factors = {"depth": depth, "width": width, "resolution": resolution}
    for name, factor in factors.items():
        check_range(name, factor, 0, open_low=True)
    grown = {name: factor**steps for name, factor in factors.items()}
    return {**grown, "cost": grown["depth"] * grown["width"] ** 2 * grown["resolution"] ** 2}


@register("tool", "M038")
def power_law(sizes: Vector, losses: Vector, at: float, floor: float = 0.0) -> dict[str, float]:
    """Return the power law through losses at growing sizes, and what it promises at another size.

    Parameters
    ----------
    sizes : array-like of shape (n,)
        Numbers of parameters (or of examples), above 0, at least two different ones.
    losses : array-like of shape (n,)
        Loss at each, above `floor`.
    at : float
        Size to extrapolate to, above 0.
    floor : float, default=0.0
        Loss c that no size can undercut; a pure power law has none.

    Returns
    -------
    dict
        ``factor`` a, ``exponent`` b, ``extrapolated`` loss, and ``root_mean_square_error`` of ln(loss - c).

    Raises
    ------
    InvalidInputError
        If the lengths differ, or a value breaks its rule.

    Notes
    -----
    ``L(n) = a n^-b + c`` is a line in logarithms, ``ln(L - c) = ln a - b ln n``, fitted by least squares. A pure law
    fitted to losses that have a floor promises too much at extreme scale.
    Kaplan et al., "Scaling laws for neural language models" (2020); Hoffmann et al., "Training compute-optimal large
    language models" (2022).

    Examples
    --------
    From 1.8 at 10⁴ to 1.08 at 10⁸, a factor of 0.6: as much growth again promises 1.08 · 0.6, below the floor of
    1 + 8 n^-0.25, from which both losses are.

    >>> law = power_law([1e4, 1e8], [1.8, 1.08], at=1e12)
    >>> round(law["exponent"], 5), round(law["extrapolated"], 6)
    (0.05546, 0.648)
    """
    n, values = as_vector("sizes", sizes, min_length=2), as_vector("losses", losses, min_length=2)
    check_same_length(sizes=n, losses=values)
    check_range("sizes", float(n.min()), 0, open_low=True)
    check_range("floor", floor)
    check_range("losses", float(values.min()), floor, open_low=True)
    check_range("at", at, 0, np.finfo(float).max, open_low=True)
    if np.ptp(n) == 0:
        msg = f"sizes must hold at least two different numbers; got only {n[0]:g}."
        raise InvalidInputError(msg)
    x, y = np.log(n), np.log(values - floor)
    slope = float((x - x.mean()) @ (y - y.mean()) / ((x - x.mean()) @ (x - x.mean())))
    level = float(y.mean() - slope * x.mean())
    error = float(np.sqrt(np.mean((y - level - slope * x) ** 2)))
    promised = float(np.exp(level + slope * np.log(at)) + floor)
    return {
        "factor": float(np.exp(level)),
        "exponent": -slope,
        "extrapolated": promised,
        "root_mean_square_error": error,
    }
