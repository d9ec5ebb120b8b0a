"""The command line: a table of commands. A command's module is imported when the command runs."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

from rag_app.errors import RagAppError

_DONE, _USER_ERROR, _INTERRUPTED, _BROKEN_PIPE = 0, 2, 130, 141


class Command(NamedTuple):
    """A line of the table; the module has ``add_arguments(parser)`` and ``run(arguments) -> exit code``."""

    summary: str
    example: str


COMMANDS = {
    "ingest": Command("read files into the index (default: the packaged course)", "rag ingest notes/ 'slides/*.md'"),
    "ask": Command("answer a question, with citations", 'rag ask "What is mode collapse?"'),
    "chat": Command("ask in a conversation", "rag chat --continue"),
    "search": Command("show the passages that match a question", 'rag search "mode collapse" -k 3'),
    "classify": Command("label texts by similarity, without examples", "rag classify --labels labels.txt < texts.txt"),
    "tools": Command(
        "list, show or run the metrics and models of the course", "rag tools run ndcg ranking='[\"a\"]' …"
    ),
    "prompts": Command("list, show or check the prompts", "rag prompts show answer"),
    "index": Command("show what the index holds", "rag index status"),
}


class _Parser(argparse.ArgumentParser):
    """One sentence for a wrong argument, like every other mistake."""

    def error(self, message: str) -> None:  # type: ignore[override]  # ends the process
        self.exit(_USER_ERROR, f"rag: {message}. Run: {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        0 done, 1 an eval gate failed, 2 the user must change something, 130 interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _build_parser(given)
    parsed = parser.parse_args(given)
    if parsed.command is None:
        parser.print_help()
        return _USER_ERROR
    try:
        return int(importlib.import_module(f"rag_app.cli.{parsed.command}").run(parsed))
    except RagAppError as exc:
        print(f"rag: {exc}", file=sys.stderr)
        return _USER_ERROR
    except KeyboardInterrupt:
        print("rag: interrupted; what was finished is kept.", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return _BROKEN_PIPE


def build_parser(*names: str) -> argparse.ArgumentParser:
    """Return the parser with the arguments of the named commands: for the generated documentation."""
    return _build_parser(list(names))


def _build_parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """Build the table; only a command that was named loads its arguments."""
    from rag_app import __version__

    parser = _Parser(
        prog="rag",
        description="Answers with verified citations from your documents, with or without a language model.",
        epilog="Every setting is a RAG_* variable or a line of rag.toml: see the README. rag COMMAND --help has more.",
    )
    parser.add_argument("--version", action="version", version=f"rag {__version__}")
    table = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, command in COMMANDS.items():
        child = table.add_parser(
            name,
            help=command.summary,
            description=command.summary[0].upper() + command.summary[1:] + ".",
            epilog=f"example:\n  {command.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in given:
            importlib.import_module(f"rag_app.cli.{name}").add_arguments(child)
    return parser


if __name__ == "__main__":
    sys.exit(main())
