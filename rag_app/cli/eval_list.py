"""``rag eval list``."""

from __future__ import annotations

import argparse

from rag_app.cli.terminal import console, print_json, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """List the shipped suites."""
    from rag_app.evaluation.suite_files import list_suites, load_suite

    suites = [load_suite(path) for path in list_suites().values()]
    if arguments.json:
        print_json([suite.to_json() for suite in suites])
        return 0
    table(console(), [{"suite": s.name, "answers": str(s.n_rows), "what it asks": s.description} for s in suites])
    return 0
