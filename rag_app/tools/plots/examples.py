"""The calls that the gallery shows: small, with fixed data, and one sentence about what is to be seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag_app.from_scratch.estimators.segmentation import customers

_ABOUT_SPAM = ["win cash now", "cash prize", "free prize now", "meeting now", "lunch meeting today", "report today"]
_TURN = 2 * np.pi


@dataclass(frozen=True, slots=True)
class Example:
    """A call of a tool, and what its picture shows."""

    tool: str
    title: str
    sentence: str
    arguments: dict[str, Any]


def load_examples() -> Iterator[Example]:
    """Yield the calls, in the order of the course.

    Examples
    --------
    >>> next(load_examples()).tool
    'segment_classifier_accuracies'
    """
    yield from _classifiers()
    yield from _thresholds()
    yield from _training()
    yield from _distributions()
    yield from _clusters()
    yield from _generators()
    yield from _sequences()
    yield from _explanations()


def _classifiers() -> Iterator[Example]:
    known = customers(60, 0.0, 0)
    rows = [[round(income), round(spend)] for income, spend in zip(known["income"], known["spend"], strict=True)]
    svm = {"name": "SegmentClassifier", "kind": "svm"}
    yield Example(
        "segment_classifier_accuracies",
        "Decision boundaries",
        "Six classifiers learn the same four segments of customers and draw differently shaped boundaries.",
        {"n": 120},
    )
    yield Example(
        "decision_boundary",
        "One decision boundary",
        "A support vector machine learns four segments of customers from 60 of them.",
        {"X": rows, "y": known["class"], "estimator": svm},
    )
    yield Example(
        "confusion_matrix",
        "Confusion matrix",
        "Right answers are on the diagonal; each row tells what became of one actual class.",
        {"y_true": ["cat"] * 6 + ["dog"] * 8 + ["fox"] * 4, "y_pred": _answers("cat 5 dog 1 dog 6 fox 2 fox 3 cat 1")},
    )


def _thresholds() -> Iterator[Example]:
    actual, scores = _scores(40)
    scored: dict[str, Any] = {"y_true": actual, "scores": scores}
    yield Example(
        "roc_curve", "ROC curve", "The further above the diagonal, the better scores tell two classes apart.", scored
    )
    yield Example(
        "precision_recall_curve",
        "Precision and recall",
        "A lower threshold finds more of the positives, at the price of more false alarms.",
        scored,
    )
    said = {"y_true": actual, "probabilities": scores, "n_bins": 5}
    sentence = "Where the points lie on the diagonal, things happened as often as was said."
    yield Example("reliability_table", "Calibration", sentence, said)
    rng = np.random.default_rng(0)
    sure = rng.random(60)
    right = (rng.random(60) < 0.5 + 0.5 * sure).astype(int).tolist()
    sentence = "Who answers only the questions of which he is surest, at the left, is wrong less often."
    yield Example(
        "risk_coverage_curve", "Risk and coverage", sentence, {"correct": right, "confidences": _rounded(sure)}
    )


def _training() -> Iterator[Example]:
    epochs = np.arange(1, 31)
    falling = 0.1 + 0.9 * np.exp(-epochs / 6)
    rising = falling + 0.08 + 0.0006 * np.maximum(epochs - 10, 0) ** 2
    curves = {"training_losses": _rounded(falling), "validation_losses": _rounded(rising)}
    sentence = "The network goes on to fit its training rows while it gets worse on others."
    yield Example("overfitting_report", "Overfitting", sentence, curves)
    text = "the cat sat on the mat. the cat ran. "
    sentence = "A recurrent network learns to predict the next character of a short text."
    yield Example("character_network", "A loss curve", sentence, {"text": text * 2, "n_epochs": 40})


def _distributions() -> Iterator[Example]:
    pair = {"p": [0.36, 0.48, 0.16], "q": [0.3, 0.5, 0.2]}
    sentence = "Outcomes that q makes too rare add to the divergence, outcomes that it makes too frequent take away."
    other = {"p": [0.1, 0.2, 0.4, 0.2, 0.1], "q": [0.4, 0.3, 0.15, 0.1, 0.05]}
    yield Example("kl_divergence", "Kullback–Leibler divergence", sentence, other)
    sentence = "Both are compared with their average, so the divergence is the same both ways, and small here."
    yield Example("js_divergence", "Jensen–Shannon divergence", sentence, pair)


def _clusters() -> Iterator[Example]:
    rows = {"X": _clouds(25)}
    sentence = "Every row belongs to the cluster whose centre is nearest."
    yield Example("KMeans", "k-means", sentence, {**rows, "k": 3})
    sentence = "Normal distributions take the shape of the clusters; one is long and oblique."
    yield Example("GaussianMixture", "Gaussian mixture", sentence, {**rows, "k": 3})


def _generators() -> Iterator[Example]:
    moons, clouds = {"X": _moons(60)}, {"X": _clouds(40)}
    sentence = "Rows that are alike get codes that are near each other, around the middle of the prior."
    yield Example("VariationalAutoencoder", "Latent space of a VAE", sentence, {**moons, "n_epochs": 200, "beta": 0.2})
    sentence = "A GAN covers the modes of a ring, some more than others; a collapsed generator repeats one."
    yield Example("ring_collapse", "Mode coverage of a GAN", sentence, {})
    sentence = "The noise of a step rises; what is left of the data falls to nearly nothing."
    yield Example("noise_schedule", "Noise schedule", sentence, {"n_steps": 1000})
    betas = _rounded(np.linspace(0.001, 0.2, 40))
    sentence = "Whatever the data was, after enough steps it is distributed around 0 with variance 1."
    yield Example("forward_diffusion", "Forward diffusion", sentence, {"x": [3.0, -1.5], "betas": betas})
    sentence = "A network that has learnt to find noise makes three clouds of pure noise."
    training = {"hidden": [64, 64], "n_epochs": 1200, "batch_size": 32, "learning_rate": 0.003}
    yield Example("DDPM", "Diffusion forward and reverse", sentence, {**clouds, **training})


def _sequences() -> Iterator[Example]:
    weather = {
        "start": [0.6, 0.4],
        "transition": [[0.7, 0.3], [0.4, 0.6]],
        "emission": [[0.1, 0.4, 0.5], [0.6, 0.3, 0.1]],
        "observations": [0, 1, 2, 2, 0, 0],
    }
    sentence = "Of all paths through the states the marked one is the most probable, given the observations."
    yield Example("viterbi", "Trellis of a hidden Markov model", sentence, weather)
    keys = [[2.0, 0.0], [0.0, 2.0], [1.5, 1.5], [-1.0, 1.0]]
    mask = np.tril(np.ones((4, 4))).tolist()
    sentence = "No token attends to a later one, and most to the one whose key matches its query."
    tokens = {"queries": keys, "keys": keys, "values": keys, "mask": mask}
    yield Example("scaled_dot_product_attention", "Attention map", sentence, tokens)
    sentence = "While it writes a string backwards, a network looks at the letters from the last to the first."
    yield Example("string_reversal", "Attention that was learnt", sentence, {"n_epochs": 6, "seed": 6})
    chosen = {"probabilities": "cat", "temperature": 0.7, "top_k": 3, "top_p": 0.9}
    sentence = "Temperature sharpens or flattens; top-k and top-p cut off the improbable tokens."
    yield Example("next_token_probabilities", "Sampling the next token", sentence, chosen)


def _explanations() -> Iterator[Example]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3)).round(2)
    y = (X @ [2.0, -1.0, 0.0] + rng.normal(scale=0.3, size=40) > 0).astype(int).tolist()
    asked = {"estimator": {"name": "LogisticRegression", "alpha": 0.05}, "X": X.tolist(), "y": y, "x": [1.2, 1.0, -1.5]}
    sentence = "The bars lead from the average prediction to this one; the third column adds almost nothing."
    yield Example("shapley", "Shapley values (SHAP)", sentence, asked)
    sentence = "A linear model, fitted near one row, tells what moves the prediction there."
    yield Example("lime", "LIME", sentence, asked)
    mails = {"texts": _ABOUT_SPAM, "y": ["spam"] * 3 + ["ham"] * 3, "text": "win a prize at the meeting today"}
    sentence = "Which words make a mail look like spam, and which do not."
    yield Example("lime_text", "LIME for text", sentence, {"estimator": "LogisticRegression", **mails})
    people = {
        "selected": [1] * 6 + [0] * 4 + [1] * 5 + [0] * 5 + [1] * 3 + [0] * 7,
        "group": ["a"] * 10 + ["b"] * 10 + ["c"] * 10,
    }
    sentence = "A group that is selected less than four fifths as often as another one is flagged."
    yield Example("disparate_impact", "Disparate impact", sentence, people)


def _answers(counted: str) -> list[str]:
    """Return "cat 2 dog 1" as cat, cat, dog."""
    words = counted.split()
    return [name for name, n in zip(words[::2], words[1::2], strict=True) for _ in range(int(n))]


def _rounded(values: Any) -> list[float]:  # noqa: ANN401  (array)
    return [round(float(v), 4) for v in values]


def _scores(n: int) -> tuple[list[int], list[float]]:
    rng = np.random.default_rng(3)
    actual = np.tile([0, 1], n // 2)
    logits = 2.2 * (2 * actual - 1) / 2 + rng.normal(scale=1.2, size=n)
    return actual.tolist(), _rounded(1 / (1 + np.exp(-logits)))


def _clouds(n: int) -> list[list[float]]:
    rng = np.random.default_rng(1)
    oblique = rng.normal(size=(n, 2)) @ [[1.2, 0.9], [0.0, 0.3]] + [0.0, 4.0]
    clouds = [rng.normal([-3, 0], 0.6, (n, 2)), rng.normal([3, 0], 0.8, (n, 2)), oblique]
    rows: list[list[float]] = np.concatenate(clouds).round(2).tolist()
    return rows


def _moons(n: int) -> list[list[float]]:
    """Return two half circles that hook into each other, n rows of each."""
    rng = np.random.default_rng(2)
    angles = np.linspace(0, _TURN / 2, n)
    upper = np.column_stack([np.cos(angles), np.sin(angles)])
    both = np.concatenate([upper, [1.0, 0.5] - upper]) + rng.normal(scale=0.06, size=(2 * n, 2))
    rows: list[list[float]] = both.round(2).tolist()
    return rows
