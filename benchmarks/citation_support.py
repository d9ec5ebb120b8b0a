"""How well the check of a citation marker tells supported claims from unsupported ones.

Usage: citation_support.py DATA_FOLDER, with attributionbench/dev.jsonl in it. The thresholds of
`rag_app.chains.citations` are chosen from this grid; they are not tuned to a decimal.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import numpy as np
from report import write_report

from rag_app.embeddings.minilm import MiniLM
from rag_app.from_scratch.language.sentences import split_sentences
from rag_app.reading.overlap import stems

_N = 500
_MAX_SENTENCES = 60


def main() -> None:
    """Measure and report."""
    lines = Path(sys.argv[1], "attributionbench", "dev.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    random.seed(0)
    cases = random.sample(cases, min(_N, len(cases)))
    supported = np.array([case["attribution_label"] == "attributable" for case in cases])
    embedder = MiniLM()
    features = np.array([_features(embedder, case) for case in cases])
    rows = []
    for coverage in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        for similarity in (0.5, 0.6, 0.7, 0.8, 1.1):
            kept = (features[:, 0] >= coverage) | (features[:, 1] >= similarity)
            right, wrong = float(kept[supported].mean()), float((~kept)[~supported].mean())
            rows.append(
                {
                    "coverage ≥": coverage,
                    "or similarity ≥": similarity,
                    "supported kept": right,
                    "unsupported removed": wrong,
                    "balanced accuracy": (right + wrong) / 2,
                }
            )
    write_report("citation_support", rows, n=len(cases), n_supported=int(supported.sum()), seed=0)


def _features(embedder: MiniLM, case: dict[str, object]) -> tuple[float, float]:
    evidence = " ".join(map(str, case["references"]))  # type: ignore[call-overload]
    claim = str(case["claim"])
    sentences = [evidence[a:b] for a, b in split_sentences(evidence)][:_MAX_SENTENCES] or [evidence]
    vectors = embedder.embed_passages([claim, *sentences])
    wanted = stems(claim)
    return len(wanted & stems(evidence)) / max(len(wanted), 1), float((vectors[1:] @ vectors[0]).max())


if __name__ == "__main__":
    main()
