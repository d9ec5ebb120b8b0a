"""Charts as SVG that takes its colours from the page: light or dark, and no wider than a phone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WIDTH, _HEIGHT = 420, 256
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 408, 30, 196  # the edges of the plot
_N_BINS = 10
_N_TICKS = 5
_MOST_NAMES = 4  # dates that fit below a chart
_LEGEND = 246

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Axes:
    """Where numbers lie on a chart, and what they are.

    Parameters
    ----------
    title, x_label, y_label : str
        What is written around the plot.
    x, y : tuple of float
        The lowest and the highest value of each axis.
    """

    title: str
    x_label: str
    y_label: str
    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, value: float) -> float:
        """Return where a value lies from left to right."""
        return _LEFT + (_RIGHT - _LEFT) * _share(value, *self.x)

    def down(self, value: float) -> float:
        """Return where a value lies from top to bottom."""
        return _BOTTOM - (_BOTTOM - _TOP) * _share(value, *self.y)


def render_histogram(title: str, series: Mapping[str, Sequence[float]], low: float | None, high: float | None) -> str:
    """Return a picture of how the values of a metric are distributed.

    Parameters
    ----------
    title : str
        Of the metric.
    series : mapping of str to sequence of float
        The values of each answerer; the bars of a bin stand side by side.
    low, high : float or None
        The metric's range; None where it is open: then it ends at the furthest value.

    Examples
    --------
    >>> render_histogram("recall", {"base": [0.0, 1.0]}, 0.0, 1.0).count("<rect")
    2
    """
    values = [value for own in series.values() for value in own]
    first = min([*values, low]) if low is not None else min(values)
    last = max([*values, high]) if high is not None else max(values)
    edges = np.linspace(first, last if last > first else first + 1, _N_BINS + 1)
    shares = {name: np.histogram(own, edges)[0] / max(len(own), 1) for name, own in series.items()}
    tallest = max(float(own.max()) for own in shares.values())
    axes = Axes(title, "value", "share of cases", (float(edges[0]), float(edges[-1])), (0.0, _round_up(tallest)))
    return _picture(axes, "".join(_bars(axes, edges.tolist(), shares)), list(series), _ticks(*axes.x))


def render_curves(axes: Axes, series: Mapping[str, Sequence[Point]]) -> str:
    """Return a picture of curves.

    Parameters
    ----------
    axes : Axes
        Their titles and ranges.
    series : mapping of str to sequence of (x, y)
        The points of each curve, from left to right.
    """
    lines = "".join(_line(axes, points, i) for i, points in enumerate(series.values()))
    return _picture(axes, lines, list(series), _ticks(*axes.x))


def render_history(title: str, names: Sequence[str], series: Mapping[str, Sequence[float | None]]) -> str:
    """Return a picture of a metric's means from run to run.

    Parameters
    ----------
    title : str
        Of the metric.
    names : sequence of str
        Of the runs, oldest first: their dates.
    series : mapping of str to sequence of float or None
        The mean in each run; None where it has none.
    """
    values = [value for own in series.values() for value in own if value is not None]
    span = (min(values), max(values))
    margin = 0.1 * (span[1] - span[0]) or 0.1 * abs(span[0]) or 0.1
    axes = Axes(title, "run", "mean", (0, max(len(names) - 1, 1)), (span[0] - margin, span[1] + margin))
    marks = ""
    for i, own in enumerate(series.values()):
        points = [(float(at), value) for at, value in enumerate(own) if value is not None]
        marks += _line(axes, points, i)
        marks += "".join(
            f'<circle class="s{i}" cx="{axes.across(x):.1f}" cy="{axes.down(y):.1f}" r="3"/>' for x, y in points
        )
    step = -(-len(names) // _MOST_NAMES)
    ticks = [(float(at), name) for at, name in enumerate(names)][::step]
    return _picture(axes, marks, list(series), ticks)


def _bars(axes: Axes, edges: Sequence[float], shares: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    for i, own in enumerate(shares.values()):
        for left, right, share in zip(edges, edges[1:], own.tolist(), strict=False):
            start, end, top = axes.across(left) + 1, axes.across(right) - 1, axes.down(share)
            width = (end - start) / len(shares)
            place = f'x="{start + i * width:.1f}" y="{top:.1f}" width="{width:.1f}" height="{_BOTTOM - top:.1f}"'
            if share:
                yield f'<rect class="s{i}" {place}/>'


def _line(axes: Axes, points: Sequence[Point], i: int) -> str:
    path = " ".join(f"{axes.across(x):.1f},{axes.down(y):.1f}" for x, y in points)
    return f'<polyline class="s{i}" points="{path}"/>'


def _picture(axes: Axes, marks: str, names: Sequence[str], x_ticks: Sequence[tuple[float, str]]) -> str:
    """Return the whole picture: its text is escaped here, and nowhere else."""
    title = escape(axes.title)
    height = _HEIGHT if len(names) > 1 else _LEGEND - 16  # one alone needs no legend
    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{title}">']
    parts.append(f'<text class="title" x="{_LEFT}" y="16">{title}</text>')
    for value, text in _ticks(*axes.y):
        y = axes.down(value)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" text-anchor="end" x="{_LEFT - 5}" y="{y + 3.5:.1f}">{escape(text)}</text>')
    for value, text in x_ticks:
        x = axes.across(value)
        parts.append(f'<text class="tick" text-anchor="middle" x="{x:.1f}" y="{_BOTTOM + 14}">{escape(text)}</text>')
    parts.append(marks)
    parts.append(f'<text class="tick" text-anchor="end" x="{_RIGHT}" y="{_TOP - 6}">{escape(axes.y_label)}</text>')
    parts.append(f'<text class="tick" text-anchor="end" x="{_RIGHT}" y="{_BOTTOM + 27}">{escape(axes.x_label)}</text>')
    width = (_RIGHT - _LEFT) / max(len(names), 1)
    for i, name in enumerate(names if len(names) > 1 else ()):
        x = _LEFT + i * width
        parts.append(f'<rect class="s{i}" x="{x:.1f}" y="{_LEGEND - 8}" width="9" height="9"/>')
        parts.append(f'<text class="tick" x="{x + 13:.1f}" y="{_LEGEND}">{escape(name)}</text>')
    return "".join([*parts, "</svg>"])


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    values = np.linspace(low, high, _N_TICKS)
    return [(float(value), f"{value:.3g}") for value in values]


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


def _round_up(share: float) -> float:
    """Return the next tenth, so that axes of like charts are alike."""
    return max(float(np.ceil(share * 10 - 1e-9)) / 10, 0.1)
