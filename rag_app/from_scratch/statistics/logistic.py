"""The logistic function and its integral, for any number, however large."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Float = TypeVar("Float", bound=np.floating[Any])


def sigmoid(x: NDArray[Float]) -> NDArray[Float]:
    """Return ``1 / (1 + e^-x)`` of each number, without overflow.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    y: NDArray[Float] = np.exp(-np.logaddexp(0, -x))
    return y


def softplus(x: NDArray[Float]) -> NDArray[Float]:
    """Return ``ln(1 + e^x)`` of each number, without overflow; its slope is the sigmoid.

    Examples
    --------
    >>> softplus(np.array([-1000.0, 0.0, 1000.0])).round(6).tolist()
    [0.0, 0.693147, 1000.0]
    """
    y: NDArray[Float] = np.logaddexp(0, x)
    return y
