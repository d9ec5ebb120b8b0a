"""``rag eval calibrate``: how well the program tells what the documents answer from what they do not."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_app.chains.gate import MAX_FALSE_REFUSALS
from rag_app.cli.pictures import check_picture, save_picture
from rag_app.cli.terminal import console, print_json, progress_bar, table

if TYPE_CHECKING:
    from rag_app.app import App
    from rag_app.evaluation.calibration import Choice, Measured

_MOST_SHOWN = 10  # questions of one kind
_IN_USE, _CHOSEN = "in use", "chosen"
_CASES = 'JSON Lines such as {"question": "Who keeps the light?", "answerable": true}'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("cases", metavar="CASES", help=_CASES)
    parser.add_argument(
        "--max-false-refusals",
        type=_read_share,
        default=MAX_FALSE_REFUSALS,
        metavar="SHARE",
        help="share of the answerable questions that may be refused (default: %(default)s)",
    )
    parser.add_argument("--dry-run", action="store_true", help="record nothing: only look")
    parser.add_argument("--plot", metavar="PICTURE", help="draw risk and coverage into a file, .png or .svg")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Choose a threshold, show what it does, and record it."""
    from rag_app import build

    if arguments.plot is not None:
        check_picture(arguments.plot)
    _calibrate(build(), arguments)
    return 0


def _calibrate(app: App, arguments: argparse.Namespace) -> None:
    from rag_app.evaluation.calibration import calibrate
    from rag_app.evaluation.report import build_report, changes, render_curve

    measured, before = _measure(app, Path(arguments.cases)), app.threshold
    choice = calibrate(measured, arguments.max_false_refusals)
    thresholds = {_IN_USE: before.value, _CHOSEN: choice.threshold.value}
    found = build_report(measured, choice, thresholds)
    found |= {"in_use": before.to_json(), "choice": asdict(choice), "recorded": not arguments.dry_run}
    found["changes"] = changes(measured, before.value, choice.threshold.value)
    if not arguments.json:
        _show(found)
        _show_choice(choice, found["changes"])
    if not arguments.dry_run:
        app.set_calibration(choice.calibration)
        if not arguments.json:
            _show_recorded(app)
    if arguments.plot is not None:
        save_picture(render_curve(measured, thresholds), arguments.plot)
    if arguments.json:
        print_json(found)


def _measure(app: App, path: Path) -> tuple[Measured, ...]:
    from rag_app.evaluation.calibration import measure
    from rag_app.evaluation.cases import check_kinds, check_sources, load_cases

    cases = load_cases(path)
    check_kinds(cases, path)
    check_sources(cases, {row.name for row in app.library.sources()})
    with progress_bar() as progress:
        return measure(cases, app.evidence, progress)


def _show(found: Mapping[str, Any]) -> None:
    out, thresholds = console(), found["thresholds"]
    if found["in_use"]["stale"]:
        out.print(found["in_use"]["stale"], style="yellow")
    table(out, [_row(group, thresholds) for group in found["groups"]])
    auroc = found["auroc"]
    out.print(
        f"AUROC {auroc['value']:.3f} ({auroc['low']:.3f} to {auroc['high']:.3f}), "
        f"area under risk and coverage {found['area']:.3f}"
    )
    for name, at in thresholds.items():
        wrong = (
            f"{at['risk']:.1%} of the answers are wrong, {at['unanswerable']:.1%} are given to unanswerable questions"
        )
        out.print(f"{name}, {at['value']:.3g}: {at['coverage']:.1%} of the questions are answered; {wrong}")
    for sentence in found["reservations"]:
        out.print(sentence, style="yellow")


def _row(group: Mapping[str, Any], thresholds: Mapping[str, Any]) -> Mapping[str, str]:
    refused = {
        f"refused at {thresholds[by]['value']:.3g} ({by})": f"{n} ({n / group['n']:.1%})"
        for by, n in group["refused"].items()
    }
    name = f"  {group['kind']}" if group["kind"] else "answerable" if group["answerable"] else "unanswerable"
    return {"questions": name, "n": str(group["n"]), **refused}


def _show_choice(choice: Choice, changed: Mapping[str, Sequence[str]]) -> None:
    out, at = console(), choice.threshold
    out.print(
        f"chosen: {at.value:.3g} ({at.low:.3g} to {at.high:.3g}); on questions that it was not chosen on, it refuses "
        f"{choice.false_refusals.value:.1%} of the answerable and {choice.refusals.value:.1%} of the others"
    )
    for what, questions in changed.items():
        for question in questions[:_MOST_SHOWN]:
            out.print(f"{what}: {question}")
        if len(questions) > _MOST_SHOWN:
            out.print(f"{what}: and {len(questions) - _MOST_SHOWN} more")


def _show_recorded(app: App) -> None:
    out, threshold = console(), app.threshold
    out.print(f"recorded in the index in {app.settings.data_dir}")
    if threshold.origin == "setting":
        out.print(
            f"It is not used: min_evidence is set to {threshold.value:.3g}. Remove RAG_MIN_EVIDENCE, or the line of "
            "rag.toml, to use it.",
            style="yellow",
        )


def _read_share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        msg = f"must be a number from 0 to below 1; got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return share
