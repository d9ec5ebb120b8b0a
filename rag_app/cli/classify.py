"""``rag classify``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

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
    lines = arguments.texts or (line.strip() for line in sys.stdin)
    for text in filter(None, lines):
        result = classifier.invoke(text)
        if arguments.json:
            print(json.dumps({"text": text, **result.to_json()}, ensure_ascii=False))
        else:
            print(f"{result.label}\t{result.scores[result.label]:.3f}\t{result.margin:.3f}\t{text}")
    return 0


def _read_labels(path: Path) -> dict[str, str]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"--labels must name a text file; {str(path)!r} cannot be read."
        raise InvalidInputError(msg) from exc
    pairs = [line.partition("\t")[::2] for line in lines]
    if len(dict(pairs)) < len(pairs):
        msg = f"The labels in {path} must differ from one another."
        raise InvalidInputError(msg)
    return {name.strip(): description.strip() for name, description in pairs}
