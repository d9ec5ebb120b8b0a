"""``rag chat``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rag_app.chains.sanitising import visible
from rag_app.cli.answers import show_events, show_in_context, show_passage
from rag_app.cli.arguments import read_lines
from rag_app.cli.terminal import console
from rag_app.errors import RagAppError

if TYPE_CHECKING:
    from rich.console import Console

    from rag_app.app import App
    from rag_app.types import Answer

_HELP = """\
Type a question. A follow-up such as "and how is it avoided?" is understood.
The words file:notes.md and heading:"lamp" in a question say where to look.
A request such as "f1 of 1,0,1 vs 1,1,1" is computed.
  /sources     show the quotations of the last answer in their context
  /good [WHY]  rate the last answer (so does /bad [WHY]); rag feedback lists and exports the ratings
  /llm [NAME]  show or change the language model, such as openai:gpt-4o-mini
  /help        show this
  /quit        leave (so does Ctrl-D); Ctrl-C stops an answer
"""
_COMMANDS = ("/sources", "/good", "/bad", "/llm", "/help", "/quit")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--continue", dest="go_on", action="store_true", help="go on with the last conversation")
    parser.add_argument(
        "--tools", action="store_true", help="let the language model search, compute and train in several steps"
    )


def run(arguments: argparse.Namespace) -> int:
    """Read questions until the end of input."""
    from rag_app import build
    from rag_app.cli.first_use import ensure_index

    app = build()
    app.check_settings()
    ensure_index(app)
    out = console()
    chat = _Chat(app, out, go_on=arguments.go_on, tools=arguments.tools)
    is_typed = sys.stdin is not None and sys.stdin.isatty()
    try:
        for line in _typed_lines(app, out) if is_typed else _piped_lines():
            if not chat.respond(line.strip()):
                break
    finally:
        chat.close()
    return 0


class _Chat:
    """One conversation at a terminal."""

    def __init__(self, app: App, out: Console, *, go_on: bool, tools: bool) -> None:
        from rag_app.chains.conversations import load_conversations

        self._app = app
        self._out = out
        self._tools = tools
        self._kept = load_conversations(app.settings)
        last = self._kept.last() if go_on else None
        self._id = self._kept.begin() if last is None else last
        self._messages = self._kept.messages(self._id)
        self._answer: Answer | None = None
        self._exchange = self._kept.last_exchange(self._id)
        n = len(app.library.sources())
        out.print(f"{n} source{'s' * (n != 1)}, llm: {app.settings.llm}. /help lists the commands.", style="dim")
        if tools and app.settings.llm == "extractive":
            out.print("--tools: without a language model, only plain requests are computed.", style="dim")
        if go_on:
            self._show_past()

    def respond(self, line: str) -> bool:
        """Answer a line or obey a command; return False to leave."""
        if not line:
            return True
        command, _, rest = line.partition(" ")
        try:
            if command in {"/quit", "/exit", "/q"}:
                return False
            if command.startswith("/"):
                self._obey(command, rest.strip())
            else:
                self._ask(line)
        except RagAppError as exc:
            self._out.print(str(exc), style="red")
        except KeyboardInterrupt:
            self._out.print("(stopped)", style="dim")
        self._out.print()
        return True

    def close(self) -> None:
        """Close the conversations."""
        self._kept.close()

    def _ask(self, question: str) -> None:
        events = self._app.stream(question, self._messages, tools=self._tools)
        answer = show_events(self._out, events, question)
        if answer is not None:
            self._keep(question, answer)

    def _keep(self, question: str, answer: Answer) -> None:
        from rag_app.chains.messages import Message

        self._answer = answer
        self._messages += [Message("user", answer.question), Message("assistant", answer.text)]
        self._exchange = self._kept.add(self._id, question, answer)

    def _obey(self, command: str, rest: str) -> None:
        if command == "/help":
            self._out.print(_HELP, end="")
        elif command == "/sources":
            self._show_sources()
        elif command in {"/good", "/bad"}:
            self._rate(command.removeprefix("/"), rest)
        elif command == "/llm":
            self._change_llm(rest)
        else:
            self._out.print(f"There is no command {command}. /help lists them.", style="red")

    def _show_sources(self) -> None:
        if self._answer is None:
            self._out.print("No answer yet.", style="dim")
            return
        for number, citation in enumerate(self._answer.citations, start=1):
            if number > 1:
                self._out.print()
            show_in_context(self._out, number, citation, self._app.source(citation.source).text)
        if not self._answer.citations:
            for number, passage in enumerate(self._answer.retrieved, start=1):
                show_passage(self._out, number, passage)

    def _rate(self, rating: str, why: str) -> None:
        if self._exchange is None:
            self._out.print("No answer yet.", style="dim")
            return
        self._kept.rate(self._exchange, rating, why)
        self._out.print(f"The answer is kept as {rating}{f': {why}' if why else '.'}", style="dim")

    def _change_llm(self, name: str) -> None:
        from rag_app.app import App

        if name:
            changed = App(replace(self._app.settings, llm=name))
            changed.check_settings()
            self._app = changed
        self._out.print(f"llm: {self._app.settings.llm}", style="dim")

    def _show_past(self) -> None:
        for message in self._messages:
            text = visible(message.text)
            self._out.print(f"> {text}" if message.role == "user" else f"{text}\n", style="dim")
        if not self._messages:
            self._out.print("There is no earlier conversation.", style="dim")


def _typed_lines(app: App, out: Console) -> Iterator[str]:
    """Yield lines with editing, history and, by the tabulator key, completion of commands."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.shortcuts import CompleteStyle

    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(app.settings.data_dir / "chat_history")),
        completer=WordCompleter(list(_COMMANDS), sentence=True),
        complete_while_typing=False,
        complete_style=CompleteStyle.READLINE_LIKE,  # the others keep rows below the prompt empty
    )
    while True:
        try:
            yield session.prompt("> ")
        except KeyboardInterrupt:
            out.print("(Ctrl-D or /quit leaves)", style="dim")
        except EOFError:
            return


def _piped_lines() -> Iterator[str]:
    """Yield the lines of standard input and repeat each, so that the output reads as a conversation."""
    for line in read_lines():
        if line:
            print(f"> {line}", flush=True)
        yield line
