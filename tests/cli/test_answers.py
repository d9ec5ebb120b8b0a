"""How answers look: streamed text, citations, context."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from rich.console import Console

from rag_app.cli.answers import TextStream, show_events, show_in_context, show_passage
from rag_app.locator import Locator
from rag_app.types import Answer, AnswerEvent, Citation, Claim, Event, Passage, RetrievedEvent, TokenEvent

LOREM = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt."


def screen(width: int | None) -> Console:
    """Return a console that keeps what it prints: a terminal without colours, or a pipe."""
    is_terminal = width is not None
    out = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=is_terminal,
        no_color=True,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not is_terminal,
    )
    out._color_system = None
    return out


def printed(out: Console) -> str:
    """Return what a console printed."""
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def streamed(pieces: list[str], width: int | None) -> str:
    """Return what a stream of pieces looks like."""
    out = screen(width)
    stream = TextStream(out)
    for piece in pieces:
        stream.write(piece)
    stream.close()
    return printed(out)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("width", "text"),
    [
        (None, LOREM + "\n"),
        (
            30,
            "Lorem ipsum dolor sit amet,\nconsectetur adipiscing elit,\nsed do eiusmod tempor\nincididunt.\n",
        ),
        (11, "Lorem ipsum\ndolor sit\namet,\nconsectetur\nadipiscing\nelit, sed\ndo eiusmod\ntempor\nincididunt.\n"),
    ],
)
def test_words_are_not_broken_however_they_come(size: int, width: int | None, text: str) -> None:
    """A terminal gets a line end between words; a pipe gets the text as it is."""
    assert streamed([LOREM[i : i + size] for i in range(0, len(LOREM), size)], width) == text


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("", 20, ""),
        ("\n", 20, "\n"),
        ("one\n\ntwo\n", 20, "one\n\ntwo\n"),
        ("- one\n  - two", 20, "- one\n  - two\n"),
        ("a  b", 20, "a  b\n"),
        ("trailing   ", 20, "trailing\n"),
        ("trailing   \nspace", 20, "trailing\nspace\n"),
        ("unbreakable", 4, "unbreakable\n"),
        ("漢字 漢字 漢字", 10, "漢字 漢字\n漢字\n"),
        ("ab\x1b[31mc\x07\x9d", 20, "ab[31mc\n"),
        ("one\r\ntwo", 20, "one\ntwo\n"),
    ],
)
def test_edges_of_the_stream(text: str, width: int, shown: str) -> None:
    """Line ends and inner space stay, trailing space and control characters go, wide characters count twice."""
    assert streamed(list(text), width) == shown


def make_answer(**changes: object) -> Answer:
    """Return an answer with one citation."""
    citation = Citation(
        "a.md", "", 0, 4, "GANs pair a generator with a discriminator.", Locator(("GANs", "Idea"), line=3)
    )
    return Answer("What is a GAN?", text="A pair [1].", citations=(citation,), **changes)  # type: ignore[arg-type]


def events(answer: Answer, searched: str = "What is a GAN?") -> Iterator[Event]:
    """Yield an answer's events."""
    yield RetrievedEvent(searched, ())
    yield from (TokenEvent(piece) for piece in ("A pair", " [1", "]."))
    yield AnswerEvent(answer)


def test_an_answer_in_a_pipe() -> None:
    """Text, citation, note; the standalone question is shown where it is another."""
    out = screen(None)
    answer = make_answer(notes=("2 markers were removed.",))
    assert show_events(out, events(answer, "What is a GAN in this sense?"), "What is it?") is answer
    assert printed(out) == (
        "(searching: What is a GAN in this sense?)\n"
        "A pair [1].\n"
        "\n"
        "[1] a.md: GANs › Idea, line 3\n"
        "    “GANs pair a generator with a discriminator.”\n"
        "\n"
        "Note: 2 markers were removed.\n"
    )


def test_an_answer_on_a_narrow_terminal() -> None:
    """What goes on in the next line stays indented."""
    out = screen(24)
    show_events(out, events(make_answer()), "What is a GAN?")
    assert printed(out) == (
        "A pair [1].\n"
        "\n"
        "[1] a.md: GANs ›\n"
        "    Idea, line 3\n"
        "    “GANs pair a\n"
        "    generator with a\n"
        "    discriminator.”\n"
    )


def test_a_stream_that_breaks_off_ends_its_line() -> None:
    """So that the error message stands on a line of its own."""

    def broken() -> Iterator[Event]:
        yield TokenEvent("A generator")
        yield TokenEvent(" and")
        raise ConnectionError

    out = screen(None)
    with pytest.raises(ConnectionError):
        show_events(out, broken(), "What is a GAN?")
    assert printed(out) == "A generator and\n"


def test_a_stream_without_an_answer_shows_what_came() -> None:
    """Nothing is made up."""
    out = screen(None)
    assert show_events(out, iter([TokenEvent("So")]), "Why?") is None
    assert printed(out) == "So\n"


