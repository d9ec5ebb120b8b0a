"""The formulas of losses: slopes are derivatives, values vanish where they should, and a network can share them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from rag_app.from_scratch.metrics import losses
from rag_app.from_scratch.networks.autograd import Tensor, record

ERRORS = np.array([-40.0, -2.0, -0.7, 0.3, 1.7, 55.0])
POINTWISE = {
    "squared_error": (losses.squared_error, np.zeros(6), ERRORS),
    "absolute_error": (losses.absolute_error, np.zeros(6), ERRORS),
    "huber": (partial(losses.huber, delta=1.5), np.zeros(6), ERRORS),
    "log_cosh": (losses.log_cosh, np.zeros(6), ERRORS),
    "pinball": (partial(losses.pinball, tau=0.9), np.zeros(6), ERRORS),
    "binary_cross_entropy": (losses.binary_cross_entropy, np.array([0, 1, 0.3]), np.array([0.2, 0.7, 0.5])),
    "binary_cross_entropy_with_logits": (
        losses.binary_cross_entropy_with_logits,
        np.array([0, 1, 1, 0.3, 0, 1]),
        ERRORS,
    ),
    "hinge": (losses.hinge, np.array([1, -1, 1, -1.0]), np.array([0.3, 0.3, 1.5, -1.2])),
}


@pytest.mark.parametrize("name", POINTWISE)
def test_slopes_are_derivatives(name):
    """Away from kinks, the slope equals the central difference."""
    loss, target, output = POINTWISE[name]
    h = 1e-6
    numeric = (loss(target, output + h).values - loss(target, output - h).values) / (2 * h)
    assert loss(target, output).slopes == pytest.approx(numeric, abs=1e-5)


def test_slopes_of_cross_entropy_are_derivatives():
    """Each logit's slope equals the central difference in that logit alone."""
    rng = np.random.default_rng(0)
    target, logits = rng.dirichlet(np.ones(4), 3), rng.normal(size=(3, 4))
    h = 1e-6
    for k in range(4):
        step = h * np.eye(4)[k]
        up, down = (losses.cross_entropy(target, logits + sign * step).values for sign in (1, -1))
        assert losses.cross_entropy(target, logits).slopes[:, k] == pytest.approx((up - down) / (2 * h), abs=1e-8)


@pytest.mark.parametrize(
    ("loss", "slope_at_zero"),
    [
        (losses.squared_error, 0),
        (losses.absolute_error, 0),
        (partial(losses.huber, delta=1.0), 0),
        (losses.log_cosh, 0),
        (partial(losses.pinball, tau=0.9), 0),
        (losses.binary_cross_entropy, None),
    ],
)
def test_a_perfect_prediction_costs_nothing(loss, slope_at_zero):
    """The loss is 0 where output and target agree, and at a kink the slope is 0 by convention."""
    target = np.array([0.0, 1.0])
    found = loss(target, target)
    assert found.values.tolist() == [0, 0]
    assert slope_at_zero is None or found.slopes.tolist() == [slope_at_zero] * 2


def test_hinge_and_cross_entropy_vanish_beyond_doubt():
    """Hinge costs nothing from the margin on; cross-entropy tends to nothing as the logit of the true class grows."""
    assert losses.hinge(np.array([1.0, 1.0, -1.0]), np.array([1.0, 3.0, -1.0])) == pytest.approx(np.zeros((2, 3)))
    assert losses.cross_entropy(np.array([1.0, 0.0]), np.array([800.0, 0.0])).values == 0
    assert losses.binary_cross_entropy_with_logits(np.ones(1), np.array([1000.0])).values == [0]


@pytest.mark.parametrize("name", [n for n in POINTWISE if n != "binary_cross_entropy"])
def test_values_stay_finite(name):
    """An output of ±1000 does not overflow, and raises no warning."""
    loss, target, _ = POINTWISE[name]
    for size in (-1000.0, 1000.0):
        found = loss(target, np.full(len(target), size))
        assert np.isfinite(found.values).all()
        assert np.isfinite(found.slopes).all()


@pytest.mark.parametrize("name", POINTWISE)
def test_the_width_of_numbers_is_kept(name):
    """A network of 32-bit floats gets 32-bit losses and slopes."""
    loss, target, output = POINTWISE[name]
    found = loss(target.astype(np.float32), output.astype(np.float32))
    assert (found.values.dtype, found.slopes.dtype) == (np.float32, np.float32)
    wide = losses.cross_entropy(np.eye(2, dtype=np.float32), np.ones((2, 2), np.float32))
    assert (wide.values.dtype, wide.slopes.dtype) == (np.float32, np.float32)


def test_a_network_shares_the_formula():
    """Recorded with its slopes as the pullback, a loss is an operation of the autograd engine."""
    output, target = Tensor(np.array([0.5, 2.0]), requires_grad=True), np.zeros(2)
    found = losses.huber(target, output.data, delta=1.0)
    record(found.values, (output, lambda g: g * found.slopes)).mean().backward()
    assert output.grad.tolist() == found.mean()["gradient"] == [0.25, 0.5]
