"""Noise becomes data when a network, or a formula, finds the noise in it."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.metrics.generation import frechet_distance
from rag_app.from_scratch.networks.ddpm import DDPM, reverse_diffusion
from rag_app.from_scratch.networks.diffusion import linear_betas

_rng = np.random.default_rng(0)
_angle = _rng.uniform(0, 2 * np.pi, 300)
RING = 2 * np.column_stack([np.cos(_angle), np.sin(_angle)]) + 0.1 * _rng.normal(size=(300, 2))


def test_with_the_exact_noise_the_bell_curve_comes_out():
    """For data N(3, 0.5²) the best prediction is known; the sampler then draws that mean and deviation."""
    betas = linear_betas(300)
    left = np.cumprod(1 - betas)

    def find_noise(x, step):
        kept = left[step - 1]
        return np.sqrt(1 - kept) * (x - np.sqrt(kept) * 3) / (kept * 0.25 + 1 - kept)

    *_, drawn = reverse_diffusion(find_noise, betas, (20000, 1), np.random.default_rng(0))
    assert drawn.mean() == pytest.approx(3, abs=0.02)
    assert drawn.std() == pytest.approx(0.5, abs=0.02)


def test_steps_back_are_those_of_the_paper():
    """With the same draws as x ← (x - β / √(1 - ᾱ) ε) / √(1 - β) + √β̃ z, for any prediction of the noise."""
    betas, rng = np.array([0.1, 0.2, 0.3]), np.random.default_rng(5)
    left = np.array([1, 0.9, 0.72, 0.504])
    x = rng.normal(size=(4, 2))
    for t in (3, 2, 1):
        x = (x - betas[t - 1] / np.sqrt(1 - left[t]) * np.tanh(x * t)) / np.sqrt(1 - betas[t - 1])
        x = x + np.sqrt(betas[t - 1] * (1 - left[t - 1]) / (1 - left[t])) * rng.normal(size=(4, 2))
    *_, drawn = reverse_diffusion(lambda x, t: np.tanh(x * t), betas, (4, 2), np.random.default_rng(5))
    assert np.allclose(drawn, x)


def test_a_limit_holds_estimates_of_clean_rows():
    """Without it a network that finds no noise takes all of it for data."""
    betas = linear_betas(50)
    wild, held = (
        [*reverse_diffusion(lambda x, _: 0 * x, betas, (20, 1), np.random.default_rng(0), limit=limit)][-1]
        for limit in (np.inf, 2.0)
    )
    assert np.abs(wild).max() > 10
    assert np.abs(held).max() <= 2


def test_one_step_ends_at_the_clean_row():
    """A diffusion of one step, whose noise is found exactly, adds no noise at the end."""
    betas = np.array([0.5])
    *_, drawn = reverse_diffusion(
        lambda x, _: (x - np.sqrt(0.5) * 7) / np.sqrt(0.5), betas, (4, 1), np.random.default_rng(0)
    )
    assert np.allclose(drawn, 7)


@pytest.fixture(scope="module")
def ring():
    """Fitted on points on a circle."""
    return DDPM(n_epochs=150).fit(RING)


def test_samples_lie_on_the_ring(ring):
    """They leave the middle empty, which a bell curve of the same mean and covariance would fill."""
    drawn = ring.sample(400, seed=1)
    radii = np.hypot(*drawn.T)
    bell = RING.std(axis=0) * np.random.default_rng(2).normal(size=(400, 2))
    assert np.median(radii) == pytest.approx(2, abs=0.4)
    assert (radii < 1).mean() < (np.hypot(*bell.T) < 1).mean() * 0.9
    assert frechet_distance(RING, drawn) < 0.2
    assert ring.losses_[-1] < ring.losses_[0] < 1.5


def test_samples_come_from_the_seed(ring):
    """The same for the same seed, others for another, and never copies."""
    assert np.array_equal(ring.sample(5, seed=3), ring.sample(5, seed=3))
    assert not np.array_equal(ring.sample(5, seed=3), ring.sample(5, seed=4))
    assert ring.samples_.shape == (8, 2)
    assert ring.frechet_distance_ == pytest.approx(frechet_distance(RING, ring.sample(300, seed=0)))
    assert np.abs(ring.sample(50)[:, None] - RING[None]).max(axis=2).min() > 0


def test_the_way_back_begins_with_noise_and_ends_at_the_sample(ring):
    """One place more than steps, in the columns' own units; each step moves rows less than the whole way."""
    path = ring.sample_path(300, seed=4)
    assert path.shape == (51, 300, 2)
    assert np.array_equal(path[0], ring.sample(300, seed=4))
    noise = (path[-1] - ring.centre_) / ring.scale_
    assert noise.mean() == pytest.approx(0, abs=0.15)
    assert noise.std() == pytest.approx(1, abs=0.1)
    assert np.abs(np.diff(path[:20], axis=0)).mean() < np.abs(path[0] - path[-1]).mean()
    with pytest.raises(InvalidInputError, match=r"^n must be a whole number of at least 1; got 0.$"):
        ring.sample_path(0)


def test_what_makes_no_network_is_refused():
    """No steps, no units, no sample, a single row."""
    with pytest.raises(InvalidInputError, match=r"^n_noise_steps must be a whole number of at least 1; got 0.$"):
        DDPM(n_noise_steps=0).fit(RING)
    with pytest.raises(InvalidInputError, match=r"^hidden\[0\] must be a whole number of at least 1; got 0.$"):
        DDPM(hidden=[0]).fit(RING)
    with pytest.raises(InvalidInputError, match=r"^X must hold at least 2 rows"):
        DDPM().fit(RING[:1])
    with pytest.raises(InvalidInputError, match=r"^n must be a whole number of at least 1; got 0.$"):
        DDPM(n_epochs=1).fit(RING).sample(0)
