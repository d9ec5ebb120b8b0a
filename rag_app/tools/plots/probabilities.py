"""Pictures of probabilities: two distributions, calibration, risk and coverage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.tools.plots.style import COLOURS, HATCHES, Array, draw_diagonal, name_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH = 0.4  # of a bar, where two stand side by side


def render_kl(figure: Figure, arguments: Mapping[str, Any], result: Any) -> None:  # noqa: ANN401  (a number or "inf")
    """Draw two distributions, and what each outcome adds to the Kullback–Leibler divergence."""
    p, q = np.asarray(arguments["p"], dtype=float), np.asarray(arguments["q"], dtype=float)
    _render_divergence(figure, p, q, _relative(p, q), f"KL(p, q) = {float(result):.4f} nats")


def render_js(figure: Figure, arguments: Mapping[str, Any], result: float) -> None:
    """Draw two distributions, and what each outcome adds to the Jensen–Shannon divergence."""
    p, q = np.asarray(arguments["p"], dtype=float), np.asarray(arguments["q"], dtype=float)
    middle = (p + q) / 2
    parts = (_relative(p, middle) + _relative(q, middle)) / 2
    _render_divergence(figure, p, q, parts, f"JS(p, q) = {result:.4f} nats, at most ln 2 = 0.6931")


def _relative(p: Array, q: Array) -> Array:
    """Return ``p ln(p / q)``, 0 where p is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts: Array = np.where(p > 0, p * np.log(p / q), 0.0)
    return parts


def _render_divergence(figure: Figure, p: Array, q: Array, parts: Array, title: str) -> None:
    outcomes = np.arange(1, len(p) + 1)
    both, single = figure.subplots(2, 1, sharex=True)
    for shift, values, name, i in ((-_WIDTH / 2, p, "p", 0), (_WIDTH / 2, q, "q", 1)):
        look: dict[str, Any] = {"color": COLOURS[i], "hatch": HATCHES[i], "edgecolor": "black"}
        both.bar(outcomes + shift, values, _WIDTH, label=name, **look)
    name_axes(both, title, "", "probability")
    both.legend()
    shown = np.where(np.isfinite(parts), parts, 0.0)
    single.bar(outcomes, shown, 2 * _WIDTH, color="lightgrey", edgecolor="black")
    for x, part, height in zip(outcomes, parts, shown, strict=True):
        label = f"{part:+.3g}" if np.isfinite(part) else "∞"
        single.annotate(label, (x, max(height, 0)), xytext=(0, 2), textcoords="offset points", ha="center")
    single.axhline(0, color="black", linewidth=0.8)
    single.margins(y=0.2)
    name_axes(single, "What each outcome adds", "outcome", "nats")
    single.set_xticks(outcomes)


def render_reliability(figure: Figure, arguments: Mapping[str, Any], result: list[dict[str, Any]]) -> None:  # noqa: ARG001
    """Draw how often things happened against how probable they were said to be."""
    axes = figure.subplots()
    x, y = ([row[name] for row in result] for name in ("mean_probability", "observed_rate"))
    axes.plot(x, y, color=COLOURS[0], marker="o", label="these probabilities (n: cases in the bin)")
    for row in result:
        at = row["mean_probability"], row["observed_rate"]
        axes.annotate(f"n={row['count']}", at, xytext=(6, -12), textcoords="offset points", fontsize=8)
    draw_diagonal(axes, "perfect calibration")
    name_axes(axes, "Calibration: what was said and what happened", "mean probability of the bin", "observed rate")
    axes.set(xlim=(-0.02, 1.05), ylim=(-0.05, 1.05))
    axes.legend(loc="upper left")


def render_risk_coverage(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Draw the share of wrong answers against the share of questions that are answered."""
    axes = figure.subplots()
    x, y = result["coverages"], result["risks"]
    axes.step(x, y, where="pre", color=COLOURS[0], marker="o", markersize=4, label="answering the surest first")
    label = f"answering in any order ({result['error_rate']:.2f})"
    axes.axhline(result["error_rate"], color="grey", linestyle=":", label=label)
    title = f"Risk and coverage: area {result['area']:.3f}, lower is better"
    name_axes(axes, title, "coverage (share of questions answered)", "risk (share of those that are wrong)")
    axes.set_ylim(bottom=-0.02)
    axes.legend(loc="upper left")
