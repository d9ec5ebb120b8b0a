"""What every picture shares: colours that the colour-blind tell apart, and what tells things apart without colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import InvalidInputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.floating[Any]]

# Okabe & Ito, "Color universal design", 2008.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "^", "s", "D", "v", "P")
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "+++")
LINES = ("-", "--", "-.", ":")
PLANE = 2  # columns that a plane shows


def pick(choices: Sequence[str], i: int) -> str:
    """Return the i-th of the choices, which begin again after the last.

    Examples
    --------
    >>> pick(("-", "--"), 3)
    '--'
    """
    return choices[i % len(choices)]


def as_plane(name: str, rows: Any) -> Array:  # noqa: ANN401  (JSON)
    """Return rows as an array of two columns.

    Raises
    ------
    InvalidInputError
        If they have more or fewer.

    Examples
    --------
    >>> as_plane("X", [[1, 2]])
    array([[1., 2.]])
    """
    array = np.asarray(rows, dtype=float)
    if array.shape[1] != PLANE:
        msg = f"{name} must have two columns for a picture; got {array.shape[1]}."
        raise InvalidInputError(msg)
    return array


def draw_groups(axes: Axes, points: Array, groups: Sequence[Any], labels: Mapping[Any, str]) -> None:
    """Draw points, those of each group with a marker and a colour of their own; `labels` names the groups."""
    order = list(labels)
    membership = np.array([order.index(g) for g in groups])
    for i, label in enumerate(labels.values()):
        mine = points[membership == i]
        look: dict[str, Any] = {"marker": pick(MARKERS, i), "color": pick(COLOURS, i)}
        axes.scatter(mine[:, 0], mine[:, 1], s=22, edgecolors="black", linewidths=0.4, label=label, **look)


def draw_diagonal(axes: Axes, label: str) -> None:
    """Draw the line from (0, 0) to (1, 1) as something to compare with."""
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label=label)


def name_axes(axes: Axes, title: str, x: str, y: str) -> None:
    """Write what a picture shows and what its axes measure."""
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
