"""The heat equation against its closed form and a Gaussian filter."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.probabilistic.heat import heat_equation, smooth_image

SPIKE = [0, 0, 1, 0, 0]


def test_a_sine_keeps_its_shape():
    """At αt = 0.1 the course's grid gives the peak 0.371645; a finer one approaches exp(-0.1 π²) = 0.372708."""
    x = np.linspace(0, 1, 21)
    coarse = heat_equation(np.sin(np.pi * x), 1, 0.05, 0.001, 100)
    assert coarse["temperatures"][10] == pytest.approx(0.371645, abs=1e-6)
    assert coarse["ratio"] == pytest.approx(0.4)
    np.testing.assert_allclose(coarse["temperatures"], 0.371645 * np.sin(np.pi * x), atol=1e-6)
    fine = heat_equation(np.sin(np.pi * np.linspace(0, 1, 81)), 1, 1 / 80, 1 / 16_000, 1600)
    assert fine["temperatures"][40] == pytest.approx(math.exp(-0.1 * math.pi**2), abs=1e-4)


def test_the_scheme_is_unstable_beyond_one_half():
    """A spike turns negative at 0.6, and says so; at 1/2 it stays in its range."""
    once, twice = (heat_equation(SPIKE, dt=0.6, n_steps=n, ends="open") for n in (1, 2))
    assert once["temperatures"] == pytest.approx([0, 0.6, -0.2, 0.6, 0])
    assert twice["temperatures"] == pytest.approx([0.36, -0.24, 0.76, -0.24, 0.36])
    assert (once["stable"], heat_equation(SPIKE, dt=0.5)["stable"]) == (False, True)
    long = heat_equation(SPIKE, dt=0.5, n_steps=1000)["temperatures"]
    assert min(long) >= 0
    assert max(long) <= 1


def test_smoothing_by_hand():
    """Noise is spread, an edge is blurred, and two steps of a spike have the weights of a walk of four steps."""
    assert heat_equation([10, 10, 16, 10, 10])["temperatures"] == [10, 11.5, 13, 11.5, 10]
    assert heat_equation([0, 0, 10, 10])["temperatures"] == [0, 2.5, 7.5, 10]
    assert heat_equation(SPIKE, n_steps=2, ends="open")["temperatures"] == [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16]


def test_what_happens_at_the_ends():
    """Fixed ends keep their temperature, insulated ones all heat, open ones lose it."""
    u = [5.0, 1.0, 0.0, 3.0]
    fixed, insulated, opened = (
        heat_equation(u, n_steps=400, ends=ends)["temperatures"] for ends in ("fixed", "insulated", "open")
    )
    assert fixed == pytest.approx([5, 5 - 2 / 3, 5 - 4 / 3, 3])
    assert insulated == pytest.approx([2.25] * 4)
    assert opened == pytest.approx([0] * 4, abs=1e-12)
    assert heat_equation(u, n_steps=0)["temperatures"] == u


def test_smoothing_is_a_gaussian_filter():
    """Away from the border, with the stated width; the mean grey value stays, and rows and columns are alike."""
    image = np.random.default_rng(0).random((60, 50))
    found = smooth_image(image, 40, 0.1)
    assert found["sigma"] == pytest.approx(math.sqrt(8))
    np.testing.assert_allclose(
        np.array(found["image"])[12:-12, 12:-12], gaussian_filter(image, math.sqrt(8))[12:-12, 12:-12], atol=0.004
    )
    assert np.mean(found["image"]) == pytest.approx(image.mean())
    np.testing.assert_allclose(np.transpose(smooth_image(image.T, 40, 0.1)["image"]), found["image"])
    assert smooth_image([[3]], 5)["image"] == [[3]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: heat_equation([1, 2]), "temperatures must hold at least 3 numbers; got 2."),
        (lambda: heat_equation(SPIKE, dx=0), "dx must be above 0; got 0."),
        (lambda: heat_equation(SPIKE, -1), "diffusivity must be above 0; got -1."),
        (lambda: heat_equation(SPIKE, ends="warm"), "ends must be one of fixed, insulated, open; got 'warm'."),
        (
            lambda: heat_equation(SPIKE, dt=9, n_steps=500),
            "dt must be at most dx² / (2 diffusivity) for a stable scheme; got 9, and the values overflowed.",
        ),
        (lambda: smooth_image([[1]], ratio=0.3), "ratio must be above 0 and at most 0.25; got 0.3."),
        (lambda: smooth_image([[1]], -1), "n_steps must be a whole number of at least 0 and at most 10000; got -1."),
    ],
)
def test_wrong_input_is_refused(call, message):
    """One sentence names the argument, the rule and the value."""
    with pytest.raises(InvalidInputError, match=f"^{re.escape(message)}$"):
        call()
