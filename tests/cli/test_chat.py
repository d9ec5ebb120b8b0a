"""``rag chat``: driven through a pseudo-terminal, and through a pipe."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.command_line import CommandLine
from support.openai_server import OpenAIServer
from support.terminal import Terminal

LAMP = "Salt on the glass dims the lamp. [1]"
WASHING = "The keeper avoids this by washing the glass every morning. [1]"
UP, LEFT, CTRL_C, CTRL_D, TAB = "\x1b[A", "\x1b[D", "\x03", "\x04", "\t"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    """A language model that says one thing."""
    with OpenAIServer(replies=["The lamp was first lit in 1861 [1]."]) as running:
        yield running


def exchanges(data_dir: Path) -> list[tuple[int, str, str]]:
    """Return conversation, question and answer of everything that was kept."""
    with closing(sqlite3.connect(data_dir / "conversations.sqlite")) as db:
        rows = db.execute("SELECT conversation_id, question, answer FROM exchanges ORDER BY id").fetchall()
    return [(number, question, json.loads(answer)["answer"]) for number, question, answer in rows]


def begin(rag: CommandLine, env: dict[str, str] | None = None, columns: int = 80) -> Terminal:
    """Start a chat and wait for its prompt."""
    chat = rag.at_terminal("chat", env=env, columns=columns)
    chat.wait_for_prompt()
    return chat


def leave(chat: Terminal) -> int | None:
    """Leave a chat by a command and return the exit code."""
    chat.send("/quit\r")
    chat.read_to_end()
    return chat.exit_code


def test_a_conversation_at_a_terminal(rag_on_notes: CommandLine) -> None:
    """Questions, a follow-up that is shown as it was understood, and every command."""
    chat = begin(rag_on_notes)
    assert chat.screen.lines() == ["2 sources, llm: extractive. /help lists the commands.", ">"]
    place = "[1] lighthouse.md: The lighthouse › The lamp, line 12\n"
    assert chat.ask("What dims the lamp?") == f"{LAMP}\n\n{place}    “Salt on the glass dims the lamp.”\n\n"
    shown = chat.ask("And how is it avoided?")
    assert shown.startswith(f"(searching: How is the lamp avoided?)\n{WASHING}\n\n{place}")
    shown = chat.ask("/sources")
    assert shown.startswith(f"{place}    The lighthouse\n\n    The lighthouse stands on a rock in the sea.\n\n")
    assert all(line.startswith("    ") or not line for line in shown.splitlines()[1:])
    assert "The keeper of the lighthouse is Ann." in shown
    shown = chat.ask("What is the capital of France?")
    assert shown.startswith("No answer found.\n\nThe nearest passages:\n- ")
    assert "Das Café „Zur Möwe“" in chat.ask("/sources")
    assert "  /llm [NAME]  show or change" in chat.ask("/help")
    assert chat.ask("/llm") == "llm: extractive\n\n"
    assert chat.ask("/frobnicate now") == "There is no command /frobnicate. /help lists them.\n\n"
    assert leave(chat) == 0


def test_editing_history_and_completion(rag_on_notes: CommandLine) -> None:
    """The cursor moves, the arrow up brings earlier lines back, the tabulator key completes a command."""
    chat = begin(rag_on_notes)
    chat.send("What the lamp?" + LEFT * len(" the lamp?"))
    assert LAMP in chat.ask(" dims")
    assert LAMP in chat.ask(UP)
    assert chat.ask("/ll" + TAB) == "llm: extractive\n\n"
    chat.send(CTRL_D)
    chat.read_to_end()
    assert chat.exit_code == 0
    assert [question for _, question, _ in exchanges(rag_on_notes.data_dir)] == ["What dims the lamp?"] * 2
    again = begin(rag_on_notes)
    assert LAMP in again.ask(UP * 2)
    assert leave(again) == 0


def test_ctrl_c_at_the_prompt_drops_the_line(rag_on_notes: CommandLine) -> None:
    """The program goes on, and says how to leave it."""
    chat = begin(rag_on_notes)
    chat.send("What dims the")
    chat.wait_for("> What dims the")
    for _ in range(2):
        row = chat.screen.row
        chat.send(CTRL_C)
        chat.wait_for("(Ctrl-D or /quit leaves)", row + 1)
        chat.wait_for_prompt(row + 1)
    assert LAMP in chat.ask("What dims the lamp?")
    chat.send(CTRL_D)
    chat.read_to_end()
    assert chat.exit_code == 0


def test_a_language_model_streams_and_ctrl_c_stops_its_answer(rag_on_notes: CommandLine, server: OpenAIServer) -> None:
    """What came is shown at once; the stopped answer is not kept; the program goes on."""
    server.hang_after = 5
    chat = begin(rag_on_notes, env={"RAG_LLM": "openai:any", "RAG_LLM_BASE_URL": server.url})
    chat.send("When was the lamp lit?\r")
    chat.wait_for("The lamp was first")  # the reply has begun, and its server says nothing more
    row = chat.screen.row
    chat.send(CTRL_C)
    chat.wait_for("(stopped)", row + 1)
    chat.wait_for_prompt(row + 1)
    assert exchanges(rag_on_notes.data_dir) == []
    server.hang_after = None
    shown = chat.ask("When was the lamp lit?")
    assert shown.startswith("The lamp was first lit in 1861 [1].\n\n[1] lighthouse.md: ")
    assert "    “The lamp was lit for the first time in 1861.”" in shown
    assert leave(chat) == 0
    assert len(exchanges(rag_on_notes.data_dir)) == 1


def test_changing_the_language_model(rag_on_notes: CommandLine, server: OpenAIServer) -> None:
    """There and back; a wrong name or a failure is a sentence, and the one before stays."""
    chat = begin(rag_on_notes, env={"RAG_LLM_BASE_URL": server.url})
    assert chat.ask("/llm gpt-4o") == "RAG_LLM must be extractive or provider:NAME; got 'gpt-4o'.\n\n"
    assert chat.ask("/llm nobody:x").startswith("RAG_LLM names the provider 'nobody', which LangChain does not")
    assert chat.ask("/llm") == "llm: extractive\n\n"
    assert chat.ask("/llm openai:any") == "llm: openai:any\n\n"
    assert chat.ask("When was the lamp lit?").startswith("The lamp was first lit in 1861 [1].\n")
    server.status = 404
    shown = chat.ask("Who is the keeper?")
    assert "The language model openai:any refused the request with status 404. Check the" in shown
    assert chat.ask("/llm extractive") == "llm: extractive\n\n"
    assert LAMP in chat.ask("What dims the lamp?")
    assert leave(chat) == 0


def test_a_narrow_terminal_breaks_lines_between_words(rag_on_notes: CommandLine) -> None:
    """And indents what goes on in the next line."""
    chat = begin(rag_on_notes, columns=30)
    assert chat.ask("What dims the lamp?") == (
        "Salt on the glass dims the\n"
        "lamp. [1]\n"
        "\n"
        "[1] lighthouse.md: The\n"
        "    lighthouse › The lamp,\n"
        "    line 12\n"
        "    “Salt on the glass dims\n"
        "    the lamp.”\n"
        "\n"
    )
    assert leave(chat) == 0


def test_piped_input_reads_as_a_conversation(rag_on_notes: CommandLine) -> None:
    """Each line is repeated, blank ones are passed over, what follows /quit is not read; no escape sequences."""
    done = rag_on_notes("chat", stdin="/sources\n\nWhat dims the lamp?\r\nAnd how is it avoided?\n/quit\nWho?\n")
    citation = "[1] lighthouse.md: The lighthouse › The lamp, line 12\n"
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "2 sources, llm: extractive. /help lists the commands.\n"
        "> /sources\n"
        "No answer yet.\n"
        "\n"
        "> What dims the lamp?\n"
        f"{LAMP}\n"
        "\n"
        f"{citation}"
        "    “Salt on the glass dims the lamp.”\n"
        "\n"
        "> And how is it avoided?\n"
        "(searching: How is the lamp avoided?)\n"
        f"{WASHING}\n"
        "\n"
        f"{citation}"
        "    “The keeper avoids this by washing the glass every morning.”\n"
        "\n"
        "> /quit\n"
    )


def test_filters_in_a_conversation(rag_on_notes: CommandLine) -> None:
    """They hold for their own question, and a follow-up shows where it was looked for; mistakes are sentences."""
    lines = [
        "What dims the lamp? file:lighthouse.md",
        "And how is it avoided?",
        "And how is it avoided in file:lighthouse.md?",
        "file:lighthouse.md",
        "file:lighthouses.md What dims the lamp?",
    ]
    out = rag_on_notes.inside("chat", stdin="\n".join(lines)).out
    first, follow_up, placed, alone, unknown = re.split(r"^> .*\n", out, flags=re.MULTILINE)[1:]
    assert first.startswith(LAMP)
    assert follow_up.startswith(f"(searching: How is the lamp avoided?)\n{WASHING}")
    assert placed.startswith(f"(searching: How is the lamp avoided? file:lighthouse.md)\n{WASHING}")
    assert alone.startswith("The question must ask something besides where to look; got 'file:lighthouse.md'. ")
    assert unknown == "There is no file in the index named 'lighthouses.md'. Did you mean lighthouse.md?\n\n"


def test_continue_goes_on_with_the_last_conversation(rag_on_notes: CommandLine) -> None:
    """The earlier exchanges are shown, and a follow-up refers to them; without the option a new one begins."""
    nothing = rag_on_notes.inside("chat", "--continue")
    assert nothing.out.endswith("\nThere is no earlier conversation.\n")
    rag_on_notes.inside("chat", stdin="Who is the keeper?\n")
    rag_on_notes.inside("chat", stdin="What dims the lamp?\n")
    rag_on_notes.inside("chat", stdin="/help\n")  # a conversation without a question is not gone on with
    done = rag_on_notes.inside("chat", "--continue", stdin="And how is it avoided?\n")
    assert done.out.startswith(
        f"2 sources, llm: extractive. /help lists the commands.\n> What dims the lamp?\n{LAMP}\n\n> And how"
    )
    assert "(searching: How is the lamp avoided?)\n" in done.out
    kept = exchanges(rag_on_notes.data_dir)
    assert [question for _, question, _ in kept] == [
        "Who is the keeper?",
        "What dims the lamp?",
        "And how is it avoided?",
    ]
    assert kept[0][0] != kept[1][0] == kept[2][0]


def test_piped_input_that_is_not_utf_8(rag_on_notes: CommandLine) -> None:
    """The line is named; what was asked before it was answered and is kept."""
    done = rag_on_notes.inside("chat", stdin=b"What dims the lamp?\n\xe9?\n")
    assert done.code == 2
    assert done.err.startswith("rag: Standard input must be text in UTF-8; line 2 is not. ")
    assert len(exchanges(rag_on_notes.data_dir)) == 1


@pytest.mark.parametrize("command", ["/q", "/exit", "/quit", "  /quit  "])
def test_ways_to_leave(rag_on_notes: CommandLine, command: str) -> None:
    """Nothing after it is read."""
    done = rag_on_notes.inside("chat", stdin=f"{command}\n/help\n")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(f"> {command.strip()}\n")


def test_a_conversations_file_that_is_no_database(rag_on_notes: CommandLine) -> None:
    """One sentence."""
    (rag_on_notes.data_dir / "conversations.sqlite").write_bytes(b"garbage " * 1000)
    done = rag_on_notes.inside("chat", stdin="What dims the lamp?\n")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("rag: The conversations in ")


def test_answers_are_rated(rag_on_notes: CommandLine) -> None:
    """Before an answer there is nothing to rate; a conversation that is gone on with has its last answer."""
    out = rag_on_notes.inside("chat", stdin="/good\nWhat dims the lamp?\n/bad too short\n").out
    before, _, after = re.split(r"^> .*\n", out, flags=re.MULTILINE)[1:]
    assert before == "No answer yet.\n\n"
    assert after == "The answer is kept as bad: too short\n\n"
    out = rag_on_notes.inside("chat", "--continue", stdin="/good\n").out
    assert out.endswith("> /good\nThe answer is kept as good.\n\n")
    with closing(sqlite3.connect(rag_on_notes.data_dir / "conversations.sqlite")) as db:
        assert db.execute("SELECT rating, why FROM feedback").fetchall() == [("good", "")]


def test_a_language_model_with_tools(rag_on_notes: CommandLine) -> None:
    """Each call is shown with its result, then the answer with its citation and the command of what was computed."""
    search = '{"tool_calls": [{"name": "search_knowledge", "args": {"question": "lamp", "k": 1}}]}'
    fit = '{"tool_calls": [{"name": "LinearRegression", "args": {"X": [[0], [1]], "y": [1, 3]}}]}'
    reply = "The lamp was lit for the first time in 1861 [1]. The slope is 2."
    (rag_on_notes.folder / "replies.txt").write_text(f"{search}\n\n{fit}\n\n{reply}\n", encoding="utf-8")
    done = rag_on_notes.inside(
        "chat", "--tools", stdin="When was the lamp lit, and which slope?\n", env={"RAG_LLM": "scripted:replies.txt"}
    )
    assert (done.code, done.err) == (0, "")
    shown = done.out.partition("slope?\n")[2]
    assert shown.startswith(
        'search_knowledge(question="lamp", k=1): passages 1\n'
        "LinearRegression(X=[[0], [1]], y=[1, 3]):\n    learnt:\n      weights: 2\n"
    )
    assert f"\n{reply}\n\n[1] lighthouse.md: The lighthouse › The lamp, line 12\n" in shown
    assert "\nAgain: rag tools run LinearRegression 'X=[[0], [1]]' 'y=[1, 3]'\n" in shown


def test_tools_without_a_language_model(rag_on_notes: CommandLine) -> None:
    """Requests are computed and questions answered, with and without the option."""
    for options in ([], ["--tools"]):
        out = rag_on_notes.inside("chat", *options, stdin="logit of 0.5\nWhat dims the lamp?\n").out
        assert "> logit of 0.5\nlogit(probability=0.5) = 0\n\nAgain: rag tools run logit probability=0.5\n" in out
        assert f"> What dims the lamp?\n{LAMP}\n" in out
