"""``rag tools``."""

from __future__ import annotations

import argparse

from rag_app import registry
from rag_app.cli.terminal import console, print_json, read_json_argument, table
from rag_app.errors import InvalidInputError
from rag_app.registry import Entry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="list|show|run", required=True)
    listing = actions.add_parser("list", help="every tool with one line about it")
    listing.add_argument("--json", action="store_true", help="print the list as JSON")
    show = actions.add_parser("show", help="the documentation of a tool")
    show.add_argument("name", metavar="NAME")
    run_ = actions.add_parser("run", help="call a tool")
    run_.add_argument("name", metavar="NAME")
    run_.add_argument("values", nargs="*", metavar="KEY=JSON", help="arguments, such as k=3 or ranking='[\"a\"]'")


def run(arguments: argparse.Namespace) -> int:
    """List, show or run."""
    if arguments.action == "list":
        rows = [{"name": e.name, "kind": e.kind, "summary": e.summary} for e in registry.entries()]
        print_json(rows) if arguments.json else table(console(), list(rows))
    elif arguments.action == "show":
        import inspect

        entry = registry.get(arguments.name)
        print(f"{entry.name}{inspect.signature(entry.target)}\n\n{inspect.getdoc(entry.target)}")
    else:
        _call(registry.get(arguments.name), arguments.values)
    return 0


def _call(entry: Entry, values: list[str]) -> None:
    from rag_app.tools.adapter import call_tool

    given = {}
    for text in values:
        key, equals, value = text.partition("=")
        if not equals:
            msg = f"An argument must be KEY=JSON; got {text!r}."
            raise InvalidInputError(msg, hint=f"Run: rag tools show {entry.name}")
        given[key] = read_json_argument(value)
    print_json(call_tool(entry, given))
