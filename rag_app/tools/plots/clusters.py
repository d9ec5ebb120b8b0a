"""Pictures of clusters and of the normal distributions that may have made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.tools.plots.style import COLOURS, LINES, as_plane, draw_groups, name_axes, pick

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DEVIATIONS = (1, 2)  # standard deviations at which a normal distribution is outlined


def render_kmeans(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Draw rows by cluster, and the centres."""
    axes = figure.subplots()
    centres = np.array(result["learnt"]["centres_"])
    _draw_rows(axes, arguments, result, [f"cluster {i}" for i in range(len(centres))])
    axes.scatter(
        centres[:, 0], centres[:, 1], marker="X", s=160, color="white", edgecolors="black", label="centre", zorder=3
    )
    title = f"k-means: {len(centres)} clusters, inertia {result['learnt']['inertia_']:.3g}"
    name_axes(axes, title, "column 1", "column 2")
    axes.legend()


def render_mixture(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Draw rows by component, with ellipses one and two standard deviations from the means."""
    from matplotlib.patches import Ellipse

    axes = figure.subplots()
    learnt = result["learnt"]
    labels = [f"component {i}, weight {weight:.2f}" for i, weight in enumerate(learnt["weights_"])]
    _draw_rows(axes, arguments, result, labels)
    for i, (mean, covariance) in enumerate(zip(learnt["means_"], learnt["covariances_"], strict=True)):
        variances, directions = np.linalg.eigh(np.array(covariance))
        angle = float(np.degrees(np.arctan2(directions[1, 1], directions[0, 1])))
        for k in _DEVIATIONS:
            low, high = 2 * k * np.sqrt(variances)
            look: dict[str, Any] = {
                "fill": False,
                "edgecolor": pick(COLOURS, i),
                "linestyle": pick(LINES, k - 1),
                "linewidth": 1.5,
            }
            axes.add_patch(Ellipse(tuple(mean), high, low, angle=angle, **look))
    title = "Gaussian mixture: ellipses at 1 (solid) and 2 (dashed) standard deviations"
    name_axes(axes, title, "column 1", "column 2")
    axes.autoscale_view()
    axes.legend()


def _draw_rows(axes: Axes, arguments: Mapping[str, Any], result: Mapping[str, Any], labels: Sequence[str]) -> None:
    rows = arguments["X"] if arguments["X_new"] is None else arguments["X_new"]
    draw_groups(axes, as_plane("X", rows), result["predictions"], dict(enumerate(labels)))
