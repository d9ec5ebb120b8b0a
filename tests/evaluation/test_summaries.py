"""What a run comes to, and whether it passes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag_app.evaluation.cases import Case
from rag_app.evaluation.metrics.table import load_metrics
from rag_app.evaluation.runs import Row, Run
from rag_app.evaluation.scores import failed, not_applicable, scored
from rag_app.evaluation.summaries import judge_run, summarise, summary_json

CARDS = tuple(metric.card for metric in load_metrics(["citation_support", "false_refusal"]))
SCORES = [scored(1.0), scored(0.5), not_applicable("It cites nothing."), failed("The judge failed.")]


def run(thresholds=(), stopped=""):
    """A run of four rows, whose first metric is 1, 1/2, not applicable, and failed."""
    rows = tuple(
        Row(Case(f"{i}?", answerable=True, source=f"{i}.md", id=str(i)), "default", scores={"citation_support": score})
        for i, score in enumerate(SCORES)
    )
    suite = {"name": "small", "thresholds": dict(thresholds)}
    return Run(suite, {"default": {}}, CARDS, rows, stopped=stopped)


def bound(**given):
    """A threshold as run files hold it."""
    return {"at_least": None, "at_most": None, "min_coverage": 0.0, "margin": 0.02} | given


def test_counts_by_status():
    """The mean is over what has a score; what failed lowers the coverage, what does not apply does not."""
    first, second, *_ = summarise(run())
    assert (first.metric, first.mean, first.low, first.high) == ("citation_support", 0.75, 0.5, 1.0)
    assert (first.n_scored, first.n_not_applicable, first.n_errors) == (2, 1, 1)
    assert first.coverage == pytest.approx(2 / 3)
    assert (second.mean, second.n_scored, second.coverage) == (None, 0, 0.0)


def test_one_row_alone_has_no_interval():
    """How others would fare is not known."""
    found, *_ = summarise(replace(run(), rows=run().rows[:1]))
    assert (found.mean, found.low, found.high) == (1.0, None, None)


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        (bound(at_least=0.75), [True, True]),
        (bound(at_least=0.76), [False, True]),
        (bound(at_most=0.75), [True, True]),
        (bound(at_most=0.7), [False, True]),
        (bound(min_coverage=0.66), [True]),
        (bound(min_coverage=0.67), [False]),
        (bound(at_least=0.5, at_most=0.6), [True, False, True]),
    ],
)
def test_thresholds(given, passed):
    """Of the mean and of the coverage; equality is enough."""
    assert [outcome.passed for outcome in judge_run(run({"citation_support": given}))] == passed


def test_a_metric_without_any_score_fails_its_threshold():
    """There is nothing that could be good enough."""
    outcomes = judge_run(run({"false_refusal": bound(at_most=1, min_coverage=1.0)}))
    assert [(o.rule, o.got, o.passed) for o in outcomes] == [
        ("≤ 1", "no score", False),
        ("coverage ≥ 1", "0 of 0 answers have a score", False),
    ]


def test_a_run_that_was_stopped_fails():
    """Even without any threshold."""
    (outcome,) = judge_run(run(stopped="the limit of 5 s was reached"))
    assert (outcome.rule, outcome.got, outcome.passed) == (
        "the run must be complete",
        "the limit of 5 s was reached",
        False,
    )


def test_a_run_as_json():
    """Without its rows, with what it comes to."""
    found = summary_json(run({"citation_support": bound(at_least=0.9)}))
    assert (found["n_rows"], found["n_errors"], found["n_cached"], found["passed"]) == (4, 0, 0, False)
    assert found["summaries"][0]["mean"] == 0.75
    assert found["outcomes"][0] == {
        "variant": "default",
        "metric": "citation_support",
        "rule": "≥ 0.9",
        "got": "0.75",
        "passed": False,
    }
    assert "rows" not in found


def test_figures_of_a_whole_run():
    """Those that can be computed stand behind the metrics; one that has a threshold and cannot is there, too."""
    names = [summary.metric for summary in summarise(run({"gate_auroc": bound(at_least=0.5)}))]
    assert names == ["citation_support", "false_refusal", "gate_auroc", "latency_p95_s"]
    one, *others = run().rows
    failing = summarise(replace(run(), rows=(replace(one, error="The server is down."), *others)))[-1]
    assert (failing.metric, failing.n_scored, failing.n_errors) == ("latency_p95_s", 3, 1)
    missing = summarise(run({"gate_auroc": bound(at_least=0.5)}))[2]
    assert (missing.mean, missing.why[:30]) == (None, "The suite does not have the me")
