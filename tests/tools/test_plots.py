"""Pictures: each is drawn from a real call, and shows the numbers of its result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from rag_app.errors import InvalidInputError
from rag_app.registry import get
from rag_app.tools.adapter import call_tool
from rag_app.tools.course import sections
from rag_app.tools.plots.examples import load_examples
from rag_app.tools.plots.pictures import PICTURES, render_plot
from rag_app.tools.plots.style import COLOURS, as_plane, pick

EXAMPLES = {example.tool: example.arguments for example in load_examples()}
CLOUDS = {"X": [[0, 0], [0, 1], [1, 0], [9, 9], [9, 8], [8, 9]]}


def draw(name: str, arguments: dict[str, Any] | None = None) -> tuple[Figure, Any]:
    given = EXAMPLES[name] if arguments is None else arguments
    result = call_tool(get(name), given)
    figure = render_plot(get(name), given, result)
    panels = [axes for axes in figure.axes if axes.axison and axes.get_label() != "<colorbar>"]
    assert all(axes.get_title() for axes in panels)
    assert any(axes.get_xlabel() for axes in panels)
    figure.draw_without_rendering()  # what cannot be drawn fails here
    return figure, result


def heights(axes: Axes) -> list[list[float]]:
    """The heights, or for lying bars the lengths, of each series of bars."""
    return [list(bars.datavalues) for bars in axes.containers]  # type: ignore[attr-defined]


def line(axes: Axes, i: int = 0) -> list[list[float]]:
    return [np.asarray(values, dtype=float).tolist() for values in axes.lines[i].get_data()]


def dots(axes: Axes) -> list[ArrayLike]:
    """The points of each group."""
    return [np.asarray(c.get_offsets()) for c in axes.collections if len(np.asarray(c.get_offsets())) > 1]


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def legend(axes: Axes) -> list[str]:
    shown = axes.get_legend()
    assert shown is not None
    return [text.get_text() for text in shown.get_texts()]


def test_every_picture_has_an_example_or_a_test() -> None:
    """The gallery shows every tool of the table but one, and losses."""
    assert set(PICTURES) - set(EXAMPLES) == {"multi_head_attention"}
    assert set(EXAMPLES) - set(PICTURES) == {"character_network"}
    assert all(sections(get(name)) for name in EXAMPLES)


def test_a_tool_without_a_picture() -> None:
    """Is refused in a sentence that lists those that have one."""
    with pytest.raises(InvalidInputError) as caught:
        render_plot(get("recall"), {}, 0.5)
    message = str(caught.value)
    assert message.startswith(
        "--plot needs a tool that has a picture; got 'recall'. Choose one that returns losses, or"
    )
    assert all(name in message for name in PICTURES)


def test_a_plane_has_two_columns() -> None:
    """Three cannot be drawn."""
    with pytest.raises(InvalidInputError, match=r"^X must have two columns for a picture; got 3\.$"):
        as_plane("X", [[1, 2, 3]])


def test_segment_boundaries() -> None:
    """A panel for each kind, with its accuracy, and the rows that it learnt from."""
    figure, result = draw("segment_classifier_accuracies", {"kinds": ["tree", "bayes", "logistic", "svm"], "n": 40})
    shown = [axes.get_title() for axes in figure.axes[:4]]
    assert shown == [f"{kind}: {accuracy:.1%} of new customers right" for kind, accuracy in result.items()]
    assert all({"ES", "SC", "RC", "PC"} <= set(texts(axes)) for axes in figure.axes[:4])
    assert [axes.axison for axes in figure.axes] == [True] * 4 + [False] * 2


def test_boundary_regions_are_the_predictions() -> None:
    """The colour of a place is the class predicted there; each class has a marker and a name in its region."""
    arguments = {**CLOUDS, "y": ["a"] * 3 + ["b"] * 3, "n_steps": 5}
    figure, result = draw("decision_boundary", arguments)
    (axes,) = figure.axes
    regions = np.asarray(axes.collections[0].get_array())
    assert regions.tolist() == [[["a", "b"].index(label) for label in row] for row in result["labels"]]
    drawn = axes.collections[1].get_segments()  # type: ignore[attr-defined]
    np.testing.assert_allclose(drawn, result["segments"])
    assert (texts(axes), legend(axes)) == (["a", "b"], ["a", "b"])
    assert axes.get_title() == "LogisticRegression: decision boundary (100.0% of the rows right)"


def test_a_class_without_a_region_has_no_name_in_one() -> None:
    """A single row among neighbours of another class: it has its marker alone."""
    estimator = {"name": "KNeighborsClassifier", "k": 3}
    figure, _ = draw(
        "decision_boundary", {**CLOUDS, "y": ["a"] * 3 + ["b", "b", "c"], "estimator": estimator, "n_steps": 5}
    )
    (axes,) = figure.axes
    assert (texts(axes), legend(axes)) == (["a", "b"], ["a", "b", "c"])


def test_confusion_counts() -> None:
    """Counts and shares of the row, in the cells."""
    figure, result = draw("confusion_matrix", {"y_true": ["a", "a", "b", "b"], "y_pred": ["a", "b", "b", "b"]})
    assert result["counts"] == [[1, 1], [0, 2]]
    assert texts(figure.axes[0]) == ["1\n50%", "1\n50%", "0\n0%", "2\n100%"]
    assert np.asarray(figure.axes[0].images[0].get_array()).tolist() == [[0.5, 0.5], [0, 1]]


def test_roc_points() -> None:
    """The curve of the result, its area in the title."""
    figure, result = draw("roc_curve", {"y_true": [0, 1, 0, 1], "scores": [0.1, 0.4, 0.35, 0.8]})
    assert line(figure.axes[0]) == [result["false_positive_rates"], result["true_positive_rates"]]
    assert figure.axes[0].get_title() == "ROC curve: area 1.000"


def test_precision_recall_points() -> None:
    """The curve of the result, and the rate of positives beside it."""
    figure, result = draw("precision_recall_curve")
    assert line(figure.axes[0]) == [result["recalls"], result["precisions"]]
    assert line(figure.axes[0], 1)[1] == [0.5, 0.5]


def test_reliability_points() -> None:
    """A point for each bin, with its number of cases."""
    figure, result = draw("reliability_table")
    assert line(figure.axes[0]) == [[row[k] for row in result] for k in ("mean_probability", "observed_rate")]
    assert texts(figure.axes[0]) == [f"n={row['count']}" for row in result]


def test_risk_coverage_points() -> None:
    """The curve of the result, and the risk of answering everything."""
    figure, result = draw("risk_coverage_curve")
    assert line(figure.axes[0]) == [result["coverages"], result["risks"]]
    assert line(figure.axes[0], 1)[1] == [result["error_rate"]] * 2


def test_overfitting_curves() -> None:
    """Both curves from epoch 1, and the best epoch."""
    figure, result = draw("overfitting_report")
    given = EXAMPLES["overfitting_report"]
    assert line(figure.axes[0])[1] == given["training_losses"]
    assert line(figure.axes[0], 1) == [list(range(1, 31)), given["validation_losses"]]
    assert line(figure.axes[0], 2)[0] == [result["best_epoch"]] * 2
    assert legend(figure.axes[0])[-1] == f"overfitting, from epoch {result['onset_epoch']}"


def test_a_good_fit_has_no_hatched_part() -> None:
    """Two falling curves."""
    figure, _ = draw("overfitting_report", {"training_losses": [3, 2, 1], "validation_losses": [3, 2.5, 2]})
    assert legend(figure.axes[0]) == ["training", "validation", "best epoch: 3"]


@pytest.mark.parametrize(
    ("name", "arguments", "curves"),
    [
        ("character_network", {"text": "abcabcabcabcabc", "n_epochs": 3}, ["losses"]),
        (
            "MLPClassifier",
            {**CLOUDS, "y": [0, 0, 0, 1, 1, 1], "n_epochs": 3, "patience": 2},
            ["losses", "validation_losses"],
        ),
    ],
)
def test_losses_of_any_tool(name: str, arguments: dict[str, Any], curves: list[str]) -> None:
    """Of a tool and of an estimator, whose learnt attributes end in an underscore."""
    figure, result = draw(name, arguments)
    for i, curve in enumerate(curves):
        values = result.get(curve) or result["learnt"][f"{curve}_"]
        assert line(figure.axes[0], i)[1] == values
    assert legend(figure.axes[0]) == [curve.replace("_", " ") for curve in curves]
    assert len({shown.get_linestyle() for shown in figure.axes[0].lines}) == len(curves)


@pytest.mark.parametrize("name", ["kl_divergence", "js_divergence"])
def test_divergence_parts(name: str) -> None:
    """Both distributions as bars, and parts that sum to the divergence."""
    figure, result = draw(name)
    both, single = figure.axes
    assert heights(both) == [EXAMPLES[name]["p"], EXAMPLES[name]["q"]]
    assert sum(heights(single)[0]) == pytest.approx(result)
    assert f"{result:.4f} nats" in both.get_title()


def test_infinite_divergence() -> None:
    """An outcome that q rules out is marked."""
    figure, result = draw("kl_divergence", {"p": [0.5, 0.5], "q": [1, 0]})
    assert result == "inf"
    assert texts(figure.axes[1])[1] == "∞"
    assert figure.axes[0].get_title() == "KL(p, q) = inf nats"


def test_kmeans_clusters() -> None:
    """The rows of each cluster, and the centres."""
    figure, result = draw("KMeans", {**CLOUDS, "k": 2})
    labels = np.array(result["predictions"])
    *clusters, centres = dots(figure.axes[0])
    for i, cluster in enumerate(clusters):
        np.testing.assert_array_equal(cluster, np.array(CLOUDS["X"])[labels == i])
    np.testing.assert_array_equal(centres, result["learnt"]["centres_"])


def test_kmeans_new_rows() -> None:
    """Where the estimator is applied to other rows, these are drawn."""
    figure, _ = draw("KMeans", {**CLOUDS, "k": 2, "X_new": [[0, 0], [0, 0.5]]})
    np.testing.assert_array_equal(dots(figure.axes[0])[0], [[0, 0], [0, 0.5]])


def test_mixture_ellipses() -> None:
    """Every point of the outer ellipse is two standard deviations from the mean (Mahalanobis)."""
    figure, result = draw("GaussianMixture")
    learnt = result["learnt"]
    for i, ellipse in enumerate(figure.axes[0].patches[1::2]):
        points = ellipse.get_patch_transform().transform(ellipse.get_path().vertices[:-1:3])
        away = points - np.array(learnt["means_"][i])
        squared = np.einsum("nd,de,ne->n", away, np.linalg.inv(learnt["covariances_"][i]), away)
        np.testing.assert_allclose(squared, 4, rtol=1e-3)
    assert legend(figure.axes[0])[0] == f"component 0, weight {learnt['weights_'][0]:.2f}"


def test_latent_codes() -> None:
    """On the right the codes of the rows on the left, in the same halves; on the left what was drawn, too."""
    arguments = {**EXAMPLES["VariationalAutoencoder"], "n_epochs": 3}
    figure, result = draw("VariationalAutoencoder", arguments)
    data, latent = figure.axes
    X, codes = np.array(arguments["X"]), np.array(result["transformed"])
    upper = X[:, 0] >= np.median(X[:, 0])
    lower_rows, upper_rows, drawn = dots(data)
    np.testing.assert_array_equal(np.vstack([lower_rows, upper_rows]), np.vstack([X[~upper], X[upper]]))
    np.testing.assert_array_equal(drawn, result["learnt"]["samples_"])
    np.testing.assert_array_equal(dots(latent)[1], codes[upper])


def test_modes_covered() -> None:
    """Shares at each mode; the curves are the history of the same training, and end with the result."""
    figure, result = draw("ring_collapse", {"n_modes": 3, "n_steps": 40})
    plane, shares, growth = figure.axes
    np.testing.assert_array_equal(dots(plane)[1], result["samples"])
    assert heights(shares) == [result["generated"]["shares"], result["collapsed"]["shares"]]
    history, last = result["history"], result["generated"]
    assert line(growth)[0] == history["steps"] == [*range(4, 41, 4)]
    drawn = [line(growth, i)[1] for i in range(3)]
    assert drawn[0] == [n / 3 for n in history["n_covered"]]
    assert drawn[1] == history["high_quality_shares"]
    assert [curve[-1] for curve in drawn] == pytest.approx(
        [last["n_covered"] / 3, last["high_quality_share"], last["entropy"] / np.log(3)]
    )


def test_noise_schedule_curves() -> None:
    """Betas above, what is left below."""
    figure, result = draw("noise_schedule", {"n_steps": 20, "kind": "cosine"})
    assert [line(axes)[1] for axes in figure.axes] == [result["betas"], result["alpha_bars"]]


def test_forward_means() -> None:
    """From the data on; the cross is the draw."""
    figure, result = draw("forward_diffusion", {"x": [2.0, 1.0], "betas": [0.1, 0.2]})
    assert line(figure.axes[0])[1] == [2.0, *(mean[0] for mean in result["means"])]
    assert line(figure.axes[0], 1) == [[2.0], [result["noisy"][0]]]


def test_diffusion_there_and_back() -> None:
    """The first forward panel shows the standardised rows; each panel has as many points as there are rows."""
    figure, _ = draw("DDPM", {"X": EXAMPLES["KMeans"]["X"], "n_epochs": 3, "n_noise_steps": 10})
    X = np.array(EXAMPLES["KMeans"]["X"])
    np.testing.assert_allclose(dots(figure.axes[0])[0], (X - X.mean(axis=0)) / X.std(axis=0))
    assert [len(np.asarray(dots(axes)[0])) for axes in figure.axes] == [len(X)] * 8
    moments = [0, 2, 4, 10]
    assert [axes.get_title() for axes in figure.axes[4:]] == [f"reverse, step {t}" for t in moments]


def test_trellis_path() -> None:
    """Every log-probability, and the path."""
    figure, result = draw("viterbi")
    (axes,) = figure.axes
    path = next(shown for shown in axes.lines if shown.get_label() == "most probable path")
    assert list(path.get_ydata()) == result["path"]
    assert texts(axes) == [f"{value:.2f}" for step in result["trellis"] for value in step]


def test_trellis_without_a_way() -> None:
    """A transition of probability 0 has no line."""
    arguments = {"start": [0.5, 0.5], "transition": [[1, 0], [0.5, 0.5]], "emission": [[1, 0], [0.5, 0.5]]}
    figure, _ = draw("viterbi", {**arguments, "observations": [0, 0]})
    ways = [line(figure.axes[0], i)[1] for i in range(3)]
    assert ways == [[0, 0], [1, 0], [1, 1]]


def test_attention_weights() -> None:
    """The map is the weights."""
    figure, result = draw("scaled_dot_product_attention")
    assert np.asarray(figure.axes[0].images[0].get_array()).tolist() == result["weights"]
    assert texts(figure.axes[0])[0] == f"{result['weights'][0][0]:.2f}"


def test_attention_of_heads() -> None:
    """A map for each head; of many tokens without numbers."""
    eye = np.eye(2).tolist()
    X = np.linspace(0, 1, 26).reshape(13, 2).tolist()
    arguments = {"X": X, "W_q": eye, "W_k": eye, "W_v": eye, "W_o": eye, "n_heads": 2}
    figure, result = draw("multi_head_attention", arguments)
    shown = [np.asarray(axes.images[0].get_array()).tolist() for axes in figure.axes[:2]]
    assert (shown, texts(figure.axes[0])) == (result["weights"], [])


def test_attention_of_reversal() -> None:
    """Letters of the example along the axes."""
    figure, result = draw("string_reversal", {"n_epochs": 1, "longest": 3})
    (axes, _) = figure.axes
    source, written = result["examples"][0]
    assert np.asarray(axes.images[0].get_array()).tolist() == result["attention"]
    assert "".join(label.get_text() for label in axes.get_xticklabels()).rstrip("·") == source
    assert (
        "".join(label.get_text() for label in axes.get_yticklabels()).rstrip("·") == written[: len(result["attention"])]
    )


def test_a_transformer_reversal_has_no_attention_to_show() -> None:
    """The message names the architectures that have."""
    with pytest.raises(InvalidInputError, match=r"^architecture must be rnn, lstm or gru for a picture; got 'transf"):
        render_plot(get("string_reversal"), {"architecture": "transformer"}, {"attention": None})


def test_sampling_bars() -> None:
    """What was given beside what the call returned, then each parameter alone."""
    figure, result = draw("next_token_probabilities")
    first, temperature, top_k, top_p = figure.axes
    given = call_tool(get("next_token_probabilities"), {})
    assert heights(first) == [list(given.values()), list(result.values())]
    for axes, name, value in ((temperature, "temperature", 0.5), (top_k, "top_k", 1), (top_p, "top_p", 0.5)):
        alone = call_tool(get("next_token_probabilities"), {name: value})
        assert heights(axes)[0] == list(alone.values())
        assert legend(axes)[0] == f"{name} {value}"


@pytest.mark.parametrize(("name", "key"), [("shapley", "values"), ("lime", "weights")])
def test_bars_of_columns(name: str, key: str) -> None:
    """Their lengths are the values; those below 0 are hatched."""
    figure, result = draw(name)
    (axes,) = figure.axes
    assert [length for (length,) in heights(axes)] == result[key]
    assert [bool(bar.get_hatch()) for bar in axes.patches] == [value < 0 for value in result[key]]
    assert axes.get_yticklabels()[0].get_text() == "column 1 = 1.2"


def test_bars_of_words() -> None:
    """The word of largest effect is on top."""
    figure, result = draw("lime_text")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == list(result["weights"])
    assert [length for (length,) in heights(axes)] == list(result["weights"].values())
    assert axes.yaxis_inverted()


def test_impact_bars() -> None:
    """Rates by group; the flagged group is hatched and has another colour, and the line is at four fifths."""
    figure, result = draw("disparate_impact")
    (axes,) = figure.axes
    assert [bar.get_height() for bar in axes.patches] == list(result["rates"].values())
    assert [bool(bar.get_hatch()) for bar in axes.patches] == [g in result["flagged"] for g in result["rates"]]
    assert to_hex(axes.patches[2].get_facecolor()).upper() == COLOURS[1]
    assert line(axes)[1] == pytest.approx([0.48, 0.48])


def test_choices_begin_again() -> None:
    """A seventh group has the first colour, and a marker that differs from that of the sixth."""
    assert pick(COLOURS, 6) == COLOURS[0]
