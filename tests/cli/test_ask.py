"""``rag ask``: whole transcripts, with and without a language model."""

from __future__ import annotations

import json

import pytest
from support.command_line import CommandLine, Transcript
from support.openai_server import OpenAIServer

from rag_app.index.library import Library

ANSWER = """\
The lamp was lit for the first time in 1861. [1]

[1] lighthouse.md: The lighthouse › The lamp, line 12
    “The lamp was lit for the first time in 1861.”
"""
NOTHING = """\
No answer found.

The nearest passages:
"""


@pytest.mark.parametrize("words", [["When was the lamp lit?"], ["When", "was", "the", "lamp", "lit?"]])
def test_an_answer_with_its_citation(rag_on_notes: CommandLine, words: list[str]) -> None:
    """Source, heading path, line and the quotation; the quotes around the question are optional."""
    assert rag_on_notes("ask", *words) == Transcript(0, ANSWER, "")


def test_filters_in_the_question(rag_on_notes: CommandLine) -> None:
    """They change where the answer comes from, not how it looks."""
    assert rag_on_notes.inside("ask", "When was the lamp lit? heading:lamp") == Transcript(0, ANSWER, "")
    done = rag_on_notes.inside("ask", "file:café.txt", "When was the lamp lit?")
    assert (done.code, done.out.startswith(NOTHING)) == (0, True)
    assert "lighthouse.md" not in done.out


def test_unicode_goes_in_and_comes_out(rag_on_notes: CommandLine) -> None:
    """A question and a document in another language, with characters of every width."""
    done = rag_on_notes("ask", "Was kostet ein Kaffee ☕?", env={"LC_ALL": "C.UTF-8"})
    quote = "Ein Kaffee ☕ kostet 3 €."
    assert done == Transcript(0, f"{quote} [1]\n\n[1] café.txt: line 1\n    “{quote}”\n", "")


def test_no_answer_shows_the_nearest_passages(rag_on_notes: CommandLine) -> None:
    """Each with its place and its beginning; exit code 0, as the question was answered: with no."""
    done = rag_on_notes("ask", "What is the capital of France?")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(NOTHING)
    shown = done.out.removeprefix(NOTHING)
    assert shown.count("\n- ") + shown.startswith("- ") == 3
    assert "- café.txt: line 1\n    Das Café „Zur Möwe“ öffnet um sieben Uhr." in shown


def test_json_is_what_the_design_says(rag_on_notes: CommandLine) -> None:
    """Every key of the answer, of a citation and of a passage; the offsets hold in the stored text."""
    done = rag_on_notes("ask", "When was the lamp lit?", "--json")
    assert (done.code, done.err) == (0, "")
    printed = json.loads(done.out)
    assert list(printed) == [
        "question",
        "answer",
        "answered",
        "citations",
        "retrieved",
        "llm",
        "prompt",
        "usage",
        "timings_s",
        "notes",
    ]
    assert (printed["question"], printed["answered"]) == ("When was the lamp lit?", True)
    assert printed["answer"] == "The lamp was lit for the first time in 1861. [1]"
    assert (printed["llm"], printed["prompt"], printed["usage"], printed["notes"]) == ("extractive", "", {}, [])
    assert set(printed["timings_s"]) == {"condense", "retrieve", "read", "answer"}
    (citation,) = printed["citations"]
    assert list(citation) == ["source", "sha256", "start", "end", "quote", "locator"]
    assert citation["locator"] == {"heading": ["The lighthouse", "The lamp"], "line": 12}
    source = Library(rag_on_notes.data_dir / "library.sqlite").source("lighthouse.md")
    assert source is not None
    assert citation["sha256"] == source.sha256
    assert source.text[citation["start"] : citation["end"]] == citation["quote"]
    assert len(printed["retrieved"]) == 4
    for passage in printed["retrieved"]:
        assert list(passage) == ["source", "chunk_id", "start", "end", "score", "text", "locator"]


def test_json_without_an_answer(rag_on_notes: CommandLine) -> None:
    """Not answered, no citations, but what was looked at."""
    printed = json.loads(rag_on_notes.inside("ask", "--json", "What is the capital of France?").out)
    assert (printed["answer"], printed["answered"], printed["citations"]) == ("No answer found.", False, [])
    assert len(printed["retrieved"]) == 4


def test_a_language_model_answers_with_verified_citations(rag_on_notes: CommandLine) -> None:
    """Its markers are tied to the sentence that supports them; one that nothing supports is removed, with a note."""
    reply = "The lamp was first lit in 1861 [1]. It was built by whales [2]."
    with OpenAIServer(replies=[reply]) as server:
        env = {"RAG_LLM": "openai:any", "RAG_LLM_BASE_URL": server.url}
        done = rag_on_notes("ask", "When was the lamp lit?", env=env)
        printed = json.loads(rag_on_notes.inside("ask", "When was the lamp lit?", "--json", env=env).out)
    assert done == Transcript(
        0,
        "The lamp was first lit in 1861 [1]. It was built by whales.\n"
        "\n"
        "[1] lighthouse.md: The lighthouse › The lamp, line 12\n"
        "    “The lamp was lit for the first time in 1861.”\n"
        "\n"
        "Note: 1 citation marker was removed: no passage supports what was said.\n",
        "",
    )
    assert printed["answer"] == "The lamp was first lit in 1861 [1]. It was built by whales."
    assert (printed["llm"], printed["prompt"].partition("@")[0]) == ("openai:any", "answer")
    assert printed["usage"]["input_tokens"] > 0


def test_a_language_model_from_a_script_needs_no_server(rag_on_notes: CommandLine) -> None:
    """For demonstrations: the replies come from a file, setting by setting from ``rag.toml``."""
    (rag_on_notes.folder / "replies.txt").write_text("It was lit in 1861 [1].\n", encoding="utf-8")
    (rag_on_notes.folder / "rag.toml").write_text('llm = "scripted:replies.txt"\n', encoding="utf-8")
    done = rag_on_notes.inside("ask", "When was the lamp lit?")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("It was lit in 1861 [1].\n\n[1] lighthouse.md: ")


def test_what_a_language_model_says_cannot_steer_the_terminal(rag_on_notes: CommandLine) -> None:
    """Control characters in its reply are left out."""
    with OpenAIServer(replies=["The lamp was\x07 first \x9blit in \x1b1861 [1]."]) as server:
        env = {"RAG_LLM": "openai:any", "RAG_LLM_BASE_URL": server.url}
        done = rag_on_notes.inside("ask", "When was the lamp lit?", env=env)
    assert done.out.startswith("The lamp was first lit in 1861 [1].\n")
