"""How style is taken from one picture and given to another: statistics of feature channels."""

from __future__ import annotations

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import Matrix, Vector, as_matrix, as_vector, check_same_length
from rag_app.from_scratch.networks.autograd import Array
from rag_app.registry import register


@register("tool", "M060")
def adaptive_instance_norm(features: Matrix, mean: Vector, std: Vector) -> list[list[float]]:
    """Return feature channels with the mean and standard deviation of a style.

    Parameters
    ----------
    features : array-like of shape (c, n)
        One row for each channel of the content, one column for each place.
    mean : array-like of shape (c,)
        The mean that each channel shall have.
    std : array-like of shape (c,)
        Its standard deviation, at least 0.

    Returns
    -------
    list of list of float
        Shape (c, n). A constant channel, which has no pattern, becomes the mean everywhere.

    Raises
    ------
    InvalidInputError
        If the lengths differ, or a standard deviation is negative.

    Notes
    -----
    ``σ_y (x - μ_x) / σ_x + μ_y``. In StyleGAN mean and deviation come from a mapping of noise, not from a picture.
    Huang & Belongie, "Arbitrary style transfer in real-time with adaptive instance normalization", ICCV 2017; Karras,
    Laine & Aila, "A style-based generator architecture for generative adversarial networks", CVPR 2019.

    Examples
    --------
    Mean 5 and deviation 2 become 1 and 3.

    >>> adaptive_instance_norm([[2, 4, 4, 4, 5, 5, 7, 9]], [1], [3])
    [[-3.5, -0.5, -0.5, -0.5, 1.0, 1.0, 4.0, 7.0]]
    """
    x = as_matrix("features", features)
    centres, spreads = as_vector("mean", mean), as_vector("std", std)
    check_same_length(features=x, mean=centres, std=spreads)
    if (spreads < 0).any():
        msg = f"std must be at least 0; got {float(spreads.min())!r}."
        raise InvalidInputError(msg)
    own = x.std(axis=1, keepdims=True)
    pattern = np.divide(x - x.mean(axis=1, keepdims=True), own, out=np.zeros_like(x), where=own > 0)
    styled: list[list[float]] = (spreads[:, None] * pattern + centres[:, None]).tolist()
    return styled


@register("tool", "M060")
def gram_matrix(features: Matrix) -> list[list[float]]:
    """Return how strongly feature channels occur together: the Gram matrix, which forgets where they occur.

    Parameters
    ----------
    features : array-like of shape (c, n)
        One row for each channel, one column for each place.

    Returns
    -------
    list of list of float
        Shape (c, c), symmetric.

    Raises
    ------
    InvalidInputError
        If a number is not finite, or there are none.

    Notes
    -----
    ``F Fᵀ / n``. Gatys, Ecker & Bethge, "Image style transfer using convolutional neural networks", CVPR 2016.

    Examples
    --------
    (1 + 4) / 2, (3 + 8) / 2 and (9 + 16) / 2.

    >>> gram_matrix([[1, 2], [3, 4]])
    [[2.5, 5.5], [5.5, 12.5]]
    """
    products: list[list[float]] = _gram(as_matrix("features", features)).tolist()
    return products


@register("metric", "M060")
def style_loss(features: Matrix, style: Matrix) -> float:
    """Return how far the style of one picture is from that of another, by their feature channels.

    Parameters
    ----------
    features : array-like of shape (c, n)
        Channels of a picture, one row each.
    style : array-like of shape (c, m)
        The same channels of the other; the number of places may differ.

    Returns
    -------
    float
        0 where the Gram matrices agree, as for a picture and the same one with its places shuffled; lower is better.

    Raises
    ------
    InvalidInputError
        If the numbers of channels differ.

    Notes
    -----
    Mean of ``(Gram(F) - Gram(S))²`` over pairs of channels. Gatys, Ecker & Bethge, "Image style transfer using
    convolutional neural networks", CVPR 2016.

    Examples
    --------
    (1.5² + 4.5² + 4.5² + 11.5²) / 4.

    >>> style_loss([[1, 2], [3, 4]], [[1, 1], [1, 1]])
    43.75
    """
    one, other = as_matrix("features", features), as_matrix("style", style)
    check_same_length(features=one, style=other)
    return float(((_gram(one) - _gram(other)) ** 2).mean())


def _gram(features: Array) -> Array:
    products: Array = features @ features.T / features.shape[1]
    return products
