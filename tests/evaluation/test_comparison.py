"""Two runs, case by case."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from rag_app.errors import EvaluationError
from rag_app.evaluation import junit
from rag_app.evaluation.cases import Case
from rag_app.evaluation.comparison import compare_all, compare_runs, passes
from rag_app.evaluation.markdown import render_comparisons
from rag_app.evaluation.metrics.table import load_metrics
from rag_app.evaluation.runs import Row, Run
from rag_app.evaluation.scores import failed, not_applicable, scored


def run(values, metric="citation_support", variant="default", **fields):
    """A run whose cases have these scores: numbers, lists of them for repeats, or scores."""
    (card,) = (m.card for m in load_metrics([metric]))
    rows = []
    for i, value in enumerate(values):
        for repeat, one in enumerate(value if isinstance(value, list) else [value]):
            score = scored(one) if isinstance(one, int | float) else one
            case = Case(f"Question {i}?", answerable=True, id=f"c-{i}")
            rows.append(Row(case, variant, repeat, {"answer": f"Answer {i}: {one}"}, {metric: score}))
    suite = {"name": "small", "thresholds": fields.pop("thresholds", {})}
    return Run(suite, {variant: {}}, (card,), tuple(rows), **fields)


def only(comparison):
    """The only difference of a comparison."""
    (difference,) = comparison.differences
    return difference


def test_a_clear_loss_is_refused():
    """Twenty cases lose a half each: every sign change but two is less extreme."""
    comparison = compare_runs(run([1.0] * 20), run([0.5] * 20))
    found = only(comparison)
    assert (found.gain, found.low, found.high, found.verdict) == (-0.5, -0.5, -0.5, "worse")
    assert found.p_adjusted < 0.001
    assert (len(found.wins), len(found.losses), found.n_ties) == (0, 20, 0)
    assert comparison.failures() == (found,)


def test_a_loss_on_one_document_is_refused():
    """Its questions count one by one, and the reader is told for what that holds."""
    before, after = (run([value] * 20) for value in (1.0, 0.5))
    one = [
        replace(r, rows=tuple(replace(row, case=replace(row.case, source="notes.md")) for row in r.rows))
        for r in (before, after)
    ]
    comparison = compare_runs(*one)
    assert only(comparison) == only(compare_runs(before, after))
    assert only(comparison).verdict == "worse"
    assert comparison.notes == (
        "The cases are in one group (by document, or as they say): too few to tell how others would fare.",
    )


def test_one_case_proves_nothing():
    """A loss within the margin may be more; no change is no change."""
    assert only(compare_runs(run([1.0]), run([0.99]))).verdict == "unclear"
    assert only(compare_runs(run([1.0]), run([1.0]))).verdict == "not worse"


def test_a_clear_gain_is_accepted():
    """Of a metric of which less is better, a lower value is a gain."""
    found = only(compare_runs(run([1.0] * 20, "false_refusal"), run([0.0] * 20, "false_refusal")))
    assert (found.mean_a, found.mean_b, found.gain, found.verdict) == (1.0, 0.0, 1.0, "better")


def test_equal_runs_are_not_worse():
    """No case differs, so the interval has no width."""
    comparison = compare_runs(run([0.5, 1.0, 0.0]), run([0.5, 1.0, 0.0]))
    assert (only(comparison).verdict, only(comparison).p_value, only(comparison).n_ties) == ("not worse", 1.0, 3)
    assert comparison.failures(strict=True) == ()


def test_what_is_unclear_fails_only_if_one_is_strict():
    """Two of eight cases lost: it may be chance, and it may be worse than the margin."""
    comparison = compare_runs(run([1.0] * 8), run([0.0] * 2 + [1.0] * 6))
    found = only(comparison)
    assert (found.verdict, found.p_value) == ("unclear", 0.5)
    assert comparison.failures() == ()
    assert comparison.failures(strict=True) == (found,)


def test_a_margin_is_put_up_with():
    """A loss that is sure but small: all of twenty cases lose 0.01."""
    bound = {"at_least": None, "at_most": None, "min_coverage": 1.0, "margin": 0.02}
    before, after = run([0.8] * 20), run([0.79] * 20, thresholds={"citation_support": bound})
    assert only(compare_runs(before, after)).verdict == "worse within the margin"
    strict = run([0.79] * 20, thresholds={"citation_support": bound | {"margin": 0.005}})
    assert only(compare_runs(before, strict)).verdict == "worse"


def test_an_advisory_metric_never_fails():
    """Latency is another one on another day."""
    comparison = compare_runs(run([1.0] * 20, "latency_s"), run([9.0] * 20, "latency_s"))
    assert only(comparison).verdict == "advisory"
    assert comparison.failures(strict=True) == ()


def test_repeats_are_averaged():
    """Before cases are paired: (1 + 0) / 2 against 1."""
    found = only(compare_runs(run([[1.0, 0.0]]), run([[1.0, 1.0]])))
    assert (found.mean_a, found.mean_b, found.n_cases) == (0.5, 1.0, 1)


def test_cases_that_cannot_be_paired():
    """Those of one run only are named; those with a score in one run only are counted."""
    before = run([1.0, 1.0, not_applicable("No."), 1.0])
    after = run([1.0, not_applicable("No."), 1.0])
    comparison = compare_runs(before, after)
    assert (only(comparison).n_cases, only(comparison).n_unpaired, only(comparison).n_failed) == (1, 2, 0)
    assert (comparison.only_a, comparison.only_b) == (("c-3",), ())


def test_failing_is_no_way_out():
    """Cases whose score is an error in the second run are not left out quietly."""
    comparison = compare_runs(run([1.0] * 4), run([1.0, failed("No."), 1.0, 1.0]))
    assert (only(comparison).verdict, only(comparison).n_failed) == ("not covered", 1)
    assert comparison.failures() == comparison.differences


def test_the_worst_case_stands_first():
    """With both answers."""
    found = only(compare_runs(run([1.0, 1.0, 0.0]), run([0.9, 0.2, 1.0])))
    assert [(d.case_id, round(d.gain, 6)) for d in found.losses] == [("c-1", -0.8), ("c-0", -0.1)]
    assert (found.losses[0].answer_a, found.losses[0].answer_b) == ("Answer 1: 1.0", "Answer 1: 0.2")
    assert [d.case_id for d in found.wins] == ["c-2"]


def test_holm_over_metrics():
    """Two metrics with the same loss: each p-value is doubled."""
    names = ["citation_support", "citation_coverage"]
    cards = tuple(m.card for m in load_metrics(names))

    def both(value):
        rows = tuple(
            Row(Case(f"{i}?", answerable=True, id=str(i)), "default", scores={n: scored(value) for n in names})
            for i in range(6)
        )
        return Run({"name": "small"}, {"default": {}}, cards, rows)

    first, second = compare_runs(both(1.0), both(0.5)).differences
    assert (first.p_value, first.p_adjusted, second.p_adjusted) == (2 / 64, 4 / 64, 4 / 64)
    assert first.verdict == "unclear"


def test_variants_are_compared_by_name():
    """The only ones of both runs whatever they are called; of a matrix, those that both have."""
    assert [c.name_b for c in compare_all(run([1.0], variant="a"), run([1.0], variant="b"))] == ["b"]
    first, second = run([1.0], variant="a"), run([1.0], variant="b")
    matrix = Run(first.suite, {"a": {}, "b": {}}, first.metrics, first.rows + second.rows)
    assert [(c.name_a, c.name_b) for c in compare_all(matrix, matrix)] == [("a", "a"), ("b", "b")]
    assert compare_runs(matrix, matrix, "a", "b").name_b == "b"
    with pytest.raises(EvaluationError, match=re.escape("--a must be followed by a variant of the run, one of ['a', ")):
        compare_runs(matrix, matrix, None, "b")
    other = Run(first.suite, {"c": {}, "d": {}}, first.metrics, ())
    with pytest.raises(EvaluationError, match=r"The runs must have a variant in common; got \['a', 'b'\] and \['c'"):
        compare_all(matrix, other)


def test_runs_without_anything_in_common():
    """Cannot be compared."""
    with pytest.raises(EvaluationError, match="The runs must have cases in common; they have none"):
        compare_runs(run([1.0]), run([]))
    with pytest.raises(EvaluationError, match="The runs must have a metric in common; they have none"):
        compare_runs(run([1.0]), run([1.0], "citation_coverage"))


def test_what_the_reader_should_know():
    """A run that was stopped, other cases, other code of the metrics."""
    before = run([1.0], fingerprint={"cases": "x", "metrics": "x"})
    after = run([1.0], fingerprint={"cases": "y", "metrics": "y"}, stopped="the limit of 5 s was reached")
    assert compare_runs(before, before).notes == ()
    assert [note[:27] for note in compare_runs(before, after).notes] == [
        "Run B was stopped: the limi",
        "The cases of the two runs a",
        "The code of the metrics was",
    ]


def test_a_run_that_was_stopped_does_not_pass():
    """Whatever the cases say that it came to."""
    comparison = compare_runs(run([1.0]), run([1.0], stopped="the limit of US$ 2 was reached"))
    assert (comparison.failures(), comparison.complete, passes([comparison])) == ((), False, False)
    assert passes([compare_runs(run([1.0]), run([1.0]))])
    assert "**refused**" in render_comparisons("small", [comparison])
    assert 'failures="1"' in junit.render_comparisons("small", [comparison])


def test_a_metric_of_one_run_is_named():
    """Whoever leaves one out of a suite does so in sight."""
    cost = load_metrics(["cost", "latency_s"])
    before, after = run([1.0]), run([1.0])
    more = replace(before, metrics=(*before.metrics, *(metric.card for metric in cost)))
    assert compare_runs(more, after).notes == ("Metrics that only the first run has: cost, latency_s.",)
    assert compare_runs(after, more).notes == ("Metrics that only the second run has: cost, latency_s.",)


def test_a_metric_that_lost_all_its_scores_is_named():
    """An answer without citations has no support to compare."""
    comparison = compare_runs(run([1.0, 1.0]), run([not_applicable("It cites nothing.")] * 2))
    assert comparison.differences == ()
    assert comparison.notes == ("citation_support has no case with a score in both runs.",)


def test_a_comparison_as_json():
    """With every case that was won or lost."""
    found = json.loads(json.dumps(compare_runs(run([1.0, 0.0]), run([0.0, 1.0])).to_json()))
    assert [duel["case_id"] for duel in found["differences"][0]["losses"]] == ["c-0"]
