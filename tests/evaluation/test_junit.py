"""Runs and comparisons as JUnit XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from rag_app.evaluation.cases import Case
from rag_app.evaluation.comparison import compare_runs
from rag_app.evaluation.junit import render_comparisons, render_run
from rag_app.evaluation.metrics.table import load_metrics
from rag_app.evaluation.runs import Row, Run
from rag_app.evaluation.scores import failed, scored

CARDS = tuple(metric.card for metric in load_metrics(["citation_support"]))


def run(value, error=""):
    """A run of eight cases with one value; the last one may have failed."""
    scores = [{"citation_support": scored(value)}] * 7 + [
        {"citation_support": failed("No.") if error else scored(value)}
    ]
    rows = tuple(
        Row(Case("Who?", answerable=True, id=f"c-{i}"), "default", scores=found, error=error if i == 7 else "")
        for i, found in enumerate(scores)
    )
    bound = {"at_least": 0.5, "at_most": None, "min_coverage": 0.8, "margin": 0.02}
    return Run({"name": 'a "small" <suite>', "thresholds": {"citation_support": bound}}, {"default": {}}, CARDS, rows)


def test_thresholds_and_errors_are_test_cases():
    """A threshold that is missed is a failure, an answer that failed is an error."""
    root = ET.fromstring(render_run(run(0.25, error='The server \x00 is <down> & "out".')))
    assert root.attrib["tests"] == "3"
    assert (root.attrib["failures"], root.attrib["errors"]) == ("1", "1")
    suite = root[0]
    assert suite.attrib["name"] == 'a "small" <suite>'
    assert [case.attrib["name"] for case in suite] == [
        "default citation_support: ≥ 0.5",
        "default citation_support: coverage ≥ 0.8",
        "default c-7",
    ]
    assert suite[0].find("failure").attrib["message"] == "0.25"
    assert suite[1].find("failure") is None
    assert suite[2].find("error").attrib["message"] == 'The server � is <down> & "out".'


def test_each_metric_of_a_comparison_is_a_test_case():
    """What is worse fails."""
    root = ET.fromstring(render_comparisons("small", [compare_runs(run(1.0), run(0.5))]))
    assert (root.attrib["tests"], root.attrib["failures"]) == ("1", "1")
    assert root[0][0].attrib["name"] == "default citation_support: no worse than before"
    assert "gain -0.5000" in root[0][0].find("failure").attrib["message"]
    assert ET.fromstring(render_comparisons("small", [compare_runs(run(1.0), run(1.0))])).attrib["failures"] == "0"
