"""``rag eval draft``: cases proposed from your documents, for you to accept, correct or reject."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.cli.arguments import read_count, read_lines
from rag_app.cli.terminal import console, print_indented, progress_bar
from rag_app.errors import EvaluationError, SettingsError

if TYPE_CHECKING:
    from rag_app.app import App
    from rag_app.evaluation.drafting import Draft
    from rag_app.types import Chunk, Source

_CHOICES = "a accept, r reject, e edit, q quit"
_SHARE = 0.25

Read = Callable[[str, str], str | None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("out", metavar="OUT", help="the file of cases, .jsonl; accepted ones are added at its end")
    parser.add_argument("-n", type=read_count, default=20, metavar="N", help="cases to propose (default: %(default)s)")
    parser.add_argument(
        "--unanswerable",
        type=_read_share,
        default=_SHARE,
        metavar="SHARE",
        help="share of questions that the documents do not answer (default: %(default)s)",
    )
    parser.add_argument(
        "--llm", nargs="?", const="", metavar="LLM", help="let a language model write them (default: RAG_LLM)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another one proposes others")


def run(arguments: argparse.Namespace) -> int:
    """Propose, and keep what is accepted."""
    from rag_app import build
    from rag_app.cli.first_use import ensure_index
    from rag_app.evaluation.drafting import question_key

    app, path = build(), Path(arguments.out)
    if path.suffix.lower() != ".jsonl":
        msg = f"OUT must be a file of JSON Lines, .jsonl; got {arguments.out!r}."
        raise EvaluationError(msg, hint="Name another file: a case is added at its end as a line of JSON.")
    ensure_index(app)
    known = _known_questions(path)
    drafts = _drafts(app, arguments, known)
    if not drafts:
        console().print("Nothing to propose: your documents hold no further sentence that a question can be made of.")
        return 0
    console().print(f"{len(drafts)} {'proposal' if len(drafts) == 1 else 'proposals'}. {_CHOICES}.\n", style="dim")
    read: Read = _typed if sys.stdin is not None and sys.stdin.isatty() else _Piped()
    accepted = 0
    for number, draft in enumerate(drafts, start=1):
        if number > 1:
            console().print()
        kept, goes_on = _review(app, draft, f"{number}/{len(drafts)}", read)
        if kept is not None and question_key(kept.question) in known:
            console().print("That question is in the file already.", style="yellow")
        elif kept is not None:
            _append(kept, path)
            known.add(question_key(kept.question))
            accepted += 1
        if not goes_on:
            break
    console().print(f"{accepted} accepted, in {path}" if accepted else "none accepted")
    return 0


def _drafts(app: App, arguments: argparse.Namespace, known: set[str]) -> list[Draft]:
    from rag_app.evaluation.deck import load_cards
    from rag_app.evaluation.drafting import (
        choose_drafts,
        draft_cases,
        draft_unanswerable,
        question_key,
        split_documents,
    )

    sources = [app.source(row.name) for row in app.library.sources()]
    documents = [(source, app.library.chunks(source)) for source in sources]
    if arguments.llm is None:
        sentences = split_documents(documents)
        found = draft_cases(sentences, load_cards()), draft_unanswerable(sentences)
    else:
        found = _written(app, documents, arguments)
    new = [[draft for draft in drafts if question_key(draft.question) not in known] for drafts in found]
    return choose_drafts(new[0], new[1], arguments.n, arguments.unanswerable, seed=arguments.seed)


def _written(
    app: App, documents: Sequence[tuple[Source, Sequence[Chunk]]], arguments: argparse.Namespace
) -> tuple[list[Draft], list[Draft]]:
    """Return what a language model proposes; its failures are told."""
    from rag_app.evaluation.drafting_llm import draft_with_llm
    from rag_app.evaluation.judges import load_judge

    name = arguments.llm or app.settings.llm
    if name == "extractive":
        msg = "--llm must name a language model; got 'extractive'."
        raise SettingsError(msg, hint="Write --llm openai:gpt-4o-mini, or set RAG_LLM.")
    writer = load_judge(app.settings, name)
    with progress_bar() as progress:
        answerable, others, failures = draft_with_llm(documents, writer, arguments.n, progress, seed=arguments.seed)
    if failures:
        console().print(f"{len(failures)} passages gave no question. {failures[0].message}", style="yellow")
    return answerable, others


def _review(app: App, draft: Draft, number: str, read: Read) -> tuple[Draft | None, bool]:
    """Show a draft; return what is kept of it, and whether to go on."""
    _show(app, draft, number)
    while True:
        choice = read("accept, reject, edit or quit? ", "")
        if choice is None or choice in {"q", "quit"}:
            return None, False
        if choice in {"r", "reject"}:
            return None, True
        if choice in {"e", "edit"}:
            return _edited(draft, read), True
        if choice in {"a", "accept"}:
            return draft, True
        console().print(f"{choice!r} is none of: {_CHOICES}.", style="red")


def _edited(draft: Draft, read: Read) -> Draft:
    """Return the draft with another question and answer; an empty line keeps the old one."""
    question = read("question: ", draft.question) or draft.question
    answer = (read("answer: ", draft.answer) or draft.answer) if draft.answerable else ""
    return replace(draft, question=question, answer=answer)


def _show(app: App, draft: Draft, number: str) -> None:
    out = console()
    out.print(f"{number}  {draft.kind.replace('_', ' ')}", style="cyan")
    out.print(draft.question, style="bold")
    if draft.answerable:
        if draft.answer != draft.evidence:
            print_indented(out, draft.answer)
        print_indented(out, f"{draft.source} › {draft.heading}" if draft.heading else draft.source, style="cyan")
        print_indented(out, f"“{' '.join(draft.evidence.split())}”", style="dim")
        return
    evidence = app.evidence(draft.question)
    print_indented(out, f"unanswerable, unless one of these answers it (evidence {evidence.strength:.2f}):")
    for sentence in evidence.sentences[:2]:
        print_indented(out, f"“{' '.join(sentence.text.split())}”", style="dim")


def _known_questions(path: Path) -> set[str]:
    from rag_app.evaluation.cases import load_cases
    from rag_app.evaluation.drafting import question_key

    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return set()
    return {question_key(case.question) for case in load_cases(path)}


def _append(draft: Draft, path: Path) -> None:
    """Add a case at the end of the file, at once: what was accepted is not lost by an interruption."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_cut = path.is_file() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
        with path.open("a", encoding="utf-8") as file:
            file.write("\n" * is_cut + json.dumps(draft.to_json(), ensure_ascii=False) + "\n")
    except OSError as exc:
        msg = f"{path} must be a file that can be written; the system says: {exc.strerror}."
        raise EvaluationError(msg, hint="Choose another one.") from exc


def _typed(prompt: str, default: str) -> str | None:
    from prompt_toolkit import prompt as ask

    try:
        return ask(prompt, default=default).strip()
    except EOFError:
        return None


class _Piped:
    """Replies from standard input, one a line, repeated so that the output reads as a conversation."""

    def __init__(self) -> None:
        self._lines: Iterator[str] = read_lines()

    def __call__(self, prompt: str, default: str) -> str | None:  # noqa: ARG002  (what is typed has one)
        line = next(self._lines, None)
        print(f"{prompt}{line or ''}", flush=True)
        return line


def _read_share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        msg = f"must be a number from 0 to 1; got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return share
