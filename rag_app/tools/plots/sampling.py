"""Pictures of the choice of the next token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.from_scratch.language.sampling import next_token_probabilities
from rag_app.tools.plots.style import COLOURS, HATCHES, name_axes, pick

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SETTINGS: dict[str, tuple[Any, ...]] = {"temperature": (0.5, 1.0, 2.0), "top_k": (1, 2, 3), "top_p": (0.5, 0.8, 1.0)}


def render_sampling(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, float]) -> None:
    """Draw what a call makes of the probabilities of tokens, and what each of its three parameters does alone."""
    given = arguments["probabilities"]
    figure.set_size_inches(11, 7.5)
    panels = figure.subplots(2, 2, sharey=True).ravel()
    chosen = ", ".join(f"{name} {arguments[name]}" for name in _SETTINGS if arguments[name] is not None)
    _draw(panels[0], {"as given": next_token_probabilities(given), "this call": result})
    name_axes(panels[0], f"This call: {chosen}", "next token", "probability")
    for axes, (name, values) in zip(panels[1:], _SETTINGS.items(), strict=True):
        _draw(axes, {f"{name} {value}": next_token_probabilities(given, **{name: value}) for value in values})
        name_axes(axes, f"Only {name} changed", "next token", "probability")
    figure.suptitle("From which probabilities the next token is drawn")


def _draw(axes: Axes, distributions: Mapping[str, Mapping[str, float]]) -> None:
    width = 0.8 / len(distributions)
    for i, (label, shares) in enumerate(distributions.items()):
        places = np.arange(len(shares)) + (i - (len(distributions) - 1) / 2) * width
        look: dict[str, Any] = {"color": pick(COLOURS, i), "hatch": pick(HATCHES, i), "edgecolor": "black"}
        bars = axes.bar(places, list(shares.values()), width, label=label, **look)
        axes.bar_label(bars, [f"{share:.2f}" for share in shares.values()], fontsize=7, padding=1)
    axes.set_xticks(range(len(shares)), list(shares))
    axes.margins(y=0.08)
    axes.legend(fontsize=8)
