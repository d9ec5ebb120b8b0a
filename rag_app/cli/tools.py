"""``rag tools``."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from rag_app import registry
from rag_app.cli.pictures import check_picture, save_picture
from rag_app.cli.terminal import console, print_json, progress_bar, read_json_argument, table
from rag_app.errors import InvalidInputError
from rag_app.registry import Entry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="list|show|run|gallery", required=True)
    listing = actions.add_parser("list", help="every tool with one line about it")
    listing.add_argument("--json", action="store_true", help="print the list as JSON")
    show = actions.add_parser("show", help="the documentation of a tool")
    show.add_argument("name", metavar="NAME")
    run_ = actions.add_parser("run", help="call a tool")
    run_.add_argument("name", metavar="NAME")
    run_.add_argument("values", nargs="*", metavar="KEY=JSON", help="arguments, such as k=3 or ranking='[\"a\"]'")
    run_.add_argument("--in", dest="file", metavar="FILE", help="a CSV file whose columns are arguments, or rows of X")
    run_.add_argument(
        "--json",
        nargs="?",
        const="{}",
        metavar="ARGUMENTS",
        help="arguments as one JSON object; the result is printed as JSON too",
    )
    run_.add_argument("--plot", metavar="PICTURE", help="also draw the result into a file, .png or .svg")
    gallery = actions.add_parser("gallery", help="draw every picture, with a page that shows them")
    gallery.add_argument("folder", metavar="OUT_DIR")


def run(arguments: argparse.Namespace) -> int:
    """List, show, run or draw."""
    if arguments.action == "list":
        rows = [{"name": e.name, "kind": e.kind, "summary": e.summary} for e in registry.entries()]
        print_json(rows) if arguments.json else table(console(), list(rows))
    elif arguments.action == "show":
        _show(registry.get(arguments.name))
    elif arguments.action == "gallery":
        _draw_gallery(arguments.folder)
    else:
        _run(registry.get(arguments.name), arguments)
    return 0


def _show(entry: Entry) -> None:
    import inspect

    from rag_app.tools.course import sections

    print(f"{entry.name}{inspect.signature(entry.target)}\n\n{inspect.getdoc(entry.target)}")
    if isinstance(entry.target, type):
        fit = entry.target.fit  # type: ignore[attr-defined]  # every estimator has it
        print(f"\nfit{inspect.signature(fit)}\n\n{inspect.getdoc(fit)}")
    for number, heading, file in sections(entry):
        print(f"\nExplained in the course: {number} {heading} ({file})")


def _draw_gallery(folder: str) -> None:
    from rag_app.tools.plots.gallery import render_gallery

    with progress_bar() as progress:
        n_pictures = render_gallery(folder, progress)
    print(f"{n_pictures} pictures: {os.path.join(folder, 'index.html')}")


def _run(entry: Entry, arguments: argparse.Namespace) -> None:
    from rag_app.tools.adapter import call_tool
    from rag_app.tools.results import render_result

    if arguments.plot is not None:
        check_picture(arguments.plot)
    given = _given(entry, arguments)
    result = call_tool(entry, given)
    if arguments.plot is not None:
        _draw(entry, given, result, arguments.plot)
    if arguments.json is None:
        print(render_result(result))
    else:
        print_json(result)


def _draw(entry: Entry, given: dict[str, Any], result: Any, path: str) -> None:  # noqa: ANN401  (any tool's result)
    from rag_app.tools.plots.pictures import render_plot

    save_picture(render_plot(entry, given, result), path)


def _given(entry: Entry, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments from a file, a JSON object and single values; the later win."""
    from rag_app.tools.adapter import arguments_model
    from rag_app.tools.table_file import load_arguments

    given: dict[str, Any] = {}
    if arguments.file is not None:
        given |= load_arguments(arguments.file, list(arguments_model(entry).model_fields))
    given |= _object(arguments.json, entry)
    for text in arguments.values:
        key, equals, value = text.partition("=")
        if not equals:
            msg = f"An argument must be KEY=JSON; got {text!r}."
            raise InvalidInputError(msg, hint=f"Run: rag tools show {entry.name}")
        given[key] = read_json_argument(value)
    return given


def _object(text: str | None, entry: Entry) -> dict[str, Any]:
    try:
        given = json.loads(text or "{}")
    except json.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        msg = f"--json must be followed by one JSON object or by nothing; got {text!r}."
        raise InvalidInputError(msg, hint=f"Run: rag tools show {entry.name}")
    return given
