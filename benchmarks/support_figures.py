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
    members = [np.flatnonzero(np.asarray(groups) == g) for g in sorted(set(groups))]
    picks = np.random.default_rng(0)
    drawn = [
        np.concatenate([members[i] for i in picks.integers(0, len(members), len(members))]) for _ in range(_N_RESAMPLES)
    ]
    drawn = [d for d in drawn if 0 < y[d].sum() < len(d)]
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
