"""What a run comes to: the mean of each metric with its interval, how many answers it rests on, and what passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rag_app.evaluation.metrics.aggregates import AGGREGATES
from rag_app.evaluation.metrics.cards import Card
from rag_app.evaluation.resampling import clustered_interval, split_clusters
from rag_app.evaluation.runs import Row, Run
from rag_app.evaluation.suites import Bound


@dataclass(frozen=True, slots=True)
class Summary:
    """One metric over the rows of one variant.

    Parameters
    ----------
    variant, metric : str
        Which.
    mean, low, high : float or None
        Over the scored rows, with a 95 % interval that draws clusters of cases; None where no row is scored, and no
        interval for one row alone or a figure of the whole run.
    n_scored, n_not_applicable, n_errors : int
        Rows by the status of their score.
    why : str
        Why a figure of the whole run is missing.
    """

    variant: str
    metric: str
    mean: float | None
    low: float | None
    high: float | None
    n_scored: int
    n_not_applicable: int = 0
    n_errors: int = 0
    why: str = ""

    @property
    def coverage(self) -> float:
        """Share of the rows to which the metric applies that have a score; 0 where it applies to none."""
        applicable = self.n_scored + self.n_errors
        return self.n_scored / applicable if applicable else 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a variant keeps within the bound of a metric."""

    variant: str
    metric: str
    rule: str
    got: str
    passed: bool


def summarise(run: Run) -> tuple[Summary, ...]:
    """Return the summaries of a run: of each variant, its metrics in the order of the suite, then figures of all rows.

    Raises
    ------
    InvalidInputError
        If an aggregate cannot be computed.
    """
    return tuple(summary for variant in run.variants for summary in _of_variant(variant, run.rows_of(variant), run))


def judge_run(run: Run) -> tuple[Outcome, ...]:
    """Return whether each variant keeps within the bounds of the suite; a run that was stopped does not.

    Examples
    --------
    >>> judge_run(Run({"thresholds": {}}, {"default": {}}, (), (), stopped="the limit of 5 s was reached"))[0].passed
    False
    """
    bounds = {name: Bound(**bound) for name, bound in run.suite.get("thresholds", {}).items()}
    found = {(s.variant, s.metric): s for s in summarise(run)}
    outcomes = [
        outcome
        for variant in run.variants
        for name, bound in bounds.items()
        for outcome in _outcomes(found[variant, name], bound)
    ]
    if run.stopped:
        outcomes.append(Outcome("", "", "the run must be complete", run.stopped, passed=False))
    return tuple(outcomes)


def _of_variant(variant: str, rows: Sequence[Row], run: Run) -> list[Summary]:
    found = [_summary(variant, card, rows, run.seed) for card in run.metrics]
    for name, (_, function) in AGGREGATES.items():
        score = function(rows)
        if score.value is not None:
            n_failed = sum(bool(row.error) for row in rows)
            found.append(Summary(variant, name, score.value, None, None, len(rows) - n_failed, 0, n_failed))
        elif name in run.suite.get("thresholds", {}):
            found.append(Summary(variant, name, None, None, None, 0, len(rows), why=score.why))
    return found


def _summary(variant: str, card: Card, rows: Sequence[Row], seed: int) -> Summary:
    scores = [(row.scores[card.name], row.case) for row in rows if card.name in row.scores]
    values = [(score.value, case) for score, case in scores if score.value is not None]
    n_errors = sum(score.status == "error" for score, _ in scores)
    n_other = len(scores) - len(values) - n_errors
    if not values:
        return Summary(variant, card.name, None, None, None, 0, n_other, n_errors)
    clusters = split_clusters([case.cluster for _, case in values], [case.id for _, case in values])
    found = clustered_interval([value for value, _ in values], clusters, seed)
    low, high = (found.low, found.high) if found.n_clusters > 1 else (None, None)
    return Summary(variant, card.name, found.mean, low, high, len(values), n_other, n_errors)


def _outcomes(summary: Summary, bound: Bound) -> list[Outcome]:
    got = "no score" if summary.mean is None else f"{summary.mean:.4g}"
    rules: list[tuple[str, str, bool]] = []
    if bound.at_least is not None:
        rules.append((f"≥ {bound.at_least:g}", got, summary.mean is not None and summary.mean >= bound.at_least))
    if bound.at_most is not None:
        rules.append((f"≤ {bound.at_most:g}", got, summary.mean is not None and summary.mean <= bound.at_most))
    share = f"{summary.n_scored} of {summary.n_scored + summary.n_errors} answers have a score"
    rules.append((f"coverage ≥ {bound.min_coverage:g}", share, summary.coverage >= bound.min_coverage))
    return [Outcome(summary.variant, summary.metric, rule, shown, passed) for rule, shown, passed in rules]


def summary_json(run: Run) -> dict[str, Any]:
    """Return a run without its rows, as ``rag eval run --json`` prints it."""
    whole: Mapping[str, Any] = {k: v for k, v in run.to_json().items() if k not in {"rows", "metrics", "format"}}
    summaries = [{**asdict(s), "coverage": s.coverage} for s in summarise(run)]
    outcomes = judge_run(run)
    return {
        **whole,
        "n_rows": len(run.rows),
        "n_errors": sum(bool(row.error) for row in run.rows),
        "n_cached": sum(row.cached for row in run.rows),
        "summaries": summaries,
        "outcomes": [asdict(outcome) for outcome in outcomes],
        "passed": all(outcome.passed for outcome in outcomes),
    }
