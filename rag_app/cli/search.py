"""``rag search``."""

from __future__ import annotations

import argparse

from rag_app.cli.arguments import read_count, read_question
from rag_app.cli.terminal import console, print_json
from rag_app.errors import InvalidInputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("query", nargs="+", metavar="QUERY", help="in quotes, for the sake of ? and *")
    parser.add_argument("-k", type=read_count, metavar="N", help="passages to show (default: the setting)")
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
    question, where = read_question(arguments.query), _read_filter(arguments.where)
    from rag_app import build
    from rag_app.cli.answers import show_passage
    from rag_app.cli.first_use import ensure_index

    app = build()
    ensure_index(app)
    passages = app.search(question, arguments.k, where or None)
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


def _read_filter(given: list[str]) -> dict[str, list[str]]:
    where: dict[str, list[str]] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not key or not equals:
            msg = f"--where must be KEY=VALUE; got {text!r}."
            raise InvalidInputError(msg, hint="Filter, for example: --where source=09-gans.md")
        where.setdefault(key, []).append(value)
    return where
