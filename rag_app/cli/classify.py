"""``rag classify``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rag_app.cli.arguments import read_lines
from rag_app.errors import InvalidInputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--labels", required=True, metavar="FILE", help="a label on each line, optionally a tab and its description"
    )
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="default: a text on each line of standard input")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line, with all scores")


def run(arguments: argparse.Namespace) -> int:
    """Label each text and print label, similarity, margin and text, separated by tabs."""
    labels = _read_labels(Path(arguments.labels))
    from rag_app import build

    classifier = build().classifier(labels)
    texts = (" ".join(text.split()) for text in arguments.texts or read_lines())
    for text in filter(None, texts):
        result = classifier.invoke(text)
        if arguments.json:
            print(json.dumps({"text": text, **result.to_json()}, ensure_ascii=False))
        else:
            print(f"{result.label}\t{result.scores[result.label]:.3f}\t{result.margin:.3f}\t{text}")
    return 0


def _read_labels(path: Path) -> dict[str, str]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"--labels must name a text file; {str(path)!r} cannot be read."
        raise InvalidInputError(msg, hint="Write a label on each line of a file, in UTF-8.") from exc
    pairs = [line.partition("\t")[::2] for line in lines]
    names = {name.strip(): description.strip() for name, description in pairs}
    if len(names) < len(pairs):
        msg = f"The labels in {path} must differ from one another."
        raise InvalidInputError(msg, hint="Remove the repeated line.")
    return names
