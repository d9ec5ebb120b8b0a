"""``rag ask``."""

from __future__ import annotations

import argparse

from rag_app.cli.terminal import console, print_json, show_answer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("question", metavar="QUESTION", help="in quotes")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Answer and print; the text streams, the citations follow."""
    from rag_app import build
    from rag_app.cli.first_use import ensure_index
    from rag_app.types import AnswerEvent, TokenEvent

    app = build()
    ensure_index(app)
    if arguments.json:
        print_json(app.ask(arguments.question).to_json())
        return 0
    out = console()
    if app.settings.llm == "extractive":
        show_answer(out, app.ask(arguments.question))
        return 0
    for event in app.stream(arguments.question):
        if isinstance(event, TokenEvent):
            out.print(event.text, end="", soft_wrap=True)
        elif isinstance(event, AnswerEvent):
            out.print()
            show_answer(out, event.answer, with_text=False)
    return 0
