"""Pictures of classifiers: boundaries, confusion, and the curves of a threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.from_scratch.estimators.boundary import decision_boundary
from rag_app.from_scratch.estimators.segmentation import customers
from rag_app.from_scratch.metrics.curves import roc_auc_score
from rag_app.tools.plots.style import COLOURS, as_plane, draw_diagonal, draw_groups, name_axes, pick

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_N_STEPS = 60  # of the grid of a small picture


def render_boundary(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Draw rows, the regions that a classifier gives to each class, and the boundary between them."""
    axes = figure.subplots()
    _draw_regions(axes, as_plane("X", arguments["X"]), arguments["y"], result)
    chosen = arguments["estimator"]
    name = chosen if isinstance(chosen, str) else chosen["name"]
    title = f"{name}: decision boundary ({result['accuracy']:.1%} of the rows right)"
    name_axes(axes, title, "column 1", "column 2")
    axes.legend(title="class")


def render_segments(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, float]) -> None:
    """Draw the boundaries that each kind of classifier learns for the segments of customers."""
    known = customers(arguments["n"], arguments["noise"], arguments["seed"])
    X = np.column_stack([known["income"], known["spend"]])
    n_columns = min(len(result), 3)
    n_rows = -(-len(result) // n_columns)
    figure.set_size_inches(4 * n_columns, 3.6 * n_rows + 0.6)
    panels = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes, (kind, accuracy) in zip(panels, result.items(), strict=False):
        learnt = decision_boundary(X, known["class"], {"name": "SegmentClassifier", "kind": kind}, _N_STEPS)
        _draw_regions(axes, X, known["class"], learnt)
        name_axes(axes, f"{kind}: {accuracy:.1%} of new customers right", "income", "spend")
    for axes in panels[: len(result)]:
        axes.ticklabel_format(style="sci", scilimits=(3, 3), useMathText=True)
    for axes in panels[len(result) :]:
        axes.set_axis_off()
    figure.suptitle("Customer segments: decision boundary of each classifier")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), title="segment")


def _draw_regions(axes: Axes, X: Any, y: Sequence[Any], result: Mapping[str, Any]) -> None:  # noqa: ANN401  (array)
    from matplotlib.collections import LineCollection
    from matplotlib.colors import ListedColormap

    classes = sorted(set(y))
    number = np.array([[classes.index(label) for label in row] for row in result["labels"]])
    colours = ListedColormap([pick(COLOURS, i) for i in range(len(classes))])
    look: dict[str, Any] = {
        "cmap": colours,
        "vmin": -0.5,
        "vmax": len(classes) - 0.5,
        "alpha": 0.18,
        "shading": "nearest",
    }
    axes.pcolormesh(result["x"], result["y"], number, rasterized=True, **look)
    axes.add_collection(LineCollection(result["segments"], colors="black", linewidths=1.2))
    draw_groups(axes, X, y, {name: str(name) for name in classes})
    grid = np.stack(np.meshgrid(result["x"], result["y"]), axis=-1)  # (rows, columns, 2)
    for i, name in enumerate(classes):
        if (number == i).any():
            at = np.median(grid[number == i], axis=0)
            box = {"boxstyle": "round", "facecolor": "white", "alpha": 0.85}
            axes.text(at[0], at[1], str(name), ha="center", va="center", fontweight="bold", bbox=box)


def render_confusion(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Draw a confusion matrix: counts in cells that are the darker, the larger their share of the actual class."""
    counts = np.array(result["counts"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Greys", vmin=0, vmax=1)
    dark = 0.5
    for (i, j), count in np.ndenumerate(counts):
        colour = "white" if shares[i, j] > dark else "black"
        axes.text(j, i, f"{count}\n{shares[i, j]:.0%}", ha="center", va="center", color=colour)
    names = [str(label) for label in result["labels"]]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    title = f"Confusion matrix: {np.trace(counts)} of {counts.sum()} right"
    name_axes(axes, title, "predicted class", "actual class")
    figure.colorbar(image, ax=axes, label="share of the actual class")


def render_roc(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Draw a ROC curve beside that of a coin."""
    axes = figure.subplots()
    area = roc_auc_score(arguments["y_true"], arguments["scores"], arguments["positive"])
    x, y = result["false_positive_rates"], result["true_positive_rates"]
    axes.plot(x, y, color=COLOURS[0], marker="o", markersize=4, label="these scores, a point for each threshold")
    draw_diagonal(axes, "scores that say nothing (area 0.5)")
    name_axes(axes, f"ROC curve: area {area:.3f}", "false positive rate", "true positive rate")
    axes.set_aspect("equal")
    axes.legend(loc="lower right")


def render_precision_recall(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Draw precision against recall, with what guessing gives."""
    axes = figure.subplots()
    x, y = result["recalls"], result["precisions"]
    axes.step(x, y, where="pre", color=COLOURS[0], marker="o", markersize=4, label="these scores")
    rate = y[-1]  # everything is called positive
    axes.axhline(rate, color="grey", linestyle=":", label=f"all called positive ({rate:.2f})")
    title = f"Precision and recall: average precision {result['average_precision']:.3f}"
    name_axes(axes, title, "recall", "precision")
    axes.set_ylim(0, 1.05)
    axes.legend(loc="lower left")
