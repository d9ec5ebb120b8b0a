"""``rag eval align``: how far a metric or a judge agrees with labels of your own."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_app.cli.arguments import read_count
from rag_app.cli.terminal import console, print_indented, print_json, progress_bar, table
from rag_app.errors import InvalidInputError

if TYPE_CHECKING:
    from rag_app.evaluation.labelled import Labelled
    from rag_app.evaluation.metrics.cards import Card
    from rag_app.evaluation.metrics.table import Metric
    from rag_app.evaluation.scores import Score

_LABELS = (
    'JSON Lines such as {"user_input": "…", "response": "…", "retrieved_contexts": ["…"], "label": 1}, '
    'or with --run {"id": "…", "label": 1} (default: 48 answers of ours)'
)
_AT_ONCE = 8  # answers that are judged at the same time; the scheduler bounds the calls
_MOST_SHOWN = 5
_FIGURES = {
    "auroc": "AUROC",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "kappa": "Cohen's kappa",
    "rank_correlation": "rank correlation",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("metric", metavar="METRIC", help="as `rag eval metrics` lists it")
    parser.add_argument("labels", nargs="?", metavar="LABELS", help=_LABELS)
    parser.add_argument(
        "--run", metavar="RUN", help="the run whose answers are labelled; scores in it are not made anew"
    )
    parser.add_argument("--judge", metavar="LLM", help="the language model that judges (default: RAG_LLM)")
    parser.add_argument(
        "--repeats", type=read_count, default=1, metavar="N", help="how often the judge is asked (default: %(default)s)"
    )
    parser.add_argument(
        "--threshold", type=float, metavar="X", help="from which value on the metric calls an answer good"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Compare, and print the figures."""
    from rag_app.content import content_dir
    from rag_app.evaluation.agreement import measure_agreement
    from rag_app.evaluation.labelled import load_labelled
    from rag_app.evaluation.metrics.table import card_of
    from rag_app.evaluation.runs import load_run

    card = card_of(arguments.metric)
    if arguments.run and not arguments.labels:
        msg = "LABELS must name a file where --run is given; got nothing."
        raise InvalidInputError(msg, hint="Make one with: rag eval export RUN labels.jsonl")
    ours = content_dir("evals") / "data" / "judging" / "answers.jsonl"
    labelled = load_labelled(Path(arguments.labels or ours), load_run(Path(arguments.run)) if arguments.run else None)
    scores = _scores(labelled, arguments)
    found = measure_agreement(labelled, scores, direction=card.direction, threshold=arguments.threshold)
    if arguments.json:
        print_json({"metric": card.name, **found})
    else:
        _show(card, found)
    return 0


def _scores(labelled: Sequence[Labelled], arguments: argparse.Namespace) -> list[Score]:
    """Return the scores that the run has, and make the others."""
    from concurrent.futures import ThreadPoolExecutor

    known = [item.row.scores.get(arguments.metric) if item.row else None for item in labelled]
    missing = [item for item, score in zip(labelled, known, strict=True) if score is None]
    made: list[Score] = []
    if missing:
        metric = _load_metric(arguments)
        with progress_bar() as progress, ThreadPoolExecutor(_AT_ONCE) as pool:
            for item, score in zip(missing, pool.map(metric.score, [m.example for m in missing]), strict=True):
                made.append(score)
                progress(item.id, len(made), len(missing))
    rest = iter(made)
    return [next(rest) if score is None else score for score in known]


def _load_metric(arguments: argparse.Namespace) -> Metric:
    from rag_app.evaluation.judges import load_judge
    from rag_app.evaluation.metrics.table import JUDGE, card_of, load_metrics
    from rag_app.settings import Settings

    judge = None
    if JUDGE in card_of(arguments.metric).needs:
        settings = Settings.load()
        judge = load_judge(settings, arguments.judge or settings.llm, repeats=arguments.repeats)
    return load_metrics([arguments.metric], judge)[0]


def _show(card: Card, found: Mapping[str, Any]) -> None:
    out = console()
    applicable = found["n"] - found["n_not_applicable"]
    out.print(f"{card.name}: {found['n_scored']} of {applicable} labelled answers have a score")
    if found["n_errors"]:
        out.print(f"{found['n_errors']} have none, because the metric failed.", style="red")
    for name, text in _FIGURES.items():
        if name in found["figures"]:
            figure = found["figures"][name]
            out.print(f"{text} {figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})")
    if "threshold" in found:
        _show_threshold(card, found)
    if found["spread"]:
        spread = found["spread"]
        out.print(f"asked again, its scores spread by {spread['mean']:.3f} on average, {spread['highest']:.3f} at most")
    _show_errs(found["errs"])


def _show_threshold(card: Card, found: Mapping[str, Any]) -> None:
    out, threshold, counts = console(), found["threshold"], found["table"]
    side = "from" if card.direction == "higher" else "up to"
    how = "chosen on these labels; the figures are those of answers that it was not chosen on"
    out.print(f"good {side} {threshold['value']:.3g}{f', {how}' if threshold['chosen'] else ''}")
    rows: list[Mapping[str, str]] = [
        {"": "you: good", "metric: good": str(counts["both_good"]), "metric: bad": str(counts["only_you"])},
        {"": "you: bad", "metric: good": str(counts["only_metric"]), "metric: bad": str(counts["both_bad"])},
    ]
    table(out, rows)


def _show_errs(errs: Sequence[Mapping[str, Any]]) -> None:
    out = console()
    if errs:
        out.print("\nWhere both differ, the furthest first:")
    for err in errs[:_MOST_SHOWN]:
        out.print(f"\n{err['id']}: you {err['label']:g}, metric {err['score']:.3g}. {err['why']}")
        print_indented(out, err["question"])
        print_indented(out, err["answer"], style="dim")
    if len(errs) > _MOST_SHOWN:
        out.print("\n--json lists more of them.", style="dim")
