"""How answers, citations and passages look."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rag_app.chains.sanitising import visible
from rag_app.cli.terminal import print_indented
from rag_app.cli.tool_calls import show_commands, show_related

if TYPE_CHECKING:
    from rich.console import Console

    from rag_app.types import Answer, Citation, Event, Passage

_QUOTE_WIDTH = 400
_CONTEXT_WIDTH = 300
_NEAREST_WIDTH = 160
_N_NEAREST = 3
_PIECE = re.compile(r"\n|[^\S\n]+|\S+")
_VERDICTS = {"weak": " (weak support)", "misattributed": " (the answer named another passage)"}


def show_events(out: Console, events: Iterable[Event], question: str) -> Answer | None:
    """Print an answer while it comes, then its citations and notes, and return it.

    Parameters
    ----------
    out : Console
        Where to.
    events : iterable of Event
        As `App.stream` yields them.
    question : str
        As it was typed; where another one was searched for, that is shown.
    """
    from rag_app.tools.results import render_call
    from rag_app.types import AnswerEvent, RetrievedEvent, TokenEvent, ToolEvent

    answer = None
    text = TextStream(out)
    try:
        for event in events:
            if isinstance(event, RetrievedEvent) and event.question != question:
                print_indented(out, f"(searching: {event.question})", first="", style="dim")
            elif isinstance(event, ToolEvent) and not event.is_answer:
                print_indented(out, render_call(event.call), first="", style="dim")
            elif isinstance(event, TokenEvent):
                text.write(event.text)
            elif isinstance(event, AnswerEvent):
                answer = event.answer
    finally:
        text.close()
    if answer is not None:
        _show_evidence(out, answer)
    return answer


class TextStream:
    """Prints text while it comes, broken between words at a terminal's width and without control characters.

    Parameters
    ----------
    out : Console
        Where to.
    """

    def __init__(self, out: Console) -> None:
        self._out = out
        self._held = ""
        self._space = ""
        self._column = 0

    def write(self, text: str) -> None:
        """Print the words that are complete; the last one may go on in the next piece."""
        pieces = _PIECE.findall(self._held + visible(text))
        self._held = pieces.pop() if pieces and not pieces[-1].isspace() else ""
        for piece in pieces:
            self._place(piece)

    def close(self) -> None:
        """Print the last word and end the line."""
        self._place(self._held)
        self._held = ""
        if self._column:
            self._place("\n")

    def _place(self, piece: str) -> None:
        from rich.cells import cell_len

        if piece == "\n":
            self._put(piece, 0)
        elif piece.isspace():
            self._space += piece
        elif piece:
            width = cell_len(self._space + piece)
            if self._out.is_terminal and self._column and self._column + width > self._out.width:
                self._put("\n", 0)
                width = cell_len(piece)
            self._put(self._space + piece, self._column + width)

    def _put(self, text: str, column: int) -> None:
        self._out.out(text, end="", highlight=False)
        self._space, self._column = "", column


def show_in_context(out: Console, number: int, citation: Citation, text: str) -> None:
    """Print a quotation in bold between the text before and after it."""
    from rich.text import Text

    before = text[max(0, citation.start - _CONTEXT_WIDTH) : citation.start]
    after = text[citation.end : citation.end + _CONTEXT_WIDTH]
    if citation.start > _CONTEXT_WIDTH:
        before = "… " + before.partition(" ")[2]
    if citation.end + _CONTEXT_WIDTH < len(text):
        after = after.rpartition(" ")[0] + " …"
    show_heading(out, f"[{number}]", citation)
    print_indented(out, Text.assemble(visible(before), (visible(citation.quote), "bold"), visible(after)))


def show_heading(out: Console, mark: str, place: Citation | Passage, remark: str = "") -> None:
    """Print a mark, the place of a quotation or a passage, and a remark on it."""
    print_indented(out, visible(f"{mark} {place.source}: {place.locator}{remark}"), first="", style="cyan")


def show_passage(out: Console, number: int, passage: Passage) -> None:
    """Print a passage with its score, and where else the same is said."""
    show_heading(out, f"{number}.", passage)
    parts = f"meaning {passage.dense_score:.3f}, words {passage.lexical_score:.3f}"
    parts += f", sentence {passage.alignment_score:.3f}" if passage.alignment_score else ""
    before = "" if passage.fused_score is None else f" (reranker), before {passage.fused_score:.3f}"
    print_indented(out, f"score {passage.score:.3f}{before}: {parts}", style="dim")
    print_indented(out, visible(passage.text))
    show_also_in(out, passage)


def show_also_in(out: Console, passage: Passage) -> None:
    """Print where else the same is said as in a passage."""
    for other in passage.also_in:
        print_indented(out, visible(f"also in {other.source}: {other.locator}"), style="dim")


def _show_evidence(out: Console, answer: Answer) -> None:
    if answer.citations:
        out.print()
    for number, citation in enumerate(answer.citations, start=1):
        show_heading(out, f"[{number}]", citation, _VERDICTS.get(citation.verdict, ""))
        print_indented(out, f"“{_clipped(citation.quote, _QUOTE_WIDTH)}”")
    _show_unsupported(out, answer)
    if not answer.answered and answer.retrieved:
        out.print("\nThe nearest passages:", style="bold")
        for passage in answer.retrieved[:_N_NEAREST]:
            show_heading(out, "-", passage)
            print_indented(out, _clipped(passage.text, _NEAREST_WIDTH))
    show_commands(out, answer)
    show_related(out, answer)
    for note in answer.notes:
        out.print()
        print_indented(out, f"Note: {note}", first="", style="yellow")


def _show_unsupported(out: Console, answer: Answer) -> None:
    """List the statements that no passage supports."""
    unsupported = dict.fromkeys(claim.text for claim in answer.claims if claim.verdict == "unsupported" and claim.text)
    if unsupported:
        out.print("\nNo passage supports:", style="yellow")
    for text in unsupported:
        print_indented(out, f"- {_clipped(text, _QUOTE_WIDTH)}", first="", style="yellow")


def _clipped(text: str, width: int) -> str:
    text = " ".join(visible(text).split())
    if len(text) <= width:
        return text
    end = text.rfind(" ", 0, width)
    return text[: end if end > 0 else width] + " …"
