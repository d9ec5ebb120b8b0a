"""Pictures of losses during training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rag_app.tools.plots.style import COLOURS, LINES, name_axes, pick

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def losses_of(result: Any) -> dict[str, list[float]]:  # noqa: ANN401  (any tool's result)
    """Return the curves that a result holds, of a name that ends in "losses", the learnt ones of an estimator too.

    Examples
    --------
    >>> losses_of({"learnt": {"losses_": [2.0, 1.0]}, "losses": []})
    {'losses': [2.0, 1.0]}
    """
    if not isinstance(result, dict):
        return {}
    found = {**result, **result.get("learnt", {})}
    curves = {name.rstrip("_"): values for name, values in found.items() if name.rstrip("_").endswith("losses")}
    return {
        name: [float(v) for v in values]
        for name, values in curves.items()
        if isinstance(values, list) and values and not isinstance(values[0], list | dict)
    }


def render_losses(figure: Figure, arguments: Mapping[str, Any], result: Any) -> None:  # noqa: ANN401, ARG001
    """Draw every curve of losses in a result."""
    axes = figure.subplots()
    _draw(axes, losses_of(result))
    name_axes(axes, "Loss during training", "point of training", "loss")
    axes.legend()


def render_overfitting(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Draw training and validation loss, and where overfitting begins."""
    axes = figure.subplots()
    curves = {"training": arguments["training_losses"], "validation": arguments["validation_losses"]}
    _draw(axes, curves)
    axes.axvline(result["best_epoch"], color="grey", linestyle=":", label=f"best epoch: {result['best_epoch']}")
    if result["onset_epoch"] is not None:
        last = len(curves["training"])
        label = f"overfitting, from epoch {result['onset_epoch']}"
        axes.axvspan(result["onset_epoch"], last, facecolor="none", edgecolor="lightgrey", hatch="//", label=label)
    name_axes(axes, f"Losses of two data sets: {result['verdict']}", "epoch", "loss")
    axes.legend(framealpha=1)


def _draw(axes: Axes, curves: Mapping[str, list[float]]) -> None:
    for i, (name, values) in enumerate(curves.items()):
        look: dict[str, Any] = {"color": pick(COLOURS, i), "linestyle": pick(LINES, i)}
        axes.plot(range(1, len(values) + 1), values, label=name.replace("_", " "), **look)
