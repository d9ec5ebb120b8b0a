"""How far metrics of correctness agree with people who compared two answers with a reference.

Usage: correctness.py DATA_FOLDER, with ragchecker/human_labeled_*.json in it: pairs of answers, each judged by two
annotators from -2 (the first is much better) to 2. A metric's difference between the answers is correlated with that.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from report import write_report

from rag_app.evaluation.metrics.correctness import answer_correctness, answer_f1, semantic_similarity
from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.scores import Score

_LABELS = ("correctness_label", "completeness_label", "overall_label")
_N_RESAMPLES = 2000
_METRICS: dict[str, Callable[[Example], Score]] = {
    "answer_correctness": answer_correctness,
    "answer_f1": answer_f1,
    "semantic_similarity": semantic_similarity,
}


def main() -> None:
    """Measure and report."""
    (path,) = sorted(Path(sys.argv[1], "ragchecker").glob("human_labeled_*.json"))
    labelled = json.loads(path.read_text(encoding="utf-8"))
    pairs = {row["instance_id"]: row for row in labelled}
    rows = []
    for name, score in _METRICS.items():
        differences = {i: _value(score, row, "model2") - _value(score, row, "model1") for i, row in pairs.items()}
        rows.append({"metric": name, "n": len(labelled)} | _correlate(labelled, differences))
    write_report("correctness", rows, n_pairs=len(pairs), seed=0)


def _value(score: Callable[[Example], Score], row: dict[str, Any], which: str) -> float:
    example = Example(question=row["query"], answer=row[which]["response"], reference=row["gt_answer"])
    return score(example).value or 0.0


def _correlate(labelled: list[dict[str, Any]], differences: dict[Any, float]) -> dict[str, object]:
    """Return Pearson's correlation with each label; for the overall one the interval over pairs of answers."""
    x = np.array([differences[row["instance_id"]] for row in labelled])
    y = np.array([[row[label] for label in _LABELS] for row in labelled], float)
    row: dict[str, object] = {
        label.removesuffix("_label"): round(float(np.corrcoef(x, y[:, i])[0, 1]), 3) for i, label in enumerate(_LABELS)
    }
    ids = [r["instance_id"] for r in labelled]
    members = [np.flatnonzero(np.array(ids) == i) for i in differences]
    picks = np.random.default_rng(0).integers(0, len(members), (_N_RESAMPLES, len(members)))
    drawn = [np.concatenate([members[i] for i in pick]) for pick in picks]
    low, high = np.percentile([np.corrcoef(x[d], y[d, -1])[0, 1] for d in drawn], [2.5, 97.5])
    return row | {"overall, 95 %": f"{low:.3f}–{high:.3f}"}


if __name__ == "__main__":
    main()
