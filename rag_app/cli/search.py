"""``rag search``."""

from __future__ import annotations

import argparse

from rag_app.cli.terminal import console, print_json, show_passage
from rag_app.errors import InvalidInputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("query", metavar="QUERY", help="in quotes")
    parser.add_argument("-k", type=int, default=None, metavar="N", help="passages to show (default: the setting)")
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="filter, such as source=09-gans.md; repeatable",
    )
    parser.add_argument("--json", action="store_true", help="print the passages as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Search and print the passages, best first."""
    from rag_app import build
    from rag_app.cli.first_use import ensure_index

    app = build()
    where: dict[str, list[str]] = {}
    for text in arguments.where:
        key, equals, value = text.partition("=")
        if not equals:
            msg = f"--where must be KEY=VALUE; got {text!r}."
            raise InvalidInputError(msg)
        where.setdefault(key, []).append(value)
    ensure_index(app)
    passages = app.search(arguments.query, arguments.k, where or None)
    if arguments.json:
        print_json([p.to_json() for p in passages])
        return 0
    out = console()
    for number, passage in enumerate(passages, start=1):
        show_passage(out, number, passage)
        out.print()
    if not passages:
        out.print("No passage matches.")
    return 0
