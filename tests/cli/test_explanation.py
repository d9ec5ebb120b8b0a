"""``rag search --explain``."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console
from support.answers import passage_of
from support.command_line import CommandLine

from rag_app.cli.explanation import show_explained, show_scores
from rag_app.locator import Locator
from rag_app.retrieval.explanation import Explanation
from rag_app.types import Unit

PLACE = Locator(("The lighthouse", "The lamp"), line=12)
PASSAGE = passage_of(
    "The lamp\n\nIt was lit in 1861. It burns oil.",
    source="lighthouse.md",
    locator=PLACE,
    score=0.5,
    dense_score=0.25,
    lexical_score=1.0,
)
LIT = replace(PASSAGE, evidence=Unit(10, 29, "paragraph"), alignment_score=0.123)


def screen(columns: int | None, **options: object) -> Console:
    """Return a console that keeps what it prints: a terminal, or a pipe."""
    at_terminal = columns is not None
    out = Console(
        file=io.StringIO(), width=columns, force_terminal=at_terminal, highlight=False, markup=False, **options
    )
    out.soft_wrap = not at_terminal
    return out


def printed(out: Console) -> str:
    """Return what a console printed, without the space at the ends of lines."""
    assert isinstance(out.file, io.StringIO)
    return "\n".join(line.rstrip() for line in out.file.getvalue().split("\n"))


def test_scores_have_bars_at_a_terminal() -> None:
    """Full at 1; a column for each score that a passage has."""
    out = screen(80, color_system=None)
    show_scores(out, [Explanation(PASSAGE, {}, ()), Explanation(replace(LIT, dense_score=-0.1, score=0.0), {}, ())])
    assert printed(out) == (
        "#  fused         meaning    words              sentence\n"
        "1  0.500 █████▌  0.250 ██▊  1.000 ███████████  0.000\n"
        "2  0.000         -0.100     1.000 ███████████  0.123 █▍\n"
    )


@pytest.mark.parametrize(("columns", "bar"), [(120, 12), (100, 11), (80, 7), (60, 3), (50, 1), (44, 0)])
def test_five_scores_fit(columns: int, bar: int) -> None:
    """The bars give way."""
    out = screen(columns, color_system=None)
    full = replace(LIT, score=1.0, fused_score=1.0, dense_score=1.0, alignment_score=1.0)
    show_scores(out, [Explanation(full, {}, ())])
    lines = printed(out).splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[0].split() == ["#", "reranker", "fused", "meaning", "words", "sentence"]
    assert lines[1].split() == ["1", *(["1.000", *(["█" * bar] if bar else [])] * 5)]


def test_scores_in_a_pipe_are_numbers() -> None:
    """A program can read them."""
    out = screen(None)
    show_scores(out, [Explanation(LIT, {}, ())])
    assert printed(out) == "#  fused  meaning  words  sentence\n1  0.500  0.250    1.000  0.123\n"


def test_a_heading_that_is_asked_about_has_a_column() -> None:
    """Where there is one."""
    out = screen(None)
    show_scores(out, [Explanation(LIT, {}, (), 0.5), Explanation(LIT, {}, ())])
    assert printed(out).splitlines() == [
        "#  fused  meaning  words  sentence  heading",
        "1  0.500  0.250    1.000  0.123     0.500",
        "2  0.500  0.250    1.000  0.123     0.000",
    ]


def test_bars_of_a_terminal_without_such_characters() -> None:
    """Hash signs say the same."""
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    out = Console(file=file, width=80, force_terminal=True, color_system=None)
    show_scores(out, [Explanation(PASSAGE, {}, ())])
    file.seek(0)
    assert "0.500 ######  0.250 ###" in file.read()


def test_the_best_sentence_is_bold_at_a_terminal() -> None:
    """And nothing else of the passage."""
    out = screen(60, color_system="standard")
    show_explained(out, 2, Explanation(LIT, {"lit": 0.6, "lamp": 0.4}, ("when",)))
    lines = printed(out).splitlines()
    assert lines[0] == "\x1b[36m2. lighthouse.md: The lighthouse › The lamp, line 12\x1b[0m"
    assert lines[1] == "    \x1b[2mwords: lit 0.600, lamp 0.400; missing: when\x1b[0m"
    assert lines[2:] == ["    The lamp", "", "    \x1b[1mIt was lit in 1861.\x1b[0m It burns oil."]


def test_the_best_sentence_is_quoted_in_a_pipe() -> None:
    """A pipe knows no bold. Places where the same is said are named."""
    out = screen(None)
    copy = replace(PASSAGE, source="copy.md")
    show_explained(out, 1, Explanation(replace(LIT, also_in=(copy,)), {}, ("when", "lit")))
    assert printed(out) == (
        "1. lighthouse.md: The lighthouse › The lamp, line 12\n"
        "    words: none; missing: when, lit\n"
        "    best sentence: “It was lit in 1861.”\n"
        "    The lamp\n"
        "\n"
        "    It was lit in 1861. It burns oil.\n"
        "    also in copy.md: The lighthouse › The lamp, line 12\n"
    )


def test_characters_that_nobody_sees_are_left_out() -> None:
    """Those that turn the direction of writing would show a document's text in another order than it has."""
    out = screen(None)
    hidden = replace(PASSAGE, text="a\u202eb\n\n\u200fIt was lit. So", evidence=Unit(6, 17, "paragraph"))
    show_explained(out, 1, Explanation(hidden, {}, ()))
    assert printed(out).endswith("best sentence: “It was lit.”\n    ab\n\n    It was lit. So\n")


def test_a_passage_whose_best_sentence_is_not_known() -> None:
    """Is shown as it is."""
    out = screen(60, color_system="standard")
    show_explained(out, 1, Explanation(PASSAGE, {"lit": 1.0}, ()))
    assert "\x1b[1m" not in printed(out)


def test_the_command_explains(rag_on_notes: CommandLine) -> None:
    """First the table, then each passage under the number that it has there."""
    done = rag_on_notes.inside("search", "When was the lamp lit?", "-k", "2", "--explain")
    assert (done.code, done.err) == (0, "")
    table, first, second = done.out.split("\n\n1. ")[0], *re.split(r"\n\n[12]\. ", done.out)[1:]
    assert re.match(r"#  fused  meaning  words( +\w+)*\n1  0\.\d{3}  0\.\d{3}    0\.\d{3}", table)
    assert len(table.splitlines()) == 3
    assert first.startswith("lighthouse.md: The lighthouse › The lamp, line 12\n    words: lamp 0.")
    assert "The lamp was lit for the first time in 1861." in first
    assert "missing: " in second


def test_the_explanation_in_json(rag_on_notes: CommandLine) -> None:
    """The passages as without it, and an object more in each."""
    plain = json.loads(rag_on_notes.inside("search", "When was the lamp lit?", "--json").out)
    explained = json.loads(rag_on_notes.inside("search", "When was the lamp lit?", "--explain", "--json").out)
    objects = [p.pop("explanation") for p in explained]
    assert explained == plain
    assert [list(e) for e in objects] == [
        ["reranked", "fused", "dense", "lexical", "alignment", "heading", "definition", "words", "missing", "evidence"]
    ] * len(plain)
    assert [e["fused"] for e in objects] == [p["score"] for p in plain]
    assert list(objects[0]["words"]) == ["lamp", "lit"]


def test_nothing_found_is_said(rag_on_notes: CommandLine) -> None:
    """No table without a passage."""
    done = rag_on_notes.inside("search", "lamp", "--where", "source=x", "--explain")
    assert (done.code, done.out) == (0, "No passage matches.\n")
