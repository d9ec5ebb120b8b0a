"""Pictures of why a prediction is what it is, and of whom decisions favour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag_app.tools.plots.style import COLOURS, HATCHES, name_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FAIR = 0.8  # the four-fifths rule


def render_shapley(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Draw the Shapley value of each column."""
    axes = figure.subplots()
    _draw_bars(axes, _columns(arguments["x"]), result["values"])
    title = f"Shapley values: from the average {result['average']:.3f} to the prediction {result['prediction']:.3f}"
    name_axes(axes, title, f"added to the {result['output']}", "")


def render_lime(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Draw the weight of each column in the linear model that LIME fits near a row."""
    axes = figure.subplots()
    _draw_bars(axes, _columns(arguments["x"]), result["weights"])
    title = f"LIME: weights near a row (prediction {result['prediction']:.3f}, fit {result['fit']:.2f})"
    name_axes(axes, title, f"added to the {result['output']} per unit", "")


def render_lime_text(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Draw the weight of each word, the one of largest effect on top."""
    axes = figure.subplots()
    _draw_bars(axes, list(result["weights"]), list(result["weights"].values()))
    title = f"LIME: words behind a prediction of {result['prediction']:.3f}"
    name_axes(axes, title, f"added to the {result['output']}", "")


def render_impact(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Draw the selection rate of each group, and the line of four fifths of the highest one."""
    axes = figure.subplots()
    rates, flagged = result["rates"], [str(group) for group in result["flagged"]]
    for i, (group, rate) in enumerate(rates.items()):
        low = group in flagged
        look: dict[str, Any] = {"color": COLOURS[int(low)], "hatch": HATCHES[int(low)], "edgecolor": "black"}
        axes.bar(i, rate, 0.6, **look)
        word = f"\nratio {result['ratios'][group]:.2f}" + (": below 0.8" if low else "")
        axes.annotate(f"{rate:.2f}{word}", (i, rate), xytext=(0, 4), textcoords="offset points", ha="center")
    line = _FAIR * max(rates.values())
    axes.axhline(line, color="black", linestyle="--", label=f"four fifths of the highest rate ({line:.2f})")
    axes.set_xticks(range(len(rates)), list(rates))
    axes.margins(y=0.25)
    name_axes(axes, "Disparate impact: who is selected how often", "group", "selection rate")
    axes.legend(loc="upper right")


def _columns(row: Sequence[float]) -> list[str]:
    return [f"column {i} = {value:.4g}" for i, value in enumerate(row, start=1)]


def _draw_bars(axes: Axes, names: Sequence[str], values: Sequence[float]) -> None:
    for i, value in enumerate(values):
        against = int(value < 0)
        look: dict[str, Any] = {"color": COLOURS[against], "hatch": HATCHES[against], "edgecolor": "black"}
        bar = axes.barh(i, value, **look)
        axes.bar_label(bar, [f"{round(value, 3) + 0.0:+.3f}"], padding=3)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.margins(x=0.2)
