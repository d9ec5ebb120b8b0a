"""Data becomes noise as the closed form says, and one step back is Bayes' rule."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.diffusion import denoising_posterior, forward_diffusion, noise_schedule

BETAS = [0.1, 0.2, 0.3]


def test_steps_come_to_the_closed_form():
    """Iterating mean and variance step by step gives the same, for 1000 steps too; by hand for three."""
    result = forward_diffusion([2.0], BETAS)
    assert np.allclose(result["variances"], [0.1, 0.28, 0.496])
    assert np.allclose(np.ravel(result["means"]), [1.8974, 1.6971, 1.4199], atol=1e-4)
    betas = noise_schedule()["betas"]
    mean, variance = 2.0, 0.0
    for beta in betas:
        mean, variance = np.sqrt(1 - beta) * mean, (1 - beta) * variance + beta
    last = forward_diffusion([2.0], betas)
    assert last["means"][-1][0] == pytest.approx(mean)
    assert last["variances"][-1] == pytest.approx(variance)


def test_the_draw_is_that_of_its_noise():
    """Noise that is given is used; drawn noise comes from the seed and is told."""
    assert forward_diffusion([2.0], BETAS[:2], [0.5])["noisy"][0] == pytest.approx(1.9616, abs=1e-4)
    drawn = forward_diffusion([2.0, -1.0], BETAS, seed=3)
    again = forward_diffusion([2.0, -1.0], BETAS, drawn["noise"])
    assert drawn["noisy"] == again["noisy"]
    assert drawn["noise"] != forward_diffusion([2.0, -1.0], BETAS, seed=4)["noise"]


def test_the_linear_schedule():
    """The figures of 1000 steps; fewer steps take away as much, and no step is 1."""
    left = noise_schedule()["alpha_bars"]
    assert left[499] == pytest.approx(0.078587, abs=1e-6)
    assert left[999] == pytest.approx(4.0358e-5, rel=1e-4)
    assert noise_schedule(50)["alpha_bars"][-1] < 1e-4
    assert max(noise_schedule(5)["betas"]) == 0.999
    assert len(noise_schedule(1)["betas"]) == 1


def test_the_cosine_schedule_keeps_more():
    """0.494 is left after half of the steps."""
    left = noise_schedule(1000, "cosine")["alpha_bars"]
    assert left[499] == pytest.approx(0.494, abs=1e-3)
    assert left[-1] < 1e-4
    assert np.all(np.diff(left) < 0)


def test_one_step_back_is_the_rule_of_bayes():
    """The forward prior N(√ᾱ x, 1 - ᾱ) times the likelihood of what came after it, by precisions."""
    left = np.cumprod(1 - np.array(BETAS))
    for t in (2, 3):
        start, noisy = 2.0, 1.2
        prior_precision, likelihood_precision = 1 / (1 - left[t - 2]), (1 - BETAS[t - 1]) / BETAS[t - 1]
        variance = 1 / (prior_precision + likelihood_precision)
        mean = variance * (
            prior_precision * np.sqrt(left[t - 2]) * start + np.sqrt(1 - BETAS[t - 1]) / BETAS[t - 1] * noisy
        )
        result = denoising_posterior([start], [noisy], t, BETAS)
        assert result["variance"] == pytest.approx(variance)
        assert result["mean"][0] == pytest.approx(mean)


def test_before_the_first_step_there_is_no_doubt():
    """The clean data, with variance 0."""
    assert denoising_posterior([2.0], [1.0], 1, BETAS) == {"mean": [pytest.approx(2.0)], "variance": 0.0}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: noise_schedule(0), "n_steps must be a whole number of at least 1; got 0."),
        (lambda: noise_schedule(5, "square"), "kind must be one of linear, cosine; got 'square'."),
        (lambda: forward_diffusion([1], [0.5, 1.0]), "betas must be above 0 and below 1; got 1.0."),
        (lambda: forward_diffusion([1], [0.5], [1, 2]), "x and noise must be of equal length; got 1 and 2."),
        (
            lambda: denoising_posterior([1], [1], 3, [0.5]),
            "step must be a whole number of at least 1 and at most 1; got 3.",
        ),
    ],
)
def test_what_is_no_diffusion_is_refused(call, message):
    """In one sentence."""
    with pytest.raises(InvalidInputError) as error:
        call()
    assert error.value.args[0] == message
