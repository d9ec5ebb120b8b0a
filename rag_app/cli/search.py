"""``rag search``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rag_app.cli.arguments import read_count, read_question
from rag_app.cli.terminal import console, print_json
from rag_app.errors import InvalidInputError

if TYPE_CHECKING:
    from rag_app.index.library import Library
    from rag_app.types import Passage


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
    parser.add_argument("--explain", action="store_true", help="show why each passage ranks where it does")
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
    if arguments.explain:
        return _explain(app.library, question, passages, as_json=arguments.json)
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


def _explain(library: Library, question: str, passages: list[Passage], *, as_json: bool) -> int:
    from rag_app.cli.explanation import show_explained, show_scores
    from rag_app.retrieval.explanation import explain_ranking

    explanations = explain_ranking(library, question, passages)
    if as_json:
        print_json([{**e.passage.to_json(), "explanation": e.to_json()} for e in explanations])
        return 0
    out = console()
    show_scores(out, explanations)
    for number, explanation in enumerate(explanations, start=1):
        out.print()
        show_explained(out, number, explanation)
    if not explanations:
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
