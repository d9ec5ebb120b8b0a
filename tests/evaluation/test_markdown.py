"""Runs and comparisons as Markdown, which an answer cannot break out of."""

from __future__ import annotations

from dataclasses import replace

from markdown_it import MarkdownIt

from rag_app.evaluation.cases import Case
from rag_app.evaluation.comparison import compare_runs
from rag_app.evaluation.markdown import render_comparisons, render_run
from rag_app.evaluation.metrics.table import load_metrics
from rag_app.evaluation.runs import Row, Run
from rag_app.evaluation.scores import failed, scored

CARDS = tuple(metric.card for metric in load_metrics(["citation_support"]))
POISON = "a | b\n\n# Title <script>alert(1)</script> ![x](https://evil.example/) `code` | c"


def run(value, answer="Yes.", at_least=0.5):
    """A run of six cases with one value."""
    rows = tuple(
        Row(
            Case("Who?", answerable=True, id=f"c-{i}"),
            "default",
            0,
            {"answer": answer},
            {"citation_support": scored(value)},
            cost=0.0,
        )
        for i in range(8)
    )
    bound = {"at_least": at_least, "at_most": None, "min_coverage": 1.0, "margin": 0.02}
    return Run(
        {"name": "small", "thresholds": {"citation_support": bound}}, {"default": {}}, CARDS, rows, duration_s=1.0
    )


def test_a_run():
    """Its verdict, its figures, and what it failed."""
    lines = render_run(run(0.4)).splitlines()
    assert lines[0] == "### small: **failed**"
    assert lines[2] == "8 answers in 1.0 s"
    assert lines[4] == "| metric | mean | 95 % interval | scored | threshold |"
    assert lines[6] == r"| citation\_support | 0.400 | 0.400 to 0.400 | 8/8 | ≥ 0.5: FAILED |"
    assert lines[-1] == r"- citation\_support: ≥ 0.5; got 0.4"
    assert render_run(run(0.5)).startswith("### small: passed\n")


def test_what_failed_and_why():
    """An answer is named with its question, a metric with the first case and the number of others."""
    found = run(0.5)
    rows = [replace(row, scores={"citation_support": failed("No reply came.")}) for row in found.rows]
    rows[0] = replace(rows[0], error="The server is down.")
    lines = render_run(replace(found, rows=tuple(rows))).splitlines()
    assert lines[-3:] == [
        "- failed: c-0, 'Who?': The server is down.",
        "",
        r"- citation\_support failed: c-1 and 6 more: No reply came.",
    ]


def test_a_comparison():
    """The differences, then the cases of those that moved, both answers side by side."""
    text = render_comparisons("small", [compare_runs(run(1.0), run(0.25))])
    assert text.startswith("### small: **refused**\n")
    row = r"| citation\_support | 1.000 | 0.250 | -0.750 | -0.750 to -0.750 | 0.0078 | – | 0/8/0 | worse |"
    assert row in text
    assert "<summary>citation_support: cases lost (8, the first 3 shown)</summary>" in text
    assert text.count("| c-") == 3
    assert render_comparisons("small", [compare_runs(run(1.0), run(1.0))]).startswith("### small: accepted\n")


def test_an_answer_is_no_formula_and_tells_nobody():
    """Where Markdown has formulas between dollars, and a name behind an at sign gets a message."""
    text = render_comparisons("small", [compare_runs(run(1.0, "$x$ @ann"), run(0.0, "$x$ @ann"))])
    assert r"1: \$x\$ @" + "\u2060ann |" in text
    assert "@ann" not in text


def test_an_answer_stays_in_its_cell():
    """It makes neither a row, a title, a tag nor a picture."""
    text = render_comparisons("small", [compare_runs(run(1.0, POISON), run(0.0, POISON))])
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h3"]
    assert "image" not in {child.type for child in inline}
    assert "script" not in "".join(child.content for child in inline if child.type == "html_inline")
    assert "<script" not in text
    assert all(line.count(" | ") == 2 for line in text.splitlines() if line.startswith("| c-"))
