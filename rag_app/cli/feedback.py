"""``rag feedback``: what was said of answers in ``rag chat``, and what can be made of it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from rag_app.chains.sanitising import visible
from rag_app.cli.terminal import console, print_indented, print_json

if TYPE_CHECKING:
    from rag_app.chains.feedback import RatedExchange

_CLIPPED = 160  # characters of an answer in the list


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="list|export", required=True)
    text = "the answers that were rated by /good and /bad in rag chat"
    listing = actions.add_parser("list", help=text, description=text[0].upper() + text[1:])
    listing.add_argument("--json", action="store_true", help="print the list as JSON, with the whole answers")
    text = "print the ratings as JSON Lines"
    export = actions.add_parser("export", help=text, description=text[0].upper() + text[1:])
    export.add_argument(
        "--as",
        dest="form",
        choices=("cases", "preferences"),
        required=True,
        help="cases for rag eval, or pairs of prompt, chosen and rejected answer for preference tuning",
    )


def run(arguments: argparse.Namespace) -> int:
    """List or export."""
    rated = _load()
    if arguments.action == "export":
        _export(rated, arguments.form)
    elif arguments.json:
        print_json([exchange.to_json() for exchange in rated])
    else:
        _list(rated)
    return 0


def _load() -> list[RatedExchange]:
    from rag_app.chains.conversations import open_conversations
    from rag_app.settings import Settings

    with open_conversations(Settings.load()) as conversations:
        return conversations[-1].rated() if conversations else []


def _list(rated: list[RatedExchange]) -> None:
    out = console()
    for exchange in rated:
        why = f": {visible(exchange.why)}" if exchange.why else ""
        out.print(f"{exchange.rating}{why}", style="green" if exchange.rating == "good" else "red")
        print_indented(out, visible(exchange.question))
        text = " ".join(visible(exchange.answer["answer"]).split())
        print_indented(out, text if len(text) <= _CLIPPED else f"{text[:_CLIPPED].rsplit(' ', 1)[0]} …", style="dim")
    n_good = sum(exchange.rating == "good" for exchange in rated)
    out.print(f"good {n_good}, bad {len(rated) - n_good}. /good and /bad in rag chat rate the answer before them.")


def _export(rated: list[RatedExchange], form: str) -> None:
    from rag_app.chains.feedback import feedback_cases, preference_pairs

    records = feedback_cases(rated) if form == "cases" else preference_pairs(rated)
    for record in records:
        print_json(record, indent=None)
    if form == "cases":
        note = "an answer that was bad, or that a tool computed, makes no case; look the others through before use"
    else:
        note = "a pair needs a good and a bad answer to the same question: ask it again, and rate both"
    print(f"ratings {len(rated)}, {form} {len(records)}: {note}.", file=sys.stderr)
