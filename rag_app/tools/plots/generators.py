"""Pictures of generators: a latent space, modes that are covered, noise added and taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_app.from_scratch.networks.ddpm import DDPM
from rag_app.from_scratch.networks.diffusion import linear_betas, noised
from rag_app.tools.plots.style import COLOURS, HATCHES, LINES, Array, as_plane, name_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN = (0.0, 0.15, 0.4, 1.0)  # shares of the steps of a diffusion after which rows are shown
_RADIUS = 2  # of the ring


def render_latent(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Draw rows and where a variational autoencoder puts them; both halves of column 1 keep their marker."""
    rows = np.asarray(arguments["X"] if arguments["X_new"] is None else arguments["X_new"], dtype=float)
    codes = as_plane("A code", result["transformed"])
    figure.set_size_inches(10, 4.8)
    data, latent = figure.subplots(1, 2)
    middle = float(np.median(rows[:, 0]))
    _draw_halves(data, as_plane("X", rows), rows[:, 0] >= middle)
    _draw_halves(latent, codes, rows[:, 0] >= middle)
    samples = np.array(result["learnt"]["samples_"])
    data.scatter(samples[:, 0], samples[:, 1], marker="*", s=110, color="white", edgecolors="black", label="drawn row")
    turn = np.linspace(0, 2 * np.pi, 100)
    for k in (1, 2):
        label = "prior, 1 and 2 standard deviations" if k == 1 else None
        latent.plot(k * np.cos(turn), k * np.sin(turn), color="grey", linestyle=":", label=label)
    latent.set_aspect("equal", adjustable="datalim")
    name_axes(data, "Rows, and rows drawn from the prior", "column 1", "column 2")
    name_axes(latent, "Latent space: the code of each row", "code 1", "code 2")
    for axes in (data, latent):
        axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)


def _draw_halves(axes: Axes, points: Array, upper: Any) -> None:  # noqa: ANN401  (array of booleans)
    for i, (mine, marker, label) in enumerate(((~upper, "o", "lower half of column 1"), (upper, "^", "upper half"))):
        axes.scatter(points[mine, 0], points[mine, 1], marker=marker, s=22, color=COLOURS[i], label=label)


