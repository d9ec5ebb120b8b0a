"""``rag eval compare``."""

from __future__ import annotations

import argparse
from pathlib import Path

from rag_app.cli import eval_outputs
from rag_app.errors import InvalidInputError

_FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run_a", metavar="RUN_A", help="a run file, as it was")
    parser.add_argument(
        "run_b", nargs="?", metavar="RUN_B", help="a run file, as it is (default: the first, with --a and --b)"
    )
    parser.add_argument("--a", metavar="VARIANT", help="which variant of the first run")
    parser.add_argument("--b", metavar="VARIANT", help="which variant of the second run")
    parser.add_argument("--strict", action="store_true", help="what is unclear fails, too")
    eval_outputs.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare two runs; return 1 where the second is worse."""
    from rag_app.evaluation.comparison import compare_all, compare_runs, passes
    from rag_app.evaluation.runs import load_run

    if arguments.run_b is None and arguments.a == arguments.b:
        msg = f"RUN_B must be a second run, or --a and --b two variants of the first; got {arguments.run_a} alone."
        raise InvalidInputError(msg, hint="Name what it is compared with.")
    first = load_run(Path(arguments.run_a))
    second = load_run(Path(arguments.run_b)) if arguments.run_b else first
    named = arguments.a or arguments.b
    comparisons = (compare_runs(first, second, arguments.a, arguments.b),) if named else compare_all(first, second)
    title = f"{second.name}: {arguments.run_a} and {arguments.run_b or 'itself'}"
    runs = [first, second] if arguments.run_b else [first]
    eval_outputs.write_comparisons(title, comparisons, runs, arguments)
    strict = arguments.strict
    if arguments.json:
        eval_outputs.print_comparisons(comparisons, strict=strict)
        passed = passes(comparisons, strict=strict)
    else:
        passed = eval_outputs.show_comparisons(title, comparisons, strict=strict)
    return 0 if passed else _FAILED
