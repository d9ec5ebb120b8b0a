"""``rag search``: passages, filters, JSON."""

from __future__ import annotations

import json
import re

import pytest
from support.command_line import CommandLine, Transcript

KEEPER = ("lighthouse.md", ["The lighthouse", "The keeper"])


def test_a_passage_with_its_place_and_score(rag_on_notes: CommandLine) -> None:
    """The score is shown with its parts."""
    done = rag_on_notes("search", "When was the lamp lit?", "-k", "1")
    assert (done.code, done.err) == (0, "")
    found = re.search(r"score 0\.\d{3}: meaning 0\.\d{3}, words 0\.\d{3}(, sentence 0\.\d{3})?", done.out)
    assert found is not None
    assert done.out.replace(found.group(), "SCORE") == (
        "1. lighthouse.md: The lighthouse › The lamp, line 12\n"
        "    SCORE\n"
        "    The lamp\n"
        "\n"
        "    The lamp was lit for the first time in 1861. It burns paraffin, and its light is seen twenty miles away. "
        "Salt on the glass dims the lamp. The keeper avoids this by washing the glass every morning.\n"
        "\n"
    )


def test_json_is_what_the_design_says(rag_on_notes: CommandLine) -> None:
    """A list of passages, best first, with seven keys each."""
    done = rag_on_notes.inside("search", "When", "was", "the", "lamp", "lit?", "--json")
    printed = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert [list(p) for p in printed] == [
        ["source", "chunk_id", "start", "end", "score", "text", "locator"] for _ in range(4)
    ]
    scores = [p["score"] for p in printed]
    assert scores == sorted(scores, reverse=True)
    assert printed[0]["locator"] == {"heading": ["The lighthouse", "The lamp"], "line": 12}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["source=café.txt"], [("café.txt", [])]),
        (["heading=lamp"], [("lighthouse.md", ["The lighthouse", "The lamp"])]),
        (["keeper=Ann", "heading=KEEPER"], [("lighthouse.md", ["The lighthouse", "The keeper"])]),
        (["source=café.txt", "source=nothing.md"], [("café.txt", [])]),
        (["source=nothing.md"], []),
        (["source="], []),
        (["keeper=Bob"], []),
    ],
)
def test_filters(rag_on_notes: CommandLine, filters: list[str], found: list[tuple[str, list[str]]]) -> None:
    """A key that is given twice means either value; two keys mean both."""
    options = [word for text in filters for word in ("--where", text)]
    printed = json.loads(rag_on_notes.inside("search", "lamp", "--json", *options).out)
    assert [(p["source"], p["locator"]["heading"]) for p in printed] == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["lamp", "file:café.txt"], [("café.txt", [])]),
        (["What is the lamp in file:LIGHT*?", "--where", "heading=keeper"], [KEEPER]),
        (["heading:the keeper", "lamp"], [KEEPER]),
        (['heading:"the keeper" lamp', "--where", "keeper=Ann"], [KEEPER]),
        (["file:café.txt lamp", "--where", "source=lighthouse.md"], []),
    ],
)
def test_filters_in_the_question(
    rag_on_notes: CommandLine, words: list[str], found: list[tuple[str, list[str]]]
) -> None:
    """With those of ``--where``; a value of several words is known by the quotes that the shell took away."""
    printed = json.loads(rag_on_notes.inside("search", *words, "--json").out)
    assert [(p["source"], p["locator"]["heading"]) for p in printed] == found


def test_filters_that_are_wrong_are_one_sentence(rag_on_notes: CommandLine) -> None:
    """A file that is not there, with close names; filters without a question."""
    done = rag_on_notes.inside("search", "file:cafe.txt", "coffee")
    named = "rag: There is no file in the index named 'cafe.txt'. Did you mean café.txt?\n"
    assert done == Transcript(2, "", named)
    done = rag_on_notes.inside("search", "file:café.txt")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("rag: The question must ask something besides where to look; got 'file:café.txt'. Ask, ")


def test_the_same_in_another_file_is_said(rag: CommandLine) -> None:
    """A copy of a note takes no place in the list; it is named below the passage that is shown."""
    for name, text in {"a.md": "It burns paraffin.", "b.md": "It  burns paraffin.", "c.md": "Salt dims it."}.items():
        (rag.folder / name).write_text(f"# The lamp\n\n{text}\n", encoding="utf-8")
    assert rag.inside("ingest", "a.md", "b.md", "c.md").code == 0
    first, second = json.loads(rag.inside("search", "Does the lamp burn paraffin?", "-k", "2", "--json").out)
    (other,) = first["also_in"]
    assert {first["source"], other["source"], second["source"]} == {"a.md", "b.md", "c.md"}
    assert (second["source"], list(other)) == ("c.md", ["source", "chunk_id", "start", "end", "locator"])
    line = f"    also in {other['source']}: The lamp, line 3\n"
    for options in ([], ["--explain"]):
        assert line in rag.inside("search", "Does the lamp burn paraffin?", "-k", "2", *options).out


def test_nothing_found_is_said(rag_on_notes: CommandLine) -> None:
    """And is no error."""
    assert rag_on_notes.inside("search", "lamp", "--where", "source=x") == Transcript(0, "No passage matches.\n", "")


def test_text_is_shown_as_it_is(rag: CommandLine) -> None:
    """Markup of the console's own, emoji codes and the indentation of code are not touched."""
    text = "# Notes\n\nWrite [bold]x[/bold] and :smile: here.\n\n```\nif lamp:\n    light()\n```\n"
    (rag.folder / "notes.md").write_text(text, encoding="utf-8")
    assert rag.inside("ingest", "notes.md").code == 0
    out = rag.inside("search", "lamp light").out
    assert "    Write [bold]x[/bold] and :smile: here.\n" in out
    assert "    if lamp:\n        light()\n" in out
