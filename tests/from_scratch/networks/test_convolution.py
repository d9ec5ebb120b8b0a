"""Convolution and pooling against scipy and torch, and a network that sees a shape wherever it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.autograd import Tensor
from rag_app.from_scratch.networks.convolution import (
    ShapeNetwork,
    convolution,
    pooling,
    shape_images,
    shape_recognition,
)

IMAGE = np.random.default_rng(0).normal(size=(7, 9))


def test_convolution_is_cross_correlation():
    """scipy's, on the places where the kernel fits, and with a border of zeros."""
    kernel = np.random.default_rng(1).normal(size=(3, 2))
    assert np.allclose(convolution(IMAGE, kernel), correlate2d(IMAGE, kernel, "valid"))
    assert np.allclose(convolution(IMAGE, kernel, padding=1), correlate2d(np.pad(IMAGE, 1), kernel, "valid"))


@pytest.mark.parametrize(("size", "kernel", "stride", "padding", "side"), [(28, 3, 1, 1, 28), (32, 5, 2, 0, 14)])
def test_the_size_of_a_feature_map(size, kernel, stride, padding, side):
    """The chapter's two: ⌊(n + 2p - k) / s⌋ + 1."""
    assert np.shape(convolution(np.zeros((size, size)), np.ones((kernel, kernel)), stride, padding)) == (side, side)


def test_an_edge_is_found():
    """3 where dark becomes bright, 0 on one colour."""
    kernel = [[-1, 0, 1]] * 3
    assert convolution([[0, 0, 1, 1]] * 3, kernel) == [[3.0, 3.0]]
    assert convolution([[1, 1, 1, 1]] * 3, kernel) == [[0.0, 0.0]]


def test_a_kernel_that_does_not_fit():
    """On the padded image; stride and padding are whole numbers."""
    with pytest.raises(
        InvalidInputError,
        match=r"kernel must not be larger than the padded image of shape \(4, 4\); got shape \(5, 1\)",
    ):
        convolution(np.zeros((2, 2)), np.ones((5, 1)), padding=1)
    with pytest.raises(
        InvalidInputError,
        match=r"kernel must not be larger than the padded image of shape \(2, 2\); got shape \(1, 3\)",
    ):
        convolution(np.zeros((2, 2)), np.ones((1, 3)))
    with pytest.raises(InvalidInputError, match="stride must be a whole number of at least 1; got 0"):
        convolution([[1]], [[1]], 0)
    with pytest.raises(InvalidInputError, match="padding must be a whole number of at least 0; got -1"):
        convolution([[1]], [[1]], padding=-1)


@pytest.mark.parametrize("stride", [None, 1, 3])
def test_pooling_is_that_of_torch(stride):
    """The largest and the mean of each window."""
    image = torch.tensor(IMAGE)[None, None]
    largest = torch.nn.functional.max_pool2d(image, 2, stride)[0, 0].numpy()
    means = torch.nn.functional.avg_pool2d(image, 2, stride)[0, 0].numpy()
    assert np.allclose(pooling(IMAGE, 2, stride), largest)
    assert np.allclose(pooling(IMAGE, 2, stride, "mean"), means)


def test_windows_of_pooling_lie_in_the_image():
    """One pixel is its own; a larger window than the image and another kind are refused."""
    assert pooling([[5]], 1) == [[5.0]]
    with pytest.raises(InvalidInputError, match="size must be a whole number of at least 1 and at most 1; got 2"):
        pooling([[5]], 2)
    with pytest.raises(InvalidInputError, match="kind must be one of max, mean; got 'median'"):
        pooling([[5]], 1, kind="median")


def test_a_shape_is_seen_wherever_it_is():
    """With a blank border the network says the same of an image that is shifted."""
    rng = np.random.default_rng(0)
    network = ShapeNetwork(4, rng)
    image = np.zeros((1, 1, 12, 12))
    image[0, 0, 3:8, 3:8] = np.eye(5)
    assert np.allclose(network(Tensor(image)).data, network(Tensor(np.roll(image, 1, axis=3))).data)


def test_images_show_their_shapes():
    """Without noise: 16 pixels of a square, 9 of a cross and 5 of a diagonal."""
    images, labels = shape_images(6, 0.0, np.random.default_rng(0))
    assert images.shape == (6, 1, 12, 12)
    assert images.sum(axis=(1, 2, 3)).tolist() == [16, 9, 5, 16, 9, 5]
    assert labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_convolution_learns_shapes_with_fewer_weights():
    """Nearly all test images are right, more than of a dense network with many times the weights."""
    result = shape_recognition(seed=1)
    convolutional, dense = result["convolutional"], result["dense"]
    assert convolutional["accuracy"] > 0.95
    assert convolutional["accuracy"] > dense["accuracy"] + 0.1
    assert convolutional["n_weights"] * 20 < dense["n_weights"]
    assert convolutional["losses"][-1] < convolutional["losses"][0] / 3
    assert np.shape(result["kernels"]) == (6, 5, 5)
    assert {name: np.shape(image) for name, image in result["examples"].items()} == dict.fromkeys(
        ("square", "cross", "diagonal"), (12, 12)
    )


def test_wrong_arguments_of_shapes():
    """Too few images, and negative noise."""
    with pytest.raises(InvalidInputError, match="n_images must be a whole number of at least 3; got 2"):
        shape_recognition(2)
    with pytest.raises(InvalidInputError, match="noise must be at least 0; got -1"):
        shape_recognition(noise=-1)
