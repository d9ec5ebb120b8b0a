"""``rag quiz``: the cards of the course, asked again when they are about to be forgotten."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from rag_app.cli.arguments import read_count, read_lines
from rag_app.cli.terminal import console

if TYPE_CHECKING:
    from rich.console import Console

    from rag_app.evaluation.deck import Card
    from rag_app.evaluation.quiz import Quiz, Result

_LEAVE = "/quit"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--section", metavar="NUMBER", help="a section such as 09.3, or a chapter such as 09")
    parser.add_argument("--tag", metavar="TAG", help="only cards with this tag, such as formula")
    parser.add_argument("-n", type=read_count, default=10, metavar="N", help="cards to ask (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print each question, result and the sum as a line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Ask until the cards, the replies or the user's patience end."""
    from rag_app import build
    from rag_app.cli.first_use import ensure_index
    from rag_app.evaluation.deck import load_cards, search_cards

    cards = search_cards(load_cards(), arguments.tag, arguments.section)
    app = build()
    ensure_index(app)
    quiz, today = app.quiz, datetime.now().astimezone().date()
    due = quiz.due(cards, today)[: arguments.n]
    screen = _Lines() if arguments.json else _Page(console())
    replies = _piped_replies(echo=not arguments.json) if _is_piped() else _typed_replies()
    screen.begin(len(cards), due)
    results = list(_ask(quiz, due, replies, screen, today))
    screen.end(results, len(quiz.due(cards, today)), _next_day(quiz, cards))
    return 0


def _ask(
    quiz: Quiz, due: Sequence[Card], replies: Iterator[str], screen: _Page | _Lines, today: date
) -> Iterator[Result]:
    for number, card in enumerate(due, start=1):
        screen.question(card, number, len(due))
        reply = next(replies, _LEAVE)
        if reply == _LEAVE:
            return
        result = quiz.score(card, reply, today)
        screen.result(result)
        yield result


def _next_day(quiz: Quiz, cards: Sequence[Card]) -> date | None:
    """Return the day on which the next of the cards that were answered comes again."""
    reviews = quiz.reviews.load()
    return min((reviews[card.id].due for card in cards if card.id in reviews), default=None)


class _Page:
    """A quiz as people read it."""

    def __init__(self, out: Console) -> None:
        self._out = out

    def begin(self, n_cards: int, due: Sequence[Card]) -> None:
        if due:
            self._out.print(
                f"{n_cards} cards, {len(due)} of them now. An empty line shows the answer; {_LEAVE} leaves.\n",
                style="dim",
            )

    def question(self, card: Card, number: int, of: int) -> None:
        self._out.print(f"{number}/{of}  {card.section} {card.heading}", style="cyan")
        self._out.print(card.question, style="bold")

    def result(self, result: Result) -> None:
        from rag_app.cli.answers import show_heading
        from rag_app.cli.terminal import print_indented

        verdict, style = ("right", "green") if result.is_right else ("not yet", "yellow")
        self._out.print(f"{verdict}, {result.score:.2f}; again {_days(result.review.due)}", style=style)
        print_indented(self._out, result.card.answer)
        if result.citation:
            show_heading(self._out, "[1]", result.citation)
            print_indented(self._out, f"“{' '.join(result.citation.quote.split())}”")
        else:
            self._out.print(f"The index does not hold {result.card.source}. Run: rag ingest", style="yellow")
        self._out.print()

    def end(self, results: Sequence[Result], n_left: int, again: date | None) -> None:
        if results:
            self._out.print(f"{sum(r.is_right for r in results)} of {len(results)} right.")
        if n_left:
            self._out.print(f"{n_left} more to ask today.")
        elif again:
            self._out.print(f"{'' if results else 'No card is due. '}The next one comes {_days(again)}.")


class _Lines:
    """A quiz as a program reads it: one JSON object a line."""

    def begin(self, n_cards: int, due: Sequence[Card]) -> None:
        self._print("quiz", cards=n_cards, asked=len(due))

    def question(self, card: Card, number: int, of: int) -> None:
        section = f"{card.section} {card.heading}"
        self._print(
            "question", number=number, of=of, id=card.id, section=section, tags=card.tags, question=card.question
        )

    def result(self, result: Result) -> None:
        self._print("result", **result.to_json())

    def end(self, results: Sequence[Result], n_left: int, again: date | None) -> None:
        n_right = sum(result.is_right for result in results)
        self._print("sum", answered=len(results), right=n_right, left=n_left, next=again.isoformat() if again else None)

    def _print(self, event: str, **values: Any) -> None:  # noqa: ANN401  (what JSON holds)
        print(json.dumps({"event": event, **values}), flush=True)


def _days(day: date) -> str:
    n = (day - datetime.now().astimezone().date()).days
    return "tomorrow" if n == 1 else f"in {n} days"


def _is_piped() -> bool:
    return sys.stdin is None or not sys.stdin.isatty()


def _piped_replies(*, echo: bool) -> Iterator[str]:
    """Yield the lines of standard input and repeat each, so that the output reads as a conversation."""
    for line in read_lines():
        if echo:
            print(f"> {line}", flush=True)
        yield line


def _typed_replies() -> Iterator[str]:
    """Yield lines with editing."""
    from prompt_toolkit import PromptSession

    session: PromptSession[str] = PromptSession()
    while True:
        try:
            yield session.prompt("> ").strip()
        except (EOFError, KeyboardInterrupt):
            return
