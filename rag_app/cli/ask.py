"""``rag ask``."""

from __future__ import annotations

import argparse

from rag_app.cli.arguments import read_question
from rag_app.cli.terminal import console, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("question", nargs="+", metavar="QUESTION", help="in quotes, for the sake of ? and *")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Answer and print; the text streams, the citations follow."""
    question = read_question(arguments.question)
    from rag_app import build
    from rag_app.cli.answers import show_events
    from rag_app.cli.first_use import ensure_index

    app = build()
    app.check_settings()
    ensure_index(app)
    if arguments.json:
        print_json(app.ask(question).to_json())
    else:
        show_events(console(), app.stream(question), question)
    return 0
