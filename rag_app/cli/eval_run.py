"""``rag eval run``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.cli import engine, eval_outputs, eval_workplace
from rag_app.cli.terminal import console, print_json

if TYPE_CHECKING:
    from rag_app.evaluation.runs import Run
    from rag_app.evaluation.suites import Suite

_FAILED = 1
_BASELINES = "baselines"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("suite", metavar="SUITE", help="the name of a shipped suite, or a .toml file")
    eval_workplace.add_arguments(parser)
    engine.add_arguments(parser)
    baseline = parser.add_argument_group("baseline", "default: SUITE.json in baselines/ beside the suite's folder")
    baseline.add_argument("--baseline", nargs="?", const="", metavar="RUN", help="also compare with a run")
    baseline.add_argument("--save-baseline", nargs="?", const="", metavar="FILE", help="keep the scores for --baseline")
    baseline.add_argument("--strict", action="store_true", help="what is unclear fails, too")
    eval_outputs.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run a suite; return 1 where it misses a threshold, or is worse than its baseline."""
    from rag_app.evaluation.runs import load_run, save_run

    chosen = engine.read_arguments(arguments)
    suite = eval_workplace.load_suite(arguments)
    earlier = None if arguments.baseline is None else load_run(_baseline_path(suite, arguments.baseline))
    workplace = eval_workplace.Workplace(Path(arguments.out), not arguments.no_cache, engine=chosen)
    found, path = workplace.run(suite)
    passed = _show(found, path, earlier, arguments)
    if arguments.save_baseline is not None:
        save_run(found.slim(), _baseline_path(suite, arguments.save_baseline))
    eval_outputs.write_run(found, [earlier] if earlier else [], arguments)
    return 0 if passed else _FAILED


def _show(found: Run, path: Path, earlier: Run | None, arguments: argparse.Namespace) -> bool:
    from rag_app.evaluation.comparison import compare_all, passes
    from rag_app.evaluation.summaries import summary_json

    comparisons = compare_all(earlier, found) if earlier else ()
    no_worse = passes(comparisons, strict=arguments.strict)
    if arguments.json:
        shown = summary_json(found) | {"run": str(path)}
        print_json(shown | ({"comparisons": [c.to_json() for c in comparisons]} if earlier else {}))
        return bool(shown["passed"]) and no_worse
    passed = eval_outputs.show_run(found)
    out = console()
    if comparisons:
        out.print()
        eval_outputs.show_comparisons("compared with the baseline", comparisons, strict=arguments.strict)
    out.print(f"written to {path}")
    return passed and no_worse


def _baseline_path(suite: Suite, given: str) -> Path:
    return Path(given) if given else suite.path.resolve().parent.parent / _BASELINES / f"{suite.name}.json"
