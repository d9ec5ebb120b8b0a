"""Pictures turned, moved, mirrored, cut, enlarged, made noisy and made brighter: more examples from each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.from_scratch.arrays import as_generator, check_count, check_range
from rag_app.registry import register

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Picture = ArrayLike
else:  # what the schema of a tool is made from: grey, or with colours
    Picture = Sequence[Sequence[float]] | Sequence[Sequence[Sequence[float]]]

_Image = np.ndarray[Any, np.dtype[np.float64]]  # (height, width) or (height, width, channels)


@register("tool", "D013")
def augment_image(
    image: Picture, operations: Sequence[dict[str, Any]] | None = None, highest: float = 255.0, seed: int = 0
) -> dict[str, Any]:
    """Return a picture after turning, moving, mirroring, cutting, enlarging, noise and changes of colour.

    Parameters
    ----------
    image : list of lists
        Grey values, shape (height, width), or colours, shape (height, width, channels), from 0 to `highest`.
    operations : list of dict, optional
        What to do, in order; each has a ``name`` and may have settings: rotate (angle in degrees, anticlockwise),
        translate (right, down), flip (axis "horizontal" or "vertical"), crop (height, width; top and left or drawn),
        scale (factor), noise (spread), brightness (change), contrast (factor). Default: a drawn flip, rotation,
        translation and brightness and a little noise.
    highest : float, default=255.0
        Largest value of a pixel, above 0.
    seed : int, default=0
        Start of the drawing.

    Returns
    -------
    dict
        ``image``, ``shape``, and ``operations`` with the settings that were used: given again, they repeat the picture
        but for noise.

    Raises
    ------
    InvalidInputError
        If it is no picture, a value lies outside of 0 to `highest`, or an operation or setting is not known.

    Notes
    -----
    Multiples of 90° move pixels; other angles, and factors, interpolate linearly between the four nearest, and
    what comes from outside is 0. Use operations that keep the label: a 6 turned by 180° is a 9. Shorten & Khoshgoftaar,
    "A survey on image data augmentation for deep learning", J. Big Data 6 (2019).

    Examples
    --------
    >>> augment_image([[1, 2, 3], [4, 5, 6]], [{"name": "flip", "axis": "horizontal"}])["image"]
    [[3.0, 2.0, 1.0], [6.0, 5.0, 4.0]]
    >>> augment_image([[1, 2, 3], [4, 5, 6]], [{"name": "translate", "right": 1, "down": 0}])["image"]
    [[0.0, 1.0, 2.0], [0.0, 4.0, 5.0]]
    """
    pixels = _as_picture(image, highest)
    rng = as_generator(seed)
    used = []
    for operation in _drawn(pixels, highest, rng) if operations is None else operations:
        settings = dict(operation)
        name = settings.pop("name", None)
        if name not in _OPERATIONS:
            msg = f"operations must have names among {', '.join(_OPERATIONS)}; got {name!r}."
            raise InvalidInputError(msg)
        defaults, apply = _OPERATIONS[name]
        if not settings.keys() <= defaults.keys():
            msg = f"{name} must have settings among {', '.join(defaults)}; got {', '.join(map(str, settings))}."
            raise InvalidInputError(msg)
        filled = defaults | settings
        pixels = np.clip(apply(pixels, filled, rng), 0, highest)
        used.append({"name": name, **filled})
    return {"image": pixels.tolist(), "shape": list(pixels.shape), "operations": used}


def _as_picture(image: Picture, highest: float) -> _Image:
    check_range("highest", highest, 0, open_low=True)
    try:
        pixels = np.asarray(image, float)
    except (TypeError, ValueError):
        pixels = np.empty(())
    if pixels.ndim not in (2, 3) or not pixels.size:
        msg = "image must be rows of pixels, all of the same length; got something else."
        raise InvalidInputError(msg)
    if not ((pixels >= 0) & (pixels <= highest)).all():
        msg = f"image must have values from 0 to {highest:g}; got {float(pixels.min()):g} to {float(pixels.max()):g}."
        raise InvalidInputError(msg)
    return pixels


def _drawn(pixels: _Image, highest: float, rng: np.random.Generator) -> list[dict[str, Any]]:
    height, width = pixels.shape[:2]
    flips = [{"name": "flip", "axis": "horizontal"}] if rng.random() < 0.5 else []  # noqa: PLR2004  (one in two)
    return [
        *flips,
        {"name": "rotate", "angle": float(rng.uniform(-15, 15))},
        {
            "name": "translate",
            "right": int(rng.integers(-(width // 10), width // 10 + 1)),
            "down": int(rng.integers(-(height // 10), height // 10 + 1)),
        },
        {"name": "brightness", "change": float(rng.uniform(-0.1, 0.1) * highest)},
        {"name": "noise", "spread": 0.02 * highest},
    ]


def _rotate(pixels: _Image, settings: dict[str, Any], _: np.random.Generator) -> _Image:
    angle = _number("angle", settings["angle"])
    if angle % 90 == 0:
        return np.rot90(pixels, int(angle // 90) % 4)
    height, width = pixels.shape[:2]
    sine, cosine = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    row, column = np.indices((height, width), float) - np.array([(height - 1) / 2, (width - 1) / 2])[:, None, None]
    # Where each pixel of the result comes from: turned back, rows counting downwards.
    source_row, source_column = cosine * row + sine * column, cosine * column - sine * row
    return _interpolated(pixels, source_row + (height - 1) / 2, source_column + (width - 1) / 2)


def _translate(pixels: _Image, settings: dict[str, Any], _: np.random.Generator) -> _Image:
    moved = pixels
    for axis, name in enumerate(("down", "right")):
        by, size = int(_number(name, settings[name])), pixels.shape[axis]
        source = np.arange(size) - by
        inside = ((source >= 0) & (source < size)).reshape([-1 if a == axis else 1 for a in range(pixels.ndim)])
        moved = np.where(inside, np.take(moved, source % size, axis=axis), 0)
    return moved


def _flip(pixels: _Image, settings: dict[str, Any], _: np.random.Generator) -> _Image:
    axes = {"vertical": 0, "horizontal": 1}
    if settings["axis"] not in axes:
        msg = f"axis must be one of horizontal, vertical; got {settings['axis']!r}."
        raise InvalidInputError(msg)
    return np.flip(pixels, axes[settings["axis"]])


def _crop(pixels: _Image, settings: dict[str, Any], rng: np.random.Generator) -> _Image:
    for side, place, size in (("height", "top", pixels.shape[0]), ("width", "left", pixels.shape[1])):
        settings[side] = size if settings[side] is None else settings[side]
        check_count(side, settings[side], 1, size)
        room = size - settings[side]
        settings[place] = int(rng.integers(room + 1)) if settings[place] is None else settings[place]
        check_count(place, settings[place], 0, room)
    top, left = settings["top"], settings["left"]
    return pixels[top : top + settings["height"], left : left + settings["width"]]


def _scale(pixels: _Image, settings: dict[str, Any], _: np.random.Generator) -> _Image:
    factor = _number("factor", settings["factor"])
    check_range("factor", factor, 0, 16, open_low=True)
    height, width = (max(1, round(side * factor)) for side in pixels.shape[:2])
    # Centres of the new pixels in the old picture; beyond the outermost centres the edge goes on.
    row = np.clip((np.arange(height) + 0.5) * pixels.shape[0] / height - 0.5, 0, pixels.shape[0] - 1)
    column = np.clip((np.arange(width) + 0.5) * pixels.shape[1] / width - 0.5, 0, pixels.shape[1] - 1)
    return _interpolated(pixels, *np.meshgrid(row, column, indexing="ij"))


def _noise(pixels: _Image, settings: dict[str, Any], rng: np.random.Generator) -> _Image:
    spread = _number("spread", settings["spread"])
    check_range("spread", spread, 0)
    return pixels + rng.normal(0, spread, pixels.shape)


def _brightness(pixels: _Image, settings: dict[str, Any], _: np.random.Generator) -> _Image:
    return pixels + _number("change", settings["change"])


def _contrast(pixels: _Image, settings: dict[str, Any], _: np.random.Generator) -> _Image:
    factor = _number("factor", settings["factor"])
    check_range("factor", factor, 0)
    level = pixels.mean()
    changed: _Image = level + factor * (pixels - level)
    return changed


_OPERATIONS: dict[str, tuple[dict[str, Any], Callable[[_Image, dict[str, Any], np.random.Generator], _Image]]] = {
    "rotate": ({"angle": 90.0}, _rotate),
    "translate": ({"right": 0, "down": 0}, _translate),
    "flip": ({"axis": "horizontal"}, _flip),
    "crop": ({"height": None, "width": None, "top": None, "left": None}, _crop),
    "scale": ({"factor": 2.0}, _scale),
    "noise": ({"spread": 5.0}, _noise),
    "brightness": ({"change": 10.0}, _brightness),
    "contrast": ({"factor": 1.2}, _contrast),
}


def _number(name: str, value: Any) -> float:  # noqa: ANN401  (what a caller wrote)
    if not isinstance(value, int | float | np.number) or isinstance(value, bool) or not np.isfinite(value):
        msg = f"{name} must be a finite number; got {value!r}."
        raise InvalidInputError(msg)
    return float(value)


def _interpolated(pixels: _Image, row: NDArray[np.float64], column: NDArray[np.float64]) -> _Image:
    """Return the picture at places between pixels, weighted by nearness; 0 outside."""
    height, width = pixels.shape[:2]
    inside = (row >= 0) & (row <= height - 1) & (column >= 0) & (column <= width - 1)
    row, column = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    down, right = row - top, column - left
    bottom, far = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    parts = [(top, left, (1 - down) * (1 - right)), (top, far, (1 - down) * right)]
    parts += [(bottom, left, down * (1 - right)), (bottom, far, down * right)]
    shape = row.shape + (1,) * (pixels.ndim - 2)
    mixed: _Image = np.sum([pixels[r, c] * (weight * inside).reshape(shape) for r, c, weight in parts], axis=0)
    return mixed
