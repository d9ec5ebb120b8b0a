"""``rag ingest``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.cli import engine
from rag_app.cli.terminal import console, print_json, progress_bar, show_receipt
from rag_app.errors import RagAppError

if TYPE_CHECKING:
    from rag_app.app import App
    from rag_app.receipts import Receipt

_DONE, _SOME_FAILED = 0, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="file, folder, glob or URL of a web page (default: the course)"
    )
    parser.add_argument("--watch", action="store_true", help="follow the files and ingest what changes, until Ctrl-C")
    engine.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print the receipt as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Ingest and print the receipt; exit code 2 if a file failed."""
    from rag_app import build

    chosen = engine.read_arguments(arguments)
    app = build()
    rounds = _rounds(app, arguments.paths) if arguments.watch else None
    with progress_bar() as progress:
        receipt = app.ingest(arguments.paths or None, progress=progress, **chosen._asdict())
    if arguments.json:
        print_json(receipt.to_json())
    else:
        show_receipt(console(), receipt)
    if rounds is not None:
        return _follow(rounds, receipt, as_json=arguments.json)
    return _SOME_FAILED if receipt.count("failed") else _DONE


def _rounds(app: App, given: list[str]) -> Iterator[Receipt | RagAppError]:
    from rag_app.content import content_dir
    from rag_app.ingestion.watch import watch

    paths: list[str | Path] = [*given] or [content_dir("knowledge")]
    return watch(lambda: app.ingest(paths), paths, data_dir=app.settings.data_dir)


def _follow(rounds: Iterator[Receipt | RagAppError], receipt: Receipt, *, as_json: bool) -> int:
    """Print what each ingestion does until the user interrupts, which is how it ends and no failure."""
    sys.stdout.flush()
    print("watching; Ctrl-C ends it", file=sys.stderr, flush=True)
    try:
        for outcome in rounds:
            if isinstance(outcome, RagAppError):
                print(f"rag: {outcome}", file=sys.stderr, flush=True)
                continue
            _show_news(receipt, outcome, as_json=as_json)
            receipt = outcome
    except KeyboardInterrupt:
        pass
    return _DONE


def _show_news(before: Receipt, now: Receipt, *, as_json: bool) -> None:
    """Print a line for each file that something happened to; a failure or a duplicate is told once."""
    happened = {"new", "changed", "removed"}
    news = [f for f in now.files if f.status in happened or (f.status != "unchanged" and f not in before.files)]
    if news and as_json:
        print_json(now.to_json())
    elif news:
        for file in news:
            about = f": {file.detail}" if file.detail else ""
            print(f"{time.strftime('%H:%M:%S')} {file.status} {file.name}{about}")
    sys.stdout.flush()
