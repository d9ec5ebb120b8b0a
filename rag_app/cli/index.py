"""``rag index``: a table of actions."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from rag_app.cli.terminal import console, print_json, progress_bar, table

if TYPE_CHECKING:
    from rich.console import Console

    from rag_app.app import App
    from rag_app.index.verification import Verification

_DONE, _WRONG = 0, 2
_MEGABYTE = 1e6
_MOST_SHOWN = 10  # problems of one kind


class Action(NamedTuple):
    """A line of the table; `run` prints, and returns the exit code."""

    summary: str
    run: Callable[[App, argparse.Namespace], int]
    argument: tuple[str, str, str] | None = None
    number: tuple[str, str] | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="|".join(ACTIONS), required=True)
    for name, action in ACTIONS.items():
        child = actions.add_parser(
            name, help=action.summary, description=action.summary[0].upper() + action.summary[1:]
        )
        if action.argument is not None:
            metavar, many, explained = action.argument
            child.add_argument("given", metavar=metavar, nargs=many or None, help=explained)
        if action.number is not None:
            option, explained = action.number
            child.add_argument(option, type=int, metavar="N", help=explained)
        child.add_argument("--json", action="store_true", help="print it as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says."""
    from rag_app import build

    return ACTIONS[arguments.action].run(build(), arguments)


def _status(app: App, arguments: argparse.Namespace) -> int:
    from rag_app.cli.index_status import read_status, show_status

    status = read_status(app)
    if arguments.json:
        print_json(status)
    else:
        show_status(console(), status)
    return _DONE


def _verify(app: App, arguments: argparse.Namespace) -> int:
    with progress_bar() as progress:
        found = app.verify(progress=progress)
    if arguments.json:
        print_json(found.to_json())
    else:
        _show_verification(console(), found)
    return _WRONG if found.problems else _DONE


def _show_verification(out: Console, found: Verification) -> None:
    wrong = {check: [p for p in found.problems if p.check == check] for check in found.checked}
    table(
        out,
        [{"check": c, "looked at": str(n), "wrong": str(len(wrong[c]))} for c, n in found.checked.items()],
    )
    for check, problems in wrong.items():
        for problem in problems[:_MOST_SHOWN]:
            out.print(f"{check}: {problem.what} {problem.hint}", style="red")
        if len(problems) > _MOST_SHOWN:
            out.print(f"{check}: and {len(problems) - _MOST_SHOWN} more", style="red")
    if found.n_missed:
        share = f"{found.n_missed} of {found.checked['search']} chunks"
        out.print(f"Chroma does not find {share} by their own vectors: its search is approximate.", style="yellow")
    if not found.problems:
        out.print("Everything agrees.")


def _reindex(app: App, arguments: argparse.Namespace) -> int:
    with progress_bar() as progress:
        did = app.reindex(progress=progress)
    text = f"built anew by {{built_by}}: sources {did['sources']}, chunks {did['chunks']}"
    return _report(app, arguments, dict(did), text)


def _forget(app: App, arguments: argparse.Namespace) -> int:
    with progress_bar() as progress:
        erasure = app.forget(arguments.given, progress=progress)
    search = erasure.search
    if arguments.json:
        print_json(erasure.to_json())
        return _WRONG if search.found else _DONE
    out = console()
    for name in erasure.sources:
        out.print(f"forgot {name}")
    if erasure.n_exchanges:
        out.print(f"deleted from the conversations: exchanges {erasure.n_exchanges}")
    for path in search.found:
        out.print(
            f"still holds some of the text: {path}. End the programs that use it, delete it, run: rag index compact"
        )
    result = "" if search.found else "; none found"
    out.print(f"looked for {search.n_texts} texts in {search.n_files} files ({_size(search.n_bytes)}){result}")
    if app.settings.chroma_url:
        out.print(
            f"The files of the Chroma server {app.settings.chroma_url} cannot be looked into; its rows are deleted."
        )
    if app.settings.database_url.startswith("postgresql"):
        out.print("The files of the conversations' database cannot be looked into; its rows are deleted.")
    for path in erasure.still_there:
        out.print(f"{path} is still there, and is read again when its folder is ingested. Delete it, or move it away.")
    return _WRONG if search.found else _DONE


def _compact(app: App, arguments: argparse.Namespace) -> int:
    with progress_bar() as progress:
        before, after = app.compact(progress=progress)
    sizes = {"library": (before.library, after.library), "chroma": (before.chroma, after.chroma)}
    did = {name: {"before": b, "after": a} for name, (b, a) in sizes.items()}
    shown = [f"{name} {_size(b)} → {_size(a)}" for name, (b, a) in sizes.items()]
    return _report(app, arguments, did, ", ".join(shown))


def _export(app: App, arguments: argparse.Namespace) -> int:
    with progress_bar() as progress:
        did = app.export_index(arguments.given, progress=progress)
    text = f"wrote {arguments.given}: sources {did['sources']}, chunks {did['chunks']}, {_size(did['bytes'])}"
    return _report(app, arguments, dict(did), text)


def _import(app: App, arguments: argparse.Namespace) -> int:
    with progress_bar() as progress:
        did = app.import_index(arguments.given, progress=progress)
    text = f"read {arguments.given}: sources {did['sources']}, chunks {did['chunks']}, built by {{built_by}}"
    return _report(app, arguments, dict(did), text)


def _publish(app: App, arguments: argparse.Namespace) -> int:
    from rag_app.index.storage import without_secrets

    with progress_bar() as progress:
        did = app.publish(arguments.given, keep=arguments.keep, progress=progress)
    where = f"generation {did.generation} at {without_secrets(arguments.given)}"
    done = f"published {where}" if did.is_new else f"published already: {where}"
    counts = f"sources {did.counts['sources']}, chunks {did.counts['chunks']}, {_size(did.n_bytes)}"
    removed = f"; older generations removed: {len(did.removed)}" if did.removed else ""
    return _report(app, arguments, did.to_json(), f"{done}: {counts}{removed}")


def _report(app: App, arguments: argparse.Namespace, did: dict[str, Any], text: str) -> int:
    from rag_app.cli.index_status import built_by

    if arguments.json:
        print_json(did)
    else:
        console().print(text.replace("{built_by}", built_by(app)))
    return _DONE


def _size(n_bytes: int) -> str:
    return f"{n_bytes / _MEGABYTE:.1f} MB"


ACTIONS = {
    "status": Action("show what the index holds, what built it and what the last run did", _status),
    "verify": Action("check that texts, chunks, vectors, words and Chroma agree; exit code 2 if not", _verify),
    "reindex": Action("build the index anew from its stored texts, with the embedder of the settings", _reindex),
    "forget": Action(
        "remove sources, and prove that no file of the data folder holds their text",
        _forget,
        ("SOURCE", "+", "name, path or URL"),
    ),
    "compact": Action("write the index's files anew, without what was deleted", _compact),
    "export": Action("write the index to one file in an open format", _export, ("FILE", "", "such as index.zip")),
    "publish": Action(
        "write a snapshot of the index to a folder or a bucket, which rag serve --index serves from",
        _publish,
        ("URI", "", "a folder, or an address such as s3://bucket/folder"),
        ("--keep", "generations that stay there, this one included (default: all)"),
    ),
    "import": Action("fill an empty index from such a file", _import, ("FILE", "", "what rag index export wrote")),
}
