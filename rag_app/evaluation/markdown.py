"""Runs and comparisons as Markdown, for a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from rag_app.evaluation.comparison import Comparison, Difference, Duel, passes
from rag_app.evaluation.runs import Run
from rag_app.evaluation.summaries import judge_run, summarise
from rag_app.evaluation.wording import comparison_rows, failure_lines, headline, run_rows

_MOST_SHOWN = 3  # cases won, and lost, of a metric that moved
_MOVED = frozenset(("better", "worse", "worse within the margin", "not covered"))


def render_run(run: Run) -> str:
    """Return a run as Markdown: what it comes to, and which thresholds it keeps."""
    outcomes = judge_run(run)
    failed = [outcome for outcome in outcomes if not outcome.passed]
    verdict = "**failed**" if failed else "passed"
    parts = [f"### {_escape(run.name)}: {verdict}", headline(run)]
    for variant in run.variants:
        parts += [f"#### {_escape(variant)}"] if len(run.variants) > 1 else []
        parts.append(_table(run_rows(variant, summarise(run), outcomes)))
    parts += [f"- {_escape(o.metric or 'run')}: {o.rule}; got {_escape(o.got)}" for o in failed]
    parts += [f"- {_escape(line)}" for line in failure_lines(run)]
    return "\n\n".join(part for part in parts if part) + "\n"


def render_comparisons(title: str, comparisons: Sequence[Comparison], *, strict: bool = False) -> str:
    """Return comparisons as Markdown: the differences, then cases won and lost with both answers."""
    verdict = "accepted" if passes(comparisons, strict=strict) else "**refused**"
    parts = [f"### {_escape(title)}: {verdict}"]
    for comparison in comparisons:
        if len(comparisons) > 1:
            parts.append(f"#### {_escape(comparison.name_b)}")
        parts.append(_table(comparison_rows(comparison)))
        parts += [f"> {_escape(note)}" for note in comparison.notes]
        parts += [text for d in comparison.differences if d.verdict in _MOVED for text in _duels(d)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _duels(difference: Difference) -> Iterator[str]:
    for name, duels in (("lost", difference.losses), ("won", difference.wins)):
        if duels:
            rows = [_duel(duel) for duel in duels[:_MOST_SHOWN]]
            shown = f"{len(duels)}, the first {_MOST_SHOWN} shown" if len(duels) > _MOST_SHOWN else str(len(duels))
            title = f"{difference.metric}: cases {name} ({shown})"
            yield f"<details><summary>{escape(title)}</summary>\n\n{_table(rows)}\n\n</details>"


def _duel(duel: Duel) -> Mapping[str, str]:
    return {
        "case": f"{duel.case_id}: {duel.question}",
        "before": f"{duel.score_a:.3g}: {duel.answer_a}",
        "after": f"{duel.score_b:.3g}: {duel.answer_b}",
    }


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    if not rows:
        return ""
    lines = [_line(rows[0]), _line("---" for _ in rows[0])]
    return "\n".join([*lines, *(_line(_escape(cell) for cell in row.values()) for row in rows)])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escape(text: str) -> str:
    """Return text that Markdown shows as it is: an answer may hold markup, formulas, or what would end a table's cell.

    An @ is followed by a joiner, which is not seen, so that nobody is told that the answer mentions them.
    """
    shown = " ".join(text.split()).replace("@", "@\u2060")
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#+!|~$" else escape(c, quote=False) for c in shown)
