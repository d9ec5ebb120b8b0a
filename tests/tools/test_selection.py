"""The tools that a language model is told of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag_app.registry import entries, get
from rag_app.tools.selection import ToolSelector, render_signature, score_tools

NEEDS = Path(__file__).resolve().parents[2] / "evals" / "data" / "requests" / "needs.jsonl"


@pytest.fixture(scope="module")
def selector(minilm) -> ToolSelector:
    """With the real embedder."""
    return ToolSelector(minilm)


@pytest.mark.parametrize(
    ("request_", "first"),
    [
        ("Compute the F1 score of my predictions", "f1_score"),
        ("k-means with three clusters", "KMeans"),
        ("What is the area under the ROC curve?", "roc_auc_score"),
        ("train a decision tree", "DecisionTreeClassifier"),
    ],
)
def test_a_tool_that_is_named_comes_first(selector: ToolSelector, request_: str, first: str) -> None:
    """By its own name or by what else it is called, with other endings too."""
    assert selector.select(request_, 3)[0].name == first


def test_a_tool_is_found_by_what_it_does(selector: ToolSelector) -> None:
    """Of the needs that were written down, nine of ten have their tool among the first eight."""
    needs = [json.loads(line) for line in NEEDS.read_text(encoding="utf-8").splitlines()]
    found = [need["tool"] in {e.name for e in selector.select(need["text"], 8)} for need in needs]
    assert sum(found) >= 0.9 * len(needs)


@pytest.mark.parametrize("request_", ["probability", "1 2 3", "xyzzy"])
def test_as_many_are_selected_as_are_wanted(selector: ToolSelector, request_: str) -> None:
    """Each once, in a fixed order, whatever is asked."""
    names = [entry.name for entry in selector.select(request_, 20)]
    assert len(set(names)) == 20
    assert names[:5] == [entry.name for entry in selector.select(request_, 5)]
    assert set(names) <= {entry.name for entry in entries()}


@pytest.mark.parametrize("request_", ["", "1 2 3", "xyzzy", "What is it?"])
def test_nothing_is_scored_by_words_for_nothing(request_: str) -> None:
    """No word of it is one of a tool's."""
    assert score_tools(request_) == {}


def test_a_signature_fits_a_line() -> None:
    """Name, parameters with their defaults, and what is returned."""
    assert render_signature(get("recall_at_k")) == (
        "recall_at_k(ranking, relevant, k=10): "
        "Return the share of the relevant items that are among the first k of a ranking, in [0, 1]."
    )
