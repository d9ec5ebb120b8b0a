"""Losses for numbers as tools, against the course's figures, torch and scikit-learn."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from sklearn.metrics import mean_pinball_loss

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.regression_losses import huber_loss, logcosh_loss, mae_loss, mse_loss, quantile_loss

LOSSES = [mse_loss, mae_loss, huber_loss, logcosh_loss, quantile_loss]
OUTLIER = [1, 2, 3, 4, 100]


def _constant(loss, targets, value, **parameters):
    return loss(targets, [value] * len(targets), **parameters)["loss"]


def test_the_course_figures_of_three_errors():
    """Errors -0.5, 0 and 2: MSE 4.25/3, MAE 2.5/3, Huber 1.625/3, with the gradients of the chapter."""
    y, p = [3, 5, 2], [2.5, 5, 4]
    assert mse_loss(y, p) == {"loss": pytest.approx(4.25 / 3), "gradient": pytest.approx([-1 / 3, 0, 4 / 3])}
    assert mae_loss(y, p) == {"loss": pytest.approx(2.5 / 3), "gradient": pytest.approx([-1 / 3, 0, 1 / 3])}
    assert huber_loss(y, p)["loss"] == pytest.approx(1.625 / 3)


@pytest.mark.parametrize(
    ("error", "value", "slope"), [(1, 0.433781, 0.7616), (2, 1.325003, 0.9640), (1000, 999.3069, 1)]
)
def test_the_course_figures_of_log_cosh(error, value, slope):
    """The values for errors of 1, 2 and 1000, the last without overflow, with tanh as the gradient."""
    found = logcosh_loss([0], [error])
    assert found["loss"] == pytest.approx(value, abs=5e-5 if error == 1000 else 5e-7)
    assert found["gradient"] == [pytest.approx(slope, abs=5e-5)]


@pytest.mark.parametrize(
    ("error", "delta", "value", "slope"), [(0.5, 1, 0.125, 0.5), (2, 1, 1.5, 1), (-97, 1, 96.5, -1), (2, 3, 2, 2)]
)
def test_huber_by_hand(error, delta, value, slope):
    """Half the square up to delta, a line of slope delta beyond."""
    assert huber_loss([0], [error], delta) == {"loss": value, "gradient": [slope]}


def test_huber_is_half_the_mse_or_delta_times_the_mae_in_the_limit():
    """A huge delta makes it half the MSE; a tiny one, divided by delta, the MAE."""
    y, p = [3, 5, 2], [2.5, 5.5, 4]
    assert huber_loss(y, p, 1e6)["loss"] == pytest.approx(mse_loss(y, p)["loss"] / 2)
    assert huber_loss(y, p, 1e-9)["loss"] / 1e-9 == pytest.approx(mae_loss(y, p)["loss"])


def test_the_course_figures_of_the_quantile_loss():
    """At tau 0.9, too low costs nine times as much; on 1 to 11 the best constant is 10."""
    assert quantile_loss([1], [0], 0.9)["loss"] == pytest.approx(0.9)
    assert quantile_loss([-1], [0], 0.9)["loss"] == pytest.approx(0.1)
    assert quantile_loss([1, -1, 0], [0, 0, 0], 0.9)["gradient"] == pytest.approx([-0.3, 0.1 / 3, 0])
    costs = [_constant(quantile_loss, range(1, 12), value, tau=0.9) for value in (9, 10, 11)]
    assert costs == pytest.approx([0.5727, 0.4909, 0.5], abs=5e-5)


def test_minimisers_are_mean_and_median():
    """MSE is lowest at 22, the mean, and MAE at 3, the median: one outlier moves only the first."""
    assert (_constant(mse_loss, OUTLIER, 22), _constant(mse_loss, OUTLIER, 3)) == (1522, 1883)
    assert (_constant(mae_loss, OUTLIER, 22), _constant(mae_loss, OUTLIER, 3)) == (
        pytest.approx(31.2),
        pytest.approx(20.2),
    )
    grid = np.linspace(0, 100, 1001)
    assert min(grid, key=lambda c: _constant(mse_loss, OUTLIER, c)) == pytest.approx(22)
    assert min(grid, key=lambda c: _constant(mae_loss, OUTLIER, c)) == pytest.approx(3)


@pytest.mark.parametrize(
    ("loss", "parameters", "oracle"),
    [
        (mse_loss, {}, torch.nn.functional.mse_loss),
        (mae_loss, {}, torch.nn.functional.l1_loss),
        (huber_loss, {"delta": 1.0}, torch.nn.functional.huber_loss),
        (huber_loss, {"delta": 0.4}, torch.nn.functional.huber_loss),
        (logcosh_loss, {}, lambda p, y: (p - y).cosh().log().mean()),
        (quantile_loss, {"tau": 0.2}, lambda p, y, tau: torch.maximum(tau * (y - p), (tau - 1) * (y - p)).mean()),
    ],
)
def test_they_agree_with_torch(loss, parameters, oracle):
    """Loss and gradient are those of automatic differentiation."""
    rng = np.random.default_rng(0)
    y, p = rng.normal(size=(2, 20)) * 2
    output = torch.tensor(p, requires_grad=True)
    expected = oracle(output, torch.tensor(y), **parameters)
    expected.backward()
    found = loss(y, p, **parameters)
    assert found["loss"] == pytest.approx(expected.item())
    assert found["gradient"] == pytest.approx(output.grad.tolist())


@pytest.mark.parametrize("tau", [0.1, 0.5, 0.9])
def test_quantile_loss_agrees_with_scikit_learn(tau):
    """The value is the library's pinball loss; at 0.5 it is half the MAE."""
    rng = np.random.default_rng(1)
    y, p = rng.normal(size=(2, 30))
    assert quantile_loss(y, p, tau)["loss"] == pytest.approx(mean_pinball_loss(y, p, alpha=tau))
    assert quantile_loss(y, p)["loss"] == pytest.approx(mae_loss(y, p)["loss"] / 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: huber_loss([1], [1], 0), "delta must be above 0; got 0."),
        (lambda: huber_loss([1], [1], math.nan), "delta must be above 0; got nan."),
        (lambda: quantile_loss([1], [1], 0), "tau must be above 0 and below 1; got 0."),
        (lambda: quantile_loss([1], [1], 1), "tau must be above 0 and below 1; got 1."),
        *((lambda f=f: f([], []), "y_true must hold at least 1 number; got 0.") for f in LOSSES),
        *((lambda f=f: f([1], [1, 2]), "y_true and y_pred must be of equal length; got 1 and 2.") for f in LOSSES),
        *((lambda f=f: f([1], [math.nan]), "y_pred must be finite; got nan.") for f in LOSSES),
    ],
)
def test_wrong_input_is_refused(call, message):
    """Each error is one sentence that names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
