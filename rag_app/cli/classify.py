"""``rag classify``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rag_app.cli.classify_rows import (
    Row,
    check_rows_file,
    load_rows,
    read_blocks,
    read_labels_of,
    write_rows,
)
from rag_app.cli.pictures import check_picture, save_picture
from rag_app.cli.terminal import console, print_json, progress_bar, table
from rag_app.errors import InvalidInputError
from rag_app.types import Classification

if TYPE_CHECKING:
    from rag_app.chains.classifier import TextClassifier

_BLOCK = 64  # texts after which rows are written
_FOUND = ("predicted", "score", "margin", "similarity", "reason", "scores")  # the last in JSON Lines only
_LABELS = "a label on each line, optionally a tab and its description; or .json or .csv, with examples too"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="default: a text on each line of standard input")
    parser.add_argument("--labels", required=True, metavar="FILE", help=_LABELS)
    rows = parser.add_argument_group("files")
    rows.add_argument("--in", dest="file", metavar="FILE", help="texts from a .csv or .jsonl file")
    rows.add_argument("--column", default="text", metavar="NAME", help="where its texts are (default: %(default)s)")
    rows.add_argument("--out", metavar="FILE", help="write its rows with what was found, as .csv or .jsonl")
    rows.add_argument("--gold", metavar="NAME", help="where its actual labels are: print a report on each label")
    rows.add_argument("--plot", metavar="PICTURE", help="with --gold, draw which labels are confused, .png or .svg")
    how = parser.add_argument_group("how")
    how.add_argument("--threshold", type=float, metavar="X", help="similarity, or score, below which no label fits")
    how.add_argument("--multi-label", action="store_true", help="a text may have several labels")
    how.add_argument("--adapt", action="store_true", help="let all texts together, unlabelled, refine the labels")
    how.add_argument("--template", action="append", metavar="TEXT", help="such as 'a question about {}'; repeatable")
    how.add_argument("--llm", action="store_true", help="ask the language model that RAG_LLM names")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line, with all scores")


def run(arguments: argparse.Namespace) -> int:
    """Label texts, and print them or a report."""
    _check(arguments)
    from rag_app.chains.label_file import load_labels

    labels = load_labels(arguments.labels)
    columns = [arguments.column, *([arguments.gold] if arguments.gold else [])]
    rows = load_rows(arguments.file, columns) if arguments.file else []
    from rag_app import build

    classifier = build().classifier(
        labels,
        templates=arguments.template or ("{}",),
        threshold=arguments.threshold,
        multi_label=arguments.multi_label,
        adapt=arguments.adapt,
        llm=arguments.llm,
    )
    if rows:
        _label_rows(classifier, rows, [label.name for label in labels], arguments)
    else:
        _label_texts(classifier, arguments)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    for option, needed in (("out", "file"), ("gold", "file"), ("plot", "gold")):
        if getattr(arguments, option) is not None and getattr(arguments, needed) is None:
            msg = f"--{option} must stand beside --{'in' if needed == 'file' else needed}."
            raise InvalidInputError(msg, hint="Run: rag classify --help")
    if arguments.plot is not None and arguments.multi_label:
        msg = "--plot must be left out beside --multi-label: it draws which label was taken for which other."
        raise InvalidInputError(msg)
    if arguments.file is not None and arguments.texts:
        msg = f"Texts must be typed or stand in the file of --in; got both: {arguments.texts[0]!r}."
        raise InvalidInputError(msg)
    for option, path in (("--in", arguments.file), ("--out", arguments.out)):
        if path is not None:
            check_rows_file(option, path)
    if arguments.out is not None and os.path.realpath(arguments.out) == os.path.realpath(arguments.file):
        msg = f"--out must be followed by another file than --in; got {arguments.out!r}."
        raise InvalidInputError(msg, hint="Name a new one: rows are written while they are labelled.")
    if arguments.plot is not None:
        check_picture(arguments.plot)


def _label_texts(classifier: TextClassifier, arguments: argparse.Namespace) -> None:
    blocks: Iterator[list[str]] = iter([arguments.texts]) if arguments.texts else read_blocks()
    if arguments.adapt:
        blocks = iter([[text for block in blocks for text in block]])
    said: set[str] = set()
    for block in blocks:
        texts = [shown for text in block if (shown := " ".join(text.split()))]
        for text, found in zip(texts, classifier.predict(texts), strict=True):
            _print(text, found, as_json=arguments.json)
            _say_notes(found, said)


def _label_rows(
    classifier: TextClassifier, rows: list[Row], labels: Sequence[str], arguments: argparse.Namespace
) -> None:
    several = arguments.multi_label
    actual = [read_labels_of(row, arguments.gold, multi_label=several) for row in rows] if arguments.gold else []
    _check_rows(rows, actual, labels, arguments)
    texts = [" ".join(str(row[arguments.column] or "").split()) for row in rows]
    results = _predict(classifier, texts, len(texts) if arguments.adapt else _BLOCK)
    found = _write(rows, results, arguments) if arguments.out else list(results)
    if arguments.gold:
        _report(actual, found, labels, arguments)
    elif not arguments.out:
        for text, result in zip(texts, found, strict=True):
            _print(text, result, as_json=arguments.json)
    said: set[str] = set()
    for result in found:
        _say_notes(result, said)


def _check_rows(
    rows: list[Row], actual: list[tuple[str, ...]], labels: Sequence[str], arguments: argparse.Namespace
) -> None:
    unknown = next((name for names in actual for name in names if name not in labels), None)
    if unknown is not None:
        msg = f"{arguments.gold!r} of {arguments.file} must hold labels of {arguments.labels}; got {unknown!r}."
        raise InvalidInputError(msg)
    taken = next((name for row in rows for name in row if name in _FOUND), None)
    if arguments.out and taken is not None:
        msg = f"The rows of {arguments.file} must have no {taken!r}, which --out would overwrite."
        raise InvalidInputError(msg, hint="Rename it.")


def _predict(classifier: TextClassifier, texts: list[str], size: int) -> Iterator[Classification]:
    """Yield the classification of each text, so many at a time; a blank one has no label."""
    full = [text for text in texts if text]
    with progress_bar() as progress:

        def in_blocks() -> Iterator[Classification]:
            for start in range(0, len(full), size):

                def show(name: str, done: int, _: int, start: int = start) -> None:
                    progress(name, start + done, len(full))

                yield from classifier.predict(full[start : start + size], progress=show)

        found = in_blocks()
        for text in texts:
            yield next(found) if text else Classification(None, {}, 0.0, reason="The text is blank.")


def _write(rows: list[Row], results: Iterator[Classification], arguments: argparse.Namespace) -> list[Classification]:
    """Write rows with their classifications as they come: what was found is kept if it ends early."""
    found: list[Classification] = []

    def filled() -> Iterator[Row]:
        for row, result in zip(rows, results, strict=True):
            found.append(result)
            yield {**row, **_columns(result, several=arguments.multi_label)}

    names = dict.fromkeys(name for row in rows for name in row)
    write_rows(arguments.out, filled(), [*names, *_FOUND[:-1]])
    return found


def _columns(found: Classification, *, several: bool) -> Row:
    shown = found.to_json()
    return {
        "predicted": shown["labels"] if several else found.label,
        "score": next(iter(shown["scores"].values()), 0.0),
        **{name: shown[name] for name in ("margin", "similarity", "reason", "scores")},
    }


def _print(text: str, found: Classification, *, as_json: bool) -> None:
    if as_json:
        print_json({"text": text, **found.to_json()}, indent=None)
        sys.stdout.flush()
        return
    best = next(iter(found.scores.values()), 0.0)
    shown = ", ".join(found.labels) or "(none)"
    print(f"{shown}\t{best:.3f}\t{found.margin:.3f}\t{text}", flush=True)


def _say_notes(found: Classification, said: set[str]) -> None:
    """Print what was not said yet beside the results."""
    for note in found.notes:
        if note not in said:
            print(f"note: {note}", file=sys.stderr)
            said.add(note)


def _report(
    actual: list[tuple[str, ...]], found: list[Classification], labels: Sequence[str], arguments: argparse.Namespace
) -> None:
    from rag_app.evaluation.classification import build_report, render_confusions

    report = build_report(actual, found, labels, multi_label=arguments.multi_label)
    if arguments.plot:
        save_picture(render_confusions(report), arguments.plot)
    if arguments.json:
        print_json(report.to_json())
        return
    means = {"precision": report.macro_precision, "recall": report.macro_recall, "F1": report.macro_f1}
    rows: list[dict[str, str]] = [
        {
            "label": f.label,
            **{name: f"{x:.3f}" for name, x in zip(means, (f.precision, f.recall, f.f1), strict=True)},
            "texts": str(f.support),
        }
        for f in report.labels
    ]
    rows.append({"label": "mean", **{name: f"{x:.3f}" for name, x in means.items()}, "texts": str(report.n_texts)})
    out = console()
    table(out, [*rows])
    out.print(f"accuracy {report.accuracy:.3f}")
    if report.calibration_error is not None:
        out.print(f"calibration error {report.calibration_error:.3f}")
    if report.usual_similarity is not None and not arguments.multi_label:
        out.print(f"99 % of the texts that have a label reach a similarity of {report.usual_similarity:.3f}")
