"""Pictures of sequences: the trellis of a hidden Markov model, and what attends to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.errors import InvalidInputError
from rag_app.tools.plots.style import COLOURS, name_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DARK = 0.5  # shares above it are drawn so dark that text in them is white
_MANY = 12  # rows or columns above which numbers no longer fit into cells


def render_trellis(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Draw every state at every step with its best log-probability, and the most probable path through them."""
    trellis = np.array(result["trellis"], dtype=float)  # (steps, states)
    n_steps, n_states = trellis.shape
    figure.set_size_inches(1.5 * n_steps + 2, 1.3 * n_states + 1.8)
    axes = figure.subplots()
    ways = np.array(arguments["transition"])
    for t, i, j in np.ndindex(n_steps - 1, n_states, n_states):
        if ways[i, j] > 0:
            axes.plot([t, t + 1], [i, j], color="lightgrey", linewidth=1, zorder=1)
    axes.plot(range(n_steps), result["path"], color=COLOURS[1], linewidth=3, label="most probable path", zorder=2)
    for (t, state), value in np.ndenumerate(trellis):
        edge: dict[str, Any] = {"linewidth": 2.5 if result["path"][t] == state else 0.8}
        box: dict[str, Any] = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": "black", **edge}
        axes.text(t, state, f"{value:.2f}", ha="center", va="center", bbox=box, zorder=3)
    axes.set_xticks(range(n_steps), [f"{t}\nobserved {o}" for t, o in enumerate(arguments["observations"], start=1)])
    axes.set_yticks(range(n_states), [f"state {i}" for i in range(n_states)])
    axes.set(xlim=(-0.5, n_steps - 0.5), ylim=(n_states - 0.5, -0.7))
    name_axes(axes, f"Viterbi: log-probability {result['log_probability']:.3f}", "step", "")
    axes.legend(loc="upper right")


def render_attention(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Draw attention weights: a row for each query, a column for each key."""
    weights = np.array(result["weights"])
    queries, keys = ([str(i) for i in range(1, n + 1)] for n in weights.shape)
    _draw_map(figure, figure.subplots(), weights, keys, queries)
    name_axes(figure.axes[0], "Attention: each row sums to 1", "key", "query")


def render_heads(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Draw the attention weights of each head."""
    heads = np.array(result["weights"])  # (heads, tokens, tokens)
    figure.set_size_inches(4.4 * len(heads), 4)
    tokens = [str(i) for i in range(1, heads.shape[1] + 1)]
    for h, axes in enumerate(figure.subplots(1, len(heads), squeeze=False)[0]):
        _draw_map(figure, axes, heads[h], tokens, tokens)
        name_axes(axes, f"Attention of head {h + 1}", "token attended to", "token")


def render_reversal(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Draw what a network looks at while it writes its first example backwards."""
    if result["attention"] is None:
        msg = f"architecture must be rnn, lstm or gru for a picture; got {arguments['architecture']!r}."
        raise InvalidInputError(msg, hint="The transformer returns no attention.")
    weights = np.array(result["attention"])
    source, written = result["examples"][0]
    read, wrote = (list(text) + ["·"] * n for text, n in zip((source, written), weights.shape[::-1], strict=True))
    _draw_map(figure, figure.subplots(), weights, read[: weights.shape[1]], wrote[: weights.shape[0]])
    title = f"Attention while “{source}” is written backwards ({result['exact_matches']:.0%} of new strings right)"
    name_axes(figure.axes[0], title, "letter read (·: end or padding)", "letter written")


def _draw_map(figure: Figure, axes: Axes, weights: Any, columns: Sequence[str], rows: Sequence[str]) -> None:  # noqa: ANN401  (array)
    image = axes.imshow(weights, cmap="Greys", vmin=0, vmax=1)
    if max(weights.shape) <= _MANY:
        for (i, j), weight in np.ndenumerate(weights):
            colour = "white" if weight > _DARK else "black"
            axes.text(j, i, f"{weight:.2f}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    figure.colorbar(image, ax=axes, label="weight")
