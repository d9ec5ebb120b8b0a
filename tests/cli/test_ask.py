"""``rag ask``: whole transcripts, with and without a language model."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from support.command_line import CommandLine, Transcript
from support.openai_server import OpenAIServer
from support.span_network import save_span_network

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


def test_an_answer_with_its_citation(rag_on_notes: CommandLine) -> None:
    """Source, heading path, line and the quotation; the quotes around the question are optional."""
    assert rag_on_notes("ask", "When was the lamp lit?") == Transcript(0, ANSWER, "")
    assert rag_on_notes.inside("ask", "When", "was", "the", "lamp", "lit?") == Transcript(0, ANSWER, "")


def test_filters_in_the_question(rag_on_notes: CommandLine) -> None:
    """They change where the answer comes from, not how it looks."""
    assert rag_on_notes.inside("ask", "When was the lamp lit? heading:lamp") == Transcript(0, ANSWER, "")
    done = rag_on_notes.inside("ask", "file:café.txt", "When was the lamp lit?")
    assert (done.code, done.out.startswith(NOTHING)) == (0, True)
    assert "lighthouse.md" not in done.out


def test_a_reader_of_the_users_own(rag_on_notes: CommandLine, tmp_path: Path) -> None:
    """A network that looks for years chooses another sentence, shown as any; one that is not there is an error."""
    folder = save_span_network(tmp_path / "span_network")
    assert rag_on_notes.inside("ask", "What dims the lamp?").out.startswith("Salt on the glass dims the lamp.")
    done = rag_on_notes.inside("ask", "What dims the lamp?", env={"RAG_READER": f"transformers:{folder}"})
    assert done == Transcript(0, ANSWER, "")
    done = rag_on_notes.inside("ask", "What dims the lamp?", env={"RAG_READER": "transformers:none-such"})
    rule = "RAG_READER must name a question-answering network on this machine; 'none-such' cannot be loaded."
    assert done == Transcript(2, "", f"rag: {rule} Give the path of its folder.\n")


def test_unicode_goes_in_and_comes_out(rag_on_notes: CommandLine) -> None:
    """A question and a document in another language, with characters of every width."""
    done = rag_on_notes("ask", "Was kostet ein Kaffee ☕?", env={"LC_ALL": "C.UTF-8"})
    quote = "Ein Kaffee ☕ kostet 3 €."
    assert done == Transcript(0, f"{quote} [1]\n\n[1] café.txt: line 1\n    “{quote}”\n", "")


def test_no_answer_shows_the_nearest_passages(rag_on_notes: CommandLine) -> None:
    """Each with its place and its beginning; exit code 0, as the question was answered: with no."""
    done = rag_on_notes.inside("ask", "What is the capital of France?")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(NOTHING)
    shown = done.out.removeprefix(NOTHING)
    assert shown.count("\n- ") + shown.startswith("- ") == 3
    assert "- café.txt: line 1\n    Das Café „Zur Möwe“ öffnet um sieben Uhr." in shown


def test_json_is_what_the_design_says(rag_on_notes: CommandLine) -> None:
    """Every key of the answer, of a citation and of a passage; the offsets hold in the stored text."""
    done = rag_on_notes.inside("ask", "When was the lamp lit?", "--json")
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
        "cost_usd",
        "timings_s",
        "notes",
        "tool_calls",
        "claims",
    ]
    assert (printed["question"], printed["answered"]) == ("When was the lamp lit?", True)
    assert printed["answer"] == "The lamp was lit for the first time in 1861. [1]"
    assert (printed["llm"], printed["prompt"], printed["usage"], printed["notes"]) == ("extractive", "", {}, [])
    assert set(printed["timings_s"]) == {"condense", "retrieve", "read", "answer"}
    (citation,) = printed["citations"]
    assert list(citation) == ["source", "sha256", "start", "end", "quote", "locator", "verdict", "support"]
    assert printed["claims"] == [
        {"text": citation["quote"], "verdict": "supported", "support": 1.0, "marker": None, "citation": 1}
    ]
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
        "No passage supports:\n"
        "- It was built by whales\n"
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


F1 = """\
f1_score(y_true=[1, 0, 1], y_pred=[1, 1, 1]) = 0.8

Again: rag tools run f1_score 'y_true=[1, 0, 1]' 'y_pred=[1, 1, 1]'
"""


def test_a_request_is_computed(rag_on_notes: CommandLine) -> None:
    """The call with its result, the command that repeats it, and where the course explains it."""
    done = rag_on_notes.inside("ask", "f1 of 1,0,1 vs 1,1,1")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(F1)
    assert done.out.removeprefix(F1).startswith("Explained in the course: ")
    again = shlex.split(F1.splitlines()[2].removeprefix("Again: "))
    assert rag_on_notes.inside(*again[1:]).out == "0.8\n"


def test_a_command_is_copied_in_one_piece(rag_on_notes: CommandLine) -> None:
    """A terminal that is too narrow for it gets no line end in its middle."""
    terminal = rag_on_notes.at_terminal("ask", "f1 of 1,0,1 vs 1,1,1", columns=40)
    terminal.read_to_end()
    assert F1.splitlines()[2] in terminal.raw


def test_a_request_as_json(rag_on_notes: CommandLine) -> None:
    """No language model and no document answered; the call is there with its arguments."""
    printed = json.loads(rag_on_notes.inside("ask", "--json", "perplexity of [0.5, 0.25]").out)
    assert (printed["llm"], printed["answered"], printed["citations"], printed["retrieved"]) == ("tools", True, [], [])
    (call,) = printed["tool_calls"]
    assert (call["name"], call["error"]) == ("perplexity", "")
    assert call["result"] == pytest.approx(8**0.5)
    assert printed["notes"] == ["The numbers were taken for probabilities: the tool takes their logarithms."]


def test_a_request_whose_values_break_a_rule(rag_on_notes: CommandLine) -> None:
    """The sentence of the tool, as rag tools run says it."""
    done = rag_on_notes.inside("ask", "f1 of 1,0,1 vs 1,1")
    run = rag_on_notes.inside("tools", "run", "f1_score", "y_true=[1,0,1]", "y_pred=[1,1]")
    assert done == run
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


def test_a_topic_that_has_a_tool_names_it_with_an_example(rag_on_course: CommandLine) -> None:
    """The command runs as it is printed."""
    done = rag_on_course.inside("ask", "What is mode collapse?")
    (line,) = [line for line in done.out.splitlines() if line.startswith("Try: ")]
    words = shlex.split(line.removeprefix("Try: "))
    assert words[:2] == ["rag", "tools"]
    assert rag_on_course.inside(*words[1:]).code == 0
