"""``rag verify``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag_app.chains.sanitising import visible
from rag_app.cli.terminal import console, print_indented, print_json
from rag_app.errors import InvalidInputError, StoreError

if TYPE_CHECKING:
    from rich.console import Console

    from rag_app.chains.transcripts import AnswerCheck, CitationCheck

_DONE, _FAILS = 0, 1
_STATES = {
    "holds": "the quotation stands where it stood",
    "moved": "the quotation stands elsewhere in its source now",
    "gone": "the quotation is no longer in its source",
    "no source": "the index has no such source",
}
_QUOTE_WIDTH = 160


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "transcript",
        metavar="TRANSCRIPT",
        help="a file of rag ask --json: one answer, a list, or one on each line; - reads standard input",
    )
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Check every citation; return 1 if one fails."""
    from rag_app import build
    from rag_app.chains.transcripts import read_transcript

    answers = read_transcript(_read(arguments.transcript), arguments.transcript)
    app = build()
    if not app.library.exists():
        msg = f"There is no index in {app.settings.data_dir}."
        raise StoreError(msg, hint="Run: rag ingest")
    checks = [app.check_again(answer) for answer in answers]
    if arguments.json:
        print_json([check.to_json() for check in checks])
    else:
        _show(console(), checks)
    return _DONE if all(check.ok for check in checks) else _FAILS


def _read(name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        reason = (exc.strerror or "").lower() if isinstance(exc, OSError) else "it is not text in UTF-8"
        msg = f"The transcript {name} cannot be read: {reason}."
        raise InvalidInputError(
            msg, hint='Write one, for example: rag ask --json "What is a GAN?" > answer.json'
        ) from exc


def _show(out: Console, checks: Sequence[AnswerCheck]) -> None:
    for check in checks:
        print_indented(out, visible(check.question), first="", style="bold")
        for citation in check.citations:
            _show_citation(out, citation)
        for number in check.without:
            print_indented(out, f"[{number}] fails: the answer has no such citation", first="", style="red")
        if not check.citations and not check.without:
            out.print("no citations", style="dim")
        out.print()
    n_citations = sum(len(check.citations) + len(check.without) for check in checks)
    n_failing = sum(len(check.without) + sum(not c.ok for c in check.citations) for check in checks)
    out.print(f"answers {len(checks)}, citations {n_citations}, failing {n_failing}")


def _show_citation(out: Console, citation: CitationCheck) -> None:
    mark = "holds" if citation.ok else "fails"
    found = [_STATES[citation.state]]
    found += ["the text of the source has changed"] if citation.changed and citation.state != "no source" else []
    found += (
        [f"what was said is {citation.verdict}"] if citation.verdict and citation.state in {"holds", "moved"} else []
    )
    style = "" if citation.ok else "red"
    print_indented(
        out, f"[{citation.number}] {mark} {visible(citation.source)}: {'; '.join(found)}", first="", style=style
    )
    if not citation.ok:
        quote = " ".join(visible(citation.quote).split())
        print_indented(out, f"“{quote[:_QUOTE_WIDTH]}{' …' * (len(quote) > _QUOTE_WIDTH)}”")
