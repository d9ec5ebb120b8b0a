"""How far a metric, or a judge, agrees with the labels of a person, and where it errs."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_app.errors import EvaluationError
from rag_app.evaluation.calibration import Estimate
from rag_app.evaluation.labelled import Labelled
from rag_app.evaluation.metrics.cards import Direction
from rag_app.evaluation.scores import Score
from rag_app.from_scratch.metrics.agreement import cohen_kappa, rank_correlation
from rag_app.from_scratch.metrics.classification import accuracy
from rag_app.from_scratch.metrics.curves import roc_auc_score

_N_RESAMPLES = 1000
_PERCENTILES = (2.5, 97.5)
_LEAST_OF_A_KIND = 2
_MOST_LISTED = 20

Array = NDArray[np.float64]
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class _Data:
    """Labels, and values of which a higher one always means better."""

    labels: Array
    values: Array
    clusters: list[NDArray[np.intp]]


def measure_agreement(
    labelled: Sequence[Labelled],
    scores: Sequence[Score],
    *,
    direction: Direction = "higher",
    threshold: float | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Return how far scores agree with labels, as JSON holds it.

    Parameters
    ----------
    labelled : sequence of Labelled
        With labels 0 and 1, or with grades.
    scores : sequence of Score
        Of each, in the same order.
    direction : {"higher", "lower"}, default="higher"
        Which values are better.
    threshold : float, optional
        From which value on the metric calls an answer good. Default: the one that agrees best, chosen anew in each
        resample and measured on the answers that were not drawn, so that the figures are those of new answers.
    seed : int, default=0
        Where the random numbers start.

    Returns
    -------
    dict
        ``n``, ``n_scored``, ``n_not_applicable`` and ``n_errors``; ``figures``, each with ``value``, ``low`` and
        ``high``: of labels 0 and 1 ``auroc``, ``accuracy``, ``balanced_accuracy`` and ``kappa``, of grades
        ``rank_correlation``; ``threshold`` and ``table``, how many answers are called what by whom; ``spread``, where
        the judge was asked several times; ``errs``, the answers on which both differ, the furthest first.

    Raises
    ------
    EvaluationError
        If there are fewer than two scored answers of a kind, or of different grades.

    Notes
    -----
    Answers to one question are resampled together. Efron & Tibshirani, "An introduction to the bootstrap" (1993).
    """
    kept = [(item, score) for item, score in zip(labelled, scores, strict=True) if score.value is not None]
    data = _data(kept, 1.0 if direction == "higher" else -1.0)
    is_binary = set(data.labels.tolist()) <= {0.0, 1.0}
    _check(data, is_binary=is_binary)
    counted = {
        "n": len(labelled),
        "n_scored": len(kept),
        "n_not_applicable": sum(score.status == "not-applicable" for score in scores),
        "n_errors": sum(score.status == "error" for score in scores),
        "spread": _spread([score for _, score in kept]),
    }
    if not is_binary:
        figures = _bootstrap(data, lambda drawn, _: {"rank_correlation": _correlation(data, drawn)}, seed)
        return {**counted, "figures": figures, "errs": _errs(kept, _standardised(data))}
    sign = 1.0 if direction == "higher" else -1.0
    fixed = None if threshold is None else sign * threshold
    chosen = _best_threshold(data.labels, data.values) if fixed is None else fixed
    figures = _bootstrap(data, lambda drawn, left: _figures(data, drawn, left, fixed), seed)
    calls = (data.values >= chosen).astype(float)
    return {
        **counted,
        "figures": figures,
        "threshold": {"value": sign * chosen, "chosen": threshold is None},
        "table": _table(data.labels, calls),
        "errs": _errs(kept, (data.labels - calls) * (1 + np.abs(data.values - chosen))),
    }


def _data(kept: Sequence[tuple[Labelled, Score]], sign: float) -> _Data:
    groups: dict[str, list[int]] = {}
    for i, (item, _) in enumerate(kept):
        groups.setdefault(item.example.question, []).append(i)
    labels = np.array([item.label for item, _ in kept], dtype=float)
    values = sign * np.array([score.value for _, score in kept], dtype=float)
    return _Data(labels, values, [np.array(group) for group in groups.values()])


def _check(data: _Data, *, is_binary: bool) -> None:
    kinds, counts = np.unique(data.labels, return_counts=True)
    if len(kinds) > 1 and (not is_binary or counts.min() >= _LEAST_OF_A_KIND):
        return
    got = ", ".join(f"{n} of {kind:g}" for kind, n in zip(kinds, counts, strict=True)) or "no score at all"
    msg = f"The labels must hold two kinds, each with at least {_LEAST_OF_A_KIND} answers that have a score; got {got}."
    raise EvaluationError(msg, hint="Label good answers with 1 and bad ones with 0, some of each.")


