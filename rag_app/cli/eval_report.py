"""``rag eval report``."""

from __future__ import annotations

import argparse
from pathlib import Path

from rag_app.cli import eval_outputs
from rag_app.cli.terminal import print_json

_FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("runs", nargs="+", metavar="RUN", help="run files, oldest first; the last one is reported")
    eval_outputs.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Report a run; return 1 where it misses a threshold."""
    from rag_app.evaluation.runs import load_run
    from rag_app.evaluation.summaries import summary_json

    *earlier, found = [load_run(Path(path)) for path in arguments.runs]
    eval_outputs.write_run(found, earlier, arguments)
    if arguments.json:
        shown = summary_json(found)
        print_json(shown)
        return 0 if shown["passed"] else _FAILED
    return 0 if eval_outputs.show_run(found) else _FAILED
