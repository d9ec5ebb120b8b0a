"""Speed of the classical estimators and metrics beside scikit-learn's, on 100,000 rows of 20 columns."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn
from report import spread, write_report
from sklearn import cluster, decomposition, linear_model, metrics, tree

from rag_app.from_scratch.estimators.kmeans import KMeans
from rag_app.from_scratch.estimators.logistic import LogisticRegression
from rag_app.from_scratch.estimators.pca import PCA
from rag_app.from_scratch.estimators.trees import DecisionTreeClassifier
from rag_app.from_scratch.metrics.classification import accuracy, f1_score
from rag_app.from_scratch.metrics.curves import roc_auc_score
from rag_app.from_scratch.metrics.regression import mean_squared_error

_N, _D = 100_000, 20
_ROUNDS = 3
_K = 8  # clusters
_N_KMEANS_ROUNDS = 20

Pair = tuple[Callable[[], Any], Callable[[], Any]]  # ours, scikit-learn's


def main() -> None:
    """Measure and report."""
    rows = [{"what": name, **_compare(*pair)} for name, pair in _pairs().items()]
    about = {"n": _N, "d": _D, "n_rounds": _ROUNDS, "n_cpus": os.cpu_count()}
    write_report("from_scratch", rows, **about, numpy=np.__version__, scikit_learn=sklearn.__version__)


def _pairs() -> dict[str, Pair]:
    """Return what is compared: the same work on the same data, with the same options."""
    rng = np.random.default_rng(0)
    group = rng.integers(_K, size=_N)
    X = rng.normal(size=(_N, _D)) + 2 * rng.normal(size=(_K, _D))[group]
    scores = X @ rng.normal(size=(_D, 4)) + 4 * rng.normal(size=(_N, 4))
    two, four = (scores[:, 0] > 0).astype(int), scores.argmax(axis=1)
    pairs: dict[str, Pair] = {
        f"k-means, {_K} clusters, {_N_KMEANS_ROUNDS} rounds": (
            KMeans(k=_K, centres=X[:_K], n_rounds=_N_KMEANS_ROUNDS).fit,
            cluster.KMeans(_K, init=X[:_K], n_init=1, max_iter=_N_KMEANS_ROUNDS, tol=0, algorithm="lloyd").fit,
        ),
        "PCA, 5 components": (PCA(n_components=5).fit, decomposition.PCA(5).fit),
    }
    pairs = {name: (_on(ours, X), _on(theirs, X)) for name, (ours, theirs) in pairs.items()}
    for name, y in (("2", two), ("4", four)):
        ours = LogisticRegression(alpha=1 / (2 * _N)).fit
        pairs[f"logistic regression, {name} classes"] = (
            _on(ours, X, y),
            _on(linear_model.LogisticRegression().fit, X, y),
        )
    for depth in (5, 10):
        ours, theirs = DecisionTreeClassifier(max_depth=depth).fit, tree.DecisionTreeClassifier(max_depth=depth).fit
        pairs[f"decision tree, depth {depth}"] = (_on(ours, X, two), _on(theirs, X, two))
    guess = (scores + rng.normal(size=scores.shape)).argmax(axis=1)
    pairs["accuracy"] = (_on(accuracy, four, guess), _on(metrics.accuracy_score, four, guess))
    pairs["macro F1"] = (
        lambda: f1_score(four, guess, average="macro"),
        lambda: metrics.f1_score(four, guess, average="macro"),
    )
    pairs["area under the ROC curve"] = (_on(roc_auc_score, two, X[:, 0]), _on(metrics.roc_auc_score, two, X[:, 0]))
    pairs["mean squared error"] = (
        _on(mean_squared_error, X[:, 0], X[:, 1]),
        _on(metrics.mean_squared_error, X[:, 0], X[:, 1]),
    )
    return pairs


def _on(function: Callable[..., Any], *data: np.ndarray) -> Callable[[], Any]:
    return lambda: function(*data)


def _compare(ours: Callable[[], Any], theirs: Callable[[], Any]) -> dict[str, object]:
    """Return times of both, measured in turn, and the median of their ratios."""
    kept = [(_time(ours), _time(theirs)) for _ in range(_ROUNDS + 1)][1:]  # the first round warms up
    return {
        "rag_app, seconds: median (min–max)": spread([a for a, _ in kept]),
        "scikit-learn, seconds: median (min–max)": spread([b for _, b in kept]),
        "ratio: median (min–max)": spread([a / b for a, b in kept]),
        "within 5 times": statistics.median(a / b for a, b in kept) <= 5,
    }


def _time(function: Callable[[], Any]) -> float:
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
