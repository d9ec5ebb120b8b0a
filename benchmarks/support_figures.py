"""How far scores agree with people's marks, with intervals over sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rag_app.from_scratch.metrics.curves import roc_auc_score

_N_RESAMPLES = 500
_PERCENTILES = (2.5, 97.5)


def agreement(unsupported: Sequence[bool], odds: Sequence[float], groups: Sequence[str]) -> dict[str, Any]:
    """Return AUROC, balanced accuracy and macro-F1 at odds 0, each with its 95 % interval; sources are resampled."""
    y, s = np.asarray(unsupported, bool), np.asarray(odds, float)
    drawn = _draw(y, groups)
    measures: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
        "AUROC": _auroc,
        "balanced accuracy": balanced_accuracy,
        "macro-F1": macro_f1,
    }
    row: dict[str, Any] = {"n": len(y), "unsupported": int(y.sum())}
    for name, measure in measures.items():
        low, high = np.percentile([measure(y[d], s[d]) for d in drawn], _PERCENTILES)
        row |= {name: round(measure(y, s), 3), f"{name}, 95 %": f"{low:.3f}–{high:.3f}"}
    return row


def gain(
    unsupported: Sequence[bool], before: Sequence[float], after: Sequence[float], groups: Sequence[str]
) -> dict[str, Any]:
    """Return the AUROC of two lots of odds of the same texts, and the difference with its 95 % interval."""
    y, a, b = np.asarray(unsupported, bool), np.asarray(before, float), np.asarray(after, float)
    low, high = np.percentile([_auroc(y[d], b[d]) - _auroc(y[d], a[d]) for d in _draw(y, groups)], _PERCENTILES)
    found = {"AUROC before": round(_auroc(y, a), 3), "AUROC after": round(_auroc(y, b), 3)}
    return found | {"difference": round(_auroc(y, b) - _auroc(y, a), 3), "difference, 95 %": f"{low:.3f} to {high:.3f}"}


def _draw(y: np.ndarray, groups: Sequence[str]) -> list[np.ndarray]:
    """Return resamples of whole sources in which there are both classes."""
    members = [np.flatnonzero(np.asarray(groups) == g) for g in sorted(set(groups))]
    picks = np.random.default_rng(0)
    drawn = [
        np.concatenate([members[i] for i in picks.integers(0, len(members), len(members))]) for _ in range(_N_RESAMPLES)
    ]
    return [d for d in drawn if 0 < y[d].sum() < len(d)]


def balanced_accuracy(unsupported: np.ndarray, odds: np.ndarray) -> float:
    """Return the mean of the shares of unsupported and of supported texts that are told, at odds 0."""
    flagged = odds >= 0
    return float(flagged[unsupported].mean() + (~flagged)[~unsupported].mean()) / 2


def macro_f1(unsupported: np.ndarray, odds: np.ndarray) -> float:
    """Return the mean of the F1 of both classes, at odds 0."""
    flagged = odds >= 0
    hit, passed = int((flagged & unsupported).sum()), int((~flagged & ~unsupported).sum())
    wrong = len(odds) - hit - passed
    return (2 * hit / max(2 * hit + wrong, 1) + 2 * passed / max(2 * passed + wrong, 1)) / 2


def _auroc(unsupported: np.ndarray, odds: np.ndarray) -> float:
    return roc_auc_score(unsupported.astype(int).tolist(), odds.tolist(), positive=1)
