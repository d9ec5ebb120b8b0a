"""Runs and comparisons as JUnit XML, which every continuous integration can show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from rag_app.evaluation.comparison import Comparison
from rag_app.evaluation.runs import Run
from rag_app.evaluation.summaries import judge_run

_ILLEGAL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class _Check:
    """A test case: passed where it has neither failure nor error."""

    name: str
    failure: str = ""
    error: str = ""
    output: str = ""


def render_run(run: Run) -> str:
    """Return a run as JUnit XML: a test case for each threshold, and one for each answer that failed.

    Examples
    --------
    >>> run = Run({"name": "course"}, {"default": {}}, (), (), stopped="the limit of 5 s was reached")
    >>> "the limit of 5 s was reached" in render_run(run)
    True
    """
    checks = [
        _Check(f"{o.variant} {o.metric}: {o.rule}".strip(), failure="" if o.passed else o.got, output=o.got)
        for o in judge_run(run)
    ]
    checks += [_Check(f"{row.variant} {row.case_id}", error=row.error) for row in run.rows if row.error]
    return _document(run.name, checks, run.duration_s)


def render_comparisons(title: str, comparisons: Sequence[Comparison], *, strict: bool = False) -> str:
    """Return comparisons as JUnit XML: a test case for each metric."""
    checks = []
    for comparison in comparisons:
        failed = comparison.failures(strict=strict)
        for d in comparison.differences:
            shown = f"gain {d.gain:+.4f} ({d.low:+.4f} to {d.high:+.4f}), p = {d.p_adjusted:.4f}: {d.verdict}"
            name = f"{comparison.name_b} {d.metric}: no worse than before"
            checks.append(_Check(name, failure=shown if d in failed else "", output=shown))
    if not all(comparison.complete for comparison in comparisons):
        checks.append(_Check("the runs must be complete", failure="a limit stopped one"))
    return _document(title, checks, 0.0)


def _document(name: str, checks: Sequence[_Check], duration_s: float) -> str:
    n_failures, n_errors = sum(bool(c.failure) for c in checks), sum(bool(c.error) for c in checks)
    counts = f'tests="{len(checks)}" failures="{n_failures}" errors="{n_errors}" time="{duration_s:.3f}"'
    cases = "".join(_case(name, check) for check in checks)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {counts}>\n'
        f"<testsuite name={_attribute(name)} {counts}>\n{cases}</testsuite>\n</testsuites>\n"
    )


def _case(suite: str, check: _Check) -> str:
    inside = "".join(
        f"<{tag} message={_attribute(text)}/>"
        for tag, text in (("failure", check.failure), ("error", check.error))
        if text
    )
    inside += f"<system-out>{escape(_legal(check.output))}</system-out>" if check.output else ""
    return f"<testcase classname={_attribute(suite)} name={_attribute(check.name)}>{inside}</testcase>\n"


def _attribute(text: str) -> str:
    return quoteattr(_legal(" ".join(text.split())))


def _legal(text: str) -> str:
    """Return text without what XML cannot hold."""
    return _ILLEGAL.sub("�", text)
