"""Where ``rag eval`` writes what it found: the terminal, Markdown, JUnit, JSON, HTML."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_app.cli.terminal import console, print_indented, print_json, table

if TYPE_CHECKING:
    from rich.console import Console

    from rag_app.evaluation.comparison import Comparison, Difference, Duel
    from rag_app.evaluation.runs import Run

_MOST_SHOWN = 3  # cases won, and lost, of a metric that moved
_ANSWER_WIDTH = 200
_MOVED = ("better", "worse", "worse within the margin", "not covered")
_STYLES = {"better": "green", "worse": "red", "not covered": "red", "unclear": "yellow"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the files."""
    files = parser.add_argument_group("reports")
    files.add_argument("--markdown", metavar="FILE", help="write Markdown, for a pull request")
    files.add_argument("--junit", metavar="FILE", help="write JUnit XML")
    files.add_argument("--html", metavar="FILE", help="write one HTML file with every case")
    files.add_argument("--json", action="store_true", help="print JSON instead of a table")


def write_run(run: Run, earlier: Sequence[Run], arguments: argparse.Namespace) -> None:
    """Write the files that were asked for.

    Parameters
    ----------
    run : Run
        The one that is reported.
    earlier : sequence of Run
        What the HTML report sets beside it, oldest first.
    arguments : argparse.Namespace
        Of `add_arguments`.
    """
    from rag_app.evaluation import junit, markdown

    _write(arguments.markdown, lambda: markdown.render_run(run))
    _write(arguments.junit, lambda: junit.render_run(run))
    _write_html([*earlier, run], arguments)


def write_comparisons(
    title: str, comparisons: Sequence[Comparison], runs: Sequence[Run], arguments: argparse.Namespace
) -> None:
    """Write the files that were asked for."""
    from rag_app.evaluation import junit, markdown

    strict = arguments.strict
    _write(arguments.markdown, lambda: markdown.render_comparisons(title, comparisons, strict=strict))
    _write(arguments.junit, lambda: junit.render_comparisons(title, comparisons, strict=strict))
    _write_html(runs, arguments)


def show_run(run: Run) -> bool:
    """Print a run, and return whether it keeps its thresholds."""
    from rag_app.evaluation.summaries import judge_run, summarise
    from rag_app.evaluation.wording import failure_lines, headline, run_rows

    out, outcomes = console(), judge_run(run)
    description = run.suite.get("description")
    out.print(f"{run.name}: {description}" if description else run.name, style="bold")
    out.print(headline(run))
    summaries = summarise(run)
    for variant in run.variants:
        out.print(f"\n{variant}" if len(run.variants) > 1 else "", style="bold")
        table(out, run_rows(variant, summaries, outcomes))
    _show_labels(out, run)
    for line in failure_lines(run):
        out.print(line, style="red")
    out.print()
    failed = [outcome for outcome in outcomes if not outcome.passed]
    for outcome in failed:
        name = f"{outcome.metric}: {outcome.rule}" if outcome.metric else outcome.rule
        where = f" ({outcome.variant})" if len(run.variants) > 1 and outcome.variant else ""
        out.print(f"FAILED {name}{where}; got {outcome.got}", style="red")
    if outcomes and not failed:
        out.print("passed: every threshold is kept", style="green")
    elif not outcomes:
        out.print("The suite has no thresholds: nothing can fail.")
    return not failed


def show_comparisons(title: str, comparisons: Sequence[Comparison], *, strict: bool) -> bool:
    """Print comparisons, and return whether none of them is a change for the worse."""
    out = console()
    out.print(title, style="bold")
    for comparison in comparisons:
        if len(comparisons) > 1:
            out.print(f"\n{comparison.name_b}", style="bold")
        _show_comparison(out, comparison)
    failed = [d for comparison in comparisons for d in comparison.failures(strict=strict)]
    out.print()
    for d in failed:
        out.print(f"REFUSED {d.metric}: {d.verdict}, {d.gain:+.3f} ({d.low:+.3f} to {d.high:+.3f})", style="red")
    if not all(comparison.complete for comparison in comparisons):
        out.print("REFUSED the runs must be complete; a limit stopped one", style="red")
        return False
    unclear = [d.metric for comparison in comparisons for d in comparison.differences if d.verdict == "unclear"]
    if not failed:
        out.print(f"accepted: nothing is {'surely ' if unclear else ''}worse beyond its margin", style="green")
        if unclear:
            out.print(f"unclear: {', '.join(dict.fromkeys(unclear))}; --strict refuses that", style="yellow")
    return not failed


def print_comparisons(comparisons: Sequence[Comparison], *, strict: bool) -> None:
    """Print comparisons as JSON."""
    from rag_app.evaluation.comparison import passes

    passed = passes(comparisons, strict=strict)
    print_json({"comparisons": [comparison.to_json() for comparison in comparisons], "passed": passed})


def _show_labels(out: Console, run: Run) -> None:
    from rag_app.evaluation.metrics.aggregates import label_report

    for variant in run.variants:
        report = label_report(run.rows_of(variant))
        if report is not None:
            out.print()
            table(
                out,
                [
                    {
                        "label": f.label,
                        "precision": f"{f.precision:.3f}",
                        "recall": f"{f.recall:.3f}",
                        "f1": f"{f.f1:.3f}",
                        "n": str(f.support),
                    }
                    for f in report.labels
                ],
            )


def _show_comparison(out: Console, comparison: Comparison) -> None:
    from rag_app.evaluation.wording import comparison_lines

    for difference in comparison.differences:
        first, second = comparison_lines(difference)
        out.print(first, style=_STYLES.get(difference.verdict, ""))
        print_indented(out, second)
    for note in comparison.notes:
        out.print(note, style="yellow")
    for name, ids in (("first", comparison.only_a), ("second", comparison.only_b)):
        if ids:
            out.print(f"only in the {name} run: {_some(ids)}", style="yellow")
    for difference in comparison.differences:
        if difference.verdict in _MOVED:
            _show_duels(out, difference)


def _show_duels(out: Console, difference: Difference) -> None:
    for name, duels in (("lost", difference.losses), ("won", difference.wins)):
        for duel in duels[:_MOST_SHOWN]:
            out.print()
            out.print(f"{name} by {difference.metric}: {duel.case_id}, {duel.question}", style="cyan")
            print_indented(out, _told("before", duel.score_a, duel.answer_a, duel), first="  ")
            print_indented(out, _told("after ", duel.score_b, duel.answer_b, duel), first="  ")
        if len(duels) > _MOST_SHOWN:
            out.print(f"{name} by {difference.metric}: and {len(duels) - _MOST_SHOWN} more", style="cyan")


def _told(when: str, score: float, answer: str, duel: Duel) -> str:
    if when == "after " and duel.answer_a == duel.answer_b:
        return f"{when} {score:.3g}  the same"
    text = " ".join(answer.split())
    return f"{when} {score:.3g}  {text[:_ANSWER_WIDTH]}{' …' if len(text) > _ANSWER_WIDTH else ''}"


def _some(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _MOST_SHOWN} more" if len(ids) > _MOST_SHOWN else ""
    return ", ".join(ids[:_MOST_SHOWN]) + more


def _write(file: str | None, render: Any) -> None:  # noqa: ANN401  (a function without arguments)
    from rag_app.evaluation.runs import write_whole

    if file is not None:
        write_whole(render(), Path(file))


def _write_html(runs: Sequence[Run], arguments: argparse.Namespace) -> None:
    from rag_app.evaluation.html import render_page

    _write(arguments.html, lambda: render_page(runs))
