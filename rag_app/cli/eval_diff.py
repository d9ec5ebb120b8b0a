"""``rag eval diff``."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.cli import eval_outputs, eval_workplace
from rag_app.cli.terminal import console
from rag_app.errors import EvaluationError, RagAppError

if TYPE_CHECKING:
    from rag_app.evaluation.suites import Suite

_FAILED = 1
_SUITES = "suites"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("suite", metavar="SUITE", help="the name of a shipped suite, or a .toml file")
    parser.add_argument("--base", required=True, metavar="REVISION", help="what to compare with, such as main")
    parser.add_argument("--strict", action="store_true", help="what is unclear fails, too")
    eval_workplace.add_arguments(parser)
    eval_outputs.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run a suite twice and compare; return 1 where the working tree is worse."""
    from rag_app.evaluation.comparison import compare_all, passes
    from rag_app.evaluation.revisions import extract, find_repository, name_revision

    head = eval_workplace.load_suite(arguments)
    repository = find_repository(head.path.resolve())
    revision = name_revision(repository, arguments.base)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder).resolve()
        extract(repository, revision, list(_wanted(head, repository)), scratch)
        try:
            base, notes = _base_suite(head, repository, scratch)
            workplace = eval_workplace.Workplace(Path(arguments.out), not arguments.no_cache, scratch)
            before, _ = workplace.run(eval_workplace.limited(base, arguments), f"base-{revision}")
        except RagAppError as exc:
            if str(scratch) not in exc.message:
                raise
            msg = f"At {revision}, {exc.message.replace(f'{scratch}/', '')}"
            raise EvaluationError(msg, hint="Compare with a revision at which the suite runs.") from exc
    after, _ = eval_workplace.Workplace(Path(arguments.out), not arguments.no_cache).run(head, "head")
    comparisons = [replace(c, notes=(*notes, *c.notes)) for c in compare_all(before, after)]
    title = f"{head.name}: {revision} and the working tree"
    eval_outputs.write_comparisons(title, comparisons, [before, after], arguments)
    if arguments.json:
        eval_outputs.print_comparisons(comparisons, strict=arguments.strict)
        passed = passes(comparisons, strict=arguments.strict)
    else:
        passed = eval_outputs.show_comparisons(title, comparisons, strict=arguments.strict)
        console().print(f"runs are in {arguments.out}")
    return 0 if passed else _FAILED


def _wanted(suite: Suite, repository: Path) -> Iterator[Path]:
    """Yield what the revision is asked for: the folder of suites with its data, and the prompts."""
    for folder in (_evals_dir(suite), _prompts_dir()):
        if folder.is_relative_to(repository):
            yield folder.relative_to(repository)


def _base_suite(head: Suite, repository: Path, scratch: Path) -> tuple[Suite, Sequence[str]]:
    """Return the suite of the revision, scored by the metrics of today, and what is to be said about it."""
    from rag_app.evaluation.suite_files import load_suite

    notes = []
    prompts_dir = (
        scratch / _prompts_dir().relative_to(repository) if _prompts_dir().is_relative_to(repository) else None
    )
    if prompts_dir is None or not prompts_dir.is_dir():
        notes.append("The revision has no folder of prompts: both runs use those of today.")
        prompts_dir = None
    path = scratch / head.path.resolve().relative_to(repository)
    if not path.is_file():
        notes.append("The revision has no such suite: the one of today is run with its prompts.")
        path = head.path
    base = load_suite(path, prompts_dir=prompts_dir)
    gone = [name for name in base.metrics if name not in head.metrics]
    notes += [f"Metrics of the revision that the suite of today leaves out: {', '.join(gone)}."] if gone else []
    notes += ["The thresholds of today are not those of the revision."] if base.bounds != head.bounds else []
    return replace(base, metrics=head.metrics, bounds=head.bounds, judge=head.judge), notes


def _evals_dir(suite: Suite) -> Path:
    folder = suite.path.resolve().parent
    return folder.parent if folder.name == _SUITES else folder


def _prompts_dir() -> Path:
    from rag_app.content import content_dir
    from rag_app.settings import Settings

    return (Settings.load().prompts_dir or content_dir("prompts")).resolve()
