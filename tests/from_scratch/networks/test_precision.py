"""Whole numbers of few bits, and bfloat16."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.precision import bfloat16_rounding, quantisation

RNG = np.random.default_rng(0)


def test_the_weights_of_the_course():
    """From -1 to 1: 64, -38, 105 and 127, errors of at most 0.00392."""
    found = quantisation([0.5, -0.3, 0.82, 1.0], low=-1, high=1)
    assert found["integers"] == [64, -38, 105, 127]
    assert found["scale"] == pytest.approx(2 / 255)
    assert found["dequantised"] == pytest.approx([0.50196, -0.29804, 0.82353, 0.99608], abs=1e-5)
    lopsided = quantisation([-0.4, 0.0, 1.2])
    assert (lopsided["zero_point"], lopsided["integers"][1], lopsided["dequantised"][1]) == (-64, -64, 0)


@pytest.mark.parametrize("n_bits", [2, 4, 8, 16])
def test_errors_are_at_most_half_a_step(n_bits):
    """Anywhere in the range, up to what the rounding of the zero point cuts off at an end."""
    weights = np.append(RNG.uniform(-0.7, 1.9, 2000), [-0.7, 1.9])
    found = quantisation(weights, n_bits)
    assert found["scale"] == pytest.approx(2.6 / (2**n_bits - 1))
    inside = (weights > -0.7 + found["scale"]) & (weights < 1.9 - found["scale"])
    errors = np.abs(weights - found["dequantised"])
    assert errors[inside].max(initial=0) <= found["scale"] / 2 + 1e-12
    assert found["largest_error"] == errors.max() <= found["scale"] + 1e-12
    assert -(2 ** (n_bits - 1)) <= min(found["integers"]) <= max(found["integers"]) < 2 ** (n_bits - 1)


def test_rounding_is_that_of_torch():
    """Eight bits with the same scale and zero point."""
    weights = RNG.normal(size=500)
    found = quantisation(weights)
    given = torch.tensor(weights, dtype=torch.float32)
    theirs = torch.fake_quantize_per_tensor_affine(given, found["scale"], found["zero_point"], -128, 127)
    assert found["dequantised"] == pytest.approx(theirs.tolist(), abs=1e-6)


@pytest.mark.parametrize("value", [0.0, 3.7, -2.5])
def test_a_constant_is_kept(value):
    """Exactly, however often it occurs."""
    assert quantisation([value])["dequantised"] == [value]
    assert quantisation([value, value])["largest_error"] == 0


def test_bfloat16_is_that_of_torch():
    """Over all sizes, for ties, denormal numbers and signs."""
    values = np.concatenate([RNG.normal(size=1000) * 10.0 ** RNG.integers(-40, 38, 1000), [257, 259, 0, -0.0, 1e-45]])
    values = values.astype(np.float32).astype(float)
    found = bfloat16_rounding(values)
    assert found["rounded"] == torch.tensor(values).float().bfloat16().double().tolist()
    normal = np.abs(values) > 1.2e-38
    assert np.array(found["relative_errors"])[normal].max() <= 2**-8
    assert bfloat16_rounding([0])["relative_errors"] == [0]


def test_a_small_update_is_lost():
    """1 + 0.003 is 1 again."""
    assert bfloat16_rounding([1.003])["rounded"] == [1.0]


def test_mistakes_are_named():
    """Ranges the wrong way round, bits, and numbers beyond the format."""
    with pytest.raises(InvalidInputError, match="high must be at least 1; got 0"):
        quantisation([0.5], low=1, high=0)
    with pytest.raises(InvalidInputError, match="n_bits must be a whole number of at least 2 and at most 16; got 1"):
        quantisation([0.5], 1)
    for large in (3.4e38, 1e39):
        with pytest.raises(InvalidInputError, match=r"values must be at most 3.39e38 in size; got"):
            bfloat16_rounding([1.0, large])
