"""The command line: a table of commands. A command's module is imported when the command runs."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from rag_app.errors import InvalidInputError, RagAppError, UnknownNameError

_DONE, _USER_ERROR, _INTERRUPTED, _BROKEN_PIPE = 0, 2, 130, 141


class Command(NamedTuple):
    """A line of the table; the module has ``add_arguments(parser)`` and ``run(arguments) -> exit code``."""

    summary: str
    example: str


COMMANDS = {
    "ingest": Command("read files into the index (default: the packaged course)", "rag ingest notes/ 'slides/*.md'"),
    "ask": Command("answer a question, with citations", 'rag ask "What is mode collapse?"'),
    "chat": Command("ask in a conversation, also for calculations", "rag chat --tools"),
    "feedback": Command("list or export the ratings of answers in rag chat", "rag feedback export --as cases"),
    "verify": Command("check the citations of a kept answer against the index", "rag verify answer.json"),
    "search": Command("show the passages that match a question", 'rag search "mode collapse" -k 3'),
    "classify": Command("label texts by similarity, without examples", "rag classify --labels labels.txt < texts.txt"),
    "tools": Command(
        "list, show or run the metrics and models of the course",
        'rag tools run recall_at_k ranking=\'["a", "b"]\' relevant=\'["b"]\'',
    ),
    "prompts": Command("list, show, check or try the prompts", "rag prompts show answer"),
    "eval": Command("measure answers, and whether a change made them better", "rag eval run course"),
    "quiz": Command("ask the cards of the course, when you are about to forget them", "rag quiz --section 09 -n 5"),
    "serve": Command("answer over HTTP, the OpenAI protocol and MCP", "rag serve --port 8000"),
    "mcp": Command("answer an MCP client at standard input and output", "rag mcp"),
    "doctor": Command("check the installation, the settings, the parts and the index", "rag doctor"),
    "index": Command("show, check, rebuild, shrink, move or forget what the index holds", "rag index status"),
}


class _Parser(argparse.ArgumentParser):
    """One sentence for a wrong argument, like every other mistake."""

    def error(self, message: str) -> None:  # type: ignore[override]  # ends the process
        self.exit(_USER_ERROR, f"rag: {message}. Run: {self.prog} --help\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401  (argparse's signature)
        """Refuse what is left over here, where the command is known that it was typed for.

        Words of an argument that takes several may stand behind options too: argparse takes them in one run only.
        """
        parsed, extra = super().parse_known_args(args, namespace)
        several = [action.dest for action in self._actions if action.nargs in {"*", "+"} and not action.option_strings]
        if several and not any(text.startswith("-") for text in extra):
            setattr(parsed, several[0], [*getattr(parsed, several[0]), *extra])
            extra = []
        if extra:
            self.error(f"unrecognized arguments: {' '.join(extra)}")
        return parsed, extra


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        0 done, 1 an eval gate failed, 2 the user must change something, 130 interrupted, 141 the reader of the
        output went away.
    """
    _soften_encoding()
    try:
        try:
            return _run(list(sys.argv[1:] if arguments is None else arguments))
        finally:
            if sys.stdout is not None and not sys.stdout.closed:  # MCP's server closes it
                sys.stdout.flush()  # what cannot be written is noticed here, not while the interpreter ends
    except RagAppError as exc:
        return _say(str(exc))
    except KeyboardInterrupt:
        _say("interrupted; what was finished is kept.")
        return _INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return _BROKEN_PIPE
    except OSError as exc:
        _discard_output()
        return _say(f"the system refused: {exc}.")


def build_parser(*names: str) -> argparse.ArgumentParser:
    """Return the parser with the arguments of the named commands: for the generated documentation."""
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
        if name in names:
            importlib.import_module(f"rag_app.cli.{name}").add_arguments(child)
    return parser


def _run(given: list[str]) -> int:
    """Run the named command; only its module is imported."""
    for text in given:
        if any("\ud800" <= c <= "\udfff" for c in text):  # what Python makes of bytes that are not UTF-8
            msg = f"An argument must be text in UTF-8; got {text!r}."
            raise InvalidInputError(msg, hint="Convert the text, or rename the file.")
    name = next((text for text in given if not text.startswith("-")), None)
    if name is not None and name not in COMMANDS:
        kind = "command"
        raise UnknownNameError(kind, name, COMMANDS)
    parser = build_parser(*([name] if name else []))
    parsed = parser.parse_args(given)
    if parsed.command is None:
        parser.print_help()
        return _USER_ERROR
    return int(importlib.import_module(f"rag_app.cli.{parsed.command}").run(parsed))


def _soften_encoding() -> None:
    """Let a terminal that knows fewer characters show a question mark instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _say(message: str) -> int:
    if sys.stderr is not None:
        print(f"rag: {message}", file=sys.stderr)
    return _USER_ERROR


def _discard_output() -> None:
    """Send what is still buffered nowhere: the interpreter would try again to write it, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