def render_ring(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Draw what a generator makes, how evenly, and how coverage, quality and evenness grew while it learnt."""
    figure.set_size_inches(14, 4.6)
    plane, shares, growth = figure.subplots(1, 3)
    n, turn = arguments["n_modes"], 2 * np.pi * np.arange(arguments["n_modes"]) / arguments["n_modes"]
    plane.scatter(_RADIUS * np.cos(turn), _RADIUS * np.sin(turn), marker="X", s=120, color="black", label="mode")
    samples = np.array(result["samples"])
    plane.scatter(samples[:, 0], samples[:, 1], s=18, color=COLOURS[0], label="generated")
    plane.set_aspect("equal", adjustable="datalim")
    name_axes(plane, "Samples after training", "column 1", "column 2")
    places = np.arange(1, n + 1)
    for i, kind in enumerate(("generated", "collapsed")):
        look: dict[str, Any] = {"color": COLOURS[i], "hatch": HATCHES[i], "edgecolor": "black", "label": kind}
        shares.bar(places + (i - 0.5) * 0.4, result[kind]["shares"], 0.4, **look)
    shares.axhline(1 / n, color="grey", linestyle=":", label="real")
    name_axes(shares, "Share of good samples at each mode", "mode", "share")
    shares.set_xticks(places)
    history = result["history"]
    curves = {
        f"modes covered, of {n}": np.array(history["n_covered"]) / n,
        "samples near a mode": np.array(history["high_quality_shares"]),
        f"evenness: entropy / ln {n}": np.array(history["entropies"]) / np.log(n),
    }
    for i, (label, curve) in enumerate(curves.items()):
        growth.plot(history["steps"], curve, color=COLOURS[i], linestyle=LINES[i], marker=".", label=label)
    growth.set_ylim(0, 1.05)
    name_axes(growth, "Coverage, quality and evenness over one training", "steps of training", "share")
    for axes in (plane, shares, growth):
        axes.legend(fontsize=8)


def render_schedule(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Draw how much noise each step adds, and how much of the data is left after it."""
    added, left = figure.subplots(2, 1, sharex=True)
    steps = range(1, len(result["betas"]) + 1)
    added.plot(steps, result["betas"], color=COLOURS[0])
    name_axes(added, f"Noise added by each step ({arguments['kind']} schedule)", "", "variance β")
    left.plot(steps, result["alpha_bars"], color=COLOURS[1], linestyle="--")
    name_axes(left, "What is left of the data", "step", "share of the variance ᾱ")


def render_forward(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Draw the mean and the spread of each number after each step of the forward process."""
    axes = figure.subplots()
    means = np.vstack([arguments["x"], result["means"]])  # (t + 1, d)
    spread = np.sqrt([0.0, *result["variances"]])
    steps = np.arange(len(means))
    for i, mean in enumerate(means.T):
        look: dict[str, Any] = {"color": COLOURS[i % len(COLOURS)], "linestyle": LINES[i % len(LINES)]}
        axes.plot(steps, mean, label=f"number {i + 1}: mean and one standard deviation", **look)
        axes.fill_between(steps, mean - spread, mean + spread, color=look["color"], alpha=0.15)
        axes.plot(steps[-1], result["noisy"][i], marker="X", markersize=9, color=look["color"])
    name_axes(axes, "Forward diffusion: data becomes noise (cross: one draw)", "step", "value")
    axes.legend(fontsize=8)


def render_diffusion(figure: Figure, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """Draw rows that become noise, and below them noise that becomes rows."""
    rows = as_plane("X", arguments["X"])
    fitted = _as_learnt(arguments, result["learnt"])
    scaled = (rows - fitted.centre_) / fitted.scale_
    noise = np.random.default_rng(fitted.seed).normal(size=rows.shape)
    path = (fitted.sample_path(len(rows), seed=fitted.seed) - fitted.centre_) / fitted.scale_  # (t + 1, n, 2)
    left = np.concatenate([[1.0], np.cumprod(1 - linear_betas(fitted.n_noise_steps))])
    moments = [round(share * fitted.n_noise_steps) for share in _SHOWN]
    figure.set_size_inches(3 * len(_SHOWN), 6.4)
    panels = figure.subplots(2, len(_SHOWN), sharex=True, sharey=True)
    for axes, step in zip(panels[0], moments, strict=True):
        noisy = noised(scaled, left[step], noise)
        axes.scatter(noisy[:, 0], noisy[:, 1], s=12, color=COLOURS[0])
        name_axes(axes, f"forward, step {step}", "", "")
    for axes, step in zip(panels[1], moments, strict=True):
        axes.scatter(path[step][:, 0], path[step][:, 1], s=12, marker="^", color=COLOURS[1])
        name_axes(axes, f"reverse, step {step}", "column 1 (standardised)", "")
    for axes in panels[:, 0]:
        axes.set_ylabel("column 2 (standardised)")
    distance = result["learnt"]["frechet_distance_"]
    words = "above, from left to right, noise is added; below, from right to left, it is taken away"
    figure.suptitle(f"Diffusion: {words}\nFréchet distance of drawn rows from the data: {distance:.3f}")


def _as_learnt(arguments: Mapping[str, Any], learnt: Mapping[str, Any]) -> DDPM:
    """Return the estimator whose call returned what it learnt, without training it again."""
    fitted = DDPM(**{name: value for name, value in arguments.items() if name not in {"X", "X_new"}})
    fitted.centre_, fitted.scale_ = np.array(learnt["centre_"]), np.array(learnt["scale_"])
    fitted.weights_ = [np.array(weights) for weights in learnt["weights_"]]
    fitted.limit_ = learnt["limit_"]
    return fitted
