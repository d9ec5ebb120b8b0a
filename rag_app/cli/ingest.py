"""``rag ingest``."""

from __future__ import annotations

import argparse

from rag_app.cli.terminal import console, print_json, progress_bar, show_receipt

_DONE, _SOME_FAILED = 0, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="file, folder or glob: Markdown, text or HTML (default: the course)"
    )
    parser.add_argument("--json", action="store_true", help="print the receipt as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Ingest and print the receipt; exit code 2 if a file failed."""
    from rag_app import build

    app = build()
    with progress_bar() as progress:
        receipt = app.ingest(arguments.paths or None, progress=progress)
    if arguments.json:
        print_json(receipt.to_json())
    else:
        show_receipt(console(), receipt)
    return _SOME_FAILED if receipt.count("failed") else _DONE
