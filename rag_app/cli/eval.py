"""``rag eval``: how good the answers are, and whether a change made them better."""

from __future__ import annotations

import argparse
import importlib
from typing import NamedTuple


class Action(NamedTuple):
    """A line of the table; the module ``eval_NAME`` has ``add_arguments(parser)`` and ``run(arguments)``."""

    summary: str
    example: str


ACTIONS = {
    "run": Action("run a suite, and say whether it keeps its thresholds", "rag eval run course"),
    "compare": Action("compare two runs, case by case", "rag eval compare before.json after.json"),
    "diff": Action(
        "run a suite with the prompts of a git revision and with those of today, and compare",
        "rag eval diff course-llm --base main",
    ),
    "estimate": Action("say what a suite will cost, without asking a language model", "rag eval estimate course-llm"),
    "report": Action(
        "write runs as HTML, Markdown or JUnit", "rag eval report eval-runs/course-*.json --html page.html"
    ),
    "list": Action("list the shipped suites", "rag eval list"),
    "metrics": Action("list the metrics: what they measure, and what they miss", "rag eval metrics ndcg"),
    "align": Action(
        "compare a metric or a judge with labels of your own", "rag eval align judge_faithfulness labels.jsonl --json"
    ),
    "draft": Action("propose cases from your documents, to accept or reject", "rag eval draft cases.jsonl -n 20"),
    "export": Action(
        "write the answers of a run as a ragas data set, to be labelled or for other programs",
        "rag eval export eval-runs/course.json answers.jsonl",
    ),
    "calibrate": Action(
        'choose the evidence below which there is "No answer found", on questions of your own',
        "rag eval calibrate cases.jsonl",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, action in ACTIONS.items():
        child = actions.add_parser(
            name,
            help=action.summary,
            description=action.summary[0].upper() + action.summary[1:] + ".",
            epilog=f"example:\n  {action.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        importlib.import_module(f"rag_app.cli.eval_{name}").add_arguments(child)


def run(arguments: argparse.Namespace) -> int:
    """Run an action, and return its exit code."""
    return int(importlib.import_module(f"rag_app.cli.eval_{arguments.action}").run(arguments))
