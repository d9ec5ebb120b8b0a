"""``rag eval metrics``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rag_app.cli.terminal import console, print_indented, print_json, table

if TYPE_CHECKING:
    from rag_app.evaluation.metrics.cards import Card


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="show the whole card of a metric (default: list all)")
    parser.add_argument("--json", action="store_true", help="print the cards as JSON")


def run(arguments: argparse.Namespace) -> int:
    """List the metrics, or show cards."""
    from rag_app.errors import UnknownNameError
    from rag_app.evaluation.metrics.aggregates import aggregate_cards
    from rag_app.evaluation.metrics.table import cards

    known = {card.name: card for card in cards()} | aggregate_cards()
    for name in arguments.names:
        if name not in known:
            raise UnknownNameError(kind="metric", name=name, known=known)
    chosen = [known[name] for name in arguments.names or known]
    if arguments.json:
        print_json([card.to_json() for card in chosen])
    elif arguments.names:
        _show_cards(chosen)
    else:
        table(console(), [_row(card) for card in chosen])
    return 0


def _row(card: Card) -> dict[str, str]:
    needs = ", ".join(sorted(card.needs))
    return {
        "metric": card.name,
        "range": card.range,
        "better": card.direction,
        "needs": needs,
        "gate": "advisory" if card.advisory else "",
    }


def _show_cards(chosen: Iterable[Card]) -> None:
    out = console()
    for i, card in enumerate(chosen):
        if i:
            out.print()
        out.print(card.name, style="bold")
        advisory = "; advisory: too weak, or of another kind, for a gate" if card.advisory else ""
        lines = {
            "": card.definition,
            "range: ": f"{card.range}, {card.direction} is better{advisory}",
            "misses: ": card.misses,
            "agreement with human labels: ": card.known_agreement,
        }
        for name, text in lines.items():
            print_indented(out, name + text)
