"""The file that a picture is drawn into: checked before the work, written after it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rag_app.errors import InvalidInputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ENDINGS = (".png", ".svg")


def check_picture(path: str) -> None:
    """Raise an `InvalidInputError` where a picture cannot be drawn into a file of that name.

    Examples
    --------
    >>> check_picture("curve.png")
    """
    if os.path.splitext(path)[1].lower() not in _ENDINGS:
        msg = f"--plot must be followed by a file that ends in {' or '.join(_ENDINGS)}; got {path!r}."
        raise InvalidInputError(msg)
    if not os.path.isdir(os.path.dirname(path) or "."):
        msg = f"--plot must be followed by a file in a folder that exists; got {path!r}."
        raise InvalidInputError(msg)


def save_picture(figure: Figure, path: str) -> None:
    """Draw a picture into a file.

    Raises
    ------
    InvalidInputError
        If the file cannot be written.
    """
    try:
        figure.savefig(path)
    except OSError as exc:
        msg = f"--plot must be followed by a file that can be written; got {path!r}: {exc.strerror}."
        raise InvalidInputError(msg) from exc
