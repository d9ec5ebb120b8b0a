"""Which tool has a picture, and who draws it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rag_app.errors import InvalidInputError
from rag_app.registry import Entry
from rag_app.tools.adapter import function_of
from rag_app.tools.plots import (
    classifiers,
    clusters,
    explanations,
    generators,
    losses,
    probabilities,
    sampling,
    sequences,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What draws the result of a tool: it takes an empty figure, all arguments of the call, and the result.
PICTURES: dict[str, Callable[[Figure, Mapping[str, Any], Any], None]] = {
    "DDPM": generators.render_diffusion,
    "GaussianMixture": clusters.render_mixture,
    "KMeans": clusters.render_kmeans,
    "VariationalAutoencoder": generators.render_latent,
    "confusion_matrix": classifiers.render_confusion,
    "decision_boundary": classifiers.render_boundary,
    "disparate_impact": explanations.render_impact,
    "forward_diffusion": generators.render_forward,
    "js_divergence": probabilities.render_js,
    "kl_divergence": probabilities.render_kl,
    "lime": explanations.render_lime,
    "lime_text": explanations.render_lime_text,
    "multi_head_attention": sequences.render_heads,
    "next_token_probabilities": sampling.render_sampling,
    "noise_schedule": generators.render_schedule,
    "overfitting_report": losses.render_overfitting,
    "precision_recall_curve": classifiers.render_precision_recall,
    "reliability_table": probabilities.render_reliability,
    "ring_collapse": generators.render_ring,
    "risk_coverage_curve": probabilities.render_risk_coverage,
    "roc_curve": classifiers.render_roc,
    "scaled_dot_product_attention": sequences.render_attention,
    "segment_classifier_accuracies": classifiers.render_segments,
    "shapley": explanations.render_shapley,
    "string_reversal": sequences.render_reversal,
    "viterbi": sequences.render_trellis,
}


def render_plot(entry: Entry, arguments: Mapping[str, Any], result: Any) -> Figure:  # noqa: ANN401  (any tool's)
    """Return the picture of what a tool returned.

    Parameters
    ----------
    entry : Entry
        The tool.
    arguments : mapping of str to JSON
        What it was called with.
    result : JSON
        What `call_tool` returned.

    Raises
    ------
    InvalidInputError
        If the tool has no picture; losses have one, whichever tool returns them.

    Examples
    --------
    >>> from rag_app.registry import get
    >>> result = {"labels": ["ham", "spam"], "counts": [[2, 1], [0, 3]]}
    >>> render_plot(get("confusion_matrix"), {}, result).axes[0].get_title()
    'Confusion matrix: 5 of 6 right'
    """
    from matplotlib.figure import Figure

    draw = PICTURES.get(entry.name, losses.render_losses if losses.losses_of(result) else None)
    if draw is None:
        msg = f"--plot needs a tool that has a picture; got {entry.name!r}."
        raise InvalidInputError(msg, hint=f"Choose one that returns losses, or one of: {', '.join(PICTURES)}.")
    figure = Figure(figsize=(7, 5), dpi=110, layout="constrained")
    draw(figure, {**_defaults(entry), **arguments}, result)
    return figure


def _defaults(entry: Entry) -> dict[str, Any]:
    parameters = inspect.signature(function_of(entry)).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
