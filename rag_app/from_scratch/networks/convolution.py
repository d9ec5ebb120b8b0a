"""Convolution and pooling on an image, and a small convolutional network that tells shapes apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, as_generator, as_matrix, check_choice, check_count, check_range
from rag_app.from_scratch.networks.autograd import Array, Tensor
from rag_app.from_scratch.networks.functions import conv2d, max_pool2d, relu
from rag_app.from_scratch.networks.layers import Conv2d, Layer, Linear, dense
from rag_app.from_scratch.networks.losses import cross_entropy_loss
from rag_app.from_scratch.networks.training import Plan, fit_network
from rag_app.registry import register

_SIDE = 12
SHAPES = ("square", "cross", "diagonal")


@register("tool", "M036")
def convolution(image: Matrix, kernel: Matrix, stride: int = 1, padding: int = 0) -> list[list[float]]:
    """Return the feature map of a kernel that is slid over an image.

    Parameters
    ----------
    image : array-like of shape (h, w)
        Pixels.
    kernel : array-like of shape (a, b)
        Weights, not larger than the padded image.
    stride : int, default=1
        Pixels from one place of the kernel to the next, at least 1.
    padding : int, default=0
        Zeros around the image on each side, at least 0.

    Returns
    -------
    list of list of float
        Of ``(h + 2 padding - a) // stride + 1`` rows, and columns likewise.

    Raises
    ------
    InvalidInputError
        If the kernel is larger than the padded image, or a value breaks its rule.

    Notes
    -----
    ``y[i, j] = Σ_{u, v} x[i·stride + u, j·stride + v] k[u, v]``: the kernel is not flipped, so this is
    cross-correlation, which the field calls convolution. LeCun et al., "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86 (1998).

    Examples
    --------
    The upper left pixel of each window less the lower right one; first 1 - 1 = 0.

    >>> convolution([[1, 2, 0, 1], [3, 1, 1, 0], [0, 2, 4, 1], [1, 0, 2, 3]], [[1, 0], [0, -1]])
    [[0.0, 1.0, 0.0], [1.0, -3.0, 0.0], [0.0, 0.0, 1.0]]
    """
    pixels, weights = as_matrix("image", image), as_matrix("kernel", kernel)
    check_count("stride", stride)
    check_count("padding", padding, 0)
    room = tuple(size + 2 * padding for size in pixels.shape)
    if weights.shape[0] > room[0] or weights.shape[1] > room[1]:
        msg = f"kernel must not be larger than the padded image of shape {room}; got shape {weights.shape}."
        raise InvalidInputError(msg)
    feature_map = conv2d(Tensor(pixels[None, None]), Tensor(weights[None, None]), stride=stride, padding=padding)
    return [[float(v) for v in row] for row in feature_map.data[0, 0]]


@register("tool", "M036")
def pooling(image: Matrix, size: int = 2, stride: int | None = None, kind: str = "max") -> list[list[float]]:
    """Return an image with each small window replaced by one number.

    Parameters
    ----------
    image : array-like of shape (h, w)
        Pixels.
    size : int, default=2
        Height and width of a window, at least 1 and at most those of the image.
    stride : int, optional
        Pixels from one window to the next, at least 1; by default `size`.
    kind : {"max", "mean"}, default="max"
        The largest number of the window, or the mean: max or mean.

    Returns
    -------
    list of list of float
        Of ``(h - size) // stride + 1`` rows, and columns likewise; what fills no window is left out.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    Pooling has no weights, and a pixel that moves within its window changes no maximum. LeCun, Bottou, Bengio &
    Haffner, "Gradient-based learning applied to document recognition", Proceedings of the IEEE 86 (1998).

    Examples
    --------
    >>> pooling([[1, 2, 0, 1], [3, 1, 1, 0], [0, 2, 4, 1], [1, 0, 2, 3]])
    [[3.0, 1.0], [2.0, 4.0]]
    """
    pixels = as_matrix("image", image)
    check_count("size", size, 1, min(pixels.shape))
    step = size if stride is None else stride
    check_count("stride", step)
    check_choice("kind", kind, ("max", "mean"))
    images = Tensor(pixels[None, None])
    mean_kernel = Tensor(np.full((1, 1, size, size), 1 / size**2))
    pooled = max_pool2d(images, size, stride=step) if kind == "max" else conv2d(images, mean_kernel, stride=step)
    return [[float(v) for v in row] for row in pooled.data[0, 0]]


@register("tool", "M036")
def shape_recognition(
    n_images: int = 240, n_epochs: int = 15, noise: float = 0.2, n_kernels: int = 6, seed: int = 0
) -> dict[str, Any]:
    """Return how well a small convolutional network tells shapes apart at any place, beside a dense one.

    Parameters
    ----------
    n_images : int, default=240
        Images to train on, at least 3; as many again are tested on.
    n_epochs : int, default=15
        Times that every image is seen, at least 1.
    noise : float, default=0.2
        Standard deviation of what is added to each pixel, at least 0.
    n_kernels : int, default=6
        Kernels of the convolution, at least 1.
    seed : int, default=0
        What is random comes from it.

    Returns
    -------
    dict
        For ``convolutional`` and ``dense``: ``losses`` of each epoch, ``accuracy`` on the test images and
        ``n_weights``; ``kernels``, what was learnt; ``examples``, an image of each shape.

    Raises
    ------
    InvalidInputError
        If a value breaks its rule.

    Notes
    -----
    Images of 12 × 12 pixels with a square, a cross or a diagonal of 5 × 5 pixels at a random place. Convolution with
    kernels of 5 × 5, relu, max-pooling over the whole map, and a dense layer; the other network has one hidden layer of
    32 units. LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document recognition", Proceedings of
    the IEEE 86 (1998).

    Examples
    --------
    >>> result = shape_recognition(n_images=120, n_epochs=8)
    >>> result["convolutional"]["accuracy"] > result["dense"]["accuracy"]
    True
    """
    check_count("n_images", n_images, len(SHAPES))
    check_count("n_epochs", n_epochs)
    check_range("noise", noise, 0)
    check_count("n_kernels", n_kernels)
    rng = as_generator(seed)
    images, labels = shape_images(2 * n_images, noise, rng)
    convolutional = ShapeNetwork(n_kernels, rng)
    plain = _Flattened(rng)
    plan = Plan(n_epochs=n_epochs, batch_size=20)
    return {
        "convolutional": _trained(convolutional, images, labels, plan, rng),
        "dense": _trained(plain, images, labels, plan, rng),
        "kernels": convolutional.convolution.kernels.data[:, 0].tolist(),
        "examples": {name: images[int(np.argmax(labels == i)), 0].tolist() for i, name in enumerate(SHAPES)},
    }


class ShapeNetwork(Layer):
    """Convolution, relu, the largest answer of each kernel anywhere, and a dense layer for the three shapes.

    Parameters
    ----------
    n_kernels : int
        Kernels of the convolution.
    rng : numpy.random.Generator
        Draws the weights.
    """

    def __init__(self, n_kernels: int, rng: np.random.Generator) -> None:
        self.convolution = Conv2d(1, n_kernels, 5, rng)
        self.last = Linear(n_kernels, len(SHAPES), rng)

    def __call__(self, x: Tensor) -> Tensor:
        maps = relu(self.convolution(x))  # (n, 1, 12, 12) -> (n, k, 8, 8)
        answers = max_pool2d(maps, maps.shape[-1])  # (n, k, 8, 8) -> (n, k, 1, 1)
        return self.last(answers.reshape(len(x), -1))


class _Flattened(Layer):
    def __init__(self, rng: np.random.Generator) -> None:
        self.inner = dense([_SIDE * _SIDE, 32, len(SHAPES)], rng)

    def __call__(self, x: Tensor) -> Tensor:
        return self.inner(x.reshape(len(x), -1))


def shape_images(n: int, noise: float, rng: np.random.Generator) -> tuple[Array, NDArray[np.int64]]:
    """Return images of shape (n, 1, 12, 12) with a shape at a random place each, and the numbers of the shapes."""
    square = np.zeros((5, 5))
    square[[0, -1]] = square[:, [0, -1]] = 1
    cross = np.zeros((5, 5))
    cross[2] = cross[:, 2] = 1
    stamps = np.array([square, cross, np.eye(5)])
    labels = np.arange(n) % len(SHAPES)
    rows, columns = rng.integers(0, _SIDE - 4, (2, n, 1, 1))
    images = rng.normal(0, noise, (n, 1, _SIDE, _SIDE))
    places = np.arange(5)
    images[np.arange(n)[:, None, None], 0, rows + places[:, None], columns + places] += stamps[labels]
    return images, labels


def _trained(
    network: Layer, images: Array, labels: NDArray[np.int64], plan: Plan, rng: np.random.Generator
) -> dict[str, Any]:
    n = len(images) // 2
    call: Any = network
    history = fit_network(
        network, lambda rows: cross_entropy_loss(call(Tensor(images[rows])), labels[rows]), n, plan, rng
    )
    guesses = call(Tensor(images[n:])).data.argmax(axis=1)
    return {
        "losses": history.losses,
        "accuracy": float((guesses == labels[n:]).mean()),
        "n_weights": sum(w.data.size for w in network.weights()),
    }
