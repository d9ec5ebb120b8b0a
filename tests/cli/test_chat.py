"""``rag chat``: driven through a pseudo-terminal, and through a pipe."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.command_line import ANSI, CommandLine, Terminal, plain
from support.openai_server import OpenAIServer

PROMPT = "> "
LAMP = "Salt on the glass dims the lamp. [1]"
WASHING = "The keeper avoids this by washing the glass every morning. [1]"
UP, LEFT, HOME, CTRL_C, CTRL_D, TAB = "\x1b[A", "\x1b[D", "\x1b[H", "\x03", "\x04", "\t"


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


def begin(rag: CommandLine, *arguments: str, env: dict[str, str] | None = None) -> Terminal:
    """Start a chat and wait for its prompt."""
    chat = rag.at_terminal("chat", *arguments, env=env)
    chat.expect_exact("/help lists the commands.")
    chat.expect_exact(PROMPT)
    return chat


def ask(chat: Terminal, line: str) -> str:
    """Type a line and return what is shown until the next prompt."""
    chat.type(line)
    chat.expect_exact("\n")  # the echo
    chat.expect(r"\n(?:\x1b\[[0-9;?]*[a-zA-Z])*> ")
    return plain(str(chat.before))


def test_a_conversation_at_a_terminal(rag_on_notes: CommandLine) -> None:
    """Questions, a follow-up that is shown as it was understood, and every command."""
    chat = begin(rag_on_notes)
    shown = ask(chat, "What dims the lamp?")
    assert LAMP in shown
    assert "[1] lighthouse.md: The lighthouse › The lamp, line 12\n    “Salt on the glass dims the lamp.”" in shown

    shown = ask(chat, "And how is it avoided?")
    assert "(searching: How is the lamp avoided?)\n" in shown
    assert WASHING in shown

    shown = ask(chat, "/sources")
    assert "[1] lighthouse.md: The lighthouse › The lamp, line 12\n" in shown
    assert "    The lamp was lit for the first time in 1861. It burns paraffin, and its light is" in shown
    assert "The keeper of the lighthouse is Ann." in shown

    shown = ask(chat, "What is the capital of France?")
    assert "No answer found.\n\nThe nearest passages:\n- " in shown
    assert "Das Café „Zur Möwe“" in ask(chat, "/sources")

    assert "/llm [NAME]" in ask(chat, "/help")
    assert "llm: extractive" in ask(chat, "/llm")
    assert "There is no command /frobnicate. /help lists them." in ask(chat, "/frobnicate now")
    chat.type("/quit")
    assert chat.read_to_end().strip() in {"/quit", ""}
    assert chat.exitstatus == 0


def test_editing_history_and_completion(rag_on_notes: CommandLine) -> None:
    """The cursor moves, the arrow up brings earlier lines back, the tabulator key completes a command."""
    chat = begin(rag_on_notes)
    chat.send("What the lamp?")
    chat.send(LEFT * len(" the lamp?"))
    assert LAMP in ask(chat, " dims" + "")
    assert LAMP in ask(chat, UP)
    assert "llm: extractive" in ask(chat, "/ll" + TAB)
    chat.send(CTRL_D)
    chat.read_to_end()
    assert chat.exitstatus == 0
    assert [question for _, question, _ in exchanges(rag_on_notes.data_dir)] == ["What dims the lamp?"] * 2

    again = begin(rag_on_notes)
    assert LAMP in ask(again, UP * 2)
    again.type("/quit")
    again.read_to_end()


def test_ctrl_c_at_the_prompt_drops_the_line(rag_on_notes: CommandLine) -> None:
    """The program goes on, and says how to leave it."""
    chat = begin(rag_on_notes)
    chat.send("What dims the")
    chat.send(CTRL_C)
    chat.read_until("(Ctrl-D or /quit leaves)")
    chat.expect_exact(PROMPT)
    assert LAMP in ask(chat, "What dims the lamp?")
    chat.send(CTRL_C)
    chat.read_until("(Ctrl-D or /quit leaves)")
    chat.expect_exact(PROMPT)
    chat.send(CTRL_D)
    chat.read_to_end()
    assert chat.exitstatus == 0


def test_a_language_model_streams_and_ctrl_c_stops_its_answer(rag_on_notes: CommandLine, server: OpenAIServer) -> None:
    """What came is shown at once; the stopped answer is not kept; the program goes on."""
    server.hang_after = 5
    env = {"RAG_LLM": "openai:any", "RAG_LLM_BASE_URL": server.url}
    chat = begin(rag_on_notes, env=env)
    chat.type("When was the lamp lit?")
    chat.read_until("The lamp was first")  # the reply has begun, and its server says nothing more
    chat.send(CTRL_C)
    assert chat.read_until("(stopped)").endswith("\n(stopped)")
    chat.expect_exact(PROMPT)

    server.hang_after = None
    shown = ask(chat, "When was the lamp lit?")
    assert "The lamp was first lit in 1861 [1].\n" in shown
    assert "    “The lamp was lit for the first time in 1861.”" in shown
    chat.type("/quit")
    chat.read_to_end()
    assert (chat.exitstatus, len(exchanges(rag_on_notes.data_dir))) == (0, 1)


def test_changing_the_language_model(rag_on_notes: CommandLine, server: OpenAIServer) -> None:
    """There and back; a wrong name or a failure is a sentence, and the one before stays."""
    chat = begin(rag_on_notes, env={"RAG_LLM_BASE_URL": server.url})
    assert "RAG_LLM must be extractive or provider:NAME; got 'gpt-4o'." in ask(chat, "/llm gpt-4o")
    assert "names the provider 'nobody', which LangChain" in ask(chat, "/llm nobody:x")
    assert "llm: extractive" in ask(chat, "/llm")
    assert "llm: openai:any" in ask(chat, "/llm openai:any")
    assert "The lamp was first lit in 1861 [1]." in ask(chat, "When was the lamp lit?")
    server.status = 404
    assert "refused the request with status 404. Check the model's name." in ask(chat, "Who is the keeper of the lamp?")
    assert "llm: extractive" in ask(chat, "/llm extractive")
    assert LAMP in ask(chat, "What dims the lamp?")
    chat.type("/quit")
    chat.read_to_end()
    assert chat.exitstatus == 0


def test_a_narrow_terminal_breaks_lines_between_words(rag_on_notes: CommandLine) -> None:
    """No line of an answer is longer than the terminal is wide."""
    chat = rag_on_notes.at_terminal("chat", columns=30)
    chat.expect_exact(PROMPT)
    shown = ask(chat, "What dims the lamp?")
    assert "\nSalt on the glass dims the\nlamp. [1]\n" in "\n" + shown
    assert "    “Salt on the glass dims\n    the lamp.”" in shown
    assert max(map(len, shown.splitlines())) <= 30
    chat.type("/quit")
    chat.read_to_end()


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
    assert not ANSI.search(done.out)


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
