"""How the figures of runs and comparisons are put into words: for the terminal and for Markdown alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag_app.evaluation.comparison import Comparison, Difference
from rag_app.evaluation.metrics.cards import Card
from rag_app.evaluation.runs import Row, Run
from rag_app.evaluation.summaries import Outcome, Summary

_MOST_FAILURES = 3


def headline(run: Run) -> str:
    """Return how many answers there are, where they come from, and what they took.

    Examples
    --------
    >>> headline(Run({"name": "course"}, {"default": {}}, (), (), duration_s=2.0))
    '0 answers in 2.0 s'
    """
    n_rows = len(run.rows)
    n_cached, n_failed = sum(row.cached for row in run.rows), sum(bool(row.error) for row in run.rows)
    costs = [row.cost for row in run.rows if not row.cached and not row.error]
    notes = [f"{n_cached} from the cache"] if n_cached else []
    notes += [f"{n_failed} failed"] if n_failed else []
    notes += [_spent(costs)] if any(cost is None or cost > 0 for cost in costs) else []
    shown = f" ({', '.join(notes)})" if notes else ""
    return f"{n_rows} {'answer' if n_rows == 1 else 'answers'}{shown} in {run.duration_s:.1f} s"


def run_rows(variant: str, summaries: Sequence[Summary], outcomes: Sequence[Outcome]) -> list[Mapping[str, str]]:
    """Return a row for each metric of a variant; "scored" is out of the answers to which the metric applies."""
    rows: list[Mapping[str, str]] = []
    for s in summaries:
        if s.variant == variant:
            interval = "" if s.low is None else f"{s.low:.3f} to {s.high:.3f}"
            row = {
                "metric": s.metric,
                "mean": "–" if s.mean is None else f"{s.mean:.3f}",
                "95 % interval": interval,
                "scored": f"{s.n_scored}/{s.n_scored + s.n_errors}",
            }
            bounds = [o for o in outcomes if (o.variant, o.metric) == (variant, s.metric)]
            rows.append(row | ({"threshold": _bounds(bounds)} if outcomes else {}))
    return rows


def comparison_rows(comparison: Comparison) -> list[Mapping[str, str]]:
    """Return a row for each metric that is compared."""
    return [
        {
            "metric": d.metric,
            "before": f"{d.mean_a:.3f}",
            "after": f"{d.mean_b:.3f}",
            "gain": f"{d.gain:+.3f}",
            "95 % interval": f"{d.low:+.3f} to {d.high:+.3f}",
            "p": f"{d.p_adjusted:.4f}",
            "detectable": "–" if d.detectable is None else f"{d.detectable:.3f}",
            "won/lost/tied": f"{len(d.wins)}/{len(d.losses)}/{d.n_ties}",
            "verdict": d.verdict + (f" ({d.n_failed} failed)" if d.n_failed else ""),
        }
        for d in comparison.differences
    ]


def comparison_lines(difference: Difference) -> tuple[str, str]:
    """Return what a metric did, and how sure that is."""
    d = difference
    failed = f", {d.n_failed} failed" if d.n_failed else ""
    first = f"{d.metric:<27} {d.mean_a:6.3f} → {d.mean_b:6.3f}  {d.verdict}{failed}"
    sure = f"gain {d.gain:+.3f} ({d.low:+.3f} to {d.high:+.3f}), p {d.p_adjusted:.4f}"
    detectable = "" if d.detectable is None else f", detectable {d.detectable:.3f}"
    return first, f"{sure}, {len(d.wins)} won, {len(d.losses)} lost{detectable}"


def failure_lines(run: Run) -> list[str]:
    """Return why answers failed, and scores of answers that did not: the first few of each kind, and how many more."""
    rows = [row for row in run.rows if row.error]
    lines = [f"failed: {row.case_id}, {row.question!r}: {row.error}" for row in rows[:_MOST_FAILURES]]
    lines += [f"failed: and {len(rows) - _MOST_FAILURES} more"] if len(rows) > _MOST_FAILURES else []
    for card in run.metrics:
        found = [(row.case_id, row.scores[card.name].why) for row in run.rows if not row.error and _fails(card, row)]
        if found:
            times = f" and {len(found) - 1} more" if len(found) > 1 else ""
            lines.append(f"{card.name} failed: {found[0][0]}{times}: {found[0][1]}")
    return lines


def _fails(card: Card, row: Row) -> bool:
    return card.name in row.scores and row.scores[card.name].status == "error"


def _bounds(outcomes: Sequence[Outcome]) -> str:
    """Return the rules of a metric; a coverage that is kept goes without saying."""
    shown = [o for o in outcomes if not (o.passed and o.rule.startswith("coverage"))]
    return ", ".join(f"{o.rule}: {'passed' if o.passed else 'FAILED'}" for o in shown)


def _spent(costs: Sequence[float | None]) -> str:
    known = sum(cost for cost in costs if cost is not None)
    n_unknown = sum(cost is None for cost in costs)
    return f"US$ {known:.4f}" + (f" and {n_unknown} answers of unknown cost" if n_unknown else "")
