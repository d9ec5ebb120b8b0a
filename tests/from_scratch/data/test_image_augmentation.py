"""Operations on pictures against NumPy and scipy.ndimage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.data.image_augmentation import augment_image

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (9, 12)).astype(float)
COLOUR = RNG.integers(0, 256, (9, 12, 3)).astype(float)
PICTURES = pytest.mark.parametrize("image", [GREY, COLOUR], ids=["grey", "colour"])


def apply(image, name, times=1, **settings):
    return np.array(augment_image(image, [{"name": name, **settings}] * times)["image"])


@PICTURES
def test_flips_undo_themselves(image):
    """Twice is never; once is NumPy's."""
    for axis, number in (("vertical", 0), ("horizontal", 1)):
        assert np.array_equal(apply(image, "flip", axis=axis), np.flip(image, number))
        assert np.array_equal(apply(image, "flip", 2, axis=axis), image)


@PICTURES
def test_quarter_turns_move_pixels(image):
    """Four of them are none; the chapter's 2 × 3 picture becomes 3 × 2."""
    for turns in (1, 2, 3):
        assert np.array_equal(apply(image, "rotate", angle=90 * turns), np.rot90(image, turns))
    assert np.array_equal(apply(image, "rotate", 4), image)
    assert apply([[1, 2, 3], [4, 5, 6]], "rotate", angle=90).tolist() == [[3, 6], [2, 5], [1, 4]]


@PICTURES
@pytest.mark.parametrize("angle", [10.0, -33.0, 61.5, 450.5])
def test_other_angles_agree_with_scipy(image, angle):
    """Linear interpolation about the centre, 0 from outside."""
    expected = ndimage.rotate(image, angle, reshape=False, order=1, mode="constant")
    np.testing.assert_allclose(apply(image, "rotate", angle=angle), np.clip(expected, 0, 255), atol=1e-9)


@PICTURES
@pytest.mark.parametrize(("right", "down"), [(1, 0), (-3, 2), (0, -8), (12, 0), (40, 40)])
def test_translations_agree_with_scipy(image, right, down):
    """What leaves is lost, what enters is 0."""
    expected = ndimage.shift(image, (down, right, 0)[: image.ndim], order=0, mode="constant")
    assert np.array_equal(apply(image, "translate", right=right, down=down), expected)


@PICTURES
@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_scaling_agrees_with_scipy(image, factor):
    """Linear interpolation between centres of pixels."""
    zoom = (factor, factor, 1)[: image.ndim]
    height, width = (round(side * factor) for side in image.shape[:2])
    found = apply(image, "scale", factor=factor)
    assert found.shape[:2] == (height, width)
    if (height / 9, width / 12) == (factor, factor):
        expected = ndimage.zoom(image, zoom, order=1, mode="nearest", grid_mode=True)
        np.testing.assert_allclose(found, expected, atol=1e-9)


@PICTURES
def test_a_crop_is_a_part(image):
    """Where it is given, and where it is drawn; the settings that were used repeat it."""
    assert np.array_equal(apply(image, "crop", height=3, width=4, top=2, left=5), image[2:5, 5:9])
    found = augment_image(image, [{"name": "crop", "height": 3}], seed=4)
    (used,) = found["operations"]
    assert np.array_equal(found["image"], image[used["top"] : used["top"] + 3])
    assert augment_image(image, found["operations"], seed=9)["image"] == found["image"]


@PICTURES
def test_colours_stay_in_range(image):
    """Brightness and contrast follow their formula where nothing is cut off at 0 or 255."""
    middle = image / 4 + 90
    np.testing.assert_allclose(apply(middle, "brightness", change=-20), middle - 20)
    np.testing.assert_allclose(apply(middle, "contrast", factor=1.1), middle.mean() + 1.1 * (middle - middle.mean()))
    assert apply(image, "brightness", change=1000).min() == 255
    assert apply(image, "contrast", factor=0).std() == pytest.approx(0, abs=1e-9)


def test_noise_has_the_spread():
    """Of a grey picture of 20,000 pixels; 0 changes nothing."""
    grey = np.full((100, 200), 128.0)
    assert (apply(grey, "noise", spread=10) - grey).std() == pytest.approx(10, rel=0.02)
    assert np.array_equal(apply(GREY, "noise", spread=0), GREY)


def test_drawn_operations_repeat_with_a_seed():
    """The picture keeps its shape; other seeds give other pictures, mirrored and not."""
    found = [augment_image(COLOUR, seed=seed) for seed in range(8)]
    assert all(f["shape"] == [9, 12, 3] for f in found)
    assert augment_image(COLOUR, seed=3) == found[3] != found[4]
    assert {f["operations"][0]["name"] for f in found} == {"flip", "rotate"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: augment_image([[1, 2], [3]]),
            "image must be rows of pixels, all of the same length; got something else.",
        ),
        (lambda: augment_image([[300.0]]), "image must have values from 0 to 255; got 300 to 300."),
        (lambda: augment_image([[float("nan")]]), "image must have values from 0 to 255; got nan to nan."),
        (
            lambda: augment_image(GREY, [{"name": "melt"}]),
            (
                "operations must have names among rotate, translate, flip, crop, scale, noise, brightness, contrast; "
                "got 'melt'."
            ),
        ),
        (lambda: augment_image(GREY, [{"name": "flip", "by": 1}]), "flip must have settings among axis; got by."),
        (lambda: apply(GREY, "flip", axis="up"), "axis must be one of horizontal, vertical; got 'up'."),
        (lambda: apply(GREY, "crop", height=10), "height must be a whole number of at least 1 and at most 9; got 10."),
        (lambda: apply(GREY, "rotate", angle="much"), "angle must be a finite number; got 'much'."),
        (lambda: apply(GREY, "scale", factor=0), "factor must be above 0 and at most 16; got 0.0."),
    ],
)
def test_what_is_refused(call, message):
    """The sentence names the parameter, its rule and the value."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    assert str(caught.value) == message
