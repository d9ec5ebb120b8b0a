"""Pictures made from random numbers are realistic, varied and new."""

from __future__ import annotations

import numpy as np
import pytest

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.networks.image_generation import generate_images, toy_images


@pytest.mark.parametrize("family", ["vae", "gan", "vae_gan", "ddpm"])
def test_each_family_makes_new_pictures(family):
    """Nearer to unseen pictures than noise is, by far; and none that it learnt from is repeated."""
    result = generate_images(family, 3)
    assert np.shape(result["images"]) == (3, 8, 8)
    assert result["frechet_distance"] < result["frechet_distance_of_noise"] / 5
    assert result["frechet_distance"] > result["frechet_distance_of_real"]
    assert result["nearest_learnt"] > 0.05
    assert result["nearest_learnt"] == pytest.approx(result["nearest_unseen"], rel=0.2)
    assert result["losses"]


@pytest.mark.parametrize("kind", ["spot", "bar", "ring"])
def test_pictures_are_drawn_at_random_places(kind):
    """Numbers in [0, 1], the same for the same seed, and each picture different."""
    pictures = np.array(toy_images(5, kind))
    assert pictures.shape == (5, 8, 8)
    assert 0 <= pictures.min() < 0.1
    assert 0.9 < pictures.max() <= 1
    assert np.array_equal(pictures, toy_images(5, kind))
    assert len(np.unique(pictures.reshape(5, -1), axis=0)) == 5


def test_kinds_look_as_they_are_called():
    """A bar is the same in every row, a ring is dark in its middle, a spot bright."""
    bar, ring, spot = (np.array(toy_images(1, kind))[0] for kind in ("bar", "ring", "spot"))
    assert np.ptp(bar, axis=0).max() == 0
    assert ring[3:5, 3:5].min() < 0.5
    assert spot[3:5, 3:5].max() > 0.9


def test_what_cannot_be_drawn_is_refused():
    """Another kind, another family, no pictures."""
    with pytest.raises(InvalidInputError, match=r"^kind must be one of spot, bar, ring; got 'horse'.$"):
        toy_images(kind="horse")
    with pytest.raises(InvalidInputError, match=r"^family must be one of vae, gan, vae_gan, ddpm; got 'painter'.$"):
        generate_images("painter")
    with pytest.raises(InvalidInputError, match=r"^n must be a whole number of at least 1 and at most 300; got 0.$"):
        generate_images(n=0)
