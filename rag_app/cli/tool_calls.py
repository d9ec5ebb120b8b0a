"""How an answer's calls of tools look, and what else can be called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag_app.tools.results import LOOKED_UP, render_command

if TYPE_CHECKING:
    from rich.console import Console

    from rag_app.types import Answer

_MOST_CHARACTERS = 120  # of a command that people copy


def show_commands(out: Console, answer: Answer) -> None:
    """Print the commands that repeat what was computed, with the place of the course that explains it."""
    computed = [call for call in answer.tool_calls if call.name not in LOOKED_UP and not call.error]
    if not computed:
        return
    from rag_app.registry import get
    from rag_app.tools.course import sections

    out.print()
    for call in computed:
        _show_command(out, f"Again: {render_command(call)}")
    for number, heading, file in dict.fromkeys(s for call in computed for s in sections(get(call.name))[:1]):
        out.print(f"Explained in the course: {number} {heading} ({file})", style="dim")


def show_related(out: Console, answer: Answer) -> None:
    """Name what the best citation's section of the course describes and can be called, with an example."""
    if not answer.citations:
        return
    from rag_app.retrieval.query import split_query
    from rag_app.tools.course import tools_for

    best = answer.citations[0]
    names = tools_for(split_query(answer.question).text, best.source, best.locator.heading)
    if names:
        _show_command(out, f"\nTry: {_example(names[0])}")
    for name in names[1:]:
        _show_command(out, f"     {_example(name)}")


def _show_command(out: Console, text: str) -> None:
    """Print a command that people copy: where it is longer than the terminal is wide, no line end is put into it."""
    out.print(text, style="dim", soft_wrap=True)


def _example(name: str) -> str:
    """Return the command of a tool's own example, or the one that documents it where that is long or has none."""
    from rag_app.registry import get
    from rag_app.tools.examples import example_call

    call = example_call(get(name))
    command = render_command(call) if call and call.arguments else ""
    return command if 0 < len(command) <= _MOST_CHARACTERS else f"rag tools show {name}"