def test_nearest_passages_are_at_most_three_and_clipped() -> None:
    """At a space if there is one."""
    texts = ["word " * 50, "x" * 300, "short", "never shown"]
    passages = tuple(Passage(f"{i}.md", "", str(i), 0, 1, t, Locator()) for i, t in enumerate(texts))
    out = screen(None)
    answer = Answer("Why?", text="No answer found.", answered=False, retrieved=passages)
    show_events(out, iter([TokenEvent(answer.text), AnswerEvent(answer)]), "Why?")
    assert printed(out) == (
        "No answer found.\n"
        "\n"
        "The nearest passages:\n"
        "- 0.md: \n"
        f"    {'word ' * 32}…\n"
        "- 1.md: \n"
        f"    {'x' * 160} …\n"
        "- 2.md: \n"
        "    short\n"
    )


def context(text: str, quote: str) -> str:
    """Return a quotation in its context, as a pipe gets it."""
    start = text.index(quote)
    out = screen(None)
    show_in_context(out, 1, Citation("a.md", "", start, start + len(quote), quote, Locator((), line=1)), text)
    return printed(out)


def test_context_of_a_short_text_is_the_whole_text() -> None:
    """Nothing is cut, so no dots."""
    assert context("First words. The quote. Last words.", "The quote.") == (
        "[1] a.md: line 1\n    First words. The quote. Last words.\n"
    )


def test_context_of_a_long_text_is_cut_between_words() -> None:
    """Dots on either side, and no half word beside them."""
    shown = context("before " * 100 + "The quote." + " after" * 100, "The quote.").splitlines()[1]
    assert shown == f"    … {'before ' * 42}The quote.{' after' * 49} …"


def test_a_quotation_in_context_is_bold_on_a_terminal() -> None:
    """And the text around it is not."""
    out = Console(file=io.StringIO(), width=60, force_terminal=True, color_system="standard", highlight=False)
    show_in_context(out, 2, Citation("a.md", "", 7, 17, "The quote.", Locator()), "Before The quote. After")
    assert "Before \x1b[1mThe quote.\x1b[0m After" in printed(out)


@pytest.mark.parametrize(
    ("scores", "shown"),
    [
        ({}, "score 0.500: meaning 0.250, words 0.750"),
        ({"alignment_score": 0.6251}, "score 0.500: meaning 0.250, words 0.750, sentence 0.625"),
        ({"fused_score": 0.4}, "score 0.500 (reranker), before 0.400: meaning 0.250, words 0.750"),
    ],
)
def test_a_passage_with_its_scores(scores: dict[str, float], shown: str) -> None:
    """Those that it has, and where else the same is said."""
    copy = Passage("b.md", "", "c2", 0, 4, "Text", Locator((), line=7))
    passage = Passage(
        "a.md", "", "c1", 0, 4, "Text", Locator(), score=0.5, dense_score=0.25, lexical_score=0.75, also_in=(copy,)
    )
    out = screen(None)
    show_passage(out, 1, replace(passage, **scores))
    assert printed(out) == f"1. a.md: \n    {shown}\n    Text\n    also in b.md: line 7\n"


def test_verdicts_are_shown_where_a_reader_should_be_careful() -> None:
    """A weak or a moved citation says so, and statements that no passage supports are listed once."""
    weak, moved = (
        Citation("a.md", "", 0, 4, "GANs.", Locator((), line=n), verdict, 0.6)
        for n, verdict in enumerate(("weak", "misattributed"), start=1)
    )
    claims = (
        Claim("Cats sleep", "unsupported", 0.1, marker=3),
        Claim("Cats sleep", "unsupported", 0.1, marker=4),
        Claim("GANs", "weak", 0.6, marker=1, citation=1),
        Claim("So", "fabricated", 0.0, marker=9),
    )
    out = screen(None)
    answer = make_answer(claims=claims)
    show_events(out, iter([AnswerEvent(replace(answer, citations=(weak, moved)))]), "What is a GAN?")
    assert printed(out) == (
        "\n"
        "[1] a.md: line 1 (weak support)\n"
        "    “GANs.”\n"
        "[2] a.md: line 2 (the answer named another passage)\n"
        "    “GANs.”\n"
        "\n"
        "No passage supports:\n"
        "- Cats sleep\n"
    )


HOSTILE = "\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\ \x9b2J\x07"


@pytest.mark.parametrize("width", [None, 60])
def test_no_source_can_steer_the_terminal(width: int | None) -> None:
    """Escape sequences, links for terminals among them, are left out of text, names, quotations and passages."""
    place = Locator((HOSTILE,), line=1)
    citation = Citation(HOSTILE, "", 2, 8, HOSTILE, place)
    copy = Passage(HOSTILE, "", "c", 0, 1, HOSTILE, place)
    passage = replace(copy, also_in=(copy,))
    answer = Answer("Why?", HOSTILE, citations=(citation,), claims=(Claim(HOSTILE, "unsupported", 0.0),))
    out = screen(width)
    show_events(out, iter([TokenEvent(HOSTILE), AnswerEvent(answer)]), "Why?")
    show_events(out, iter([AnswerEvent(replace(answer, answered=False, citations=(), retrieved=(passage,)))]), "Why?")
    show_in_context(out, 1, citation, HOSTILE)
    show_passage(out, 1, passage)
    assert "here" in printed(out)
    assert not any(c in printed(out) for c in "\x1b\x9b\x07")
