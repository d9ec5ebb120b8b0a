"""The agreement that cards state is the one that the benchmarks measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag_app.evaluation.metrics.table import card_of

_RESULTS = Path(__file__).resolve().parents[3] / "benchmarks" / "results"


def _rows(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((_RESULTS / f"{name}.json").read_text(encoding="utf-8"))["rows"]
    return rows


@pytest.mark.parametrize(("metric", "what"), [("faithfulness", "answers"), ("supported_statements", "sentences")])
def test_faithfulness_was_measured_on_sources_left_out(metric: str, what: str) -> None:
    """Figure, interval and number of items are those of the committed table."""
    (row,) = (r for r in _rows("train_support") if (r["set"], r["what"]) == ("RAGTruth, answers", what))
    for found in card_of(metric).agreement:
        measure = found.measure.removesuffix(" of sentences")
        assert found.value == pytest.approx(row[measure])
        assert f"{found.low:.3f}–{found.high:.3f}" == row[f"{measure}, 95 %"]
        assert found.n == row["n"]


@pytest.mark.parametrize("metric", ["answer_correctness", "answer_f1", "semantic_similarity"])
def test_correctness_was_measured_against_comparisons(metric: str) -> None:
    """The correlation is the one with the overall judgement."""
    (row,) = (r for r in _rows("correctness") if r["metric"] == metric)
    (found,) = card_of(metric).agreement
    assert found.value == pytest.approx(row["overall"])
    assert f"{found.low:.3f}–{found.high:.3f}" == row["overall, 95 %"]
    assert found.n == row["n"]
