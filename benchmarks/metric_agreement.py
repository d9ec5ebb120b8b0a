"""How far metrics that count words agree with people: shares of words, and the decision at the metric's own threshold.

Usage: metric_agreement.py DATA_FOLDER, with ``attributionbench/dev.jsonl`` in it. What the cards of the metrics state
comes from here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from report import write_report

from rag_app.evaluation.metrics.examples import Example
from rag_app.evaluation.metrics.table import load_metrics
from rag_app.from_scratch.metrics.curves import roc_auc_score
from rag_app.reading.overlap import stems

_N_RESAMPLES = 1000


def main() -> None:
    """Measure and report."""
    lines = (Path(sys.argv[1]) / "attributionbench" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    labels = np.array([record["attribution_label"] == "attributable" for record in records])
    groups = [f"{record['src_dataset']}: {record['question']}" for record in records]
    decisions = np.array([decide(record) for record in records])
    shares = np.array([share(record) for record in records])
    sources = sorted({record["src_dataset"] for record in records})
    rows = []
    for name in ("all", *sources):
        which = np.array([name in {"all", record["src_dataset"]} for record in records])
        mine = [group for group, chosen in zip(groups, which, strict=True) if chosen]
        rows.append(figures(name, labels[which], decisions[which], shares[which], mine))
    write_report("metric_agreement", rows, metric="citation_support", data="AttributionBench, development set")


def decide(record: dict[str, Any]) -> float:
    """Return what the metric says of a claim that cites its references."""
    (metric,) = load_metrics(["citation_support"])
    text = " ".join(record["claim"].split()).rstrip(".!?").replace("\n", " ").replace(". ", "; ")
    citation = {"quote": " ".join(map(str, record["references"])), "source": "", "locator": {}}
    return metric.score(Example(record["question"], f"{text}. [1]", citations=(citation,))).value or 0.0


def share(record: dict[str, Any]) -> float:
    """Return the share of the claim's words that its references hold."""
    wanted = stems(record["claim"])
    return len(wanted & stems(" ".join(map(str, record["references"])))) / max(len(wanted), 1)


def figures(name: str, labels: Any, decisions: Any, shares: Any, groups: Sequence[str]) -> dict[str, Any]:  # noqa: ANN401  (arrays)
    """Return balanced accuracy of the decisions and AUROC of the shares, with intervals over questions."""
    index = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    members: list[list[int]] = [[] for _ in index]
    for i, group in enumerate(groups):
        members[index[group]].append(i)
    rng, drawn = np.random.default_rng(0), []
    for _ in range(_N_RESAMPLES):
        chosen = [i for group in rng.integers(0, len(members), len(members)) for i in members[group]]
        if len(set(labels[chosen])) == 2:
            drawn.append((balanced(labels[chosen], decisions[chosen]), auroc(labels[chosen], shares[chosen])))
    (low, low_auroc), (high, high_auroc) = np.percentile(drawn, [2.5, 97.5], axis=0)
    return {
        "source": name,
        "n": len(labels),
        "supported": float(labels.mean()),
        "balanced accuracy": balanced(labels, decisions),
        "low": float(low),
        "high": float(high),
        "AUROC": auroc(labels, shares),
        "AUROC low": float(low_auroc),
        "AUROC high": float(high_auroc),
    }


def balanced(labels: Any, decisions: Any) -> float:  # noqa: ANN401  (arrays)
    """Return the mean of the shares of supported and of other claims that are decided rightly."""
    return float((decisions[labels].mean() + 1 - decisions[~labels].mean()) / 2)


def auroc(labels: Any, shares: Any) -> float:  # noqa: ANN401  (arrays)
    """Return the area under the curve."""
    return roc_auc_score(labels.astype(int).tolist(), shares)


if __name__ == "__main__":
    main()
