"""How it looks why passages rank where they do: a table with bars, then each passage with its best sentence in bold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag_app.chains.sanitising import visible
from rag_app.cli.terminal import print_indented, table

if TYPE_CHECKING:
    from rich.console import Console

    from rag_app.retrieval.explanation import Explanation

_COLUMNS = {
    "reranked": "reranker",
    "fused": "fused",
    "dense": "meaning",
    "lexical": "words",
    "alignment": "sentence",
    "heading": "heading",
    "definition": "defines",
}
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_MAX_BAR = 12
_N_BESIDE = 8  # columns: 0.123, a space before the bar, two after it


def show_scores(out: Console, explanations: Sequence[Explanation]) -> None:
    """Print a table of the scores, a passage a line; scores that no passage has are left out."""
    scores = [e.scores for e in explanations]
    names = [name for name in _COLUMNS if any(s[name] for s in scores)]
    width = min(_MAX_BAR, (out.width - 3) // max(len(names), 1) - _N_BESIDE) if out.is_terminal else 0
    table(
        out,
        [
            {"#": str(number)} | {_COLUMNS[name]: _cell(out, s[name] or 0.0, width) for name in names}
            for number, s in enumerate(scores, start=1)
        ],
    )


def show_explained(out: Console, number: int, explanation: Explanation) -> None:
    """Print a passage with the words that it shares with the question and its best sentence in bold."""
    from rich.text import Text

    from rag_app.cli.answers import show_also_in, show_heading

    passage, shown = explanation.passage, explanation.evidence
    show_heading(out, f"{number}.", passage)
    print_indented(out, _words(explanation), style="dim")
    start, end = shown or (0, 0)
    best = visible(passage.text[start:end])
    if shown and not out.is_terminal:  # a pipe knows no bold
        print_indented(out, f"best sentence: “{' '.join(best.split())}”")
    print_indented(out, Text.assemble(visible(passage.text[:start]), (best, "bold"), visible(passage.text[end:])))
    show_also_in(out, passage)


def _words(explanation: Explanation) -> str:
    found = ", ".join(f"{word} {share:.3f}" for word, share in explanation.words.items())
    missing = ", ".join(explanation.missing)
    return f"words: {found or 'none'}" + (f"; missing: {missing}" if missing else "")


def _cell(out: Console, score: float, width: int) -> str:
    return f"{score:.3f} {_bar(score, width, ascii_only=out.options.ascii_only)}".rstrip()


def _bar(score: float, width: int, *, ascii_only: bool) -> str:
    """Return a bar that is full at 1, to an eighth of a column where the terminal has such marks."""
    filled = min(max(score, 0.0), 1.0) * max(width, 0)
    if ascii_only:
        return "#" * round(filled)
    whole, eighths = divmod(round(filled * 8), 8)
    return f"{_EIGHTHS[-1] * whole}{_EIGHTHS[eighths]}".rstrip()