def _bootstrap(
    data: _Data, measure: Callable[[NDArray[np.intp], NDArray[np.intp]], Figures], seed: int
) -> dict[str, dict[str, float]]:
    """Return figures with intervals; `measure` gets the indices that were drawn and those that were left."""
    rng = np.random.default_rng(seed)
    n = len(data.clusters)
    found: list[Figures] = []
    for _ in range(_N_RESAMPLES):
        drawn = rng.integers(0, n, n)
        rest = np.setdiff1d(np.arange(n), drawn)
        found.append(measure(_joined(data, drawn), _joined(data, rest)))
    whole = measure(np.arange(len(data.labels)), np.arange(0))
    names = dict.fromkeys(name for figures in (whole, *found) for name in figures)
    return {name: asdict(_estimate([f[name] for f in found if name in f], whole.get(name))) for name in names}


def _joined(data: _Data, which: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.concatenate([data.clusters[i] for i in which]) if len(which) else np.arange(0)


def _estimate(values: Sequence[float], whole: float | None) -> Estimate:
    """Return the figure of all answers, or the mean of the resamples' where it is one of new answers."""
    low, high = np.percentile(values, _PERCENTILES).tolist() if values else (whole or 0.0, whole or 0.0)
    return Estimate(statistics.fmean(values) if whole is None else whole, low, high)


def _figures(data: _Data, drawn: NDArray[np.intp], left: NDArray[np.intp], fixed: float | None) -> Figures:
    """Return the figures of a resample; those that a threshold makes are missing where it has none to measure on."""
    labels, values = data.labels[drawn], data.values[drawn]
    if not 0 < labels.sum() < len(labels):
        return {}
    found = {"auroc": roc_auc_score(labels, values)}
    measured = drawn if fixed is not None else left
    if not 0 < data.labels[measured].sum() < len(measured):
        return found
    limit = _best_threshold(labels, values) if fixed is None else fixed
    truth, calls = data.labels[measured], (data.values[measured] >= limit).astype(float)
    balanced = float((calls[truth == 1].mean() + 1 - calls[truth == 0].mean()) / 2)
    return {
        **found,
        "accuracy": accuracy(truth, calls),
        "balanced_accuracy": balanced,
        "kappa": cohen_kappa(truth, calls),
    }


def _correlation(data: _Data, drawn: NDArray[np.intp]) -> float:
    return rank_correlation(data.labels[drawn], data.values[drawn])


def _best_threshold(labels: Array, values: Array) -> float:
    """Return the threshold of the highest balanced accuracy, half-way between two neighbouring values."""
    order = np.argsort(values, kind="stable")
    rising, good = values[order], labels[order] == 1
    n_good = int(good.sum())
    good_below = np.concatenate([[0], np.cumsum(good)])  # (n + 1,): among the first i
    bad_below = np.arange(len(values) + 1) - good_below
    balanced = (1 - good_below / n_good) + bad_below / (len(values) - n_good)
    edges = np.concatenate([[True], rising[1:] > rising[:-1], [True]])  # ties are on one side
    best = int(np.argmax(np.where(edges, balanced, -1)))
    if best in {0, len(values)}:
        return float(rising[0] if best == 0 else np.nextafter(rising[-1], np.inf))
    return float((rising[best - 1] + rising[best]) / 2)


def _table(labels: Array, calls: Array) -> dict[str, int]:
    names = {(1, 1): "both_good", (1, 0): "only_you", (0, 1): "only_metric", (0, 0): "both_bad"}
    return {name: int(((labels == you) & (calls == metric)).sum()) for (you, metric), name in names.items()}


def _standardised(data: _Data) -> Array:
    """Return how far labels and values differ when both are brought to one scale."""
    scaled = [(x - x.mean()) / (x.std() or 1.0) for x in (data.labels, data.values)]
    distance: Array = scaled[0] - scaled[1]
    return distance


def _errs(kept: Sequence[tuple[Labelled, Score]], distances: Array) -> list[dict[str, Any]]:
    order = [int(i) for i in np.argsort(-np.abs(distances), kind="stable") if distances[i] != 0]
    return [_err(*kept[i]) for i in order[:_MOST_LISTED]]


def _err(item: Labelled, score: Score) -> dict[str, Any]:
    return {
        "id": item.id,
        "question": item.example.question,
        "answer": item.example.answer,
        "label": item.label,
        "score": score.value,
        "why": score.why,
    }


def _spread(scores: Sequence[Score]) -> dict[str, float] | None:
    """Return how far repeated scores of one answer lie apart: their mean standard deviation, and the largest."""
    found: list[Mapping[str, Any]] = [score.details for score in scores if score.details.get("spread") is not None]
    if not found:
        return None
    spreads = [float(details["spread"]) for details in found]
    return {"n": len(spreads), "mean": statistics.fmean(spreads), "highest": max(spreads)}
