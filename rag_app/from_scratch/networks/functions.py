"""Functions of tensors that are more than arithmetic: activations, softmax, joining, convolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from rag_app.from_scratch.networks.autograd import Array, Tensor, record
from rag_app.from_scratch.statistics import logistic

_GELU = float(np.sqrt(2 / np.pi))


def exp(x: Tensor) -> Tensor:
    """Return e to the power of each number."""
    y = np.exp(x.data)
    return record(y, (x, lambda g: g * y))


def log(x: Tensor) -> Tensor:
    """Return the natural logarithm of each number."""
    return record(np.log(x.data), (x, lambda g: g / x.data))


def absolute(x: Tensor) -> Tensor:
    """Return the size of each number; the gradient at 0 is 0."""
    return record(np.abs(x.data), (x, lambda g: g * np.sign(x.data)))


def tanh(x: Tensor) -> Tensor:
    """Return the hyperbolic tangent, ``(e^x - e^-x) / (e^x + e^-x)``, in (-1, 1)."""
    y = np.tanh(x.data)
    return record(y, (x, lambda g: g * (1 - y * y)))


def sigmoid(x: Tensor) -> Tensor:
    """Return ``1 / (1 + e^-x)``, in (0, 1)."""
    y = logistic.sigmoid(x.data)
    return record(y, (x, lambda g: g * y * (1 - y)))


def relu(x: Tensor) -> Tensor:
    """Return ``max(x, 0)``; the gradient at 0 is 0."""
    return leaky_relu(x, 0.0)


def leaky_relu(x: Tensor, slope: float = 0.2) -> Tensor:
    """Return ``x`` where it is positive and ``slope · x`` elsewhere."""
    factor = np.where(x.data > 0, 1.0, slope).astype(x.data.dtype)
    return record(x.data * factor, (x, lambda g: g * factor))


def softplus(x: Tensor) -> Tensor:
    """Return ``ln(1 + e^x)``, computed without overflow."""
    return record(logistic.softplus(x.data), (x, lambda g: g * logistic.sigmoid(x.data)))


def gelu(x: Tensor) -> Tensor:
    """Return the Gaussian error linear unit in its tanh form (Hendrycks & Gimpel, 2016)."""
    inner = (x + x * x * x * 0.044715) * _GELU
    return x * (tanh(inner) + 1) * 0.5


def log_softmax(x: Tensor, axis: int = -1) -> Tensor:
    """Return the logarithm of `softmax`: ``x - ln Σ e^x``, computed without overflow."""
    shifted = x.data - x.data.max(axis=axis, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return record(y, (x, lambda g: g - np.exp(y) * g.sum(axis=axis, keepdims=True)))


def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """Return ``e^x / Σ e^x`` along an axis: numbers in [0, 1] that sum to 1."""
    return exp(log_softmax(x, axis))


def where(condition: NDArray[np.bool_], x: Tensor, y: Tensor) -> Tensor:
    """Return `x` where the condition holds and `y` elsewhere."""
    zero = np.zeros((), x.data.dtype)
    return record(
        np.where(condition, x.data, y.data),
        (x, lambda g: np.where(condition, g, zero)),
        (y, lambda g: np.where(condition, zero, g)),
    )


def concatenate(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Return tensors joined along an axis that they have."""
    ends = np.cumsum([t.shape[axis] for t in tensors])[:-1]

    def part(i: int) -> Any:  # noqa: ANN401  (a pullback)
        return lambda g: np.split(g, ends, axis)[i]

    joined = np.concatenate([t.data for t in tensors], axis)
    return record(joined, *((t, part(i)) for i, t in enumerate(tensors)))


def stack(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Return tensors of equal shape joined along a new axis."""

    def part(i: int) -> Any:  # noqa: ANN401  (a pullback)
        return lambda g: np.take(g, i, axis)

    joined = np.stack([t.data for t in tensors], axis)
    return record(joined, *((t, part(i)) for i, t in enumerate(tensors)))


def pad(x: Tensor, widths: Sequence[tuple[int, int]]) -> Tensor:
    """Return a tensor with zeros around it: ``widths[i]`` before and after along axis i."""
    inside = tuple(slice(before, before + size) for (before, _), size in zip(widths, x.shape, strict=True))
    return record(np.pad(x.data, widths), (x, lambda g: g[inside]))


def conv2d(x: Tensor, kernels: Tensor, *, stride: int = 1, padding: int = 0) -> Tensor:
    """Return the cross-correlation of images with kernels, which the field calls convolution.

    Parameters
    ----------
    x : Tensor of shape (n, c, h, w)
        Images of c channels.
    kernels : Tensor of shape (k, c, a, b)
        One kernel for each of the k channels that come out.
    stride : int, default=1
        Pixels from one place of the kernel to the next.
    padding : int, default=0
        Zeros on each side.

    Returns
    -------
    Tensor of shape (n, k, (h + 2·padding - a) // stride + 1, (w + 2·padding - b) // stride + 1)
        ``y[n, k, i, j] = Σ_{c, u, v} x[n, c, i·stride + u, j·stride + v] · kernels[k, c, u, v]``.

    Notes
    -----
    The windows are a view of the padded images, so one contraction does all places at once. Backwards, each pixel of
    the kernel sends its share to the pixels that it was laid on.
    """
    if padding:
        x = pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    height, width = kernels.shape[2:]
    # (n, c, h, w) -> (n, c, i, j, a, b)
    windows = sliding_window_view(x.data, (height, width), axis=(2, 3))[:, :, ::stride, ::stride]
    y = np.einsum("ncijab,kcab->nkij", windows, kernels.data, optimize=True)

    def to_images(g: Array) -> Array:
        spread = np.zeros_like(x.data)
        rows, columns = stride * g.shape[2], stride * g.shape[3]
        for a in range(height):
            for b in range(width):
                share = np.einsum("nkij,kc->ncij", g, kernels.data[:, :, a, b], optimize=True)
                spread[:, :, a : a + rows : stride, b : b + columns : stride] += share
        return spread

    def to_kernels(g: Array) -> Array:
        gradient: Array = np.einsum("ncijab,nkij->kcab", windows, g, optimize=True)
        return gradient

    return record(y, (x, to_images), (kernels, to_kernels))


def max_pool2d(x: Tensor, size: int, *, stride: int | None = None) -> Tensor:
    """Return the largest number of each square window of images; of several that are equal, the first has the gradient.

    Parameters
    ----------
    x : Tensor of shape (n, c, h, w)
        Images of c channels.
    size : int
        Height and width of the windows.
    stride : int, optional
        Pixels from one window to the next; by default `size`, so that windows lie side by side.

    Returns
    -------
    Tensor of shape (n, c, (h - size) // stride + 1, (w - size) // stride + 1)
        What does not fill a window is left out.
    """
    step = stride or size
    windows = sliding_window_view(x.data, (size, size), axis=(2, 3))[:, :, ::step, ::step]
    flat = windows.reshape(*windows.shape[:4], size * size)  # (n, c, i, j, size, size) -> (n, c, i, j, size²)
    chosen = flat.argmax(axis=-1)

    def to_images(g: Array) -> Array:
        spread = np.zeros_like(x.data)
        n, c, i, j = np.ogrid[tuple(map(slice, g.shape))]
        np.add.at(spread, (n, c, i * step + chosen // size, j * step + chosen % size), g)
        return spread

    return record(flat.max(axis=-1), (x, to_images))
